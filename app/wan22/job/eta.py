"""How long a job still takes, as a range, or None while nothing can be said honestly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from wan22.runs.own_band import Usual
from wan22.schema.events import Role
from wan22.schema.summary import RunSummary, StageTiming

PASSES = (Role.pass_1, Role.pass_2)
OWN_STEPS_SPREAD = (0.8, 1.3)
"""How far this run's own mean step may be off for the steps to come (loading hides in the first pass)."""


@dataclass(frozen=True, slots=True)
class Eta:
    """Seconds left, from `low_s` to `high_s`; not `complete` when a stage could not be counted: at least so long."""

    low_s: float
    high_s: float
    complete: bool


def usual_from_runs(summaries: Sequence[RunSummary]) -> dict[Role, Usual]:
    """Usual stage times from earlier runs."""
    times: dict[Role, list[float]] = {}
    for summary in summaries:
        for stage in summary.stages:
            if stage.seconds is not None:
                times.setdefault(stage.role, []).append(stage.seconds)
    return {role: Usual(len(found), median(found), min(found), max(found)) for role, found in times.items()}


def eta(stages: Sequence[StageTiming], usual: Mapping[Role, Usual]) -> Eta | None:
    """Add up what is left of each stage: its usual time, else this run's own steps, else it is not counted.

    `stages`: live timings, a stage at work counting up to now (`runs.stages.stage_timings(state, now_s)`).
    """
    step_s = _own_step_s(stages)
    low_s = high_s = 0.0
    complete, counted = True, False
    for stage in stages:
        if stage.complete or stage.role is Role.other:
            continue
        left = _left(stage, usual.get(stage.role), step_s)
        if left is None:
            complete = False
            continue
        counted = True
        low_s, high_s = low_s + left[0], high_s + left[1]
    return Eta(low_s, high_s, complete) if counted else None


def _own_step_s(stages: Sequence[StageTiming]) -> float | None:
    """Mean seconds a step in this run, from the later steps of its passes, which hold no loading."""
    steps = [seconds for stage in stages if stage.role in PASSES for seconds in stage.step_s]
    return sum(steps) / len(steps) if steps else None


def _left(stage: StageTiming, usual: Usual | None, step_s: float | None) -> tuple[float, float] | None:
    if usual is not None:
        elapsed_s = stage.seconds or 0.0
        return max(0.0, usual.low_s - elapsed_s), max(0.0, usual.high_s - elapsed_s)
    if stage.role not in PASSES or step_s is None or stage.steps_total is None:
        return None
    left_s = step_s * max(0, stage.steps_total - stage.steps_done)
    return OWN_STEPS_SPREAD[0] * left_s, OWN_STEPS_SPREAD[1] * left_s
