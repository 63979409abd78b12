"""Where the program's own log goes, and what happens to a crash that nobody caught."""

import contextlib
import faulthandler
import logging
import sys
import threading
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from wan22.schema.problem import AppError, Problem, problem
from wan22.system.files import file_error

LOG_NAME = "wan22.log"
FAULT_NAME = "fault.log"
_SIZE_BYTES = 2_000_000
_OLD_FILES = 3
_FORMAT = "%(asctime)s %(levelname)-7s %(threadName)s %(name)s: %(message)s"

_log = logging.getLogger(__name__)

Undo = Callable[[], None]


def start_log(folder: Path, level: int = logging.INFO) -> Undo:
    """Log to `folder`/wan22.log, 2 MB and three older files, until the returned function is called.

    Makes the folder. AppError `file_unwritable`, `disk_full`: the program can go on without a log.
    """
    path = folder / LOG_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = _SharedLogFile(path, maxBytes=_SIZE_BYTES, backupCount=_OLD_FILES, encoding="utf-8")
    except OSError as error:
        raise file_error(error, path, writing=True) from error
    handler.setFormatter(logging.Formatter(_FORMAT))
    handler.setLevel(level)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(min(level, before))

    def undo() -> None:
        root.removeHandler(handler)
        root.setLevel(before)
        handler.close()

    return undo


def start_fault_log(folder: Path) -> Undo:
    """Have a crash of the interpreter itself leave its stacks in `folder`/fault.log, until undone.

    Makes the folder. AppError `file_unwritable`, `disk_full`.
    """
    path = folder / FAULT_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        raise file_error(error, path, writing=True) from error
    was_enabled = faulthandler.is_enabled()
    faulthandler.enable(file)

    def undo() -> None:
        faulthandler.disable()
        if was_enabled and sys.stderr is not None:
            with contextlib.suppress(OSError, ValueError):  # a replaced stderr may have no descriptor
                faulthandler.enable()
        file.close()

    return undo


def install_hooks(on_problem: Callable[[Problem], None]) -> Undo:
    """Turn what nobody caught, in any thread, into a log entry and a Problem, until undone.

    An AppError keeps its own code, everything else is `internal_error`. Ctrl-C and SystemExit pass as always.
    """
    old_main, old_thread = sys.excepthook, threading.excepthook

    def tell(error: BaseException, traceback: TracebackType | None, thread: str) -> None:
        _log.critical("uncaught in thread %s", thread, exc_info=(type(error), error, traceback))
        found = error.problem if isinstance(error, AppError) else _internal(error)
        try:
            on_problem(found)
        except Exception:  # noqa: BLE001 - a window that is closing must not hide the crash itself
            _log.exception("the crash could not be shown")

    def in_main(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        if isinstance(error, Exception):
            tell(error, traceback, threading.current_thread().name)
        else:
            old_main(kind, error, traceback)

    def in_thread(crash: threading.ExceptHookArgs) -> None:
        if isinstance(crash.exc_value, Exception):
            tell(crash.exc_value, crash.exc_traceback, crash.thread.name if crash.thread else "unknown")
        else:
            old_thread(crash)

    def undo() -> None:
        sys.excepthook = old_main
        threading.excepthook = old_thread

    sys.excepthook = in_main
    threading.excepthook = in_thread
    return undo


class _SharedLogFile(RotatingFileHandler):
    """Several of our programs may write to one log: where the system forbids to rename it then, it grows instead."""

    def rotate(self, source: str, dest: str) -> None:
        with contextlib.suppress(PermissionError):
            super().rotate(source, dest)


def _internal(error: BaseException) -> Problem:
    said = str(error) or type(error).__name__
    return problem("internal_error", f"An unexpected fault: {said}", detail=repr(error))
