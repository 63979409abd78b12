"""An exported run becomes a run folder here: marked as imported, whole or not at all."""

import contextlib
import hashlib
import secrets
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from wan22.runs.archive_format import SUFFIX, ArchivePart
from wan22.runs.archive_read import BROKEN, invalid, open_archive, read_list
from wan22.runs.layout import RunFolder, new_run_path
from wan22.runs.reader import StoredRun, open_run
from wan22.runs.run_index import inside_path
from wan22.runs.writer import write_manifest
from wan22.schema.events import OutputSaved
from wan22.schema.problem import app_error
from wan22.system.cancel import CancelToken
from wan22.system.files import file_error, free_bytes, safe_file_name

ORIGIN = "imported"
CHUNK_BYTES = 1024 * 1024
Progress = Callable[[int, int], None]
"""(bytes done, bytes in all)."""

_SPARE_BYTES = 64 * 2**20
_PREFIX = ".importing-"
_ATTEMPTS = 100
_STALE_S = 24 * 3600.0


def import_archive(
    path: Path, root: Path, *, progress: Progress | None = None, cancel: CancelToken | None = None
) -> RunFolder:
    """Unpack the exported run `path` below the folder for runs `root`.

    It is looked at as a whole first, unpacked beside the runs, checked once more as a run, and renamed at last.
    AppError `archive_invalid`, `archive_unsafe`, `run_too_new`, `run_invalid`, `disk_full`, `file_unreadable`,
    `file_unwritable`, `cancelled`; nothing is left behind then.
    """
    with open_archive(path) as archive:
        listed = read_list(path, archive)
        total = sum(part.byte_count for part in listed.parts)
        _check_space(root, total)
        with _workplace(root) as work:
            folder = RunFolder(work / "run")
            done = 0
            for part in listed.parts:
                for byte_count in _unpack(path, archive, part, folder.path):
                    if cancel is not None:
                        cancel.raise_if_set()
                    done += byte_count
                    if progress is not None:
                        progress(done, total)
            stored = open_run(folder)
            _check_outputs(path, stored)
            return _placed(stored, root)


def _check_space(root: Path, total: int) -> None:
    free = free_bytes(root)
    if free < total + _SPARE_BYTES:
        message = f"The run needs {total / 1e6:.1f} MB; {free / 1e6:.1f} MB are free at {root}."
        raise app_error("disk_full", message, path=root)


@contextlib.contextmanager
def _workplace(root: Path) -> Iterator[Path]:
    """A folder beside the runs that is none; it is gone in the end, and so are those of imports that were killed."""
    work = root / f"{_PREFIX}{secrets.token_hex(6)}"
    try:
        root.mkdir(parents=True, exist_ok=True)
        for stale in root.glob(f"{_PREFIX}*"):
            if time.time() - stale.stat().st_mtime > _STALE_S:
                shutil.rmtree(stale, ignore_errors=True)
        (work / "run").mkdir(parents=True)
    except OSError as error:
        raise file_error(error, root, writing=True) from error
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _unpack(path: Path, archive: zipfile.ZipFile, part: ArchivePart, folder: Path) -> Iterator[int]:
    """Write one part; yields the size of each piece. It never gets larger than it was said to be."""
    target = folder.joinpath(*part.path.split("/"))
    digest, byte_count = hashlib.sha256(), 0
    try:
        target.parent.mkdir(exist_ok=True)
        with target.open("xb") as to:
            for chunk in _chunks(path, archive, part):
                byte_count += len(chunk)
                if byte_count > part.byte_count:
                    raise invalid(path, f"'{part.path}' is larger than its list says")
                digest.update(chunk)
                to.write(chunk)
                yield len(chunk)
    except OSError as error:
        raise file_error(error, target, writing=True) from error
    if byte_count != part.byte_count or digest.hexdigest() != part.sha256:
        raise invalid(path, f"the checksum of '{part.path}' is wrong, so the file is damaged or was changed")


def _chunks(path: Path, archive: zipfile.ZipFile, part: ArchivePart) -> Iterator[bytes]:
    try:
        with archive.open(part.path) as source:
            while chunk := source.read(CHUNK_BYTES):
                yield chunk
    except (*BROKEN, KeyError) as error:
        raise invalid(path, f"'{part.path}' is damaged", str(error)) from error
    except OSError as error:
        raise file_error(error, path, writing=False) from error


def _check_outputs(path: Path, stored: StoredRun) -> None:
    """A run may only name results that lie inside of it: players and file managers are sent to them."""
    for event in stored.events:
        if isinstance(event, OutputSaved) and inside_path(event.path) is None:
            shown = event.path[:120]
            message = f"'{path.name}' was refused: its log names the result '{shown}', which is outside of the run."
            raise app_error("archive_unsafe", message, file=path)


def _placed(stored: StoredRun, root: Path) -> RunFolder:
    """Give it its name among the runs; one of the same name gets a number."""
    name = safe_file_name(stored.manifest.run_id)
    name = f"run{name}" if name.startswith(".") else name
    for _ in range(_ATTEMPTS):
        target = new_run_path(root, name)
        update = {"run_id": target.run_id, "origin": ORIGIN}
        write_manifest(stored.folder, stored.manifest.model_copy(update=update))
        try:
            stored.folder.path.rename(target.path)
        except FileExistsError:
            continue
        except OSError as error:
            if target.path.exists():
                continue
            raise file_error(error, target.path, writing=True) from error
        return target
    raise app_error("file_unwritable", f"No free name for the run '{name}' was found in '{root}'.", file=root)


def is_archive_name(path: Path) -> bool:
    """Whether a file is called as exported runs are."""
    return path.name.lower().endswith(SUFFIX)
