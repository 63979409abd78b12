"""`wan22 checklist`: the 13 to-dos with their state read from what was found, and what to do next."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from wan22 import wiring
from wan22.audit.checklist_text import checklist_lines, checklist_markdown, next_steps_markdown
from wan22.cli.commands.launch import COMFYUI, PYTHON
from wan22.cli.console import console_from_flag
from wan22.cli.interrupt import stop_on_signal
from wan22.schema.checklist import Checklist
from wan22.schema.problem import Severity, app_error
from wan22.system.cancel import CancelToken
from wan22.system.files import write_text_atomic
from wan22.wiring.checklist import checklist as read_checklist
from wan22.wiring.checklist import set_unwanted, set_wanted

app = typer.Typer(invoke_without_command=True, help="The 13 to-dos, their state and the next steps.")

JSON = typer.Option("--json", help="Print JSON, one document a line.")
MARKDOWN = typer.Option("--markdown", help="Print a Markdown document.")
URL = typer.Option("--url", help="A running ComfyUI that is asked which nodes it has.")
OUTPUT = typer.Option("--output", "-o", metavar="FILE", help="Write here instead of to standard output.")
KEY = typer.Argument(metavar="KEY", help="Key of a to-do, as --json prints it.")
NOTE = typer.Option("--note", metavar="TEXT", help="Why it is not wanted.")


@app.callback()
def checklist(
    context: typer.Context,
    comfyui: Annotated[Path | None, COMFYUI] = None,
    python: Annotated[Path | None, PYTHON] = None,
    url: Annotated[str | None, URL] = None,
    markdown: Annotated[bool, MARKDOWN] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Say how far the 13 to-dos are: audits, scripts, runs and documents are looked at, nothing is typed in."""
    if context.invoked_subcommand is not None:
        return
    if as_json and markdown:
        raise app_error("bad_argument", "--json and --markdown exclude each other.")
    console = console_from_flag(as_json)
    found = _read(context, {"comfyui": comfyui, "python": python}, url)
    if as_json:
        console.json({"kind": "checklist", "done_count": found.done_count} | found.model_dump(mode="json"))
        return
    for line in checklist_markdown(found).splitlines() if markdown else checklist_lines(found):
        console.text(line)
    for problem in found.problems:
        console.problem(problem.model_copy(update={"severity": Severity.warning}))


@app.command("next")
def next_command(
    context: typer.Context,
    comfyui: Annotated[Path | None, COMFYUI] = None,
    python: Annotated[Path | None, PYTHON] = None,
    url: Annotated[str | None, URL] = None,
    output: Annotated[Path | None, OUTPUT] = None,
) -> None:
    """Print what is left to do, with reasons and commands, as Markdown."""
    console = console_from_flag(False)
    text = next_steps_markdown(_read(context, {"comfyui": comfyui, "python": python}, url))
    if output is not None:
        write_text_atomic(output, text)
        console.text(f"✓ {output}")
        return
    for line in text.splitlines():
        console.text(line)


@app.command("skip")
def skip(key: Annotated[str, KEY], note: Annotated[str, NOTE] = "") -> None:
    """Mark a to-do as not wanted. Nothing can be marked as done: that is read from what was found."""
    set_unwanted(key, note, wiring.parts())
    console_from_flag(False).text(f"Not wanted: {key}.")


@app.command("want")
def want(key: Annotated[str, KEY]) -> None:
    """Take the mark of `skip` away."""
    set_wanted(key, wiring.parts())
    console_from_flag(False).text(f"Wanted again: {key}.")


def _read(context: typer.Context, overrides: dict[str, Any], url: str | None) -> Checklist:
    chosen, cancel = wiring.settings(overrides), CancelToken()
    with stop_on_signal(cancel, lambda: console_from_flag(False).text("Stopping …")):
        names = frozenset(_names(context.find_root().command))
        return read_checklist(chosen, wiring.parts(), names, cancel, url=url or chosen.url)


def _names(command: Any) -> Iterator[str]:
    """Every command that this program has, by its own word."""
    for name, inner in getattr(command, "commands", {}).items():
        yield name
        yield from _names(inner)
