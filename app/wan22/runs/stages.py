"""Times of the stages of a job, from its folded facts. Pure.

A node works from its `NodeStarted` to the next one, or to the end mark; a stage is all the time spent in one role,
so roles may interleave (a loader between the two passes). What happened while the connection was lost is unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import TypeVar

from wan22.runs.state import RunState, StepReport
from wan22.schema.events import PromptOutcome, Role
from wan22.schema.summary import StageTiming

PASSES = (Role.pass_1, Role.pass_2)

N = TypeVar("N", int, float)


@dataclass(frozen=True, slots=True)
class NodeInterval:
    """One time that a node worked. `finished_s` is None while it works, or when its end was never seen.

    `is_known`: the connection was there all the time. `is_whole`: the node came to its own end.
    """

    node: str
    started_s: float
    finished_s: float | None
    is_known: bool
    is_whole: bool

    @property
    def seconds(self) -> float | None:
        """Its length; None when unknown or still going on."""
        if self.finished_s is None or not self.is_known:
            return None
        return max(0.0, self.finished_s - self.started_s)


@dataclass(frozen=True, slots=True)
class StepTimes:
    """Steps of one interval of a sampler; fields as in `StageTiming`."""

    done: int = 0
    total: int | None = None
    first_report_s: float | None = None
    load_s: float | None = None
    step_s: tuple[float, ...] = ()
    tail_s: float | None = None


def end_s(state: RunState) -> float | None:
    """When the job ended, on our clock; None while it runs and when nobody saw the end.

    An end that was only read from the server's history is put at its start plus the server's own duration.
    """
    end = state.end
    if end is None or end.outcome is PromptOutcome.lost:
        return None
    if not end.from_history:
        return end.time_s
    duration_s = server_duration_s(state)
    if state.started_s is None or duration_s is None:
        return None
    return state.started_s + duration_s


def server_duration_s(state: RunState) -> float | None:
    """Duration by the server's own time stamps; None without them."""
    end = state.end
    if end is None or end.server_started_ms is None or end.server_ended_ms is None:
        return None
    return max(0.0, (end.server_ended_ms - end.server_started_ms) / 1000.0)


def total_s(state: RunState) -> float | None:
    """From the server's start of the job to its end; None when one of them was not seen.

    The server's own stamps come first: it says "Prompt executed" when the last node is done, and sends the end mark
    only after it has tidied up (0.3 s later with the 14B models).
    """
    duration_s = server_duration_s(state)
    if duration_s is not None:
        return duration_s
    finished_s = end_s(state)
    if state.started_s is not None and finished_s is not None:
        return max(0.0, finished_s - state.started_s)
    return None


def was_watched(state: RunState) -> bool:
    """Whether the live connection was there from the queueing of the job to its end (or up to now)."""
    return _was_seen(state, _first_s(state), end_s(state))


def node_intervals(state: RunState) -> tuple[NodeInterval, ...]:
    """Every time a node worked, in order of time."""
    intervals: list[NodeInterval] = []
    last_s = end_s(state)
    succeeded = state.end is not None and state.end.outcome is PromptOutcome.success
    for number, start in enumerate(state.starts):
        is_last = number + 1 == len(state.starts)
        finished_s = last_s if is_last else state.starts[number + 1].time_s
        whole = not is_last or (succeeded and finished_s is not None)
        known = _was_seen(state, start.time_s, finished_s)
        intervals.append(NodeInterval(start.node, start.time_s, finished_s, known, whole))
    return tuple(intervals)


def stage_timings(state: RunState, now_s: float | None = None) -> tuple[StageTiming, ...]:
    """Times by role, in the order of `Role`, for the roles that the job has.

    With `now_s` (seconds since the epoch) a node that still works counts up to then, for a live view.
    """
    intervals = node_intervals(state)
    nodes_of: dict[Role, list[str]] = {}
    known_nodes = dict.fromkeys([*state.roles, *(interval.node for interval in intervals)])
    for node in known_nodes:
        nodes_of.setdefault(state.roles.get(node, Role.other), []).append(node)
    return tuple(_stage(state, role, nodes_of[role], intervals, now_s) for role in Role if role in nodes_of)


def _stage(
    state: RunState, role: Role, nodes: Sequence[str], intervals: Sequence[NodeInterval], now_s: float | None
) -> StageTiming:
    own = [interval for interval in intervals if interval.node in nodes]
    planned = [state.planned_steps[node] for node in nodes if node in state.planned_steps]
    unseen = [node for node in nodes if node not in state.cached and all(node != item.node for item in own)]
    succeeded = state.end is not None and state.end.outcome is PromptOutcome.success
    missed = bool(unseen) and not was_watched(state)
    if not own:
        cached = not unseen or (succeeded and not missed and len(unseen) < len(nodes))
        return StageTiming(
            role=role,
            nodes=tuple(nodes),
            seconds=0.0 if cached else None,
            cached=cached,
            complete=cached,
            steps_total=sum(planned) if planned else None,
        )
    steps = _add_up([_step_times(state, interval) for interval in own if role in PASSES or len(own) == 1])
    return StageTiming(
        role=role,
        nodes=tuple(nodes),
        seconds=None if missed else _seconds(own, now_s),
        started_s=own[0].started_s,
        finished_s=own[-1].finished_s if own[-1].is_known else None,
        complete=(succeeded or not unseen)
        and not missed
        and all(interval.is_whole and interval.seconds is not None for interval in own),
        steps_done=steps.done,
        steps_total=sum(planned) if planned else steps.total,
        first_report_s=steps.first_report_s if role in PASSES else None,
        load_s=steps.load_s if role in PASSES else None,
        step_s=steps.step_s if role in PASSES else (),
        tail_s=steps.tail_s if role in PASSES else None,
    )


def _seconds(own: Sequence[NodeInterval], now_s: float | None) -> float | None:
    """Sum of what is known; None as soon as one interval fell into a gap, or when none is known at all."""
    if any(not interval.is_known for interval in own):
        return None
    known = [interval.seconds for interval in own if interval.seconds is not None]
    if now_s is not None and own[-1].finished_s is None:
        known.append(max(0.0, now_s - own[-1].started_s))
    return sum(known) if known else None


def _first_s(state: RunState) -> float:
    """When the job began as far as known."""
    known = [moment for moment in (state.queued_s, state.started_s) if moment is not None]
    return min(known, default=float("-inf"))


def _was_seen(state: RunState, first_s: float, last_s: float | None) -> bool:
    """Whether no loss of the connection touches the time from `first_s` to `last_s` (None: up to now)."""
    for gap in state.gaps:
        begins_before_end = last_s is None or gap.lost_s < last_s
        if begins_before_end and (gap.restored_s is None or gap.restored_s > first_s):
            return False
    return True


def _step_times(state: RunState, interval: NodeInterval) -> StepTimes:
    """Steps reported within one interval. Steps that were reported together share their time evenly."""
    reports = _rising(
        [
            report
            for report in state.reports.get(interval.node, ())
            if report.time_s >= interval.started_s
            and (interval.finished_s is None or report.time_s <= interval.finished_s)
        ]
    )
    if not reports:
        return StepTimes()
    first, last = reports[0], reports[-1]
    if not interval.is_known:
        return StepTimes(done=last.value, total=last.maximum)
    later: list[float] = []
    for before, after in pairwise(reports):
        count = after.value - before.value
        later.extend([(after.time_s - before.time_s) / count] * count)
    first_report_s = first.time_s - interval.started_s
    return StepTimes(
        done=last.value,
        total=last.maximum,
        first_report_s=first_report_s,
        load_s=max(0.0, first_report_s - first.value * fmean(later)) if later else None,
        step_s=tuple(later),
        tail_s=interval.finished_s - last.time_s if interval.finished_s is not None else None,
    )


def _rising(reports: Sequence[StepReport]) -> list[StepReport]:
    """Without repeats: a report that is no progress tells nothing new."""
    kept: list[StepReport] = []
    for report in reports:
        if report.value > (kept[-1].value if kept else 0):
            kept.append(report)
    return kept


def _add_up(parts: Sequence[StepTimes]) -> StepTimes:
    """Sums over the intervals of a stage; a number is None unless every interval with steps has it."""
    counted = [part for part in parts if part.done > 0]
    if not counted:
        return StepTimes()
    return StepTimes(
        done=sum(part.done for part in counted),
        total=_sum([part.total for part in counted]),
        first_report_s=_sum([part.first_report_s for part in counted]),
        load_s=_sum([part.load_s for part in counted]),
        step_s=tuple(seconds for part in counted for seconds in part.step_s),
        tail_s=_sum([part.tail_s for part in counted]),
    )


def _sum(values: Sequence[N | None]) -> N | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
