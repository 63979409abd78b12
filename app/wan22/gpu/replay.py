"""A recorded run as a source of readings: the same values at the same pace, now."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from wan22.gpu.latest import merged_reading
from wan22.gpu.metric import MetricCost
from wan22.gpu.source import EndOfReadings
from wan22.schema.gpu import GpuInventory, GpuReading, GpuSampled
from wan22.system.clock import Clock


class ReplaySource:
    """Implements `GpuSource` over readings in order of time.

    `speed` 2 plays twice as fast. The recording starts with the first `read` and is stamped with the present time;
    when ticks are read less often than they were recorded, slow values of those passed over are not lost.
    """

    def __init__(
        self, readings: Iterable[GpuReading], inventory: GpuInventory, clock: Clock, speed: float = 1.0
    ) -> None:
        if speed <= 0:
            raise ValueError("speed must be above 0")
        self._inventory = inventory.model_copy(update={"source": "replay"})
        self._clock = clock
        self._speed = speed
        self._ticks = _ticks(readings)
        self._next = next(self._ticks, None)
        self._first_s = self._next[0].time_s if self._next else 0.0
        self._started: tuple[float, float] | None = None

    def inventory(self) -> GpuInventory:
        """The recorded machine's GPUs."""
        return self._inventory

    def read(self) -> GpuSampled:
        """The newest tick whose time has come; no readings when none has. Raises EndOfReadings after the last."""
        if self._next is None:
            raise EndOfReadings
        now_s, monotonic_s = self._clock.now(), self._clock.monotonic()
        if self._started is None:
            self._started = (now_s, monotonic_s)
        position_s = self._first_s + (monotonic_s - self._started[1]) * self._speed
        found: dict[int, GpuReading] = {}
        while self._next is not None and self._next[0].time_s <= position_s:
            for reading in self._next:
                found[reading.gpu] = merged_reading(found.get(reading.gpu), reading)
            self._next = next(self._ticks, None)
        readings = tuple(replace(found[gpu], time_s=self._present(found[gpu].time_s)) for gpu in sorted(found))
        return GpuSampled(time_s=readings[0].time_s if readings else now_s, readings=readings)

    def costs(self) -> tuple[MetricCost, ...]:
        """A replay costs nothing worth telling."""
        return ()

    def close(self) -> None:
        """End the replay."""
        self._next = None

    def _present(self, recorded_s: float) -> float:
        assert self._started is not None
        return self._started[0] + (recorded_s - self._first_s) / self._speed


def _ticks(readings: Iterable[GpuReading]) -> Iterator[list[GpuReading]]:
    """Readings of all GPUs that belong together: a tick names every GPU once, in order."""
    tick: list[GpuReading] = []
    for reading in readings:
        if tick and reading.gpu <= tick[-1].gpu:
            yield tick
            tick = []
        tick.append(reading)
    if tick:
        yield tick
