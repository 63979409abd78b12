"""Slow questions: asked in a thread, answered in the window's own."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal

from wan22.schema.panel_fact import PanelFact
from wan22.schema.problem import AppError, Problem
from wan22.system.cancel import CancelToken
from wan22.system.threads import Worker

Work = Callable[[str, Callable[[CancelToken], PanelFact | None]], Worker]
"""As `Context.work`: a name, and what is done in a thread of that name."""


class Asking(QObject):
    """One kind of question; of several asked in a row only the newest is answered, the others are stopped.

    `answered` brings what the question returned, `refused` the Problem of its AppError.
    """

    answered = Signal(object)
    refused = Signal(object)
    _arrived = Signal(int, object, object)

    def __init__(self, work: Work, name: str, parent: QObject) -> None:
        super().__init__(parent)
        self._work = work
        self._name = name
        self._number = 0
        self._worker: Worker | None = None
        self.is_asking = False
        self._arrived.connect(self._take, Qt.ConnectionType.QueuedConnection)

    def ask(self, question: Callable[[CancelToken], object]) -> None:
        """Begin to find out; returns at once."""
        self.forget()
        self.is_asking = True
        number = self._number

        def find_out(cancel: CancelToken) -> None:
            answer: object = None
            refusal: Problem | None = None
            try:
                answer = question(cancel)
            except AppError as error:
                refusal = error.problem
            if not cancel.is_set:  # else nobody waits for it, and this object may be gone: the window has closed
                self._arrived.emit(number, answer, refusal)

        self._worker = self._work(self._name, find_out)

    def forget(self) -> None:
        """The answer is not wanted any more: the question is stopped."""
        self._number += 1
        if self._worker is not None:
            self._worker.cancel.set()
            self._worker = None
        self.is_asking = False

    def _take(self, number: int, answer: object, refusal: Problem | None) -> None:
        if number != self._number:
            return
        self.is_asking = False
        if refusal is not None:
            self.refused.emit(refusal)
        else:
            self.answered.emit(answer)
