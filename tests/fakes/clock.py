"""A clock that only moves when the test says so."""

import threading
import time

from wan22.system.cancel import CancelToken


class FakeClock:
    """Implements `wan22.system.clock.Clock`; `advance` moves it and wakes whoever has slept long enough.

    `now()` starts at `start_s`, `monotonic()` at `monotonic_s`; both move together. With `auto=True` a `sleep`
    moves the clock itself and returns at once: for code that sleeps in the test's own thread. A sleeper that
    nobody wakes within `patience_s` real seconds fails the test instead of hanging it.
    """

    def __init__(
        self,
        start_s: float = 1_700_000_000.0,
        *,
        monotonic_s: float = 1000.0,
        auto: bool = False,
        patience_s: float = 30.0,
    ) -> None:
        self.slept: list[float] = []
        self._start_s = start_s
        self._monotonic_s = monotonic_s
        self._elapsed_s = 0.0
        self._auto = auto
        self._patience_s = patience_s
        self._moved = threading.Condition()
        self._deadlines: dict[int, float] = {}
        self._tokens: list[CancelToken] = []

    def monotonic(self) -> float:
        """Fake seconds that never go back."""
        with self._moved:
            return self._monotonic_s + self._elapsed_s

    def now(self) -> float:
        """Fake seconds since the epoch."""
        with self._moved:
            return self._start_s + self._elapsed_s

    def sleep(self, seconds: float, cancel: CancelToken | None = None) -> bool:
        """Wait until the clock was moved far enough (False) or `cancel` is set (True)."""
        self._listen(cancel)
        with self._moved:
            self.slept.append(seconds)
            if cancel is not None and cancel.is_set:
                return True
            if self._auto or seconds <= 0:
                self._elapsed_s += max(seconds, 0.0)
                self._moved.notify_all()
                return False
            return self._sleep_until(self._elapsed_s + seconds, cancel)

    def advance(self, seconds: float) -> None:
        """Move the clock and wake the sleepers whose time has come."""
        if seconds < 0:
            raise ValueError("a clock never goes back")
        with self._moved:
            self._elapsed_s += seconds
            self._moved.notify_all()

    @property
    def sleepers(self) -> int:
        """How many threads wait for a time that has not come yet."""
        with self._moved:
            return self._pending()

    def wait_for_sleepers(self, count: int = 1, timeout_s: float = 5.0) -> None:
        """Wait (real time) until at least `count` threads sleep on this clock; AssertionError if they never do."""
        with self._moved:
            if not self._moved.wait_for(lambda: self._pending() >= count, timeout_s):
                raise AssertionError(f"{self._pending()} threads sleep on the clock, {count} were expected")

    def _pending(self) -> int:
        return sum(deadline > self._elapsed_s for deadline in self._deadlines.values())

    def _sleep_until(self, deadline: float, cancel: CancelToken | None) -> bool:
        me = threading.get_ident()
        self._deadlines[me] = deadline
        self._moved.notify_all()
        give_up = time.monotonic() + self._patience_s
        try:
            while self._elapsed_s < deadline:
                if cancel is not None and cancel.is_set:
                    return True
                if not self._moved.wait(max(give_up - time.monotonic(), 0.0)):
                    raise AssertionError(f"nobody moved the clock on to {deadline:.3f} s; use advance() or auto=True")
            return False
        finally:
            del self._deadlines[me]

    def _listen(self, cancel: CancelToken | None) -> None:
        """Let `cancel` wake the sleepers; once for each token."""
        with self._moved:
            if cancel is None or cancel in self._tokens:
                return
            self._tokens.append(cancel)
        cancel.on_set(self._wake)

    def _wake(self) -> None:
        with self._moved:
            self._moved.notify_all()
