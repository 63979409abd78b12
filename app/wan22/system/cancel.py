"""One token that says "stop", shared by whoever works on the same thing."""

import threading
from collections.abc import Callable

from wan22.schema.problem import app_error


class CancelToken:
    """Set once, from any thread; never unset."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []
        self._is_leaving = False

    @property
    def is_set(self) -> bool:
        """Whether somebody asked to stop."""
        return self._event.is_set()

    @property
    def is_leaving(self) -> bool:
        """Whether work that somebody else can finish alone is to be left going on, not stopped."""
        return self._is_leaving

    def leave(self) -> None:
        """Ask to let go: whoever waits for work outside stops waiting, and leaves that work alone."""
        self._is_leaving = True
        self.set()

    def set(self) -> None:
        """Ask to stop. Callbacks run once, in the caller's thread."""
        with self._lock:
            callbacks, self._callbacks = self._callbacks, []
            self._event.set()
        for callback in callbacks:
            callback()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until set or for `seconds`; return whether it is set."""
        return self._event.wait(seconds)

    def on_set(self, callback: Callable[[], None]) -> None:
        """Call `callback` when set (at once if it already is). It must return quickly."""
        with self._lock:
            if not self._event.is_set():
                self._callbacks.append(callback)
                return
        callback()

    def raise_if_set(self) -> None:
        """Raise AppError `cancelled` if somebody asked to stop."""
        if self.is_set:
            raise app_error("cancelled", "Stopped on request.")
