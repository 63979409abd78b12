"""`wan22 audit`: what this machine is, and what has changed since."""

from pathlib import Path
from typing import Annotated

import typer

from wan22 import wiring
from wan22.audit.difference import difference
from wan22.audit.fact_rows import PART_TITLES
from wan22.audit.report_text import difference_lines, snapshot_lines, snapshot_markdown
from wan22.cli.commands.launch import COMFYUI, PROFILE, PYTHON
from wan22.cli.console import Console, console_from_flag
from wan22.cli.exit_codes import ExitCode
from wan22.cli.interrupt import stop_on_signal
from wan22.schema.audit import AuditDifference, AuditPart, AuditSnapshot
from wan22.schema.problem import AppError, Severity, app_error
from wan22.schema.settings import Settings
from wan22.system.cancel import CancelToken

app = typer.Typer(invoke_without_command=True, help="What this machine is, and what has changed: audit, diff.")

JSON = typer.Option("--json", help="Print JSON, one document a line.")
OUTPUT = typer.Option(
    "--output", "-o", metavar="FILE|DIR", help="Write it: a .md or .json file, or both into a folder."
)
CHECK = typer.Option("--check", metavar="SNAPSHOT", help="Compare with a snapshot or run; code 11 when it drifted.")
SNAPSHOT = typer.Argument(metavar="SNAPSHOT", help="A snapshot file, or a run that has one (its name, or last).")


@app.callback()
def audit(
    context: typer.Context,
    comfyui: Annotated[Path | None, COMFYUI] = None,
    python: Annotated[Path | None, PYTHON] = None,
    profile: Annotated[str | None, PROFILE] = None,
    output: Annotated[Path | None, OUTPUT] = None,
    check: Annotated[str | None, CHECK] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out what takes seconds: imports, git.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, as in SYSTEM_AUDIT.md.")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Take a snapshot of hardware, driver, system, ComfyUI with its Python, node packs, models, profile and results.

    Nothing is changed. What cannot be read is named and leaves the rest as it is. Home folder, user, machine name,
    serial numbers and secrets are left out; the uuid of a GPU stays, because results belong to a GPU.
    """
    if context.invoked_subcommand is not None:
        return
    console = console_from_flag(as_json)
    if as_json and markdown:
        raise app_error("bad_argument", "--json and --markdown exclude each other.")
    settings = wiring.settings({"comfyui": comfyui, "python": python, "profile": profile})
    baseline = wiring.snapshot_named(check, settings) if check is not None else None
    snapshot = _taken(console, settings, quick=quick)
    if output is not None:
        for path in wiring.save_audit(snapshot, output):
            if not as_json and not markdown:
                console.text(f"✓ {path}")
    if baseline is not None:
        _check(console, difference(baseline, snapshot), check or "")
    elif as_json:
        console.json(snapshot)
    elif markdown:
        for line in snapshot_markdown(snapshot).splitlines():
            console.text(line)
    elif output is None:
        for line in snapshot_lines(snapshot):
            console.text(line)
    _tell_problems(console, snapshot, is_printed=output is None and baseline is None)


@app.command("diff")
def diff(
    before: Annotated[str, SNAPSHOT],
    after: Annotated[str, SNAPSHOT],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Say what is another in the second snapshot than in the first, the heaviest difference first.

    ● counts as drift, · does not.
    """
    console = console_from_flag(as_json)
    settings = wiring.settings({})
    found = difference(wiring.snapshot_named(before, settings), wiring.snapshot_named(after, settings))
    _print_difference(console, found)


def _taken(console: Console, settings: Settings, *, quick: bool) -> AuditSnapshot:
    """A snapshot of now, which the panel keeps as well."""
    parts, cancel = wiring.parts(), CancelToken()
    with console.live() as block:

        def on_part(part: AuditPart, done: int, count: int) -> None:
            block.show([f"{done} of {count} parts: {PART_TITLES[part]}"] if done < count else [])

        with stop_on_signal(cancel, lambda: console.text("Stopping …")):
            snapshot = wiring.take_audit(settings, parts, cancel, quick=quick, on_part=on_part)
    try:
        if not quick:
            wiring.keep_audit(snapshot, parts)
    except AppError as error:
        console.problem(error.problem.model_copy(update={"severity": Severity.warning}))
    return snapshot


def _check(console: Console, found: AuditDifference, name: str) -> None:
    _print_difference(console, found)
    if found.drift:
        count = len(found.drift)
        words = "1 thing has" if count == 1 else f"{count} things have"
        problem = app_error("audit_drift", f"{words} drifted from {name}: {found.drift[0].sentence}.").problem
        console.problem(problem)
        raise typer.Exit(ExitCode.machine)
    if found.changes:
        console.text("No drift: what has changed does not count.")


def _print_difference(console: Console, found: AuditDifference) -> None:
    if console.as_json:
        console.json({"kind": "audit_difference", **found.model_dump(mode="json")})
    for line in difference_lines(found):
        console.text(line)


def _tell_problems(console: Console, snapshot: AuditSnapshot, *, is_printed: bool) -> None:
    """What could not be read, on standard error; the JSON document and the printed text hold it already."""
    if console.as_json or is_printed:
        return
    for one in snapshot.problems:
        console.problem(one.problem.model_copy(update={"severity": Severity.warning}))
