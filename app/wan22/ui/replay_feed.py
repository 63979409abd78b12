"""A stored run told again on the bus, as if it happened now."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from wan22.runs.state import Fact
from wan22.schema.gpu import LIMITERS, GpuReading, GpuSampled
from wan22.system.bus import Bus
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock
from wan22.system.threads import Worker

_COUNTERS = (*LIMITERS.values(), "energy_j")


def shifted(facts: Iterable[Fact], first_s: float, now_s: float, speed: float = 1.0) -> Iterator[Fact]:
    """The same facts with `first_s` moved to `now_s`; with a `speed` above 1 everything takes less time.

    Counters that grow with time are shortened alike, so that shares of time stay what they were.
    """
    for fact in facts:
        time_s = now_s + (fact.time_s - first_s) / speed
        if isinstance(fact, GpuSampled):
            readings = tuple(
                _shifted_reading(item, now_s + (item.time_s - first_s) / speed, speed) for item in fact.readings
            )
            yield replace(fact, time_s=time_s, readings=readings)
        else:
            yield fact.model_copy(update={"time_s": time_s})


def _shifted_reading(reading: GpuReading, time_s: float, speed: float) -> GpuReading:
    if speed == 1.0:
        return replace(reading, time_s=time_s)
    counted = {name: value for name in _COUNTERS if (value := getattr(reading, name)) is not None}
    shorter = {name: type(value)(value / speed) for name, value in counted.items()}
    return replace(reading, time_s=time_s, **shorter)


class ReplayFeed:
    """Publishes facts at their own pace in a thread of its own; `stop` ends it at once."""

    def __init__(self, facts: Iterable[Fact], bus: Bus, clock: Clock, speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError("speed must be above 0")
        self._facts = list(facts)
        self._bus = bus
        self._clock = clock
        self._speed = speed
        self._worker = Worker("run-replay", self._work)

    def start(self) -> None:
        """Begin with the first fact, now."""
        self._worker.start()

    def stop(self) -> bool:
        """End it; False if the thread did not end in time."""
        return self._worker.stop()

    def _work(self, cancel: CancelToken) -> None:
        if not self._facts:
            return
        first_s, started_s = self._facts[0].time_s, self._clock.now()
        for fact in shifted(self._facts, first_s, started_s, self._speed):
            if self._clock.sleep(fact.time_s - self._clock.now(), cancel) or cancel.is_set:
                return
            self._bus.publish(fact)
