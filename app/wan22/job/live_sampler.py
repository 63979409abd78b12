"""One sampler for as long as the panel lives: it reads between the jobs too, and the jobs share it."""

import threading
from collections.abc import Callable

from wan22.job.telemetry import SamplerHandle
from wan22.schema.gpu import GpuInventory, GpuSampled
from wan22.schema.panel_fact import GpuFound, GpuUnavailable
from wan22.schema.problem import Problem
from wan22.system.bus import Bus
from wan22.system.clock import Clock

Sampled = Callable[[GpuSampled], None]
Failed = Callable[[Problem], None]
Found = Callable[[GpuInventory], None]
MakeSampler = Callable[[str, Sampled, Failed, Found], SamplerHandle]


class LiveSampler:
    """Publishes readings of one source; `read_from` changes the source, `share` lets a job listen in.

    `make`: a sampler for a source such as "nvml" or "simulated:URL"; it is called with what to tell.
    """

    def __init__(self, make: MakeSampler, bus: Bus, clock: Clock) -> None:
        self._make = make
        self._bus = bus
        self._clock = clock
        self._lock = threading.Lock()
        self._source: str | None = None
        self._sampler: SamplerHandle | None = None
        self._inventory: GpuInventory | None = None
        self._problem: Problem | None = None
        self._listener: _Shared | None = None

    @property
    def source(self) -> str | None:
        """What is read now."""
        return self._source

    def read_from(self, source: str) -> None:
        """Read from there; nothing happens when it is read already. May take seconds: the old child is ended."""
        if source == self._source and self._sampler is not None:
            return
        self.stop()
        with self._lock:
            self._source = source
            self._inventory = self._problem = None
            self._sampler = self._make(source, self._sampled, self._failed, self._found)
        self._sampler.start()

    def stop(self) -> None:
        """Read nothing any more."""
        with self._lock:
            sampler, self._sampler, self._source = self._sampler, None, None
        if sampler is not None:
            sampler.stop()

    def share(self, sampled: Sampled, failed: Failed, found: Found) -> SamplerHandle:
        """A sampler for one job: it hears what this one reads, from `start` to `stop`."""
        return _Shared(self, sampled, failed, found)

    def listen(self, listener: "_Shared | None") -> None:
        """Tell the listener what is known, and from now on everything new."""
        with self._lock:
            self._listener = listener
            inventory, problem = self._inventory, self._problem
        if listener is not None and inventory is not None:
            listener.found(inventory)
        elif listener is not None and problem is not None:
            listener.failed(problem)

    def _sampled(self, fact: GpuSampled) -> None:
        self._bus.publish(fact)
        listener = self._listener
        if listener is not None:
            listener.sampled(fact)

    def _failed(self, problem: Problem) -> None:
        with self._lock:
            self._problem = problem
            listener = self._listener
        self._bus.publish(GpuUnavailable(time_s=self._clock.now(), problem=problem))
        if listener is not None:
            listener.failed(problem)

    def _found(self, inventory: GpuInventory) -> None:
        with self._lock:
            self._inventory = inventory
            listener = self._listener
        self._bus.publish(GpuFound(time_s=self._clock.now(), inventory=inventory))
        if listener is not None:
            listener.found(inventory)


class _Shared:
    """One job's ear at the live sampler."""

    def __init__(self, live: LiveSampler, sampled: Sampled, failed: Failed, found: Found) -> None:
        self._live = live
        self.sampled = sampled
        self.failed = failed
        self.found = found

    def start(self) -> None:
        self._live.listen(self)

    def stop(self) -> None:
        self._live.listen(None)
