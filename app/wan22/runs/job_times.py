"""How long a job took before on this machine: ranges by workflow, profile, size and board. Pure, on rows of `RunIndex`.

Times run from the server's start of a job to its end, without the server's own start. Cold means that the models had
to be read and moved first, warm that they were loaded by the job before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from wan22.schema.duration_text import duration_range
from wan22.schema.events import PromptOutcome, Role
from wan22.schema.run_row import RunRow

MOST_RUNS = 30
"""The newest so many runs of a job count: older ones may be of another driver or ComfyUI."""
LEAST_FOR_QUARTILES = 4
"""With fewer runs the range is that of all of them, with more the middle half."""


@dataclass(frozen=True, slots=True)
class JobKey:
    """What makes two jobs take the same time. None is unknown and equals nothing.

    `gpu`: name of the board, with or without its maker. `simulated`: times of a stand-in are told for itself alone.
    """

    workflow: str
    profile: str
    width: int | None
    height: int | None
    length: int | None
    steps: int | None
    interpolation: str = "none"
    simulated: bool = False
    gpu: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether there can be an equal one."""
        return None not in (self.width, self.height, self.length, self.steps, self.gpu)


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Seconds of `count` runs: the middle half of them, or from the shortest to the longest of a few."""

    low_s: float
    high_s: float
    median_s: float
    count: int

    @property
    def text(self) -> str:
        """`67-80 s (12 runs)`."""
        runs = "1 run" if self.count == 1 else f"{self.count} runs"
        return f"{duration_range(self.low_s, self.high_s)} ({runs})"


@dataclass(frozen=True, slots=True)
class QueueTime:
    """Sum over jobs. `unknown`: how many have no earlier run, so that the whole takes longer than the sum."""

    low_s: float
    high_s: float
    known: int
    unknown: int

    @property
    def text(self) -> str:
        """The sum in words; what is unknown is said."""
        if self.known == 0:
            return "unknown: no earlier run here tells" if self.unknown else "nothing"
        told = duration_range(self.low_s, self.high_s)
        return told if self.unknown == 0 else f"{told}, and {self.unknown} of unknown length"


def key_of_row(row: RunRow) -> JobKey:
    """The job that a stored run did."""
    return JobKey(
        workflow=row.workflow,
        profile=row.profile,
        width=row.width,
        height=row.height,
        length=row.length,
        steps=row.steps,
        interpolation=row.interpolation,
        simulated=row.simulated,
        gpu=row.board or None,
    )


def expected_time(rows: Iterable[RunRow], key: JobKey, *, is_warm: bool) -> TimeRange | None:
    """Range of the newest successful whole runs of the same job; None with none (n = 0: unknown).

    `rows`: the newest first, as `RunIndex` gives them. Runs with a pass that the server had cached do not count.
    """
    if not key.is_whole:
        return None
    wanted = _short_gpu(key)
    times: list[float] = []
    for row in rows:
        if row.total_s is not None and _counts(row, is_warm=is_warm) and _short_gpu(key_of_row(row)) == wanted:
            times.append(row.total_s)
            if len(times) == MOST_RUNS:
                break
    return range_of(times)


def range_of(times: Sequence[float]) -> TimeRange | None:
    """The range of some times; None for none."""
    if not times:
        return None
    low_s, high_s = min(times), max(times)
    if len(times) >= LEAST_FOR_QUARTILES:
        low_s, _, high_s = quantiles(times, n=4, method="inclusive")
    return TimeRange(low_s, high_s, median(times), len(times))


def queue_time(ranges: Iterable[TimeRange | None]) -> QueueTime:
    """All jobs one after the other."""
    told = list(ranges)
    known = [one for one in told if one is not None]
    return QueueTime(
        low_s=sum(one.low_s for one in known),
        high_s=sum(one.high_s for one in known),
        known=len(known),
        unknown=len(told) - len(known),
    )


def _counts(row: RunRow, *, is_warm: bool) -> bool:
    stages = {stage.role: stage for stage in row.stages}
    passes = [stages[role] for role in (Role.pass_1, Role.pass_2) if role in stages]
    load = stages.get(Role.load)
    return (
        row.outcome is PromptOutcome.success
        and row.origin == "generated"
        and not row.incomplete
        and bool(passes)
        and not any(stage.cached for stage in passes)
        and (load is not None and load.cached) is is_warm
    )


def _short_gpu(key: JobKey) -> tuple[object, ...]:
    name = (key.gpu or "").removeprefix("NVIDIA ").removeprefix("GeForce ")
    size = (key.width, key.height, key.length, key.steps)
    return (key.workflow, key.profile, *size, key.interpolation, key.simulated, name)
