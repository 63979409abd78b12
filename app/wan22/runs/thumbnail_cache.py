"""Small pictures of results, made once and kept in the user's cache folder."""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from wan22.schema.problem import AppError

MakePicture = Callable[[Path, int], bytes]
"""A file and the longer side in pixels → a small picture as a JPEG. Raises AppError."""
SIZE_PX = 240
KEPT_FILES = 4000
_PRUNE_EVERY = 200


class ThumbnailCache:
    """Keyed by the file's place, size and last change, so that a replaced file gets a new picture.

    A file that cannot be drawn is remembered as well, by an empty entry. Any thread; never raises.
    """

    def __init__(self, folder: Path, make: MakePicture, kept_files: int = KEPT_FILES) -> None:
        self._folder = folder
        self._make = make
        self._kept_files = kept_files
        self._made = 0

    def picture(self, path: Path) -> bytes | None:
        """A small JPEG of a clip or picture; None when the file is gone or cannot be drawn."""
        entry = self._entry(path)
        if entry is None:
            return None
        try:
            data = entry.read_bytes()
        except OSError:
            data = self._made_now(path, entry)
        return data or None

    def prune(self) -> int:
        """Delete the oldest entries above the limit; how many went."""
        found: list[tuple[float, str]] = []
        with contextlib.suppress(OSError):
            found = [(entry.stat().st_mtime, entry.path) for entry in os.scandir(self._folder) if entry.is_file()]
        gone = sorted(found)[: max(0, len(found) - self._kept_files)]
        for _, name in gone:
            with contextlib.suppress(OSError):
                Path(name).unlink(missing_ok=True)
        return len(gone)

    def _entry(self, path: Path) -> Path | None:
        try:
            found = path.stat()
        except OSError:
            return None
        identity = f"{path.absolute()}\0{found.st_size}\0{found.st_mtime_ns}\0{SIZE_PX}"
        name = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return self._folder / f"{name}.jpg"

    def _made_now(self, path: Path, entry: Path) -> bytes:
        try:
            data = self._make(path, SIZE_PX)
        except AppError as error:
            if error.problem.code in ("file_unreadable", "cancelled"):
                return b""  # locked or just going away: it may be better next time
            data = b""
        beside = entry.with_name(f".{secrets.token_hex(6)}.tmp")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(data)
            beside.replace(entry)
        except OSError:  # a full disk, or another program that has it open: the picture is there all the same
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
        self._made += 1
        if self._made % _PRUNE_EVERY == 0:
            self.prune()
        return data
