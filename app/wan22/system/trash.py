"""The system's trash, for what may have been deleted by mistake."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from wan22.schema.problem import app_error

_DRIVE_REMOVABLE, _DRIVE_REMOTE = 2, 4


def move_to_trash(path: Path) -> None:
    """Move a file or folder into the trash. AppError `trash_unavailable` when there is none for it, or it is refused.

    On Windows a drive without a recycle bin is refused here, since the system would delete for good there in silence.
    """
    if not has_recycle_bin(_drive_kind(path)):
        raise app_error(
            "trash_unavailable", f"{path} lies on a drive that has no recycle bin, so it was not deleted.", path=path
        )
    send = _sender()
    try:
        send(os.fspath(path))
    except OSError as error:
        reason = error.strerror or str(error)
        message = f"{path} could not be moved to the trash: {reason}."
        raise app_error("trash_unavailable", message, detail=repr(error), path=path) from error


def has_recycle_bin(drive_kind: int) -> bool:
    """Whether the system keeps what is deleted on such a drive; `drive_kind` as GetDriveTypeW tells it, else 0."""
    return drive_kind not in (_DRIVE_REMOVABLE, _DRIVE_REMOTE)


def _sender() -> Callable[[str], None]:
    """Looked up when it is needed: what it loads differs by system, and most commands never delete."""
    from send2trash import send2trash  # noqa: PLC0415

    return send2trash


def _drive_kind(path: Path) -> int:
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415 - windll exists only there

        return int(ctypes.windll.kernel32.GetDriveTypeW(str(Path(path.absolute().anchor))))
    return 0
