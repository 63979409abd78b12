"""`wan22 models`: which model files are here, and how the others come: check, fetch, move."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from wan22 import wiring
from wan22.cli.commands.launch import COMFYUI, PROFILE
from wan22.cli.console import Console, LiveBlock, as_started, console_from_flag
from wan22.cli.exit_codes import ExitCode, exit_code_for
from wan22.cli.fetch_printer import FetchPrinter, size_text
from wan22.cli.interrupt import stop_on_signal
from wan22.comfy.fetch_plan import FetchPlan, fetch_plan
from wan22.comfy.model_status_text import STATE_WORDS, status_text
from wan22.comfy.model_store import ModelStore
from wan22.schema.model_file import ModelState, ModelStatus
from wan22.schema.problem import Severity, app_error
from wan22.system.cancel import CancelToken

app = typer.Typer(no_args_is_help=True, help="Model files: check what is here, fetch what is missing, move.")

NAMES = typer.Argument(metavar="[NAME]...", help="File names, or the beginning of one.")
JSON = typer.Option("--json", help="Print JSON, one document a line.")
YES = typer.Option("--yes", "-y", help="Do not ask.")
_WRONG = (ModelState.wrong_size, ModelState.wrong_hash)


@app.command("check")
def check(
    names: Annotated[list[str] | None, NAMES] = None,
    hash_files: Annotated[bool, typer.Option("--hash", help="Also read the files and compare their SHA-256.")] = False,
    comfyui: Annotated[Path | None, COMFYUI] = None,
    profile: Annotated[str | None, PROFILE] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Say how every model file of the list stands. The exit code is 7 if a needed one is missing or one is wrong.

    Nothing is changed and nothing is fetched. Digests are kept: a file that has not changed is hashed once only.
    """
    console = console_from_flag(as_json)
    store = _store(console, comfyui, profile)
    statuses = store.check(names or [])
    if hash_files:
        statuses = _hashed(console, store, statuses)
    if as_json:
        for status in statuses:
            console.json(_document(status))
    else:
        _print(console, store, statuses)
    if any(_is_fault(status) for status in statuses):
        raise typer.Exit(ExitCode.workflow)


@app.command("fetch")
def fetch(
    names: Annotated[list[str] | None, NAMES] = None,
    yes: Annotated[bool, YES] = False,
    mirror: Annotated[
        str | None, typer.Option("--mirror", metavar="URL", help="Fetch from there instead of huggingface.co.")
    ] = None,
    comfyui: Annotated[Path | None, COMFYUI] = None,
    profile: Annotated[str | None, PROFILE] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Download missing model files; without NAME all that the usual workflow needs. Never without being agreed to.

    An interrupted download goes on where it stopped. A file gets its name only when its SHA-256 is right.
    """
    console = console_from_flag(as_json)
    settings = wiring.settings({"comfyui": comfyui, "profile": profile, "model_mirror": mirror})
    store = wiring.model_store(settings)
    _tell_problems(console, store)
    statuses = store.check(names or [])
    wanted = statuses if names else [status for status in statuses if _is_needed(status) or _is_unfinished(status)]
    plan = fetch_plan(wanted, wiring.model_mirror(settings))
    for refused in plan.refused:
        console.problem(refused if names else refused.model_copy(update={"severity": Severity.warning}))
    if not plan.items:
        if plan.refused and names:
            raise typer.Exit(exit_code_for(plan.refused[0]))
        console.text("Nothing to fetch: every file that is needed is here.")
        return
    _print_plan(console, plan)
    full = plan.disk_problem()
    if full is not None:
        console.problem(full)
        raise typer.Exit(exit_code_for(full))
    if not yes:
        _ask(console, f"Fetch {_files(len(plan.items))}?")
    parts, cancel = wiring.parts(), CancelToken()
    job = wiring.model_fetch(plan, store, parts)
    with stop_on_signal(cancel, lambda: console.text("Stopping … what has arrived is kept.")):
        ended = FetchPrinter(console, parts.bus).run(job, cancel)
    if ended.problem is not None:
        if as_json or ended.problem.code == "cancelled":  # the others were told beside their file
            console.problem(ended.problem)
        raise typer.Exit(exit_code_for(ended.problem))
    if plan.refused and names:
        raise typer.Exit(exit_code_for(plan.refused[0]))


@app.command("move")
def move(
    names: Annotated[list[str] | None, NAMES] = None,
    yes: Annotated[bool, YES] = False,
    comfyui: Annotated[Path | None, COMFYUI] = None,
    profile: Annotated[str | None, PROFILE] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Put files that lie in a wrong folder, or under another name, where ComfyUI finds them. Nothing is overwritten."""
    console = console_from_flag(as_json)
    store = _store(console, comfyui, profile)
    movable = [status for status in store.check(names or []) if status.is_movable]
    if not movable:
        console.text("Nothing to move: no file of the list lies in a wrong place.")
        return
    for status in movable:
        console.text(f"{status.path}\n    → {status.target}")
    if not yes:
        _ask(console, f"Move {_files(len(movable))}?")
    cancel = CancelToken()
    with stop_on_signal(cancel, lambda: console.text("Stopping … the file stays where it was.")):
        for status in movable:
            moved = store.move(status, cancel)
            if as_json:
                console.json(_document(moved))
            else:
                console.text(f"✓ {moved.path}")


def _store(console: Console, comfyui: Path | None, profile: str | None) -> ModelStore:
    store = wiring.model_store(wiring.settings({"comfyui": comfyui, "profile": profile}))
    _tell_problems(console, store)
    return store


def _tell_problems(console: Console, store: ModelStore) -> None:
    for found in store.problems:
        console.problem(found.model_copy(update={"severity": Severity.warning}))


def _is_needed(status: ModelStatus) -> bool:
    """Whether the usual workflow cannot do without it; node packs fetch their own files when first used."""
    return status.file.baseline and status.file.kind != "custom_nodes"


def _is_unfinished(status: ModelStatus) -> bool:
    return status.state is ModelState.partial or status.state in _WRONG


def _is_fault(status: ModelStatus) -> bool:
    return status.state in _WRONG or (_is_needed(status) and not status.is_usable)


def _document(status: ModelStatus) -> dict[str, object]:
    more = {
        "usable": status.is_usable,
        "verified": status.is_verified,
        "needed": _is_needed(status),
        "text": status_text(status),
    }
    return {"kind": "model_status", **status.model_dump(mode="json"), **more}


def _hashed(console: Console, store: ModelStore, statuses: Sequence[ModelStatus]) -> list[ModelStatus]:
    """`statuses` with digests; tens of gigabytes may have to be read."""
    todo = sum(store.bytes_to_hash(status) for status in statuses)
    done, cancel = [0], CancelToken()
    found: list[ModelStatus] = []
    with stop_on_signal(cancel), console.live() as live:
        for status in statuses:

            def show(count: int, live: LiveBlock = live, name: str = status.file.file) -> None:
                done[0] += count
                live.show([f"Hashing {size_text(done[0])} of {size_text(todo)} · {name}"])

            found.append(store.hash(status, cancel, show))
        live.show([])
    return found


def _print(console: Console, store: ModelStore, statuses: Sequence[ModelStatus]) -> None:
    console.text(f"ComfyUI {store.places.base}", style="bold")
    if store.places.models != store.places.base / "models":
        console.text(f"  models in {store.places.models}")
    width = max(len(status.file.file) for status in statuses)
    groups = (
        ("Needed by the two-pass workflow", [status for status in statuses if _is_needed(status)]),
        ("Only needed by some workflows", [status for status in statuses if not _is_needed(status)]),
    )
    for title, members in groups:
        if members:
            console.text(title, style="bold")
        for status in members:
            for line in _lines(status, width):
                console.text(line)
    for line in _closing(statuses):
        console.text(as_started(line))


def _lines(status: ModelStatus, width: int) -> Iterator[str]:
    word = STATE_WORDS[status.state] + (", verified" if status.is_verified else "")
    size = size_text(status.file.bytes if status.file.bytes is not None else status.byte_count)
    yield f"  {_glyph(status)} {status.file.file:<{width}}  {size:>12}  {word}"
    quiet = status.is_usable and not status.copies and status.state is ModelState.present
    if not quiet and (status.state is not ModelState.missing or _is_needed(status) or status.candidates):
        yield f"      {status_text(status)}"


def _glyph(status: ModelStatus) -> str:
    if status.is_usable:
        return "✓"
    if _is_fault(status) and not status.is_movable and status.state is not ModelState.partial:
        return "✕"
    return "–" if status.state is ModelState.missing else "!"  # noqa: RUF001 - a dash for nothing


def _closing(statuses: Sequence[ModelStatus]) -> Iterator[str]:
    """What to do next, as lines to copy."""
    absent = [status for status in statuses if _is_fault(status) and not status.is_movable]
    movable = [status for status in statuses if status.is_movable]
    unhashed = [status for status in statuses if status.is_usable and status.is_verified is None]
    if absent:
        byte_count = sum(max((status.file.bytes or 0) - (status.partial_bytes or 0), 0) for status in absent)
        yield f"! {_files(len(absent))} to fetch, {size_text(byte_count)}: wan22 models fetch"
    if movable:
        yield f"! {_files(len(movable))} to move: wan22 models move"
    if not absent and not movable and any(_is_needed(status) for status in statuses):
        yield "✓ Every file that is needed is here."
    if any(status.state is ModelState.missing and not _is_needed(status) for status in statuses):
        yield "  The optional ones come by their name: wan22 models fetch NAME"
    if any(status.file.sha256 for status in unhashed):
        yield "  Sizes alone cannot tell the two experts apart; contents are compared by: wan22 models check --hash"


def _print_plan(console: Console, plan: FetchPlan) -> None:
    unknown = f" and {_files(plan.unknown_count)} of unknown size" if plan.unknown_count else ""
    console.text(f"To fetch: {_files(len(plan.items))}, {size_text(plan.known_bytes)} still to come{unknown}", "bold")
    for item in plan.items:
        licence = item.file.licence or "licence unknown: see its page"
        console.text(f"  {item.file.file} · {size_text(item.file.bytes)} · from {item.host} · {licence}")
        console.text(f"      → {item.target.parent}")
        if item.remaining_bytes is not None and item.remaining_bytes < (item.file.bytes or 0):
            console.text(f"      {size_text(item.remaining_bytes)} are left of an earlier try")
        if item.replaces:
            console.text("      the wrong file of that name is kept with the ending .replaced")
        if item.file.sha256 is None:
            console.text("      no SHA-256 is published here: only its size can be checked")
    for disk in plan.disks:
        room = f"{size_text(disk.needed_bytes)} with some in reserve, {size_text(disk.free_bytes)} are free"
        console.text(f"  Disk of {disk.folder}: {room}")


def _ask(console: Console, question: str) -> None:
    """Go on only after a yes. AppError `download_not_agreed` where nobody can be asked."""
    if console.as_json or not (sys.stdin.isatty() and console.is_terminal):
        message = "Nothing was done: it has to be agreed to first, and this is not a terminal to ask in."
        raise app_error("download_not_agreed", message, hint="Say --yes to agree on the command line.")
    console.text(f"{question} [y/N]")
    try:
        answer = sys.stdin.readline()
    except KeyboardInterrupt:
        answer = ""
    if answer.strip().casefold() not in ("y", "yes"):
        console.text("Nothing was done.")
        raise typer.Exit(ExitCode.cancelled)


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
