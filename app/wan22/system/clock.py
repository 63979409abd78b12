"""Time as an argument: whoever needs it is given a `Clock`."""

import time
from typing import Protocol

from wan22.system.cancel import CancelToken


class Clock(Protocol):
    """What the program needs of time."""

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back; only differences mean anything."""
        ...

    def now(self) -> float:
        """Seconds since the epoch, anchored once and carried on by the monotonic clock."""
        ...

    def sleep(self, seconds: float, cancel: CancelToken | None = None) -> bool:
        """Wait; return True at once when `cancel` is set, False after the full time."""
        ...


class SystemClock:
    """The machine's clock. Wall time is read once: a corrected system time cannot bend a duration.

    `perf_counter` and not `monotonic`: before Python 3.13 the latter steps by 15.6 ms on Windows.
    """

    def __init__(self) -> None:
        self._anchor_s = time.time() - time.perf_counter()

    def monotonic(self) -> float:
        """Seconds on the machine's monotonic clock (one for all processes of the machine)."""
        return time.perf_counter()

    def now(self) -> float:
        """Seconds since the epoch, free of jumps."""
        return self._anchor_s + time.perf_counter()

    def sleep(self, seconds: float, cancel: CancelToken | None = None) -> bool:
        """Wait for `seconds` or until `cancel` is set."""
        if seconds <= 0:
            return cancel is not None and cancel.is_set
        if cancel is not None:
            return cancel.wait(seconds)
        time.sleep(seconds)
        return False
