@echo off
setlocal DisableDelayedExpansion
cd /d "%~dp0"
set "WAN22_UV="
call packaging\windows\find_python.bat
if errorlevel 1 goto failed
%WAN22_PYTHON% test.py %*
if errorlevel 1 goto failed
exit /b 0

:failed
set "WAN22_CODE=%ERRORLEVEL%"
echo.
echo The test run ended with code %WAN22_CODE%. The lines above say why.
if "%CI%"=="" pause
exit /b %WAN22_CODE%
