"""Progress bars in a log: shown, but at most one line a second in a row."""

import re

_BAR = re.compile(r"^(?P<bar>[^|]{0,80}?\d{1,3}%\|[^|]*\|(?: [^\[\]]*\[[^\]]*\])?|\s*\d+it \[[^\]]*\])(?P<rest>.*)$")
_INTERVAL_S = 1.0


def is_bar_line(line: str) -> bool:
    """Whether `line` is a state of a progress bar such as ` 50%|█████     | 1/2 [00:05<00:05, 5.47s/it]`."""
    match = _BAR.match(line)
    return match is not None and not match["rest"].strip()


def split_bar_line(line: str) -> tuple[str, ...]:
    """The bar and what was written behind it: a bar has no line end, so the next message sticks to it."""
    match = _BAR.match(line)
    if match is None or not match["rest"].strip():
        return (line,)
    return (match["bar"], match["rest"].lstrip())


class BarLines:
    """Lets ordinary lines through and thins out runs of bar lines; the last one of a run is never lost."""

    def __init__(self) -> None:
        self._last_s: float | None = None
        self._held: str | None = None

    def accept(self, line: str, now_s: float) -> tuple[str, ...]:
        """The lines to tell now; `now_s` is monotonic seconds."""
        if not is_bar_line(line):
            lines = (line,) if self._held is None else (self._held, line)
            self._last_s = self._held = None
            return lines
        if self._last_s is not None and now_s - self._last_s < _INTERVAL_S:
            self._held = line
            return ()
        self._last_s, self._held = now_s, None
        return (line,)

    def flush(self) -> tuple[str, ...]:
        """The line that is still held back, at the end of the output."""
        held, self._held = self._held, None
        return () if held is None else (held,)
