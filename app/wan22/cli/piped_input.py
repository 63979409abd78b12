"""Standard input as a leash: lines come in through it, and its end means that whoever started us is gone."""

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

from wan22.system.cancel import CancelToken
from wan22.system.line_text import LineSplitter
from wan22.system.threads import Worker

_STUCK_LIMIT_S = 3.0


def piped_input() -> int | None:
    """Descriptor of standard input if it is a pipe or a socket; None for a terminal, a file or nothing at all."""
    try:
        descriptor = sys.stdin.fileno()
        mode = os.fstat(descriptor).st_mode
    except (AttributeError, OSError, ValueError):  # a windowed program has none, a test has a stand-in
        return None
    return descriptor if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) else None


@contextmanager
def listening(on_line: Callable[[str], None], cancel: CancelToken) -> Iterator[None]:
    """Give the lines of a piped standard input to `on_line` (in a thread); set `cancel` when it ends.

    If the program is still inside the block some seconds later it is stuck inside a driver call: it is ended hard.
    """
    descriptor = piped_input()
    finished = Event()

    def work(_stop: CancelToken) -> None:
        assert descriptor is not None
        splitter = LineSplitter()
        while data := _read(descriptor):
            for line in splitter.feed(data):
                on_line(line)
        cancel.set()
        if not finished.wait(_STUCK_LIMIT_S):
            os._exit(0)

    if descriptor is not None:
        Worker("piped-input", work).start()
    try:
        yield
    finally:
        finished.set()


def _read(descriptor: int) -> bytes:
    """Read past Python's own buffer: a thread that waits inside it would keep the program from ending."""
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Windows says "broken pipe" where others say "end"
        return b""
