"""A start script for Windows' command processor, which reads `%`, `!`, `^` and quotes in ways of its own."""

import textwrap
from collections.abc import Iterator

from wan22.launch.start_script import StartScript, check_values, plain_comment
from wan22.schema.problem import app_error

_WIDTH = 100
_LINE_LIMIT = 8000
"""cmd reads 8191 characters of a line."""
_OWN_NAMES = frozenset(
    {"ERRORLEVEL", "CD", "DATE", "TIME", "RANDOM", "CMDCMDLINE", "CMDEXTVERSION", "HIGHESTNUMANODENUMBER", "CI"}
)
"""Names that cmd computes itself, or that the script asks for."""
_PYTHONS = (r".venv\Scripts\python.exe", r"venv\Scripts\python.exe", r"env\Scripts\python.exe")
_PORTABLE = r"..\python_embeded\python.exe"


def batch_text(script: StartScript) -> str:
    """The whole file, with CRLF; to be written as UTF-8 without a byte order mark.

    Pure ASCII unless a value is not: then the code page is switched to UTF-8 first, and a comment says that this is
    not proved. Errors: AppError `script_value_refused`, naming the setting.
    """
    check_values(script)
    lines = list(_lines(script))
    for line in lines:
        if len(line) > _LINE_LIMIT:
            raise app_error(
                "script_value_refused",
                f"The command has {len(line):,} characters; a line of a batch file has {_LINE_LIMIT:,} at most.",
            )
    return "".join(f"{line}\r\n" for line in lines)


def unproved_names(script: StartScript) -> tuple[str, ...]:
    """What holds letters beyond ASCII: how cmd hands these on depends on the machine."""
    return tuple(dict.fromkeys(name for name, value in script.named_values() if not value.isascii()))


def argument(word: str) -> str:
    """A word as cmd and the C runtime of the started program both leave it unchanged."""
    backslashes = len(word) - len(word.rstrip("\\"))
    return f'"{_doubled(word)}{chr(92) * backslashes}"'


def _lines(script: StartScript) -> Iterator[str]:
    unproved = unproved_names(script)
    yield "@echo off"
    yield from _comment(*script.head)
    if unproved:
        yield from _comment(
            f"NOT PROVED: letters beyond ASCII in {', '.join(unproved)}. They are written as UTF-8; "
            "whether they arrive depends on this Windows."
        )
    yield "setlocal DisableDelayedExpansion"
    if unproved:
        yield "chcp 65001 >nul"
    yield 'set "SCRIPT_CODE=5"'
    yield from _folder(script)
    for variable in script.variables:
        if variable.name.upper() in _OWN_NAMES:
            message = f"The environment variable {variable.name} has a meaning of its own in a batch file."
            raise app_error("script_value_refused", message, setting=variable.name)
        yield ""
        yield from _comment(f"{variable.name}: {variable.comment}")
        yield f'set "{variable.name}={_doubled(variable.value)}"'
    yield ""
    for flag in script.flags:
        yield from _comment(f"{flag.words[0]}: {flag.comment}")
    yield from _python(script)
    yield 'set "SCRIPT_CODE=%ERRORLEVEL%"'
    yield "if errorlevel 1 goto fail"
    yield 'if not "%SCRIPT_CODE%"=="0" goto fail'
    yield "exit /b 0"
    yield ""
    yield ":nofolder"
    yield "echo The folder of ComfyUI was not found: move this file back, or write it anew."
    yield ":fail"
    yield "echo."
    yield "echo ComfyUI ended with code %SCRIPT_CODE%. The lines above say why."
    yield 'if "%CI%"=="" pause'
    yield "exit /b %SCRIPT_CODE%"


def _folder(script: StartScript) -> Iterator[str]:
    if script.place.is_beside:
        inside = "" if script.place.folder in ("", ".") else script.place.folder.replace("/", "\\")
        yield f'cd /d "%~dp0{_doubled(inside)}"'
    elif script.place.folder:
        yield f'cd /d "{_doubled(script.place.folder)}"'
    else:
        yield from _comment("The folder of ComfyUI on this machine is not known: set WAN22_COMFYUI to it.")
        yield "if not defined WAN22_COMFYUI goto nofolder"
        yield 'cd /d "%WAN22_COMFYUI%"'
    yield "if errorlevel 1 goto nofolder"
    yield f"if not exist {argument(script.place.main_file)} goto nofolder"


def _python(script: StartScript) -> Iterator[str]:
    if script.place.python:
        yield " ".join([argument(script.place.python), *map(argument, script.words), "%*"])
        return
    yield 'set "SCRIPT_FLAG="'
    for place in _PYTHONS:
        yield f'if not defined WAN22_PYTHON if exist "{place}" set "WAN22_PYTHON={place}"'
    yield f'if not defined WAN22_PYTHON if exist "{_PORTABLE}" set "SCRIPT_FLAG=-s"'
    yield f'if not defined WAN22_PYTHON if exist "{_PORTABLE}" set "WAN22_PYTHON={_PORTABLE}"'
    yield 'if not defined WAN22_PYTHON set "WAN22_PYTHON=python"'
    yield " ".join(['"%WAN22_PYTHON%"', "%SCRIPT_FLAG%", *map(argument, script.words), "%*"])


def _comment(*texts: str) -> Iterator[str]:
    """`rem` lines. A caret at the end would join the next line, and `/?` anywhere prints the help of `rem`."""
    for text in texts:
        plain = plain_comment(text).replace("%", "%%").replace("/?", "/ ?")
        for line in textwrap.wrap(plain, _WIDTH, break_long_words=False, break_on_hyphens=False):
            yield f"rem  {line}{'.' if line.endswith('^') else ''}"


def _doubled(text: str) -> str:
    return text.replace("%", "%%")
