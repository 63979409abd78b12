"""How to start this program again, and the environment that a child process gets."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

_DROPPED = frozenset(
    {
        "PYTHONPATH",
        "PYTHONHOME",
        "PYTHONEXECUTABLE",
        "PYTHONPLATLIBDIR",
        "PYTHONSTARTUP",
        "PYTHONINSPECT",
        "PYTHONSAFEPATH",
        "PYTHONWARNINGS",
        "PYTHONIOENCODING",
        "VIRTUAL_ENV",
        "VIRTUAL_ENV_PROMPT",
        "__PYVENV_LAUNCHER__",
        "_MEIPASS2",
        "LD_LIBRARY_PATH_ORIG",
    }
)
"""What describes our own Python and misleads another one; plus the traces of a frozen build."""


def self_command(*arguments: str) -> tuple[str, ...]:
    """The command that starts this very program again with `arguments`."""
    return own_command(arguments, sys.executable, frozen=bool(getattr(sys, "frozen", False)))


def own_command(arguments: tuple[str, ...], executable: str, *, frozen: bool) -> tuple[str, ...]:
    """As `self_command`, for a given interpreter or frozen program.

    Windows' windowed `pythonw.exe` has no console for Ctrl-C to reach: its sibling `python.exe` is taken.
    """
    if frozen:
        return (executable, *arguments)
    program = Path(executable)
    if program.name.lower() == "pythonw.exe" and program.with_name("python.exe").is_file():
        executable = str(program.with_name("python.exe"))
    return (executable, "-P", "-m", "wan22", *arguments)


def child_environment(extra: Mapping[str, str] | None = None, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment for a child with a Python of its own: `base` (default: ours) cleaned, then `extra`.

    Dropped: what describes our own Python or frozen build. Set: unbuffered output in UTF-8.
    """
    return cleaned_environment(
        os.environ if base is None else base, extra or {}, bundle=frozen_folder(), platform=sys.platform
    )


def frozen_folder() -> str | None:
    """The folder a frozen build has unpacked itself to; None when run by an interpreter."""
    folder = getattr(sys, "_MEIPASS", None) if getattr(sys, "frozen", False) else None
    return None if folder is None else str(folder)


def cleaned_environment(
    base: Mapping[str, str], extra: Mapping[str, str], *, bundle: str | None, platform: str
) -> dict[str, str]:
    """As `child_environment`, for a given frozen folder and platform (names fold case on "win32")."""

    def key(name: str) -> str:
        return name.upper() if platform == "win32" else name

    separator = ";" if platform == "win32" else ":"
    given = {key(name): value for name, value in base.items()}
    result = {name: value for name, value in given.items() if name not in _DROPPED and not name.startswith("_PYI_")}
    if "LD_LIBRARY_PATH_ORIG" in given:
        result["LD_LIBRARY_PATH"] = given["LD_LIBRARY_PATH_ORIG"]
    if bundle is not None:
        result = _without_bundle(result, bundle, separator)
    result["PYTHONUNBUFFERED"] = "1"
    result["PYTHONUTF8"] = "1"
    result.update({key(name): value for name, value in extra.items()})
    return result


def _without_bundle(environment: Mapping[str, str], bundle: str, separator: str) -> dict[str, str]:
    """Take folders inside a frozen build out of every variable; drop a variable that names nothing else."""
    result = {}
    for name, value in environment.items():
        parts = value.split(separator)
        kept = [part for part in parts if not _is_inside(part, bundle)]
        if len(kept) == len(parts):
            result[name] = value
        elif any(kept):
            result[name] = separator.join(kept)
    return result


def _is_inside(path: str, folder: str) -> bool:
    folder = folder.rstrip("/\\")
    return path == folder or path.startswith((folder + "/", folder + "\\"))
