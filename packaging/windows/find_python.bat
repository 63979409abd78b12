@rem Sets WAN22_PYTHON to a command that runs Python 3.11 to 3.13. Called by start.bat and test.bat.
set "WAN22_PYTHON="
set "WAN22_CHECK=import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else 1)"
for %%I in (py.exe) do if not "%%~$PATH:I"=="" call :launcher
if not "%WAN22_PYTHON%"=="" exit /b 0
for %%I in (python.exe) do if not "%%~$PATH:I"=="" call :plain
if not "%WAN22_PYTHON%"=="" exit /b 0
for %%I in (uv.exe) do if not "%%~$PATH:I"=="" set "WAN22_UV=%%~$PATH:I"
if "%WAN22_UV%"=="" if exist "%LOCALAPPDATA%\Microsoft\WinGet\Links\uv.exe" set "WAN22_UV=%LOCALAPPDATA%\Microsoft\WinGet\Links\uv.exe"
if "%WAN22_UV%"=="" if exist "%USERPROFILE%\.local\bin\uv.exe" set "WAN22_UV=%USERPROFILE%\.local\bin\uv.exe"
if "%WAN22_UV%"=="" call :install_uv
if "%WAN22_UV%"=="" goto missing
set WAN22_PYTHON="%WAN22_UV%" run --no-project --python 3.12 python
exit /b 0

:launcher
for %%V in (3.12 3.13 3.11) do call :try_version %%V
exit /b 0

:try_version
if not "%WAN22_PYTHON%"=="" exit /b 0
py -%1 -c "%WAN22_CHECK%" >nul 2>nul
if errorlevel 1 exit /b 0
set "WAN22_PYTHON=py -%1"
exit /b 0

:plain
python -c "%WAN22_CHECK%" >nul 2>nul
if errorlevel 1 exit /b 0
set "WAN22_PYTHON=python"
exit /b 0

:install_uv
for %%I in (winget.exe) do if "%%~$PATH:I"=="" exit /b 0
echo No suitable Python found. Installing uv, which brings one, with winget ...
winget install --id=astral-sh.uv -e --accept-source-agreements --accept-package-agreements
if exist "%LOCALAPPDATA%\Microsoft\WinGet\Links\uv.exe" set "WAN22_UV=%LOCALAPPDATA%\Microsoft\WinGet\Links\uv.exe"
exit /b 0

:missing
echo The panel needs Python 3.11, 3.12 or 3.13, and none was found.
echo Install one of them for your user, then start again. In a terminal:
echo   winget install Python.Python.3.12
exit /b 3
