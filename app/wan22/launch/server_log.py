"""What a server says, made fit for people: level tags off, progress bars thinned, the last 5000 lines kept."""

import threading
from collections import deque

from wan22.launch.bar_lines import BarLines, is_bar_line, split_bar_line
from wan22.system.line_text import strip_level_tag

_LINES_KEPT = 5000


class ServerLog:
    """The lines of one process. Fed by one thread; `told` may be asked by any."""

    def __init__(self) -> None:
        self._bars = BarLines()
        self._lines: deque[str] = deque(maxlen=_LINES_KEPT)
        self._lock = threading.Lock()

    def keep(self, line: str, now_s: float) -> tuple[str, ...]:
        """Remember a line of `lines_of`; returns what is to be told now. `now_s`: monotonic seconds."""
        with self._lock:
            if self._lines and is_bar_line(line) and is_bar_line(self._lines[-1]):
                self._lines[-1] = line
            else:
                self._lines.append(line)
        return self._bars.accept(line, now_s)

    def flush(self) -> tuple[str, ...]:
        """The bar line that was held back, at the end of the output."""
        return self._bars.flush()

    def told(self) -> tuple[str, ...]:
        """The lines so far; of a progress bar only the latest state."""
        with self._lock:
            return tuple(self._lines)


def lines_of(raw: str) -> list[str]:
    """The lines in one cleaned line of output: a message sticks to the progress bar that was shown before it."""
    pieces = (strip_level_tag(piece).rstrip() for piece in split_bar_line(strip_level_tag(raw)))
    return [piece for piece in pieces if piece.strip()]
