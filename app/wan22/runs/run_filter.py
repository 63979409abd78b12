"""Which runs of a list are shown, and in which order. Pure."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from wan22.schema.events import PromptOutcome
from wan22.schema.run_row import RunRow


class Ending(Enum):
    """How a run ended, as people ask for it."""

    done = "done"
    failed = "failed"
    stopped = "stopped"
    open = "open"


class RunOrder(Enum):
    """Orders of a list; a run that lacks what it is sorted by comes last."""

    newest = "newest"
    oldest = "oldest"
    fastest_pass = "fastest-pass"
    slowest_pass = "slowest-pass"
    fastest = "fastest"
    slowest = "slowest"
    title = "title"


@dataclass(frozen=True, slots=True)
class RunFilter:
    """What a run must be to be shown. Empty = anything.

    `text`: words that must all be found. `board`: a part of its name. `since_s` and `until_s`: when it began, seconds
    since the epoch, the end not included.
    """

    text: str = ""
    endings: frozenset[Ending] = frozenset()
    starred_only: bool = False
    hides_simulated: bool = False
    board: str = ""
    since_s: float | None = None
    until_s: float | None = None

    @property
    def is_empty(self) -> bool:
        """Whether every run is shown."""
        return self == RunFilter()


def ending_of(row: RunRow) -> Ending:
    """How it ended; a run that cannot be read counts as failed."""
    if row.unreadable is not None:
        return Ending.failed
    if row.outcome is None:
        return Ending.open
    if row.outcome is PromptOutcome.success:
        return Ending.done
    is_stopped = row.outcome in (PromptOutcome.cancelled, PromptOutcome.interrupted)
    return Ending.stopped if is_stopped else Ending.failed


def filtered(rows: Iterable[RunRow], wanted: RunFilter) -> list[RunRow]:
    """The rows that fit, in their order."""
    if wanted.is_empty:
        return list(rows)
    words = folded(wanted.text).split()
    board = folded(wanted.board)
    return [row for row in rows if _fits(row, wanted) and _holds(row, words) and board in folded(row.board)]


def ordered(rows: Iterable[RunRow], order: RunOrder) -> list[RunRow]:
    """The rows in that order; equal ones, and those without the value, the newest first."""
    newest = sorted(rows, key=_age, reverse=True)
    if order is RunOrder.newest:
        return newest
    if order is RunOrder.oldest:
        return _by(newest, lambda row: row.started_s)
    if order is RunOrder.title:
        return sorted(newest, key=lambda row: folded(row.name))
    value: Callable[[RunRow], float | None]
    value = pass_time if order in (RunOrder.fastest_pass, RunOrder.slowest_pass) else total_time
    return _by(newest, value, is_down=order in (RunOrder.slowest_pass, RunOrder.slowest))


def pass_time(row: RunRow) -> float | None:
    """Mean seconds of its passes."""
    return row.pass_s


def total_time(row: RunRow) -> float | None:
    """Seconds of the whole job, of jobs that were done."""
    return row.total_s if row.outcome is PromptOutcome.success else None


def boards_of(rows: Iterable[RunRow]) -> tuple[str, ...]:
    """Names of all boards, sorted."""
    return tuple(sorted({row.board for row in rows if row.board}))


def folded(text: str) -> str:
    """Upper and lower case, and other spellings of the same letters, made equal."""
    return unicodedata.normalize("NFKC", text).casefold()


def _fits(row: RunRow, wanted: RunFilter) -> bool:
    return (
        (not wanted.endings or ending_of(row) in wanted.endings)
        and (row.starred or not wanted.starred_only)
        and not (row.simulated and wanted.hides_simulated)
        and (wanted.since_s is None or (row.started_s is not None and row.started_s >= wanted.since_s))
        and (wanted.until_s is None or (row.started_s is not None and row.started_s < wanted.until_s))
    )


def _holds(row: RunRow, words: Sequence[str]) -> bool:
    if not words:
        return True
    parts = [row.title, row.run_id, row.prompt, row.note, row.profile, row.workflow, row.board, str(row.seed)]
    text = folded("\n".join(parts))
    return all(word in text for word in words)


def _by(rows: Sequence[RunRow], value: Callable[[RunRow], float | None], *, is_down: bool = False) -> list[RunRow]:
    known = [(found, row) for row in rows if (found := value(row)) is not None]
    known.sort(key=lambda item: item[0], reverse=is_down)
    return [row for _, row in known] + [row for row in rows if value(row) is None]


def _age(row: RunRow) -> tuple[bool, float, str]:
    return row.started_s is not None, row.started_s or 0.0, row.run_id
