"""One value (or a few that come together) of one GPU: when it is due, what it costs, when to give it up."""

import statistics
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wan22.gpu.nvml_call import NeverAnswersError, NotNowError, UnknownAnswerError

Values = dict[str, Any]
"""Field names of `GpuReading` and what was read for them."""

EVERY_TICK_S = 0.0
FAST_S = 1.0
SLOW_S = 10.0
RARE_S = 60.0

_SLOWER = {EVERY_TICK_S: FAST_S, FAST_S: SLOW_S, SLOW_S: RARE_S}
_SLOW_CALL_S = 0.005
_SLOW_STREAK = 5
_TOLERANCE_S = 0.02
_KEPT_COSTS = 100


@dataclass(frozen=True, slots=True)
class Metric:
    """How to read something of one GPU. `read` puts what it found into the values.

    `period_s` 0 = every tick. A call that takes longer than `slow_s` several times in a row is asked for less often.
    """

    name: str
    period_s: float
    read: Callable[[Values], None]
    slow_s: float = _SLOW_CALL_S


@dataclass(frozen=True, slots=True)
class MetricCost:
    """What a metric costs. `moved`: it was slow and is read less often now; `median_s` None = not read yet."""

    gpu: int
    name: str
    period_s: float
    reads: int
    median_s: float | None
    worst_s: float | None
    moved: bool = False
    answers: bool = True


class MetricTrack:
    """A metric with its history."""

    def __init__(self, metric: Metric, timer: Callable[[], float]) -> None:
        self.name = metric.name
        self.answers = True
        self._read = metric.read
        self._period_s = metric.period_s
        self._slow_s = metric.slow_s
        self._timer = timer
        self._due_s = float("-inf")
        self._slow_in_a_row = 0
        self._moved = False
        self._reads = 0
        self._costs: deque[float] = deque(maxlen=_KEPT_COSTS)

    def is_due(self, now_s: float) -> bool:
        """Whether it wants to be read in a tick at `now_s` (monotonic)."""
        return now_s >= self._due_s - _TOLERANCE_S

    def take(self, now_s: float, values: Values) -> bool:
        """Read into `values` and plan the next time; False when the driver said "unknown error".

        Raises AppError `driver_lost` or `driver_mismatch`. Every other failure only means that nothing is read.
        """
        started_s = self._timer()
        doubtful = False
        try:
            self._read(values)
        except NeverAnswersError:
            self.answers = False
        except UnknownAnswerError:
            doubtful = True
        except NotNowError:
            pass
        self._note(self._timer() - started_s)
        if self._period_s:
            late = now_s - self._due_s > self._period_s
            self._due_s = (now_s if late else self._due_s) + self._period_s
        return not doubtful

    def cost(self, gpu: int) -> MetricCost:
        """What it has cost so far."""
        costs = list(self._costs)
        return MetricCost(
            gpu=gpu,
            name=self.name,
            period_s=self._period_s,
            reads=self._reads,
            median_s=statistics.median(costs) if costs else None,
            worst_s=max(costs, default=None),
            moved=self._moved,
            answers=self.answers,
        )

    def _note(self, cost_s: float) -> None:
        self._reads += 1
        self._costs.append(cost_s)
        if cost_s <= self._slow_s:
            self._slow_in_a_row = 0
            return
        self._slow_in_a_row += 1
        if self._slow_in_a_row >= _SLOW_STREAK and self._period_s in _SLOWER:
            self._period_s = _SLOWER[self._period_s]
            self._moved = True
            self._slow_in_a_row = 0
