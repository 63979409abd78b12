"""The rows of the queue for a view, with their small pictures as they come."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QAbstractListModel, QMimeData, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QImage

from wan22.runs.job_times import TimeRange
from wan22.schema.queue import JobState, QueuedJob
from wan22.ui.state.queue_view import QueueView
from wan22.ui.state.queue_words import StateText, job_text, name_text, note_text, spoken, state_text, time_texts

ROW_ROLE = Qt.ItemDataRole.UserRole + 1
PICTURE_ROLE = Qt.ItemDataRole.UserRole + 2
PICTURES_KEPT = 600
MIME = "application/x-wan22-queue"

_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class QueueRow:
    """Everything that is painted of a job, but its picture."""

    job_id: int
    name: str
    job: str
    note: str
    time: tuple[str, str]
    state: StateText
    is_running: bool
    has_run: bool


class QueueModel(QAbstractListModel):
    """Words are made for what the view really paints, never for all. `dropped`: jobs, and before which (0 = none)."""

    dropped = Signal(list, int)

    def __init__(self, now_s: Callable[[], float], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._now_s = now_s
        self._jobs: Sequence[QueuedJob] = ()
        self._places: dict[int, int] = {}
        self._held: frozenset[int] = frozenset()
        self._times: Mapping[int, TimeRange | None] = {}
        self._are_times_known = False
        self._left: tuple[str, str] | None = None
        self._pictures: OrderedDict[Path, QImage] = OrderedDict()
        self.want_picture: Callable[[Path], None] = lambda _path: None

    def show_queue(self, view: QueueView) -> None:
        """Show other jobs; when the same are shown in the same order, only what changed is painted anew."""
        before, after = [job.job_id for job in self._jobs], [job.job_id for job in view.jobs]
        if before == after:
            self._jobs, self._held = view.jobs, view.held_back
            self._repaint()
            return
        self.beginResetModel()
        self._jobs, self._held = view.jobs, view.held_back
        self._places = {job_id: place for place, job_id in enumerate(after)}
        self.endResetModel()

    def show_times(
        self, times: Mapping[int, TimeRange | None], left: tuple[str, str] | None, *, is_known: bool
    ) -> None:
        """Expected times; `left`: what remains of the job at work, and what that is."""
        if (times, left, is_known) != (self._times, self._left, self._are_times_known):
            self._times, self._left, self._are_times_known = times, left, is_known
            self._repaint()

    def show_picture(self, path: Path, picture: QImage) -> None:
        """A small picture is there; a null one says that there is none."""
        self._pictures[path] = picture
        self._pictures.move_to_end(path)
        while len(self._pictures) > PICTURES_KEPT:
            self._pictures.popitem(last=False)
        self._repaint()

    def job(self, index: _Index) -> QueuedJob | None:
        """The job at that place."""
        return self._jobs[index.row()] if index.isValid() and index.row() < len(self._jobs) else None

    def place(self, job_id: int) -> QModelIndex:
        """Where a job is; an invalid index when it is not there."""
        place = self._places.get(job_id)
        return QModelIndex() if place is None else self.index(place)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - as Qt declares it
        """How many jobs are shown."""
        return 0 if parent.isValid() else len(self._jobs)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """What the view and screen readers ask for."""
        job = self.job(index)
        if job is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return name_text(job)
        if role == ROW_ROLE:
            return self._row(job)
        if role == PICTURE_ROLE:
            return self._picture(job.request.image)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken(job, self._time(job), self._now_s(), is_held=job.job_id in self._held)
        if role == Qt.ItemDataRole.ToolTipRole:
            state = self._row(job).state
            parts = (f"Job {job.job_id}: {name_text(job)}", job_text(job), state.help_text, str(job.request.image))
            return "\n".join(part for part in parts if part)
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Jobs that wait can be dragged; the gaps between them take what is dropped."""
        job = self.job(index)
        if job is None:
            return Qt.ItemFlag.ItemIsDropEnabled
        found = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
        return found | Qt.ItemFlag.ItemIsDragEnabled if job.state is JobState.waiting else found

    def supportedDropActions(self) -> Qt.DropAction:
        """Dragging changes the order, nothing else."""
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        """Only what comes from here."""
        return [MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """The numbers of the jobs that are dragged."""
        jobs = [job for index in indexes if (job := self.job(index)) is not None and job.state is JobState.waiting]
        data = QMimeData()
        data.setData(MIME, ",".join(str(job.job_id) for job in jobs).encode("ascii"))
        return data

    def dropMimeData(self, data: QMimeData, _action: Qt.DropAction, row: int, _column: int, parent: _Index) -> bool:
        """Say where the jobs go; the new order comes back from the queue."""
        text = bytes(data.data(MIME).data()).decode("ascii")
        place = row if row >= 0 else parent.row() if parent.isValid() else len(self._jobs)
        before = self._jobs[place] if 0 <= place < len(self._jobs) else None
        is_among_waiting = before is not None and before.state is JobState.waiting
        chosen = [int(one) for one in text.split(",") if one]
        if before is not None and before.state is JobState.running:
            before = next((job for job in self._jobs if job.state is JobState.waiting), None)
            is_among_waiting = before is not None
        self.dropped.emit(chosen, before.job_id if before is not None and is_among_waiting else 0)
        return False  # the view must not take the rows away by itself

    def _row(self, job: QueuedJob) -> QueueRow:
        return QueueRow(
            job_id=job.job_id,
            name=name_text(job),
            job=job_text(job),
            note=note_text(job, self._now_s()),
            time=self._time(job),
            state=state_text(job, is_held=job.job_id in self._held),
            is_running=job.state is JobState.running,
            has_run=job.run_id is not None,
        )

    def _time(self, job: QueuedJob) -> tuple[str, str]:
        if job.state is JobState.running and self._left is not None:
            return self._left
        return time_texts(job, self._times.get(job.job_id), is_asked=self._are_times_known)

    def _picture(self, path: Path) -> QImage | None:
        picture = self._pictures.get(path)
        if picture is None:
            self.want_picture(path)
        else:
            self._pictures.move_to_end(path)
        return picture

    def _repaint(self) -> None:
        if self._jobs:
            self.dataChanged.emit(self.index(0), self.index(len(self._jobs) - 1))
