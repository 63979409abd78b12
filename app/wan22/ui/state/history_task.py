"""One long action of the history at a time: export, import, delete. It says how far it is, and can be stopped."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

from wan22.schema.panel_fact import PanelFact
from wan22.schema.problem import AppError, Problem
from wan22.system.cancel import CancelToken
from wan22.ui.state.asking import Work

if TYPE_CHECKING:
    from wan22.system.threads import Worker

Progress = Callable[[int, int], None]
Action = Callable[[CancelToken, Progress], object]
TELL_EVERY_S = 0.05


class HistoryTask(QObject):
    """`progressed` says parts of a thousand; `done` brings what the action returned, `refused` its Problem."""

    begun = Signal(str)
    ended = Signal()
    progressed = Signal(int)
    done = Signal(object)
    refused = Signal(object)
    _told = Signal(int)
    _ended = Signal(object, object)
    _left = Signal()

    def __init__(self, work: Work, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work = work
        self._worker: Worker | None = None
        self._told.connect(self.progressed, Qt.ConnectionType.QueuedConnection)
        self._ended.connect(self._take, Qt.ConnectionType.QueuedConnection)
        self._left.connect(self._free, Qt.ConnectionType.QueuedConnection)

    @property
    def is_busy(self) -> bool:
        """Whether something is done now."""
        return self._worker is not None

    def start(self, title: str, action: Action) -> bool:
        """Begin; False while another one is at work."""
        if self._worker is not None:
            return False

        def work(cancel: CancelToken) -> PanelFact | None:
            last_s = 0.0

            def progress(done: int, total: int) -> None:
                nonlocal last_s
                now_s = time.monotonic()
                if now_s - last_s >= TELL_EVERY_S:
                    last_s = now_s
                    self._told.emit(1000 * done // max(1, total))

            try:
                answer = action(cancel, progress)
            except AppError as error:
                self._ended.emit(None, error.problem)
            else:
                self._ended.emit(answer, None)
            finally:
                self._left.emit()
            return None

        self.begun.emit(title)
        self._worker = self._work("history-task", work)
        return True

    def cancel(self) -> None:
        """Ask it to stop; it says so itself when it has."""
        if self._worker is not None:
            self._worker.cancel.set()

    def _free(self) -> None:
        """However it ended, also by a fault of ours: the next one may begin."""
        self._worker = None
        self.ended.emit()

    def _take(self, answer: object, problem: Problem | None) -> None:
        if problem is not None:
            self.refused.emit(problem)
        else:
            self.done.emit(answer)
