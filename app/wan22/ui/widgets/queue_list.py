"""The list of jobs: only what can be seen is painted, so that thousands scroll like ten."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QWidget

from wan22.schema.queue import QueuedJob
from wan22.ui.state.queue_model import QueueModel
from wan22.ui.theme import Theme
from wan22.ui.widgets.queue_delegate import QueueDelegate


class QueueList(QListView):
    """`picked` when other jobs are chosen; `opened` for Enter or a double click; `run_wanted` for the link to a run."""

    picked = Signal()
    opened = Signal()
    run_wanted = Signal()
    menu_wanted = Signal(QPoint)

    def __init__(self, theme: Theme, model: QueueModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = model
        self._kept: tuple[list[int], int, int] = ([], 0, 0)
        self._scrolled = 0
        self._painter = QueueDelegate(theme, self)
        self.setModel(model)
        self.setItemDelegate(self._painter)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalScrollBar().setSingleStep(24)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setDragDropOverwriteMode(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setStyleSheet("QListView, QListView:focus { background: transparent; border: none; }")
        self.setAccessibleName("Jobs of the queue")
        self.customContextMenuRequested.connect(lambda place: self.menu_wanted.emit(self.mapToGlobal(place)))
        self.doubleClicked.connect(lambda _index: self.opened.emit())
        model.modelAboutToBeReset.connect(self._keep)
        model.modelReset.connect(self._restore)
        theme.changed.connect(self.viewport().update)

    @property
    def chosen(self) -> list[QueuedJob]:
        """The jobs that are chosen, in the order of the list."""
        rows = sorted(index.row() for index in self.selectedIndexes())
        return [job for row in rows if (job := self._jobs.job(self._jobs.index(row))) is not None]

    def choose(self, job_ids: Sequence[int], current: int = 0) -> None:
        """Choose these jobs, as far as they are there; the keyboard is at `current`, else at the first of them."""
        selection = QItemSelection()
        for job_id in job_ids:
            index = self._jobs.place(job_id)
            if index.isValid():
                selection.select(index, index)
        at = self._jobs.place(current or (job_ids[0] if job_ids else 0))
        self.selectionModel().setCurrentIndex(at, QItemSelectionModel.SelectionFlag.NoUpdate)
        self.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        """Tell it."""
        super().selectionChanged(selected, deselected)
        self.picked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens; letters do not search; Alt with an arrow belongs to the order."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers() & ~_KEYPAD:
            self.opened.emit()
        elif event.modifiers() & Qt.KeyboardModifier.AltModifier or (event.text().isprintable() and event.text()):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on the link to a run opens it."""
        place = event.position().toPoint()
        index = self.indexAt(place)
        job = self._jobs.job(index)
        super().mousePressEvent(event)
        is_plain = event.button() == Qt.MouseButton.LeftButton and not event.modifiers()
        is_on_link = self._painter.run_at(self.visualRect(index)).contains(place)
        if job is not None and job.run_id is not None and is_plain and is_on_link:
            self.run_wanted.emit()

    def viewportEvent(self, event: QEvent) -> bool:
        """Repaint what the pointer leaves."""
        if event.type() in (QEvent.Type.HoverLeave, QEvent.Type.Leave):
            self.viewport().update()
        return super().viewportEvent(event)

    def _keep(self) -> None:
        current = self._jobs.job(self.currentIndex())
        row = self.currentIndex().row()
        chosen = [job.job_id for job in self.chosen]
        self._kept = (chosen, current.job_id if current is not None else 0, row)
        self._scrolled = self.verticalScrollBar().value()

    def _restore(self) -> None:
        """What was chosen stays chosen; when it is gone, the keyboard stays at its place."""
        chosen, current, row = self._kept
        there = [one for one in chosen if self._jobs.place(one).isValid()]
        self.choose(there, current)
        if current and not self._jobs.place(current).isValid() and self._jobs.rowCount():
            at = self._jobs.index(min(max(row, 0), self._jobs.rowCount() - 1))
            self.selectionModel().setCurrentIndex(at, QItemSelectionModel.SelectionFlag.NoUpdate)
        self.verticalScrollBar().setValue(self._scrolled)
        self.picked.emit()


_KEYPAD = Qt.KeyboardModifier.KeypadModifier
