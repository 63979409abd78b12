"""Follows a log that another process writes with `system.drain.CappedLog`."""

import os
from pathlib import Path

from wan22.system.drain import earlier_log


class LogTail:
    """What is new in the log since the last look; the first look gives all there is on disk.

    The file is open only while it is read: on Windows an open file could not be set aside.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._known: tuple[int, int] | None = None

    def read(self) -> bytes:
        """The new bytes; empty when there are none or the file cannot be read just now."""
        try:
            with self._path.open("rb") as file:
                now = _identity(file.fileno())
                if now == self._known:
                    self._offset = min(self._offset, os.fstat(file.fileno()).st_size)
                    file.seek(self._offset)
                    data = file.read()
                    self._offset += len(data)
                    return data
                data = file.read()
                before = self._rest_of_earlier(now)
        except OSError:
            return b""
        self._known, self._offset = now, len(data)
        return before + data

    def _rest_of_earlier(self, now: tuple[int, int]) -> bytes:
        """What came before the present file and was not read yet."""
        try:
            with earlier_log(self._path).open("rb") as file:
                found = _identity(file.fileno())
                if found == now:
                    return b""
                if found == self._known:
                    file.seek(self._offset)
                return file.read()
        except OSError:
            return b""


def _identity(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino
