"""Facts to whoever listens, in the publisher's thread.

Subscribers must only append (to a list, a deque, a queue): they run inside the sampler and the socket thread.
"""

import logging
import threading
from collections.abc import Callable

from wan22.schema.events import AnyEvent, ProblemFound
from wan22.schema.gpu import GpuSampled
from wan22.schema.panel_fact import PanelFact
from wan22.schema.problem import problem
from wan22.system.clock import Clock

Fact = AnyEvent | GpuSampled | PanelFact
Subscriber = Callable[[Fact], None]

_log = logging.getLogger(__name__)


class Bus:
    """Order of delivery is the order of `publish`; a subscriber's fault never reaches the publisher."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._subscribers: list[Subscriber] = []
        self._blamed: set[Subscriber] = set()

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Add a subscriber; the returned function takes it away again (calling it twice is harmless)."""
        with self._lock:
            self._subscribers.append(subscriber)

        def unsubscribe() -> None:
            with self._lock:
                if subscriber in self._subscribers:
                    self._subscribers.remove(subscriber)

        return unsubscribe

    def publish(self, fact: Fact) -> None:
        """Hand `fact` to all subscribers, in this thread. Never raises for a subscriber's sake."""
        faults: list[tuple[Subscriber, Exception]] = []
        with self._lock:
            for subscriber in tuple(self._subscribers):
                try:
                    subscriber(fact)
                except Exception as error:  # noqa: BLE001 - a listener's fault must not stop the sampler
                    faults.append((subscriber, error))
        for subscriber, fault in faults:
            self._report(subscriber, fault)

    def _report(self, subscriber: Subscriber, error: Exception) -> None:
        """Publish a subscriber's fault, once for each subscriber, after the lock is released."""
        if subscriber in self._blamed:
            return
        self._blamed.add(subscriber)
        _log.error("a subscriber of the bus failed", exc_info=error)
        found = problem("internal_error", f"A listener failed: {error}", detail=repr(error))
        self.publish(ProblemFound(time_s=self._clock.now(), problem=found))
