"""The loop that reads a source at a steady pace, survives the loss of the driver and knows its own cost."""

import statistics
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from wan22.gpu.metric import MetricCost
from wan22.gpu.source import EndOfReadings, GpuSource
from wan22.schema.gpu import GpuInventory, GpuSampled
from wan22.schema.problem import AppError, Problem
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock

_FIRST_RETRY_S = 1.0
_LONGEST_RETRY_S = 30.0
_KEPT_COSTS = 600


class SamplerState(Enum):
    """What the sampler does. `ended`: the source has no more readings; `stopped`: somebody asked for it."""

    running = "running"
    lost = "lost"
    ended = "ended"
    stopped = "stopped"


@dataclass(frozen=True, slots=True)
class SamplerCost:
    """What sampling costs. Seconds a tick; `cpu_share`: processor time of the whole process, 1 = one core."""

    ticks: int
    skipped: int
    median_s: float | None
    p95_s: float | None
    cpu_share: float | None


@dataclass(frozen=True, slots=True)
class SamplerStatus:
    """A change of state. `inventory` comes with running; `problem` and the wait until the next try with lost."""

    state: SamplerState
    inventory: GpuInventory | None = None
    problem: Problem | None = None
    retry_s: float | None = None


class Sampler:
    """Reads `make_source()` every `interval_s` and publishes what is new, until `cancel` is set or the source ends.

    Ticks lie on an absolute schedule; those that are missed are counted and left out. `timer` and `cpu_time` measure
    the own cost in seconds.
    """

    def __init__(
        self,
        make_source: Callable[[], GpuSource],
        publish: Callable[[GpuSampled], None],
        clock: Clock,
        interval_s: float,
        cancel: CancelToken,
        on_status: Callable[[SamplerStatus], None] | None = None,
        *,
        timer: Callable[[], float] = time.perf_counter,
        cpu_time: Callable[[], float] = time.process_time,
    ) -> None:
        if interval_s <= 0:
            raise ValueError("interval_s must be above 0")
        self._make_source = make_source
        self._publish = publish
        self._clock = clock
        self._interval_s = interval_s
        self._cancel = cancel
        self._on_status = on_status
        self._timer = timer
        self._cpu_time = cpu_time
        self._costs: deque[float] = deque(maxlen=_KEPT_COSTS)
        self._metric_costs: tuple[MetricCost, ...] = ()
        self._source: GpuSource | None = None
        self._ticks = 0
        self._skipped = 0
        self._losses = 0
        self._started: tuple[float, float] | None = None

    def run(self) -> None:
        """Sample until the end.

        Raises AppError `driver_missing` when there is no driver to begin with, `driver_mismatch` at any time; a lost
        driver is tried again after 1, 2, 4 … 30 s.
        """
        self._started = (self._timer(), self._cpu_time())
        while not self._cancel.is_set:
            try:
                self._sample_until_end()
            except AppError as error:
                if not self._passes(error):
                    raise
                retry_s = min(_LONGEST_RETRY_S, _FIRST_RETRY_S * 2.0 ** min(self._losses, 10))
                self._losses += 1
                self._tell(SamplerStatus(SamplerState.lost, problem=error.problem, retry_s=retry_s))
                self._clock.sleep(retry_s, self._cancel)
            else:
                break
        self._tell(SamplerStatus(SamplerState.stopped if self._cancel.is_set else SamplerState.ended))

    def cost(self) -> SamplerCost:
        """What it has cost so far; medians over the last minutes."""
        costs = sorted(self._costs)
        wall_s = cpu_s = 0.0
        if self._started is not None:
            wall_s, cpu_s = self._timer() - self._started[0], self._cpu_time() - self._started[1]
        return SamplerCost(
            ticks=self._ticks,
            skipped=self._skipped,
            median_s=statistics.median(costs) if costs else None,
            p95_s=costs[min(len(costs) - 1, int(0.95 * len(costs)))] if costs else None,
            cpu_share=cpu_s / wall_s if wall_s > 0 else None,
        )

    def metric_costs(self) -> tuple[MetricCost, ...]:
        """What each value costs, from the source in use or the last one."""
        return self._source.costs() if self._source is not None else self._metric_costs

    def _sample_until_end(self) -> None:
        source = self._make_source()
        self._source = source
        try:
            self._tell(SamplerStatus(SamplerState.running, inventory=source.inventory()))
            self._follow_schedule(source)
        finally:
            self._metric_costs = source.costs()
            self._source = None
            source.close()

    def _follow_schedule(self, source: GpuSource) -> None:
        next_s = self._clock.monotonic()
        while not self._cancel.is_set:
            started_s = self._timer()
            try:
                sampled = source.read()
            except EndOfReadings:
                return
            self._costs.append(self._timer() - started_s)
            self._ticks += 1
            self._losses = 0
            if sampled.readings or sampled.processes:
                self._publish(sampled)
            next_s += self._interval_s
            late_s = self._clock.monotonic() - next_s
            if late_s >= self._interval_s:
                missed = int(late_s // self._interval_s)
                self._skipped += missed
                next_s += missed * self._interval_s
            self._clock.sleep(max(0.0, next_s - self._clock.monotonic()), self._cancel)

    def _passes(self, error: AppError) -> bool:
        """Whether it may pass by itself: a lost driver, or one that was there and is gone for a while (an update)."""
        code = error.problem.code
        return code == "driver_lost" or (code == "driver_missing" and (self._ticks > 0 or self._losses > 0))

    def _tell(self, status: SamplerStatus) -> None:
        if self._on_status is not None:
            self._on_status(status)
