"""Putting the folder of a node pack into its place, so that it is there as a whole or not at all."""

import contextlib
import os
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from wan22.launch.pack_folder import WORK_PREFIX
from wan22.schema.problem import app_error
from wan22.system.file_lock import file_lock
from wan22.system.files import file_error

_LOCK = f"{WORK_PREFIX}install.lock"
_RENAME_LIMIT_S = 5.0


@contextmanager
def install_lock(packs: Path) -> Iterator[None]:
    """Nobody else installs into this custom_nodes folder meanwhile; what an earlier try left is cleared away.

    Raises AppError `pack_busy`, `file_unwritable`.
    """
    with contextlib.ExitStack() as stack:
        try:
            packs.mkdir(parents=True, exist_ok=True)
            held = stack.enter_context(file_lock(packs / _LOCK))
        except OSError as error:
            raise file_error(error, packs, writing=True) from error
        if not held:
            raise app_error("pack_busy", f"Another program is installing into {packs} right now.", folder=packs)
        for left in packs.glob(f"{WORK_PREFIX}new-*.disabled"):
            remove_tree(left)
        yield


def staging_folder(packs: Path) -> Path:
    """A name beside the packs for what is not ready yet. It ends with .disabled: ComfyUI never loads such a folder."""
    return packs / f"{WORK_PREFIX}new-{secrets.token_hex(6)}.disabled"


def place_folder(made: Path, target: Path) -> None:
    """Give `made` its final name. AppError `pack_folder_taken`, `file_unwritable`."""
    if target.exists() or target.is_symlink():
        raise app_error("pack_folder_taken", f"{target} is there already.", folder=target)
    _patiently(lambda: made.rename(target), target)


def move_folder(source: Path, target: Path) -> None:
    """Rename a pack, to switch it off or on. AppError as `place_folder`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    place_folder(source, target)


def remove_tree(folder: Path) -> bool:
    """Delete a folder with everything in it, also what is marked as read-only, as git's objects are.

    A link is taken away itself and never followed. Returns whether it is gone.
    """
    with contextlib.suppress(OSError):
        if folder.is_symlink():
            folder.unlink()
        elif folder.exists():
            _make_writable(folder)
            shutil.rmtree(folder)
    return not folder.exists() and not folder.is_symlink()


def _make_writable(folder: Path) -> None:
    for path, folders, files in os.walk(folder, followlinks=False):
        for name in (*folders, *files):
            whole = Path(path) / name
            if not whole.is_symlink():
                with contextlib.suppress(OSError):
                    whole.chmod(whole.stat().st_mode | stat.S_IWUSR)


def _patiently(rename: Callable[[], object], target: Path) -> None:
    """Windows: a virus scanner may hold a file of a new folder open for a moment."""
    give_up_s = time.monotonic() + _RENAME_LIMIT_S
    while True:
        try:
            rename()
        except PermissionError as error:
            if os.name != "nt" or time.monotonic() > give_up_s:
                raise file_error(error, target, writing=True) from error
            time.sleep(0.1)
        except OSError as error:
            raise file_error(error, target, writing=True) from error
        else:
            return
