@echo off
setlocal DisableDelayedExpansion
call "%~dp0packaging\windows\find_python.bat"
if errorlevel 1 goto ended
%WAN22_PYTHON% "%~dp0start.py" %*

:ended
set "WAN22_CODE=%ERRORLEVEL%"
if "%WAN22_CODE%"=="0" goto keep_open
echo.
echo The panel ended with code %WAN22_CODE%. The lines above say why.
if "%CI%"=="" pause
exit /b %WAN22_CODE%

:keep_open
rem Without arguments it was a double click: the window would close before anybody has read the result.
if "%CI%"=="" if "%~1"=="" pause
exit /b 0
