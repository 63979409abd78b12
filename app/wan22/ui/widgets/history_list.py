"""The list of runs: only what can be seen is painted, so that thousands scroll like ten."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QWidget

from wan22.ui.state.history_model import HistoryModel
from wan22.ui.theme import Theme
from wan22.ui.widgets.history_delegate import HistoryDelegate

_Index = QModelIndex | QPersistentModelIndex


class HistoryList(QListView):
    """`chosen` says the id of the run that is looked at, empty = none; the rest is asked for that run."""

    chosen = Signal(str)
    star_wanted = Signal(str)
    delete_wanted = Signal(str)
    opened = Signal(str)

    def __init__(
        self, theme: Theme, model: HistoryModel, now_s: Callable[[], float], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._runs = model
        self._is_telling = True
        self._painter = HistoryDelegate(theme, now_s, self)
        self.setModel(model)
        self.setItemDelegate(self._painter)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalScrollBar().setSingleStep(20)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setStyleSheet("QListView, QListView:focus { background: transparent; border: none; }")
        self.setAccessibleName("Runs")
        self.setToolTip("")
        theme.changed.connect(self.viewport().update)

    @property
    def run_id(self) -> str:
        """The run that is looked at; empty = none."""
        row = self._runs.row(self.currentIndex())
        return row.run_id if row is not None else ""

    def choose(self, run_id: str) -> bool:
        """Look at that run; False when it is not shown. Nobody is told."""
        index = self._runs.place(run_id)
        self._is_telling = False
        self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._is_telling = True
        if index.isValid():
            self.scrollTo(index)
        return index.isValid()

    def currentChanged(self, current: _Index, previous: _Index) -> None:
        """The user went to another run."""
        super().currentChanged(current, previous)
        row = self._runs.row(current)
        if self._is_telling and row is not None:
            self.chosen.emit(row.run_id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """S stars, Delete deletes, Enter goes on to the details; letters do not search: there is a field for that."""
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
        elif event.key() == Qt.Key.Key_S and self.run_id:
            self.star_wanted.emit(self.run_id)
        elif event.key() == Qt.Key.Key_Delete and self.run_id:
            self.delete_wanted.emit(self.run_id)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.run_id:
            self.opened.emit(self.run_id)
        elif event.text().isprintable() and event.text():
            event.ignore()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on a star changes it and nothing else."""
        index = self.indexAt(event.position().toPoint())
        row = self._runs.row(index)
        is_left = event.button() == Qt.MouseButton.LeftButton
        star = self._painter.star_at(self.visualRect(index))
        if row is not None and is_left and star.contains(event.position().toPoint()):
            self.star_wanted.emit(row.run_id)
            event.accept()
            return
        super().mousePressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        """Repaint what the pointer leaves: the star of a row shows only under it."""
        if event.type() in (QEvent.Type.HoverLeave, QEvent.Type.Leave):
            self.viewport().update()
        return super().viewportEvent(event)
