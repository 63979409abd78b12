"""`wan22 export`: files that work without this program."""

from pathlib import Path
from typing import Annotated

import typer

from wan22 import wiring
from wan22.cli.commands.launch import COMFYUI, PYTHON
from wan22.cli.console import console_from_flag
from wan22.wiring.export import ScriptExport, export_scripts

app = typer.Typer(no_args_is_help=True, help="Files that work without this program: scripts.")

TO = typer.Option("--to", metavar="DIR", help="Folder for the scripts; inside of ComfyUI's they find it by themselves.")
PROFILE = typer.Option(
    "--profile", metavar="NAME", help="Only this profile; can be given several times. Left out = all recommended ones."
)
PORT = typer.Option("--port", metavar="N", min=1, max=65535, help="Port in the scripts; left out = as in the settings.")
FORCE = typer.Option("--force", help="Overwrite files that this program did not write.")
JSON = typer.Option("--json", help="Print JSON, one document a line.")


@app.callback()
def export() -> None:
    """Files that work without this program."""


@app.command("scripts")
def scripts(
    to: Annotated[Path, TO],
    profile: Annotated[list[str] | None, PROFILE] = None,
    comfyui: Annotated[Path | None, COMFYUI] = None,
    python: Annotated[Path | None, PYTHON] = None,
    port: Annotated[int | None, PORT] = None,
    force: Annotated[bool, FORCE] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Write launch_wan22_PROFILE.bat and .sh, which start ComfyUI as the profile says, without wan22.

    Also wan22_benchmark.py and save_env.py, which hand their arguments to `wan22 bench` and `wan22 audit`.
    """
    console = console_from_flag(as_json)
    chosen = wiring.settings({"comfyui": comfyui, "python": python, "port": port})
    made = export_scripts(to, chosen, tuple(profile or ()), overwrite=force)
    if as_json:
        console.json({"kind": "scripts"} | _document(made))
    else:
        for path in made.files:
            console.text(f"✓ {path}")
        for name, values in made.unproved:
            console.text(f"! {name}: letters beyond ASCII in {', '.join(values)}; not proved that they arrive.")
        for notice in made.notices:
            console.text(f"! {notice}")
    for found in made.problems:
        console.problem(found)


def _document(made: ScriptExport) -> dict[str, object]:
    return {
        "folder": str(made.folder),
        "comfyui": str(made.installation.folder),
        "files": [str(path) for path in made.files],
        "notices": made.notices,
        "unproved": [{"file": name, "values": values} for name, values in made.unproved],
    }
