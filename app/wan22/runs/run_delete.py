"""Runs leave the disk: into the trash, or for good. Only whole run folders, and never one that is being written."""

import contextlib
import secrets
import shutil
from pathlib import Path

from wan22.runs.layout import RunFolder
from wan22.runs.reader import read_manifest
from wan22.schema.problem import AppError, app_error
from wan22.system.file_lock import file_lock
from wan22.system.files import file_error
from wan22.system.trash import move_to_trash


def is_being_written(folder: RunFolder) -> bool:
    """Whether a living process writes this run: its manifest is open, and its lock is held."""
    try:
        if read_manifest(folder).outcome is not None:
            return False
    except AppError:  # no manifest to speak of; then only the lock can tell
        pass
    if not folder.lock.exists():
        return False
    try:
        with file_lock(folder.lock) as is_free:
            return not is_free
    except OSError:
        return True  # the system will not even let us ask: somebody has it open


def delete_run(root: Path, folder: RunFolder, *, for_good: bool = False) -> None:
    """Move a run of the folder for runs `root` to the system's trash, or delete it `for_good`.

    Nothing is deleted in part: it is put aside by one rename first. AppError `run_not_found`, `run_outside`,
    `run_in_use`, `trash_unavailable`, `file_unwritable`.
    """
    _check(root, folder)
    if not for_good:
        move_to_trash(folder.path)
        return
    aside = folder.path.with_name(f".deleted-{secrets.token_hex(6)}")
    try:
        folder.path.rename(aside)
    except OSError as error:
        raise file_error(error, folder.path, writing=True) from error
    try:
        shutil.rmtree(aside)
    except OSError as error:
        with contextlib.suppress(OSError):
            if (aside / folder.manifest.name).is_file():  # nothing of weight is gone: let it be a run again
                aside.rename(folder.path)
        raise file_error(error, folder.path, writing=True) from error


def _check(root: Path, folder: RunFolder) -> None:
    path = folder.path.absolute()
    if not path.is_dir() or not folder.looks_like_run:
        raise app_error("run_not_found", f"There is no run folder '{path}'.", file=path)
    try:
        is_direct = path.parent.samefile(root) and path.resolve().parent == root.resolve()
    except OSError:
        is_direct = False
    if not is_direct or path.is_symlink():
        message = f"'{path}' does not lie directly in '{root.absolute()}', so it is not deleted."
        raise app_error("run_outside", message, file=path)
    if is_being_written(folder):
        raise app_error("run_in_use", f"The run '{folder.run_id}' is still being written.", run=folder.run_id)
