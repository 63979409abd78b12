"""How long a job still takes, as a range, or None while nothing can be said honestly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from wan22.schema.events import Role
from wan22.schema.summary import RunSummary

ORDER = (Role.load, Role.encode, Role.pass_1, Role.pass_2, Role.decode, Role.interpolate, Role.save)


@dataclass(frozen=True, slots=True)
class Usual:
    """Usual seconds of one stage from earlier runs of the same job on the same board: median, least and most."""

    median_s: float
    low_s: float
    high_s: float
    count: int


@dataclass(frozen=True, slots=True)
class StageProgress:
    """Where a stage stands: `elapsed_s` so far, steps done of how many, `done` when it is over."""

    role: Role
    elapsed_s: float
    steps_done: int = 0
    steps_total: int | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class Eta:
    """Seconds left, from `low_s` to `high_s`; `complete` is False when some stages could not be counted."""

    low_s: float
    high_s: float
    complete: bool


def usual_from_runs(summaries: Sequence[RunSummary]) -> dict[Role, Usual]:
    """Usual stage times from earlier runs; cached stages of warm runs count as they were."""
    times: dict[Role, list[float]] = {}
    for summary in summaries:
        for stage in summary.stages:
            if stage.seconds is not None:
                times.setdefault(stage.role, []).append(stage.seconds)
    return {role: Usual(median(found), min(found), max(found), len(found)) for role, found in times.items()}


def eta(stages: Sequence[StageProgress], usual: Mapping[Role, Usual]) -> Eta | None:
    """Add up what is left of each stage: usual time, else this run's own steps, else left out (`complete` False)."""
    now = {stage.role: stage for stage in stages}
    own_step_s = _own_step_s(stages)
    low_s = high_s = 0.0
    complete, counted = True, False
    for role in ORDER:
        stage = now.get(role)
        if stage is not None and stage.done:
            continue
        left = _left(role, stage, usual.get(role), own_step_s, now)
        if left is None:
            complete = complete and role not in (Role.pass_1, Role.pass_2, Role.decode, Role.save)
            continue
        counted = True
        low_s += left[0]
        high_s += left[1]
    return Eta(low_s, high_s, complete) if counted else None


def _own_step_s(stages: Sequence[StageProgress]) -> float | None:
    """Seconds a step of the passes so far, whole pass time over steps, so that loading counts once."""
    passes = [stage for stage in stages if stage.role in (Role.pass_1, Role.pass_2) and stage.steps_done > 0]
    if not passes:
        return None
    return sum(stage.elapsed_s for stage in passes) / sum(stage.steps_done for stage in passes)


def _left(
    role: Role,
    stage: StageProgress | None,
    usual: Usual | None,
    own_step_s: float | None,
    now: Mapping[Role, StageProgress],
) -> tuple[float, float] | None:
    elapsed_s = stage.elapsed_s if stage is not None else 0.0
    if usual is not None:
        return max(0.0, usual.low_s - elapsed_s), max(0.0, usual.high_s - elapsed_s)
    if role not in (Role.pass_1, Role.pass_2) or own_step_s is None:
        return None
    known = stage or now.get(Role.pass_1)
    total = known.steps_total if known is not None else None
    if total is None:
        return None
    left_s = own_step_s * (total - (stage.steps_done if stage is not None else 0))
    return 0.8 * left_s, 1.3 * left_s
