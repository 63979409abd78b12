"""`wan22 profiles clone|diff|export|import|rename|delete|restore`: profiles of the user's own, as files."""

from pathlib import Path
from typing import Annotated

import typer

from wan22 import wiring
from wan22.cli.console import Console, console_from_flag
from wan22.cli.profile_text import print_differences
from wan22.launch.profile_difference import profile_differences
from wan22.launch.profile_import import import_profile
from wan22.schema.problem import app_error
from wan22.wiring.profile_edit import profile_editor

NAME = typer.Argument(metavar="NAME", help="Name of a profile, or a file that ends with .toml.")
OWN = typer.Argument(metavar="NAME", help="Name of a profile of your own.")
NEW_NAME = typer.Argument(metavar="NEW", help="The new name: small letters, digits, dots, dashes, underscores.")
TITLE = typer.Option("--title", metavar="TEXT", help="Title of the new profile; left out = as the other's.")
TARGET = typer.Argument(metavar="FILE|DIR", help="File to write, or the folder for NAME.toml.")
SOURCE = typer.Argument(metavar="FILE", help="A .toml file with a profile.")
KEPT_NAME = typer.Option("--name", metavar="NAME", help="Name to keep it under; left out = the name in the file.")
FORCE = typer.Option("--force", help="Overwrite the file when it is there.")
JSON = typer.Option("--json", help="Print JSON, one document a line.")


def clone(
    name: Annotated[str, NAME],
    new_name: Annotated[str, NEW_NAME],
    title: Annotated[str | None, TITLE] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Copy a profile under a new name, to change the copy."""
    path = profile_editor().clone(name, new_name, title)
    _done(as_json, "profile_cloned", "written", path)


def diff(left: Annotated[str, NAME], right: Annotated[str, NAME], as_json: Annotated[bool, JSON] = False) -> None:
    """Say what differs between two profiles, and nothing else."""
    console = console_from_flag(as_json)
    store = wiring.profile_store()
    one, other = store.load(left).profile, store.load(right).profile
    found = profile_differences(one, other)
    if not as_json:
        print_differences(console, one, other, found)
        return
    rows = [
        {
            "part": item.part,
            "name": item.name,
            "left": item.left,
            "right": item.right,
            "sentence": item.sentence,
            "only_words": item.is_note,
        }
        for item in found
    ]
    console.json({"kind": "profile_diff", "left": one.name, "right": other.name, "differences": rows})


def export(
    name: Annotated[str, NAME],
    target: Annotated[Path, TARGET],
    force: Annotated[bool, FORCE] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Write a whole profile into a file, to give it away."""
    _done(as_json, "profile_exported", "written", profile_editor().export(name, target, overwrite=force))


def import_command(
    source: Annotated[Path, SOURCE],
    name: Annotated[str | None, KEPT_NAME] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Check a profile from somebody else and keep it as one of your own.

    Settings that can make ComfyUI run other code are named: look at them before you use it.
    """
    made = import_profile(profile_editor(), source, name)
    if as_json:
        Console(as_json=True).json(
            {
                "kind": "profile_imported",
                "name": made.profile.name,
                "path": str(made.path),
                "cautions": made.cautions,
            }
        )
        return
    console = Console()
    console.text(f"✓ {made.profile.name} · {made.profile.title}")
    console.text(f"  {made.path}")
    for caution in made.cautions:
        console.text(f"! {caution}", style="bold yellow")
    console.text(f"`wan22 profiles lint {made.profile.name}` says what its settings are worth.")


def rename(
    name: Annotated[str, OWN], new_name: Annotated[str, NEW_NAME], as_json: Annotated[bool, JSON] = False
) -> None:
    """Give a profile of your own another name."""
    _done(as_json, "profile_renamed", "written", profile_editor().rename(name, new_name))


def delete(name: Annotated[str, OWN], as_json: Annotated[bool, JSON] = False) -> None:
    """Take a profile of your own away; a copy that is no profile stays beside it."""
    _done(as_json, "profile_deleted", "kept as", profile_editor().delete(name))


def restore(name: Annotated[str, NAME], as_json: Annotated[bool, JSON] = False) -> None:
    """Take your changes to a shipped profile away; a copy of them stays beside it."""
    kept = profile_editor().restore(name)
    if kept is None:
        raise app_error(
            "profile_not_found",
            f"There are no changes of yours to {name}.",
            hint="It is as it was shipped already.",
        )
    _done(as_json, "profile_restored", "your changes are kept as", kept)


def _done(as_json: bool, kind: str, words: str, path: Path) -> None:
    console = console_from_flag(as_json)
    if as_json:
        console.json({"kind": kind, "path": str(path)})
    else:
        console.text(f"✓ {words}: {path}")
