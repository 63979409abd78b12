"""A lock between programs: a file that the system itself unlocks when its holder ends, however it ends."""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BUSY = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
_NOT_OFFERED = {errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EINVAL}
_TRIES = 20


@contextmanager
def file_lock(path: Path) -> Iterator[bool]:
    """Whether the lock was got; it is held until the block ends, and the file is deleted then.

    A file system without locks (some network shares) counts as got. Raises OSError when `path` cannot be made.
    """
    descriptor = _acquired(path)
    if descriptor is None:
        yield False
        return
    try:
        yield True
    finally:
        # POSIX deletes while holding it, so that nobody locks a file that has no name any more; Windows cannot.
        if sys.platform != "win32":
            path.unlink(missing_ok=True)
        os.close(descriptor)
        if sys.platform == "win32":
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def _acquired(path: Path) -> int | None:
    """A descriptor that holds the lock on the file that `path` names now; None when somebody else holds it."""
    for _ in range(_TRIES):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        if not _locked(descriptor):
            os.close(descriptor)
            return None
        try:
            same = os.path.samestat(os.fstat(descriptor), path.stat())
        except FileNotFoundError:
            same = False
        if same:
            return descriptor
        os.close(descriptor)
    return None


def _locked(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - only there

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - only there

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _BUSY or (sys.platform == "win32" and error.errno not in _NOT_OFFERED):
            return False
        if error.errno in _NOT_OFFERED:
            return True
        os.close(descriptor)
        raise
    return True
