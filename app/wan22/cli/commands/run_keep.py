"""`wan22 runs`: star, note, export, delete, repeat: what is done with a run as a whole."""

from pathlib import Path
from typing import Annotated

import typer

from wan22 import wiring
from wan22.cli.console import Console, console_from_flag
from wan22.runs.catalog import find_run
from wan22.runs.run_delete import delete_run
from wan22.runs.run_export import export_name
from wan22.runs.run_notes import read_notes, set_note, set_star
from wan22.runs.run_privacy import LeftOut
from wan22.schema.problem import app_error
from wan22.wiring.run_history import export

FOLDER = typer.Option("--output", "-o", metavar="DIR", help="Folder for runs, if it is not the usual one.")
JSON = typer.Option("--json", help="Print JSON, one document a line.")
RUN = typer.Argument(metavar="RUN", help='Name of a run, the beginning of it, its folder, or "last".')


def add_to(app: typer.Typer) -> None:
    """Put the commands under `wan22 runs`."""
    app.command("star")(star)
    app.command("note")(note)
    app.command("export")(export_command)
    app.command("delete")(delete)


def star(
    run: Annotated[str, RUN],
    off: Annotated[bool, typer.Option("--off", help="Take the star away.")] = False,
    output: Annotated[Path | None, FOLDER] = None,
) -> None:
    """Mark a run with a star, or take it away; `runs list --starred` shows those that have one."""
    folder = find_run(_root(output), run)
    set_star(folder, not off)
    Console().text(f"{'☆' if off else '★'} {folder.run_id}")


def note(
    run: Annotated[str, RUN],
    text: Annotated[
        str | None, typer.Argument(metavar="[TEXT]", help="Left out = print the note; empty = take it away.")
    ] = None,
    output: Annotated[Path | None, FOLDER] = None,
) -> None:
    """Write a note about a run, or print the one that it has. The run itself is not touched."""
    folder = find_run(_root(output), run)
    if text is None:
        Console().text(read_notes(folder).note)
        return
    kept = set_note(folder, text)
    Console().text(f"✓ {folder.run_id}: {'noted' if kept.note else 'no note'}")


def export_command(
    run: Annotated[str, RUN],
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="File to write, or a folder for it.")],
    output: Annotated[Path | None, FOLDER] = None,
    without_image: Annotated[bool, typer.Option("--without-image", help="Leave out the start image.")] = False,
    without_prompt: Annotated[
        bool, typer.Option("--without-prompt", help="Leave out the prompts, also those inside of videos.")
    ] = False,
    without_paths: Annotated[
        bool, typer.Option("--without-paths", help="Leave out names of folders, people and other programs.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Put one run into one file, which `wan22 runs import` opens on another machine."""
    console = console_from_flag(as_json)
    folder = find_run(_root(output), run)
    target = to / export_name(folder) if to.is_dir() else to
    left_out = LeftOut(image=without_image, prompt=without_prompt, paths=without_paths)
    done = export(folder, target.absolute(), left_out, replaces=force)
    if as_json:
        console.json(
            {"run": folder.run_id, "file": str(done.path), "bytes": done.byte_count, "left_out": left_out.names}
        )
        return
    console.text(f"✓ {done.path} ({done.byte_count / 1e6:.1f} MB)")
    for name in done.left_behind:
        console.text(f"    ! {name} stays behind: the prompts in a file of its kind cannot be taken out.")


def delete(
    run: Annotated[str, RUN],
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it nothing is deleted.")] = False,
    for_good: Annotated[bool, typer.Option("--for-good", help="Not into the trash: gone at once.")] = False,
    output: Annotated[Path | None, FOLDER] = None,
) -> None:
    """Move a run to the system's trash. A run that is being written is never deleted."""
    root = _root(output)
    folder = find_run(root, run)
    where = "deleted for good" if for_good else "moved to the trash"
    if not yes:
        message = f"The run '{folder.run_id}' would be {where}; nothing was done."
        raise app_error("bad_argument", message, hint="Say --yes to do it.", run=folder.run_id)
    delete_run(root, folder, for_good=for_good)
    Console().text(f"✓ {folder.run_id} {where}")


def _root(output: Path | None) -> Path:
    return output.absolute() if output is not None else wiring.runs_folder()
