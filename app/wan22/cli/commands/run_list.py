"""`wan22 runs list`: what of all runs is shown, and how."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta

from wan22.cli.console import Console
from wan22.runs.reader import read_manifest
from wan22.runs.run_filter import Ending, RunFilter, RunOrder, filtered, ordered
from wan22.schema.duration_text import EN_DASH, measured
from wan22.schema.problem import AppError, app_error
from wan22.schema.run_row import RunRow
from wan22.wiring.run_history import RunHistory

STAR, NO_STAR = "★", " "


def chosen_filter(
    text: str, endings: Sequence[Ending], *, starred: bool, no_simulated: bool, board: str, since: str, until: str
) -> RunFilter:
    """What the options ask for; a day is meant from its first second, `until` to its last. AppError `bad_argument`."""
    return RunFilter(
        text=text,
        endings=frozenset(endings),
        starred_only=starred,
        hides_simulated=no_simulated,
        board=board,
        since_s=_day(since, "--since"),
        until_s=_day(until, "--until", days=1),
    )


def print_list(
    console: Console, history: RunHistory, wanted: RunFilter, order: RunOrder, limit: int, *, as_json: bool
) -> None:
    """The runs that fit; those that cannot be read are named with the reason."""
    rows = history.index.rows()
    fitting = ordered(filtered(rows, wanted), order)
    shown = fitting[:limit] if limit else fitting
    if as_json:
        for row in shown:
            console.json(_document(history, row))
        return
    if not rows:
        console.text(f"There is no run in {history.root} yet. `wan22 run` makes one.")
        return
    if not fitting:
        console.text(f"None of the {len(rows)} runs fits.")
        return
    has_stars = any(row.starred for row in shown)
    for line in aligned([_cells(row, has_stars=has_stars) for row in shown if row.unreadable is None]):
        console.text(line)
    for row in shown:
        if row.unreadable is not None:
            console.text(f"✕ {row.run_id}: {row.unreadable.message}", style="yellow")
    if len(shown) < len(fitting):
        what = "older ones" if order is RunOrder.newest else "more"
        console.text(f"{len(fitting) - len(shown)} {what} are not shown.")


def aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Rows as lines with aligned columns; unlike in a table, a name is never broken over two lines."""
    if not rows:
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def outcome_text(outcome: object, *, incomplete: bool) -> str:
    """How a run ended, in one word and a half."""
    if outcome is None:
        return "not closed"
    return str(getattr(outcome, "value", outcome)) + (" (incomplete)" if incomplete else "")


def size_text(width: int | None, height: int | None, length: int | None) -> str:
    """`640×640×81`; unknown is said."""  # noqa: RUF002 - as people write sizes
    if width is None or height is None or length is None:
        return "unknown"
    return f"{width}×{height}×{length}"  # noqa: RUF001 - as people write sizes


def _cells(row: RunRow, *, has_stars: bool) -> tuple[str, ...]:
    marks = " SIMULATED" if row.simulated else ""
    star = ((STAR if row.starred else NO_STAR),) if has_stars else ()
    return (
        *star,
        row.run_id,
        outcome_text(row.outcome, incomplete=row.incomplete) + marks,
        measured(row.total_s) if row.total_s is not None else EN_DASH,
        size_text(row.width, row.height, row.length),
        row.board or "unknown board",
    )


def _document(history: RunHistory, row: RunRow) -> dict[str, object]:
    try:
        manifest = read_manifest(history.folder(row.run_id)) if row.unreadable is None else None
    except AppError:  # it went away meanwhile
        manifest = None
    return {
        "run": row.run_id,
        "folder": str(history.folder(row.run_id).path),
        "manifest": manifest,
        "starred": row.starred,
        "note": row.note,
        "total_s": row.total_s,
        "pass_1_s": row.pass_1_s,
        "pass_2_s": row.pass_2_s,
        "problem": row.unreadable,
    }


def _day(text: str, option: str, days: int = 0) -> float | None:
    """The first second of that day, or of one `days` later, where the user lives."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
        return datetime.combine(day, time()).astimezone().timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise app_error("bad_argument", f"{option} is '{text}'; a day such as 2026-11-25 is expected.") from error
