"""A start script for a POSIX shell: nothing beyond `sh`, so that dash and bash both run it."""

import re
import shlex
import textwrap
from collections.abc import Iterator

from wan22.launch.start_script import StartScript, check_values, plain_comment

_WIDTH = 100
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PYTHONS = (".venv/bin/python", "venv/bin/python", "env/bin/python")


def shell_text(script: StartScript) -> str:
    """The whole file, with LF; to be written as UTF-8 and marked as a program.

    Errors: AppError `script_value_refused`: what its twin for Windows cannot carry is refused here too.
    """
    check_values(script)
    return "".join(f"{line}\n" for line in _lines(script))


def _lines(script: StartScript) -> Iterator[str]:
    yield "#!/bin/sh"
    yield from _comment(*script.head)
    yield from _folder(script)
    odd = []
    for variable in script.variables:
        yield ""
        yield from _comment(f"{variable.name}: {variable.comment}")
        if _NAME.fullmatch(variable.name):
            yield f"export {variable.name}={shlex.quote(variable.value)}"
        else:  # a name with dots or brackets can be given to a program, but is none in a shell
            odd.append(shlex.quote(f"{variable.name}={variable.value}"))
    yield ""
    for flag in script.flags:
        yield from _comment(f"{flag.words[0]}: {flag.comment}")
    python = shlex.quote(script.place.python)
    if not script.place.python:
        yield from _search()
        python = '"$python"'
    given = ["env", *odd] if odd else []
    yield " ".join(["exec", *given, python, *map(shlex.quote, script.words), '"$@"'])


def _folder(script: StartScript) -> Iterator[str]:
    if script.place.is_beside:
        yield 'here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit 5'
        place = '"$here"' if script.place.folder in ("", ".") else f'"$here"/{shlex.quote(script.place.folder)}'
        yield f"folder={place}"
    elif script.place.folder:
        yield f"folder={shlex.quote(script.place.folder)}"
    else:
        yield from _comment("The folder of ComfyUI on this machine is not known: set WAN22_COMFYUI to it.")
        yield "folder=${WAN22_COMFYUI:-}"
    yield f'if [ ! -f "$folder"/{shlex.quote(script.place.main_file)} ]; then'
    yield "    echo 'The folder of ComfyUI was not found: move this file back, or write it anew.' >&2"
    yield "    exit 5"
    yield "fi"
    yield 'CDPATH= cd -- "$folder" || exit 5'


def _search() -> Iterator[str]:
    yield "python=${WAN22_PYTHON:-}"
    yield f"for place in {' '.join(_PYTHONS)} python3; do"
    yield '    if [ -n "$python" ]; then break; fi'
    yield '    if [ -x "$place" ] || [ "$place" = python3 ]; then python=$place; fi'
    yield "done"


def _comment(*texts: str) -> Iterator[str]:
    for text in texts:
        for line in textwrap.wrap(plain_comment(text), _WIDTH, break_long_words=False, break_on_hyphens=False):
            yield f"# {line}"
