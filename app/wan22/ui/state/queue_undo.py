"""Jobs that were just taken out of the queue, and the way back."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from wan22.job.job_queue import JobQueue
from wan22.schema.queue import JobState, QueuedJob
from wan22.ui.state.queue_view import QueueView
from wan22.ui.state.queue_words import counted


class QueueUndo(QObject):
    """The last removal alone can be taken back; `changed` when there is another one, or none any more."""

    changed = Signal()

    def __init__(self, queue: JobQueue, view: QueueView, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queue = queue
        self._view = view
        self._gone: tuple[QueuedJob, ...] = ()
        self._held: frozenset[int] = frozenset()

    @property
    def text(self) -> str:
        """What was done; empty when nothing can be taken back."""
        return f"Removed {counted(len(self._gone))}; the runs made of them stay." if self._gone else ""

    def remove(self, jobs: Sequence[QueuedJob]) -> None:
        """Take jobs out; one at work stays."""
        gone = tuple(job for job in jobs if job.state is not JobState.running)
        if not gone:
            return
        ids = [job.job_id for job in gone]
        self._gone, self._held = gone, self._view.held_back & frozenset(ids)
        self._queue.remove(ids)
        self.changed.emit()

    def undo(self) -> None:
        """Put them back where they were."""
        self._queue.put_back(self._gone, self._held)
        self.forget()

    def forget(self) -> None:
        """It is too late, or not wanted."""
        if self._gone:
            self._gone, self._held = (), frozenset()
            self.changed.emit()
