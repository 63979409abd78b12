"""A model file to its right place: whole or not at all, and never over another one."""

import contextlib
import errno
import hashlib
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from wan22.schema.problem import AppError, app_error
from wan22.system.cancel import CancelToken
from wan22.system.files import file_error, free_bytes, sha256_of

_CHUNK_BYTES = 4 * 1024 * 1024
_OTHER_VOLUME = (errno.EXDEV,)
_WINDOWS_OTHER_VOLUME = 17


def move_file(
    source: Path,
    target: Path,
    sha256: str | None,
    cancel: CancelToken | None = None,
    on_bytes: Callable[[int], None] | None = None,
) -> str | None:
    """Move `source` to `target`; the digest when it had to be copied to another volume, else None.

    A copy is read again and compared before the original is deleted. AppError `model_not_moved`, `disk_full`,
    `file_unreadable`, `file_unwritable`, `cancelled`: then `source` is still there and `target` is not.
    """
    if source.is_symlink():
        message = f"{source} is only a link to {source.resolve()}."
        hint = f"Make a link to that file in {target.parent}, or move the file itself."
        raise app_error("model_not_moved", message, hint=hint, file=source)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        rename_without_overwriting(source, target)
    except FileExistsError as error:
        raise _in_the_way(source, target) from error
    except PermissionError as error:
        message = f"{source} could not be moved to {target}: {error.strerror or error}."
        hint = "Another program may hold it open: stop ComfyUI, then try again."
        raise app_error("model_not_moved", message, hint=hint, detail=repr(error), file=source) from error
    except OSError as error:
        if error.errno not in _OTHER_VOLUME and getattr(error, "winerror", None) != _WINDOWS_OTHER_VOLUME:
            raise file_error(error, target, writing=True) from error
        return _copy_over(source, target, sha256, cancel, on_bytes)
    return None


def rename_without_overwriting(source: Path, target: Path, platform: str = sys.platform) -> None:
    """Rename; FileExistsError when `target` exists. Raises OSError as `os.rename` does."""
    if platform == "win32":  # refuses by itself there
        source.rename(target)
        return
    # POSIX renames over whatever is there: an empty file of our own holds the place against everybody else.
    target.open("xb").close()
    try:
        source.replace(target)
    except OSError:
        target.unlink(missing_ok=True)
        raise


def _copy_over(
    source: Path,
    target: Path,
    sha256: str | None,
    cancel: CancelToken | None,
    on_bytes: Callable[[int], None] | None,
) -> str:
    """Copy beside `target`, verify, rename, delete the original; returns the digest."""
    if os.path.lexists(target):
        raise _in_the_way(source, target)
    copy = target.with_name(f"{target.name}.moving")
    try:
        needed, free = source.stat().st_size, free_bytes(target.parent)
        if needed > free:
            message = f"{target.parent} has {free / 1e9:.1f} GB free; {source.name} needs {needed / 1e9:.1f} GB."
            raise app_error("disk_full", message, hint="Free some space there, then move it again.", path=target)
        digest = _copied(source, copy, cancel, on_bytes)
        if sha256_of(copy, cancel, on_bytes) != digest or (sha256 is not None and digest != sha256):
            message = f"The copy of {source} is not what was expected: its SHA-256 is {digest}."
            raise app_error("model_not_moved", message, detail=f"expected {sha256}", file=source)
        shutil.copystat(source, copy)
        rename_without_overwriting(copy, target)
    except FileExistsError as error:
        raise _in_the_way(source, target) from error
    except OSError as error:
        raise file_error(error, target, writing=True) from error
    finally:
        with contextlib.suppress(OSError):
            copy.unlink(missing_ok=True)
    try:
        source.unlink()
    except OSError as error:
        message = f"{target} is there and right, but the original {source} could not be deleted: {error.strerror}."
        hint = "Stop the program that holds it open, then delete it by hand."
        raise app_error("model_not_moved", message, hint=hint, detail=repr(error), file=source) from error
    return digest


def _copied(source: Path, copy: Path, cancel: CancelToken | None, on_bytes: Callable[[int], None] | None) -> str:
    """Copy while hashing; the copy is on the disk afterwards."""
    digest = hashlib.sha256()
    with source.open("rb") as reader, copy.open("wb") as writer:
        while chunk := reader.read(_CHUNK_BYTES):
            if cancel is not None:
                cancel.raise_if_set()
            writer.write(chunk)
            digest.update(chunk)
            if on_bytes is not None:
                on_bytes(len(chunk))
        writer.flush()
        os.fsync(writer.fileno())
    return digest.hexdigest()


def _in_the_way(source: Path, target: Path) -> AppError:
    message = f"{source} cannot be moved: there is already a file at {target}."
    return app_error("model_not_moved", message, hint="Look at both, then delete or rename one.", file=target)
