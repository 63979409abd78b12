"""A folder that looks like a ComfyUI with a Python of its own."""

import shlex
import stat
import sys
from pathlib import Path


def make_comfyui(folder: Path, *, torch: str = "2.10.0+cu130") -> Path:
    """A folder as `git clone` and `python -m venv` make it, with a Python that tells what one with torch tells."""
    for name in ("main.py", "nodes.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("", encoding="utf-8")
    (folder / "comfyui_version.py").write_text('__version__ = "0.25.0"\n', encoding="utf-8")
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    package = folder / "torch"
    package.mkdir()
    (package / "__init__.py").write_text(
        f"class version:\n    cuda = '13.0'\n__version__ = {torch!r}\n"
        "class cuda:\n    is_available = staticmethod(lambda: True)\n",
        encoding="utf-8",
    )
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n', encoding="utf-8")
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    return folder
