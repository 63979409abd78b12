"""What the list of runs says, in words. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from wan22.runs.run_filter import Ending, RunFilter, RunOrder, ending_of
from wan22.schema.duration_text import duration, measured
from wan22.schema.run_row import RunRow
from wan22.schema.verdict import Level
from wan22.ui.state.run_end import ChipText
from wan22.ui.verdict_word import Tone

ORDER_NAMES: Mapping[RunOrder, str] = {
    RunOrder.newest: "Newest first",
    RunOrder.oldest: "Oldest first",
    RunOrder.fastest_pass: "Fastest pass",
    RunOrder.slowest_pass: "Slowest pass",
    RunOrder.fastest: "Fastest job",
    RunOrder.slowest: "Slowest job",
    RunOrder.title: "By title",
}
ENDING_NAMES: Mapping[Ending, str] = {
    Ending.done: "Done",
    Ending.failed: "Failed",
    Ending.stopped: "Stopped",
    Ending.open: "Not closed",
}
PERIODS: Sequence[tuple[str, str, int | None]] = (
    ("any", "Any time", None),
    ("today", "Today", 1),
    ("week", "Last 7 days", 7),
    ("month", "Last 30 days", 30),
)
"""Key, name, and how many days from midnight on, today included."""

_LEVELS: Mapping[Level, tuple[Tone, str]] = {
    Level.excellent: (Tone.good, "excellent"),
    Level.good: (Tone.good, "good"),
    Level.slow: (Tone.slow, "slow"),
}
_FAULTS: Mapping[str, str] = {
    "out_of_memory": "out of memory",
    "server_crashed": "ComfyUI ended",
    "server_killed": "ComfyUI ended",
    "generation_lost": "lost",
}


def headline(rows: Sequence[RunRow], *, is_read: bool) -> str:
    """The answer: how the last one went, and how many there are."""
    if not rows:
        return "No videos yet" if is_read else "Reading the runs …"
    newest = max(rows, key=lambda row: row.started_s or 0.0)
    return f"Last video: {_ended(newest)} · {counts(rows)}"


def counts(rows: Sequence[RunRow]) -> str:
    """`41 runs, 3 failed`."""
    failed = sum(ending_of(row) is Ending.failed for row in rows)
    text = "1 run" if len(rows) == 1 else f"{len(rows)} runs"
    return f"{text}, {failed} failed" if failed else text


def grounds(rows: Sequence[RunRow], shown: Sequence[RunRow], wanted: RunFilter, order: RunOrder) -> str:
    """What of them is shown."""
    if not rows:
        return ""
    total_s = sum(row.total_s or 0.0 for row in rows)
    if wanted.is_empty:
        starred = sum(row.starred for row in rows)
        parts = [f"{duration(total_s)} of work" if total_s else "", f"{starred} with a star" if starred else ""]
    else:
        parts = [f"{len(shown)} of {len(rows)} shown"]
    text = " · ".join(part for part in (*parts, ORDER_NAMES[order].lower()) if part)
    return text[:1].upper() + text[1:]


def _ended(row: RunRow) -> str:
    ending = ending_of(row)
    if ending is Ending.done:
        return f"done in {duration(row.total_s)}" if row.total_s is not None else "done"
    if ending is Ending.open:
        return "still being made, or cut short"
    word = ending_chip(row).word
    after = f" after {duration(row.total_s)}" if row.total_s is not None else ""
    return f"{word}{after}"


def ending_chip(row: RunRow, level: Level | None = None) -> ChipText:
    """How a run is to be taken: what its times mean if they mean anything, else how it ended.

    A simulated time was not measured, so it is no reason to call a run fast or slow.
    """
    ending = ending_of(row)
    if ending is Ending.done and level is not None and not row.simulated:
        tone, word = _LEVELS[level]
        return ChipText(tone, word)
    if ending is Ending.done:
        return ChipText(Tone.good, "done")
    if row.unreadable is not None:
        return ChipText(Tone.bad, "cannot be read", row.unreadable.message)
    if ending is Ending.open:
        return ChipText(Tone.unknown, "not closed", "It is being made now, or the program was ended in between.")
    if ending is Ending.stopped:
        return ChipText(Tone.unknown, "stopped")
    fault = row.fault
    word = _FAULTS.get(fault.code, "failed") if fault is not None else "failed"
    return ChipText(Tone.bad, word, fault.message if fault is not None else "")


def time_text(row: RunRow) -> str:
    """How long the whole job took; empty when that is not known."""
    return duration(row.total_s) if row.total_s is not None else ""


def pass_text(row: RunRow) -> str:
    """Both passes of a job that was done: `72.4 s + 74.1 s`; empty when none was seen whole."""
    if ending_of(row) is not Ending.done:
        return ""
    known = [measured(seconds) for seconds in (row.pass_1_s, row.pass_2_s) if seconds is not None]
    return " + ".join(known)


def job_text(row: RunRow, *, with_seed: bool = True) -> str:
    """`640 × 640 · 81 frames · 4 steps · seed 7`, as far as known."""  # noqa: RUF002 - as people write sizes
    parts = []
    if row.width is not None and row.height is not None:
        parts.append(f"{row.width} × {row.height}")  # noqa: RUF001 - as people write sizes
    if row.length is not None:
        parts.append(f"{row.length} frames")
    if row.steps is not None:
        parts.append(f"{row.steps} steps")
    if row.seed is not None and with_seed:
        parts.append(f"seed {row.seed}")
    return " · ".join(parts)


def place_text(row: RunRow) -> str:
    """Where it was made, and what the user or the prompt says of it."""
    parts = [row.board, row.profile, "imported" if row.origin == "imported" else ""]
    said = row.note or row.prompt
    return " · ".join(part for part in (*parts, " ".join(said.split())) if part)


def when_text(time_s: float | None, now_s: float) -> str:
    """`Today 14:32`, `Yesterday 09:15`, `23 Nov 2026, 15:08`."""
    if time_s is None:
        return "Time unknown"
    moment, today = _local(time_s), _local(now_s).date()
    if moment.date() == today:
        return f"Today {moment:%H:%M}"
    if moment.date() == today - timedelta(days=1):
        return f"Yesterday {moment:%H:%M}"
    return f"{moment.day} {moment:%b %Y, %H:%M}"


def since_of(period: str, now_s: float) -> float | None:
    """When a period of `PERIODS` begins, seconds since the epoch."""
    days = next((days for key, _, days in PERIODS if key == period), None)
    if days is None:
        return None
    midnight = _local(now_s).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - timedelta(days=days - 1)).timestamp()


def spoken(row: RunRow, level: Level | None, now_s: float) -> str:
    """A row as it is read out."""
    parts = [
        row.name,
        "with a star" if row.starred else "",
        "simulated" if row.simulated else "",
        ending_chip(row, level).word,
        time_text(row),
        when_text(row.started_s, now_s),
        job_text(row),
        place_text(row),
    ]
    return ", ".join(part for part in parts if part)


def _local(time_s: float) -> datetime:
    return datetime.fromtimestamp(time_s, UTC).astimezone()
