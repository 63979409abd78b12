"""Lines of text out of what a child process writes: cut, decoded, freed of terminal colours."""

import re

_ANSI = re.compile(
    r"\x1b(?:"
    r"\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor moves
    r"|\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC: window titles, links
    r"|[ -/]*[0-~]"  # two-letter sequences
    r")"
)
_LEVEL_TAG = re.compile(r"^\[(?:DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL)\] ?")
_LINE_END = re.compile(rb"[\r\n]+")
_LONGEST_LINE_BYTES = 64 * 1024


def clean_line(text: str) -> str:
    """`text` without ANSI sequences and trailing white space."""
    return _ANSI.sub("", text).rstrip()


def strip_level_tag(text: str) -> str:
    """`text` without a leading "[INFO] " and the like, which ComfyUI writes since 0.22."""
    return _LEVEL_TAG.sub("", text, count=1)


class LineSplitter:
    r"""Bytes in, clean lines out. A line ends at `\n` or `\r` (progress bars use `\r`); empty ones are dropped.

    Bytes that are not UTF-8 become U+FFFD. A line longer than 64 KiB is cut into pieces.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """Take the next bytes and return the lines that are complete now."""
        *complete, self._rest = _LINE_END.split(self._rest + data)
        while len(self._rest) > _LONGEST_LINE_BYTES:
            complete.append(self._rest[:_LONGEST_LINE_BYTES])
            self._rest = self._rest[_LONGEST_LINE_BYTES:]
        return _texts(complete)

    @property
    def rest(self) -> bytes:
        """The bytes of the line that is not complete yet."""
        return self._rest

    def flush(self) -> list[str]:
        """Return what is left when no more bytes will come."""
        rest, self._rest = self._rest, b""
        return _texts([rest])


def _texts(pieces: list[bytes]) -> list[str]:
    lines = (clean_line(piece.decode("utf-8", errors="replace")) for piece in pieces)
    return [line for line in lines if line]
