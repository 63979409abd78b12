"""The only place that makes threads: named, stoppable, and loud when they crash."""

import logging
import threading
from collections.abc import Callable

from wan22.schema.problem import AppError, Problem, problem
from wan22.system.cancel import CancelToken

_log = logging.getLogger(__name__)


class Worker:
    """A named thread around `work(cancel)`.

    A crash is turned into a Problem and given to `on_problem`; an AppError keeps its own code. The thread is
    a daemon so that a stuck driver call cannot keep a closing program alive, but `stop` is always called.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[CancelToken], None],
        on_problem: Callable[[Problem], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> None:
        self.name = name
        self.cancel = cancel or CancelToken()
        self._work = work
        self._on_problem = on_problem
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> "Worker":
        """Start the thread and return self."""
        self._thread.start()
        return self

    @property
    def is_alive(self) -> bool:
        """Whether the thread still works."""
        return self._thread.is_alive()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Ask to stop and wait; False if it did not end in time (said in the log)."""
        self.cancel.set()
        return self.join(timeout_s)

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the end without asking for it; False if it did not come in time."""
        if self._thread.ident is None or self._thread is threading.current_thread():
            return True
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            _log.warning("thread %s did not end within %.1f s", self.name, timeout_s or 0.0)
            return False
        return True

    def _run(self) -> None:
        try:
            self._work(self.cancel)
        except AppError as error:
            self._tell(error.problem)
        except Exception as error:  # noqa: BLE001 - the one place where a thread's crash becomes a Problem
            _log.exception("thread %s crashed", self.name)
            self._tell(problem("internal_error", f"The part '{self.name}' failed: {error}", detail=repr(error)))

    def _tell(self, found: Problem) -> None:
        if self._on_problem is not None:
            self._on_problem(found)
        else:
            _log.error("%s: %s", found.code, found.message)
