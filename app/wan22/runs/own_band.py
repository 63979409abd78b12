"""What is usual on this very board: the spread of the machine's own earlier runs of the same job. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from wan22.runs.stages import PASSES
from wan22.runs.summary import stage_of
from wan22.schema.events import PromptOutcome, Role
from wan22.schema.run import RunManifest
from wan22.schema.summary import RunSummary
from wan22.schema.verdict import TargetKey

MIN_RUNS = 5
WIDTH = 3.0
LEAST_WIDTH = 0.01
_MAD_TO_SIGMA = 1.4826
_UNHEALTHY = ("hw_slowdown", "thermal", "hw_thermal", "power_brake")
_UNHEALTHY_SHARE = 0.01

PASS_1, PASS_2, BOTH, TOTAL = "pass_1", "pass_2", "both", "total"
"""What can be judged: one pass, both passes together, the whole job."""


@dataclass(frozen=True, slots=True)
class Usual:
    """Seconds from `low_s` to `high_s`: the median of `count` runs, plus and minus three scaled MAD (at least 1 %)."""

    count: int
    median_s: float
    low_s: float
    high_s: float


@dataclass(frozen=True, slots=True)
class OwnBand:
    """Usual times of one job on one board, by what is judged."""

    key: TargetKey
    gpu_uuid: str
    usual: Mapping[str, Usual]


def measured(summary: RunSummary) -> dict[str, float]:
    """Times of a run that can be judged: only what ran, ran whole and was seen."""
    found: dict[str, float] = {}
    for name, role in ((PASS_1, Role.pass_1), (PASS_2, Role.pass_2)):
        stage = stage_of(summary, role)
        if stage is not None and stage.complete and not stage.cached and stage.seconds is not None:
            found[name] = stage.seconds
    if PASS_1 in found and PASS_2 in found:
        found[BOTH] = found[PASS_1] + found[PASS_2]
    if summary.outcome is PromptOutcome.success and summary.total_s is not None:
        passes = [stage_of(summary, role) for role in PASSES]
        if not any(stage is not None and stage.cached for stage in passes):
            found[TOTAL] = summary.total_s
    return found


def is_warm(summary: RunSummary) -> bool:
    """Whether the models were still loaded from an earlier job of the same server."""
    load = stage_of(summary, Role.load)
    return load is not None and load.cached


def is_baseline(manifest: RunManifest, summary: RunSummary) -> bool:
    """Whether a run may say what is usual: a whole, warm, successful, healthy run of this machine, not simulated."""
    shares = summary.gpu.limiter_share if summary.gpu is not None else {}
    return (
        manifest.outcome is PromptOutcome.success
        and manifest.origin == "generated"
        and not (manifest.incomplete or manifest.simulated or summary.simulated)
        and is_warm(summary)
        and BOTH in measured(summary)
        and all(shares.get(name, 0.0) <= _UNHEALTHY_SHARE for name in _UNHEALTHY)
    )


def band_from_runs(key: TargetKey, gpu_uuid: str, summaries: Sequence[RunSummary]) -> OwnBand | None:
    """The band of runs that were found fit by `is_baseline`; None with fewer than five."""
    times: dict[str, list[float]] = {}
    for summary in summaries:
        for name, seconds in measured(summary).items():
            times.setdefault(name, []).append(seconds)
    usual = {name: _usual(found) for name, found in times.items() if len(found) >= MIN_RUNS}
    return OwnBand(key, gpu_uuid, usual) if usual else None


def _usual(times: Sequence[float]) -> Usual:
    middle = median(times)
    spread = _MAD_TO_SIGMA * median(abs(seconds - middle) for seconds in times)
    half = max(WIDTH * spread, LEAST_WIDTH * middle)
    return Usual(len(times), middle, middle - half, middle + half)
