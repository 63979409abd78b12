"""Digests of big files, measured once and believed as long as size and time of change stay the same."""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wan22.schema.problem import AppError
from wan22.system.cancel import CancelToken
from wan22.system.files import file_error, read_text, sha256_of, write_json_atomic

_FORMAT = 1
_LIMIT = 2000


class HashCache:
    """A JSON file in the user's cache, keyed by path, size and mtime in nanoseconds.

    It may be lost or broken at any time: then files are hashed again. Two programs may write it; the last one wins.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def known(self, path: Path) -> str | None:
        """The digest of the file as it is now, without reading it; None when it is not known."""
        try:
            key, stamp = _key(path), _stamp(path)
        except OSError:
            return None
        entry = self._entries().get(key)
        if not isinstance(entry, dict) or [entry.get("bytes"), entry.get("mtime_ns")] != stamp:
            return None
        digest = entry.get("sha256")
        return digest if isinstance(digest, str) and len(digest) == 64 else None

    def measure(
        self, path: Path, cancel: CancelToken | None = None, on_bytes: Callable[[int], None] | None = None
    ) -> str:
        """The digest of the file, read now unless it is known. `on_bytes` is given the size of each piece read.

        AppError `file_unreadable`, `cancelled`.
        """
        digest = self.known(path)
        if digest is not None:
            return digest
        before = self._stamped(path)
        digest = sha256_of(path, cancel, on_bytes)
        if self._stamped(path) == before:  # a file that changes while it is read has no digest to keep
            self.put(path, digest)
        return digest

    def put(self, path: Path, digest: str) -> None:
        """Keep what is known about the file as it is now. A cache that cannot be written is no failure."""
        try:
            key, (size, mtime_ns) = _key(path), _stamp(path)
        except OSError:
            return
        entries = self._entries()
        entries.pop(key, None)
        entries[key] = {"bytes": size, "mtime_ns": mtime_ns, "sha256": digest}
        kept = dict(list(entries.items())[-_LIMIT:])
        with contextlib.suppress(AppError):
            write_json_atomic(self._file, {"format": _FORMAT, "files": kept})

    def _entries(self) -> dict[str, Any]:
        try:
            document = json.loads(read_text(self._file))
        except (AppError, ValueError, RecursionError):
            return {}
        if not isinstance(document, dict) or document.get("format") != _FORMAT:
            return {}
        files = document.get("files")
        return files if isinstance(files, dict) else {}

    def _stamped(self, path: Path) -> list[int]:
        try:
            return _stamp(path)
        except OSError as error:
            raise file_error(error, path, writing=False) from error


def _key(path: Path) -> str:
    return os.path.normcase(path.resolve())


def _stamp(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]
