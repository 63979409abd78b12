"""Spans of time in which a job was in one stage. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from wan22.runs.stages import NodeInterval
from wan22.schema.events import Role

SHORTEST_S = 0.05
"""Shorter intervals are not worth a shade of their own."""


@dataclass(frozen=True, slots=True)
class PhaseSpan:
    """From and to in seconds since the epoch; `finished_s` is None while it lasts or when its end was not seen."""

    role: Role
    started_s: float
    finished_s: float | None


def phase_spans(intervals: Sequence[NodeInterval], roles: Mapping[str, Role]) -> tuple[PhaseSpan, ...]:
    """Neighbouring intervals of one role put together; what was not seen is left out."""
    spans: list[PhaseSpan] = []
    for interval in intervals:
        if not interval.is_known:
            continue
        if interval.finished_s is not None and interval.finished_s - interval.started_s < SHORTEST_S:
            continue
        role = roles.get(interval.node, Role.other)
        last = spans[-1] if spans else None
        if (
            last is not None
            and last.role is role
            and last.finished_s is not None
            and interval.started_s - last.finished_s < SHORTEST_S
        ):
            spans[-1] = replace(last, finished_s=interval.finished_s)
        else:
            spans.append(PhaseSpan(role, interval.started_s, interval.finished_s))
    return tuple(spans)
