@rem Sets PANEL_PYTHON to a command that runs a 64-bit Python 3.11 to 3.13, or to nothing. Called by start.bat, test.bat.
@rem (Names that begin with WAN22_ are settings of the panel and would be refused by it.)
set "PANEL_PYTHON="
set "PANEL_UV="
set "PANEL_CHECK=import sys; sys.exit(0 if sys.version_info[:2] in ((3, 11), (3, 12), (3, 13)) and sys.maxsize.bit_length() == 63 else 1)"
rem The launcher of the Python install manager would download a missing version without a word.
set "PYTHON_MANAGER_AUTOMATIC_INSTALL=false"
for %%I in (py.exe) do if not "%%~$PATH:I"=="" call :launcher
if defined PANEL_PYTHON exit /b 0
for %%I in (python.exe) do if not "%%~$PATH:I"=="" call :plain
if defined PANEL_PYTHON exit /b 0
call :find_uv
if not defined PANEL_UV call :install_uv
if not defined PANEL_UV goto missing
rem Isolated: uv would otherwise run the panel's own .venv, which start.py may have to replace.
set PANEL_PYTHON="%PANEL_UV%" run --no-project --isolated --python 3.12 python
exit /b 0

:launcher
for %%V in (3.12 3.13 3.11) do call :try_version %%V
exit /b 0

:try_version
if defined PANEL_PYTHON exit /b 0
py.exe -%1 -c "%PANEL_CHECK%" >nul 2>nul
if errorlevel 1 exit /b 0
set "PANEL_PYTHON=py.exe -%1"
exit /b 0

:plain
python.exe -c "%PANEL_CHECK%" >nul 2>nul
if errorlevel 1 exit /b 0
set "PANEL_PYTHON=python.exe"
exit /b 0

:find_uv
for %%I in (uv.exe) do if not "%%~$PATH:I"=="" set "PANEL_UV=%%~$PATH:I"
if not defined PANEL_UV if exist "%LOCALAPPDATA%\Microsoft\WinGet\Links\uv.exe" set "PANEL_UV=%LOCALAPPDATA%\Microsoft\WinGet\Links\uv.exe"
if not defined PANEL_UV if exist "%USERPROFILE%\.local\bin\uv.exe" set "PANEL_UV=%USERPROFILE%\.local\bin\uv.exe"
exit /b 0

:install_uv
for %%I in (winget.exe) do if "%%~$PATH:I"=="" exit /b 0
echo No Python 3.11 to 3.13 was found. Installing uv, which brings one, with winget ...
winget install --id=astral-sh.uv -e --accept-source-agreements --accept-package-agreements
call :find_uv
exit /b 0

:missing
echo The panel needs Python 3.11, 3.12 or 3.13 (64 bit), and none was found.
echo Install one of them for your user, then start again. In a terminal:
echo   winget install Python.Python.3.12
exit /b 1
