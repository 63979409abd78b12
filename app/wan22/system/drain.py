"""Reads the output of a child that outlives us and keeps it in a file, so that a broken pipe does not end its work.

The helper is started as `… __drain LOGFILE` with the reading end of the child's output pipe as its standard input. It
ends when the pipe does, that is after everything that could write to it. The standard library only: it must start
fast and stay small.
"""

import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import IO

READY = b"ready\n"
"""What it says once it reads."""
LIMIT_BYTES = 16 * 1024 * 1024
_PIECE_BYTES = 65536


def main(argv: Sequence[str]) -> int:
    """Entry of the hidden command `__drain`; returns at the end of standard input."""
    log = CappedLog(Path(argv[0]), LIMIT_BYTES)
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # who ends everything ends the child too, and its last words count
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    os.write(1, READY)
    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), 1)
    while data := os.read(0, _PIECE_BYTES):
        log.write(data)
    log.close()
    return 0


def earlier_log(log: Path) -> Path:
    """Where the part of `log` goes that came before its present beginning."""
    return log.with_name(log.name + ".1")


class CappedLog:
    """A file that is appended to and set aside once it is full: on disk are at most two times `limit_bytes`.

    What cannot be written (the disk is full) is left out, and the gap is noted when writing works again.
    """

    def __init__(self, path: Path, limit_bytes: int) -> None:
        self._path = path
        self._limit_bytes = limit_bytes
        self._file: IO[bytes] | None = None
        self._lost_bytes = 0

    def write(self, data: bytes) -> None:
        """Append; never raises for what the disk does."""
        try:
            self._append(data)
        except OSError:
            self._lost_bytes += len(data)
            self.close()

    def close(self) -> None:
        """Close the file; the next `write` opens it again."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()

    def _append(self, data: bytes) -> None:
        if self._file is None:
            self._file = self._path.open("ab", buffering=0)
        if self._file.tell() + len(data) > self._limit_bytes:
            self.close()
            with contextlib.suppress(PermissionError):  # Windows: somebody reads it just now, so the next time
                self._path.replace(earlier_log(self._path))
            self._file = self._path.open("ab", buffering=0)
        if self._lost_bytes:
            self._whole(
                f"\n({self._lost_bytes} bytes of output are missing here: they could not be written.)\n".encode()
            )
            self._lost_bytes = 0
        self._whole(data)

    def _whole(self, data: bytes) -> None:
        assert self._file is not None
        while data:
            data = data[self._file.write(data) :]
