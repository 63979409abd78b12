"""Ctrl-C as a request to stop: once politely, twice at once."""

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from wan22.system.cancel import CancelToken


@contextmanager
def stop_on_signal(cancel: CancelToken, on_first: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Set `cancel` on Ctrl-C, on a polite end (SIGTERM) and on a closing console; a second one raises at once.

    Must be entered in the main thread: only there does Python run signal handlers.
    """
    names = ["SIGINT", "SIGTERM", "SIGBREAK" if sys.platform == "win32" else "SIGHUP"]
    signals = [getattr(signal, name) for name in names if hasattr(signal, name)]

    def handle(_number: int, _frame: FrameType | None) -> None:
        if cancel.is_set:
            raise KeyboardInterrupt
        cancel.set()
        with contextlib.suppress(OSError):  # the terminal that was closed cannot show it any more
            on_first()

    before: dict[int, Any] = {number: signal.signal(number, handle) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
