"""The queue as the window knows it."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QObject, Signal

from wan22.schema.panel_fact import QueueChanged
from wan22.schema.queue import OVER, JobState, QueuedJob


class QueueView(QObject):
    """Written by `apply`; `changed` is said once a batch. Jobs come as the queue orders them."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.jobs: tuple[QueuedJob, ...] = ()
        self.is_paused = False
        self.held_back: frozenset[int] = frozenset()
        self._old: frozenset[int] | None = None

    @property
    def running(self) -> tuple[QueuedJob, ...]:
        """What is at work: here, or in another program on the same queue."""
        return self._of(JobState.running)

    @property
    def waiting(self) -> tuple[QueuedJob, ...]:
        """All that wait, in their order, held back or not."""
        return self._of(JobState.waiting)

    @property
    def ready(self) -> tuple[QueuedJob, ...]:
        """What waits and is begun by itself, unless the queue is paused."""
        return tuple(job for job in self.waiting if job.job_id not in self.held_back)

    @property
    def held(self) -> tuple[QueuedJob, ...]:
        """What waits for a word of the user since last time, interrupted jobs among it."""
        return tuple(job for job in self.jobs if job.job_id in self.held_back)

    @property
    def is_from_last_time(self) -> bool:
        """Whether all that is held back was there when the window was opened."""
        return self._old is not None and self.held_back <= self._old

    @property
    def finished(self) -> tuple[QueuedJob, ...]:
        """What is over and waits for nobody."""
        return tuple(job for job in self.jobs if job.state in OVER and job.job_id not in self.held_back)

    def job(self, job_id: int) -> QueuedJob | None:
        """One job; None when it is gone."""
        return next((job for job in self.jobs if job.job_id == job_id), None)

    def apply(self, facts: Iterable[object]) -> None:
        """Take the newest state out of a batch."""
        told = [fact for fact in facts if isinstance(fact, QueueChanged)]
        if told:
            if self._old is None:
                self._old = told[0].held_back
            self.jobs, self.is_paused, self.held_back = told[-1].jobs, told[-1].is_paused, told[-1].held_back
            self.changed.emit()

    def show_order(self, job_ids: Sequence[int]) -> None:
        """Show waiting jobs in this order at once, before the disk has it: keys are pressed faster than it writes."""
        places = {job_id: place for place, job_id in enumerate(job_ids)}
        waiting = iter(sorted(self.waiting, key=lambda job: places.get(job.job_id, len(places))))
        self.jobs = tuple(next(waiting) if job.state is JobState.waiting else job for job in self.jobs)
        self.changed.emit()

    def _of(self, state: JobState) -> tuple[QueuedJob, ...]:
        return tuple(job for job in self.jobs if job.state is state)
