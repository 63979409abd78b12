"""From the bus to the window: the only subscriber in `ui`. Facts come from any thread, slots run in the GUI thread."""

import threading
from collections import deque
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

if TYPE_CHECKING:
    from wan22.system.bus import Bus, Fact

BATCH = 2000
"""Facts handed over at once; the rest follows after the window had its turn."""


class Bridge(QObject):
    """Collects facts in a deque with one pending signal; `drained` brings them in batches, in their order."""

    drained = Signal(tuple)
    _woken = Signal()

    def __init__(self, bus: "Bus", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._facts: deque[Fact] = deque()
        self._lock = threading.Lock()
        self._is_pending = False
        self._woken.connect(self._drain, Qt.ConnectionType.QueuedConnection)
        self._unsubscribe = bus.subscribe(self._append)

    def close(self) -> None:
        """Listen no longer; what had come is handed over first."""
        self._unsubscribe()
        while self._facts:
            self._drain()

    def _append(self, fact: "Fact") -> None:
        """Runs in the publisher's thread."""
        self._facts.append(fact)
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            if self._is_pending:
                return
            self._is_pending = True
        self._woken.emit()

    def _drain(self) -> None:
        with self._lock:
            self._is_pending = False
        batch = tuple(self._facts.popleft() for _ in range(min(len(self._facts), BATCH)))
        if self._facts:
            self._wake()
        if batch:
            self.drained.emit(batch)
