"""A file that only grows by whole lines, also on a disk that fills up."""

import contextlib
import os
from collections import deque
from pathlib import Path
from typing import BinaryIO

_CHUNK_LINES = 512


class AppendFile:
    """Lines go to the system at once (nothing is buffered here), so a killed process loses none that were written.

    After a failed write the file is cut back to its last whole line, and the lines that are not in it stay with the
    caller. Used by one thread.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._good_bytes = 0
        self._is_dirty = False

    def write_lines(self, lines: deque[bytes]) -> None:
        """Append `lines`, taking each away once it is in the file. Raises OSError; the rest then stays in `lines`."""
        while lines:
            count = min(len(lines), _CHUNK_LINES)
            chunk = [lines[index] for index in range(count)]
            written = self._write(b"".join(chunk))
            for line in chunk:
                if written < len(line):
                    break
                written -= len(line)
                lines.popleft()

    def close(self) -> None:
        """Close the file; a later write opens it again."""
        if self._file is not None:
            file, self._file = self._file, None
            file.close()

    def _write(self, data: bytes) -> int:
        """Bytes that are now in the file; on a fault the torn line is cut off and OSError raised if nothing went in."""
        file = self._opened()
        done = 0
        try:
            while done < len(data):
                done += file.write(data[done:]) or 0
        except OSError:
            self._is_dirty = True
            whole = data.rfind(b"\n", 0, done) + 1
            self._good_bytes += whole
            with contextlib.suppress(OSError):  # then the next write tries it first
                self._cut_back(file)
            if whole == 0:
                raise
            return whole
        self._good_bytes += done
        return done

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self._file = self._path.open("ab", buffering=0)
            if not self._is_dirty:
                self._good_bytes = os.fstat(self._file.fileno()).st_size
        if self._is_dirty:
            self._cut_back(self._file)
        return self._file

    def _cut_back(self, file: BinaryIO) -> None:
        """Cut the torn line off."""
        file.truncate(self._good_bytes)
        self._is_dirty = False
