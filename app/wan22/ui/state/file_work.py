"""Reading or moving files one after another in a thread, told as progress."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Qt, Signal

from wan22.schema.model_file import ModelStatus
from wan22.schema.problem import Problem
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock
from wan22.ui.state.asking import Asking, Work

_NEWS_EVERY_S = 0.2
OnBytes = Callable[[int], None]
FileStep = Callable[[ModelStatus, CancelToken, OnBytes], ModelStatus]
"""What is done with one file; it says how many bytes more were read. Raises AppError."""


class FileWork(QObject):
    """One work at a time. `changed` on progress, `ended` with the new statuses, `refused` with a Problem."""

    changed = Signal()
    ended = Signal(object)
    refused = Signal(object)
    _advanced = Signal(int, str, float)

    def __init__(self, work: Work, clock: Clock, parent: QObject) -> None:
        super().__init__(parent)
        self._clock = clock
        self.verb = ""
        self.file = ""
        self.done_bytes = 0.0
        self.total_bytes = 0.0
        self.is_active = False
        self._number = 0
        self._asking = Asking(work, "model-files", self)
        self._asking.answered.connect(self._end)
        self._asking.refused.connect(self._refuse)
        self._advanced.connect(self._take, Qt.ConnectionType.QueuedConnection)

    def begin(self, verb: str, statuses: Sequence[ModelStatus], total_bytes: int, step: FileStep) -> None:
        """Do `step` with each; `verb` says what that is, `total_bytes` how much will be read, 0 = not known."""
        self.verb, self.file, self.done_bytes, self.total_bytes = verb, statuses[0].file.file, 0.0, float(total_bytes)
        self.is_active = True
        self._number += 1
        number, clock = self._number, self._clock

        def work(cancel: CancelToken) -> list[ModelStatus]:
            done, told_s, found = 0.0, float("-inf"), []
            for status in statuses:
                name = status.file.file

                def advance(count: int, name: str = name) -> None:
                    nonlocal done, told_s
                    done += count
                    now_s = clock.monotonic()
                    if now_s - told_s >= _NEWS_EVERY_S:
                        told_s = now_s
                        self._advanced.emit(number, name, done)

                cancel.raise_if_set()
                self._advanced.emit(number, name, done)
                found.append(step(status, cancel, advance))
            return found

        self._asking.ask(work)
        self.changed.emit()

    def stop(self) -> None:
        """Ask it to stop; a file that was begun stays as it was."""
        self._asking.forget()
        self.is_active = False
        self.changed.emit()

    def _take(self, number: int, file: str, done: float) -> None:
        if number == self._number and self.is_active:
            self.file, self.done_bytes = file, done
            self.changed.emit()

    def _end(self, found: list[ModelStatus]) -> None:
        self.is_active = False
        self.ended.emit(found)
        self.changed.emit()

    def _refuse(self, problem: Problem) -> None:
        self.is_active = False
        self.refused.emit(problem)
        self.changed.emit()
