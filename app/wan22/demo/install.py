"""A folder that can be started like a ComfyUI: two small files that lead back to this program's look-alike."""

import json
from collections.abc import Sequence
from pathlib import Path

import wan22
from wan22.demo.log_book import VERSION
from wan22.schema.problem import AppError
from wan22.system.files import file_error, read_text, write_text_atomic

HIDDEN_COMMAND = "__demo_server"

_MAIN = '''"""Starts the stand-in for ComfyUI of the Wan 2.2 control panel {version}. All of it is SIMULATED."""

import json
import os
import subprocess
import sys

COMMAND = json.loads({command!r})

if __name__ == "__main__":
    arguments = [*COMMAND, *sys.argv]
    if os.name != "nt":
        os.execv(arguments[0], arguments)
    child = subprocess.Popen(arguments)
    while True:
        try:
            sys.exit(child.wait())
        except KeyboardInterrupt:
            continue
'''


def install_demo(folder: Path, command: Sequence[str]) -> Path:
    """Write the look-alike's `main.py` and `comfyui_version.py` into `folder`, unless they are there already.

    `command` starts this program's own server (`self_command("__demo_server")`). Errors: AppError `disk_full`,
    `file_unwritable`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise file_error(error, folder, writing=True) from error
    _write(folder / "main.py", _MAIN.format(command=json.dumps(list(command)), version=wan22.__version__))
    _write(folder / "comfyui_version.py", f'# SIMULATED: a stand-in for ComfyUI.\n__version__ = "{VERSION}"\n')
    return folder


def _write(path: Path, text: str) -> None:
    """Write only what differs: the cache of flags goes by the file's time."""
    try:
        if path.is_file() and read_text(path) == text:
            return
    except AppError:
        pass
    write_text_atomic(path, text)
