"""The rows of the history for a view, with their small pictures as they come."""

from collections import OrderedDict
from collections.abc import Callable, Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QImage

from wan22.schema.run_row import RunRow
from wan22.schema.verdict import Level
from wan22.ui.state.history_words import ending_chip, place_text, spoken

ROW_ROLE = Qt.ItemDataRole.UserRole + 1
LEVEL_ROLE = Qt.ItemDataRole.UserRole + 2
PICTURE_ROLE = Qt.ItemDataRole.UserRole + 3
PICTURES_KEPT = 600

_Index = QModelIndex | QPersistentModelIndex


class HistoryModel(QAbstractListModel):
    """Asks with `want_picture` for what the view really paints, never for more."""

    def __init__(self, now_s: Callable[[], float], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._now_s = now_s
        self._rows: list[RunRow] = []
        self._places: dict[str, int] = {}
        self._level: Callable[[str], Level | None] = lambda _run_id: None
        self._pictures: OrderedDict[str, QImage] = OrderedDict()
        self.want_picture: Callable[[RunRow], None] = lambda _row: None

    def show_rows(self, rows: Sequence[RunRow], level: Callable[[str], Level | None]) -> None:
        """Show other rows; when the same runs are shown in the same order, only what changed is painted anew."""
        self._level = level
        before, after = [row.run_id for row in self._rows], [row.run_id for row in rows]
        if before == after:
            self._rows = list(rows)
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self._rows = list(rows)
        self._places = {run_id: place for place, run_id in enumerate(after)}
        self.endResetModel()

    def show_picture(self, run_id: str, picture: QImage) -> None:
        """A small picture is there; a null one says that there is none."""
        self._pictures[run_id] = picture
        self._pictures.move_to_end(run_id)
        while len(self._pictures) > PICTURES_KEPT:
            self._pictures.popitem(last=False)
        place = self._places.get(run_id)
        if place is not None:
            self.dataChanged.emit(self.index(place), self.index(place), [PICTURE_ROLE])

    def forget_picture(self, run_id: str) -> None:
        """It may be another one by now."""
        self._pictures.pop(run_id, None)

    def row(self, index: _Index) -> RunRow | None:
        """The run at that place."""
        return self._rows[index.row()] if index.isValid() and index.row() < len(self._rows) else None

    def place(self, run_id: str) -> QModelIndex:
        """Where a run is; an invalid index when it is not shown."""
        place = self._places.get(run_id)
        return QModelIndex() if place is None else self.index(place)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - as Qt declares it
        """How many runs are shown."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """What the view and screen readers ask for."""
        row = self.row(index)
        if row is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return row.name
        if role == ROW_ROLE:
            return row
        if role == LEVEL_ROLE:
            return self._level(row.run_id)
        if role == PICTURE_ROLE:
            return self._picture(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken(row, self._level(row.run_id), self._now_s())
        if role == Qt.ItemDataRole.ToolTipRole:
            reason = ending_chip(row).help_text
            return "\n".join(part for part in (row.name, reason, place_text(row), row.run_id) if part)
        return None

    def _picture(self, row: RunRow) -> QImage | None:
        """None until it is there; a null one when there is none."""
        picture = self._pictures.get(row.run_id)
        if picture is not None:
            self._pictures.move_to_end(row.run_id)
        elif row.video is None and row.image is None:
            return QImage()
        else:
            self.want_picture(row)
        return picture
