@echo off
setlocal DisableDelayedExpansion
set "PANEL_CODE=3"
call "%~dp0packaging\windows\find_python.bat"
if not defined PANEL_PYTHON goto ended
%PANEL_PYTHON% "%~dp0test.py" %*
set "PANEL_CODE=%ERRORLEVEL%"

:ended
if "%PANEL_CODE%"=="0" goto keep_open
echo.
echo The test run ended with code %PANEL_CODE%. The lines above say why.
if "%CI%"=="" pause
exit /b %PANEL_CODE%

:keep_open
rem Without arguments it was a double click: the window would close before anybody has read the result.
if "%CI%"=="" if "%~1"=="" pause
exit /b 0
