"""`NAME.part`: what has arrived of a download, with a note of where it came from, so that it can go on later."""

import contextlib
import errno
import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from wan22.schema.frozen import Tolerant
from wan22.schema.problem import AppError, app_error
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock
from wan22.system.files import file_error, read_text, write_text_atomic

_CHUNK_BYTES = 4 * 1024 * 1024
_SYNC_BYTES = 64 * 1024 * 1024
_RENAME_LIMIT_S = 15.0
PART_SUFFIX = ".part"
NOTE_SUFFIX = ".part.json"
LOCK_SUFFIX = ".part.lock"


class PartNote(Tolerant):
    """What the bytes in a part file are. `url` is the published address or a mirror's, without anything secret.

    `pinned`: the host told the digest itself. `synced_bytes`: so many are surely on the disk; after a power cut
    what lies behind them may be zeros.
    """

    format: int = 1
    url: str = ""
    sha256: str | None = None
    total_bytes: int | None = None
    etag: str | None = None
    pinned: bool = False
    synced_bytes: int | None = None


class PartFile:
    """The unfinished file beside `target`. Not thread-safe; one program at a time (see `system.file_lock`)."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(target.name + PART_SUFFIX)
        self.lock_path = target.with_name(target.name + LOCK_SUFFIX)
        self.note = PartNote()
        self.have_bytes = 0
        self._note_path = target.with_name(target.name + NOTE_SUFFIX)
        self._descriptor: int | None = None
        self._digest = hashlib.sha256()
        self._unsynced_bytes = 0

    def byte_count(self) -> int | None:
        """Size of the part file; None when there is none."""
        try:
            return self.path.stat().st_size
        except OSError:
            return None

    def load_note(self) -> PartNote | None:
        """The note as stored; None when there is none that can be read."""
        try:
            note = PartNote.model_validate_json(read_text(self._note_path))
        except (AppError, ValidationError):
            return None
        return note if note.format == PartNote().format else None

    @property
    def sha256(self) -> str:
        """Digest of the first `have_bytes` bytes."""
        return self._digest.hexdigest()

    def open(self, keep_bytes: int, cancel: CancelToken, on_bytes: Callable[[int], None]) -> None:
        """Open for appending behind the first `keep_bytes` bytes, which are read to go on with their digest.

        AppError `file_unwritable`, `file_unreadable`, `cancelled`.
        """
        try:
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
            self._descriptor = os.open(self.path, flags, 0o666)
            os.ftruncate(self._descriptor, min(keep_bytes, os.fstat(self._descriptor).st_size))
            while chunk := os.read(self._descriptor, _CHUNK_BYTES):
                cancel.raise_if_set()
                self._digest.update(chunk)
                self.have_bytes += len(chunk)
                on_bytes(self.have_bytes)
        except OSError as error:
            raise file_error(error, self.path, writing=True) from error

    def start_again(self) -> None:
        """Throw away what has arrived. AppError `file_unwritable`."""
        try:
            os.ftruncate(self._opened(), 0)
            os.lseek(self._opened(), 0, os.SEEK_SET)
        except OSError as error:
            raise file_error(error, self.path, writing=True) from error
        self._digest, self.have_bytes, self._unsynced_bytes = hashlib.sha256(), 0, 0

    def write(self, chunk: bytes) -> None:
        """Append. AppError `disk_full`, `file_unwritable`; what was written before stays of use."""
        rest = memoryview(chunk)
        try:
            while rest:
                count = os.write(self._opened(), rest)
                self._digest.update(rest[:count])
                self.have_bytes += count
                rest = rest[count:]
        except OSError as error:
            raise self._write_error(error) from error
        self._unsynced_bytes += len(chunk)
        if self._unsynced_bytes >= _SYNC_BYTES:
            self.sync()

    def remember(self, note: PartNote) -> None:
        """Keep what is known of the source. AppError `disk_full`, `file_unwritable`."""
        self.note = note.model_copy(update={"synced_bytes": self.note.synced_bytes})
        self.sync()

    def sync(self) -> None:
        """Bring everything to the disk and note how much that is. AppError `disk_full`, `file_unwritable`."""
        try:
            os.fsync(self._opened())
        except OSError as error:
            raise self._write_error(error) from error
        self._unsynced_bytes = 0
        self.note = self.note.model_copy(update={"synced_bytes": self.have_bytes})
        write_text_atomic(self._note_path, self.note.model_dump_json() + "\n")

    def close(self) -> None:
        """Close; what has arrived stays, an empty file does not. Never raises."""
        if self._descriptor is None:
            return
        if not self.have_bytes:
            with contextlib.suppress(AppError):
                self.discard()
            return
        with contextlib.suppress(AppError):  # a full disk: the rest counts as not arrived next time
            self.sync()
        descriptor, self._descriptor = self._descriptor, None
        with contextlib.suppress(OSError):
            os.close(descriptor)

    def discard(self) -> None:
        """Delete the part file and its note. AppError `file_unwritable`."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)
        try:
            self.path.unlink(missing_ok=True)
            self._note_path.unlink(missing_ok=True)
        except OSError as error:
            raise file_error(error, self.path, writing=True) from error

    def finish(self, clock: Clock, cancel: CancelToken, limit_s: float = _RENAME_LIMIT_S) -> Path | None:
        """Give the whole file its name; a file that lies there is renamed first, and its new path returned.

        A target that another program holds open is tried again for `limit_s`. AppError `file_unwritable`: the part
        file is kept.
        """
        self.close()
        replaced = self._set_aside(clock, cancel, limit_s)
        _rename(self.path, self.target, clock, cancel, limit_s)
        with contextlib.suppress(OSError):
            self._note_path.unlink(missing_ok=True)
        if sys.platform != "win32":
            _sync_folder(self.target.parent)
        return replaced

    def _set_aside(self, clock: Clock, cancel: CancelToken, limit_s: float) -> Path | None:
        if not os.path.lexists(self.target):
            return None
        for number in range(1, 1000):
            aside = self.target.with_name(f"{self.target.name}.replaced{'' if number == 1 else f'-{number}'}")
            if not os.path.lexists(aside):
                _rename(self.target, aside, clock, cancel, limit_s)
                return aside
        raise app_error("file_unwritable", f"{self.target.parent} holds a thousand replaced files.", path=self.target)

    def _opened(self) -> int:
        if self._descriptor is None:
            raise ValueError("the part file is not open")
        return self._descriptor

    def _write_error(self, error: OSError) -> AppError:
        if error.errno == errno.EFBIG:
            message = f"{self.path} has reached {self.have_bytes / 1e9:.1f} GB, more than its disk allows one file."
            hint = "A FAT32 disk holds no file above 4 GB: keep models on another disk."
            return app_error("file_unwritable", message, hint=hint, detail=repr(error), path=self.path)
        found = file_error(error, self.path, writing=True)
        if found.problem.code != "disk_full":
            return found
        hint = "What has arrived is kept: free some space, then fetch again, and it goes on from there."
        return AppError(found.problem.model_copy(update={"hint": hint}))


def _rename(source: Path, target: Path, clock: Clock, cancel: CancelToken, limit_s: float) -> None:
    """Rename, again and again while another program holds one of the two open."""
    deadline, wait_s = clock.monotonic() + limit_s, 0.05
    while True:
        try:
            source.replace(target)
        except PermissionError as error:
            if clock.monotonic() >= deadline or cancel.is_set:
                message = f"{source.name} could not get the name {target.name}: {error.strerror or error}."
                hint = (
                    "Another program holds it open, or the folder may not be written: stop ComfyUI, then fetch again. "
                    f"Nothing is lost, {source} is kept."
                )
                raise app_error("file_unwritable", message, hint=hint, detail=repr(error), path=target) from error
            clock.sleep(wait_s, cancel)
            wait_s = min(wait_s * 2, 1.0)
        except OSError as error:
            raise file_error(error, target, writing=True) from error
        else:
            return


def _sync_folder(folder: Path) -> None:
    """Make the rename survive a power cut; some file systems cannot."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
