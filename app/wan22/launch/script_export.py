"""Start scripts for profiles: which settings go in, how the folder is named from there, and how files are written."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wan22.launch.batch_file import batch_text, unproved_names
from wan22.launch.discovery import Installation
from wan22.launch.flag_schema import FlagSchema
from wan22.launch.flag_trial import profile_flags
from wan22.launch.flag_use import known_flags, without_conflicts
from wan22.launch.launch_args import OURS
from wan22.launch.shell_file import shell_text
from wan22.launch.start_script import MARK, ScriptFlag, ScriptPlace, ScriptVariable, StartScript, plain_comment
from wan22.schema.problem import app_error
from wan22.schema.profile import Profile
from wan22.system.files import file_error, write_text_atomic

_READ_BYTES = 2000


@dataclass(frozen=True, slots=True)
class ScriptFile:
    """One file to be written; `unproved`: what in it could not be proved to arrive unchanged."""

    path: Path
    text: str
    is_program: bool = False
    unproved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StartScripts:
    """Both twins of a profile. `notices`: what was left out and why."""

    files: tuple[ScriptFile, ...]
    notices: tuple[str, ...] = ()


def start_scripts(
    profile: Profile, installation: Installation, schema: FlagSchema | None, target: Path, port: int, *, windows: bool
) -> StartScripts:
    """`launch_wan22_NAME.bat` and `.sh` in `target`. `windows`: this machine's own is the .bat.

    The twin for the other system gets a path from its own folder where it lies inside of ComfyUI; else it asks for
    WAN22_COMFYUI, and looks for the Python there. Errors: AppError `script_value_refused`, naming the setting.
    """
    flags, notices = script_flags(profile, schema, port)
    variables = tuple(
        ScriptVariable(name, str(setting.value), f"{setting.note} Read by {setting.read_by}.")
        for name, setting in profile.environment.items()
    )
    own = _place(installation, target)
    other = _foreign_place(installation, target)
    places = (own, other) if windows else (other, own)
    head = _head(profile, installation, notices)
    name = f"launch_wan22_{profile.name}"
    batch, shell = (StartScript(place, head, variables, flags) for place in places)
    batch_file = ScriptFile(target / f"{name}.bat", batch_text(batch), unproved=unproved_names(batch))
    shell_file = ScriptFile(target / f"{name}.sh", shell_text(shell), is_program=True)
    return StartScripts((batch_file, shell_file), notices)


def script_flags(
    profile: Profile, schema: FlagSchema | None, port: int
) -> tuple[tuple[ScriptFlag, ...], tuple[str, ...]]:
    """The port, then the profile's flags that this ComfyUI takes; and what was left out."""
    uses = [use for use in profile_flags(profile) if use.name not in OURS]
    notices: list[str] = []
    if schema is not None:
        uses, more = known_flags(uses, schema)
        notices += more
    uses, more = without_conflicts(uses, schema)
    notices += more
    port_flag = ScriptFlag(("--port", str(port)), "Where the page is, and where wan22 attaches.")
    notes = {name: f"{setting.note} Read by {setting.read_by}." for name, setting in profile.flags.items()}
    return (port_flag, *(ScriptFlag(use.words, notes[use.name]) for use in uses)), tuple(notices)


def write_scripts(files: Sequence[ScriptFile], *, overwrite: bool = False) -> None:
    """Write all files, or none of them when one would overwrite somebody else's.

    Errors: AppError `script_exists`, `disk_full`, `file_unwritable`.
    """
    for file in files:
        if not overwrite and _is_foreign(file.path):
            message = f"{file.path} was not written by wan22 export scripts, so nothing was written."
            raise app_error("script_exists", message, file=file.path)
    for file in files:
        write_text_atomic(file.path, file.text)
        if file.is_program and os.name == "posix":
            try:
                file.path.chmod(file.path.stat().st_mode | 0o111)
            except OSError as error:
                raise file_error(error, file.path, writing=True) from error


def _is_foreign(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return MARK.encode() not in file.read(_READ_BYTES)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise file_error(error, path, writing=False) from error


def _head(profile: Profile, installation: Installation, notices: Sequence[str]) -> tuple[str, ...]:
    version = installation.version or "of unknown version"
    return (
        f"{MARK} for profile {profile.name}: {profile.title}.",
        f"Starts ComfyUI {version} without wan22. Words behind the file's name go to ComfyUI too.",
        *(f"Left out or changed: {plain_comment(notice)}" for notice in notices),
    )


def _place(installation: Installation, target: Path) -> ScriptPlace:
    """How this machine's own script names folder, Python and main.py."""
    folder, python = installation.working_folder, installation.python
    beside = _way(target, folder)
    return ScriptPlace(
        folder=beside if beside is not None else str(folder),
        is_beside=beside is not None,
        python=os.path.relpath(python, folder) if python.is_relative_to(folder) else str(python),
        main_file=os.path.relpath(installation.main_file, folder),
        python_flags=installation.python_flags,
    )


def _foreign_place(installation: Installation, target: Path) -> ScriptPlace:
    """How the script for the other system names them: nothing of this machine's paths is true there."""
    beside = _way(target, installation.folder)
    folder = "" if beside is None else Path(beside).as_posix()
    return ScriptPlace(folder, is_beside=beside is not None, python="", main_file="main.py")


def _way(target: Path, folder: Path) -> str | None:
    """The way from a script's folder to ComfyUI's when it lies inside; None when a whole path is needed.

    Such a way is only dots: it holds in whatever folder the whole is moved to.
    """
    return os.path.relpath(folder, target) if target.is_relative_to(folder) else None
