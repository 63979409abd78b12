"""Scripts that start ComfyUI without this program, and small ones that lead back to it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wan22.launch.discovery import Installation
from wan22.launch.forward_script import HERE, forward_text
from wan22.launch.script_export import ScriptFile, start_scripts, write_scripts
from wan22.schema.problem import AppError, Problem, app_error
from wan22.schema.settings import Settings
from wan22.system.child_command import self_command
from wan22.wiring.checklist import keep_script_folder
from wan22.wiring.parts import profile_store
from wan22.wiring.server import flag_schema

BENCHMARK_FILE, ENVIRONMENT_FILE = "wan22_benchmark.py", "save_env.py"


@dataclass(frozen=True, slots=True)
class ScriptExport:
    """What was written. `notices`: what a profile asked for and its scripts do not hold; `unproved`: names of files
    with the values in them whose letters beyond ASCII may not arrive; `problems`: profiles that were passed over.
    """

    folder: Path
    installation: Installation
    files: tuple[Path, ...]
    notices: tuple[str, ...] = ()
    unproved: tuple[tuple[str, tuple[str, ...]], ...] = ()
    problems: tuple[Problem, ...] = ()


def export_scripts(
    target: Path, chosen: Settings, names: Sequence[str] = (), *, overwrite: bool = False
) -> ScriptExport:
    """Write start scripts of the named profiles into `target`, of all recommended ones when none is named.

    Nothing is written when anything is refused. Errors: AppError `comfyui_not_found`, `profile_not_found`,
    `script_value_refused`, `script_exists`, and those of asking ComfyUI for its flags.
    """
    if chosen.comfyui is None:
        raise app_error(
            "comfyui_not_found",
            "No ComfyUI is configured yet, so no script can start one.",
            hint="Name its folder: wan22 export scripts --to FOLDER --comfyui FOLDER",
        )
    installation, schema = flag_schema(chosen.comfyui, chosen.python)
    folder = target.expanduser().absolute()
    store = profile_store()
    files: list[ScriptFile] = []
    notices: list[str] = []
    problems: list[Problem] = []
    for name in names or store.names():
        try:
            profile = store.load(name).profile
        except AppError as error:
            if names:
                raise
            problems.append(error.problem)
            continue
        if not names and not profile.recommended:
            continue
        made = start_scripts(profile, installation, schema, folder, chosen.port, windows=os.name == "nt")
        files += made.files
        notices += [f"{profile.name}: {notice}" for notice in made.notices]
    files += _forwards(folder)
    write_scripts(files, overwrite=overwrite)
    keep_script_folder(folder)
    unproved = tuple((file.path.name, file.unproved) for file in files if file.unproved)
    paths = tuple(file.path for file in files)
    return ScriptExport(folder, installation, paths, tuple(notices), unproved, tuple(problems))


def _forwards(folder: Path) -> tuple[ScriptFile, ...]:
    command = self_command()
    benchmark = forward_text(command, ("bench",), "Runs the benchmarks of wan22.")
    environment = forward_text(
        command,
        ("audit",),
        "Saves what this machine is: SYSTEM_AUDIT.md and env_snapshot_GPU.json beside this file.",
        ("--output", HERE),
    )
    return (
        ScriptFile(folder / BENCHMARK_FILE, benchmark, is_program=True),
        ScriptFile(folder / ENVIRONMENT_FILE, environment, is_program=True),
    )
