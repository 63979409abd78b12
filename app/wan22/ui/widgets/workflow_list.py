"""The workflows to look at, group by group; arrow keys walk through them."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from wan22.ui.measure import GAP_SMALL, TextRole
from wan22.ui.state.workflow_shelf import Shelf, ShelfEntry
from wan22.ui.theme import Theme

_FILTER_FROM = 12
_ROW_HEIGHT = 32


class WorkflowList(QWidget):
    """`chosen` says the file that the user wants to look at."""

    chosen = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._shelf = Shelf()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP_SMALL)
        self.filter = QLineEdit()
        self.filter.setAccessibleName("Filter workflows")
        self.filter.setToolTip("Show only those whose name holds this")
        self.filter.setPlaceholderText("Filter")
        self.filter.textChanged.connect(lambda _text: self._fill())
        self.filter.hide()
        column.addWidget(self.filter)
        self.list = QListWidget()
        self.list.setObjectName("choices")
        self.list.setAccessibleName("Workflows")
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentItemChanged.connect(self._picked)
        column.addWidget(self.list, 1)
        theme.changed.connect(self._fill)

    def show_shelf(self, shelf: Shelf) -> None:
        """Show these entries; the chosen one stays chosen."""
        self._shelf = shelf
        self.filter.setVisible(len(shelf.entries) > _FILTER_FROM)
        self._fill()

    def select(self, path: Path | None) -> None:
        """Mark a file without telling anybody; None marks nothing."""
        self._quietly(lambda: self._mark(path))

    @property
    def selected(self) -> Path | None:
        """The file that is marked."""
        row = self.list.currentRow()
        found = self.list.item(row).data(Qt.ItemDataRole.UserRole) if row >= 0 else None
        return found if isinstance(found, Path) else None

    def _fill(self) -> None:
        self._quietly(self._fill_quietly)

    def _fill_quietly(self) -> None:
        selected, wanted = self.selected, self.filter.text().strip().casefold()
        self.list.clear()
        group = ""
        for entry in self._shelf.entries:
            if wanted and wanted not in entry.name.casefold():
                continue
            if entry.group != group:
                group = entry.group
                self._add_heading(group)
            self._add(entry)
        if self._shelf.left_out:
            self._add_heading(f"and {self._shelf.left_out} more files")
        self._mark(selected)

    def _add(self, entry: ShelfEntry) -> None:
        item = QListWidgetItem(entry.name)
        item.setData(Qt.ItemDataRole.UserRole, entry.path)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{entry.name}, {entry.group}")
        item.setToolTip(str(entry.path))
        item.setSizeHint(QSize(0, _ROW_HEIGHT))
        self.list.addItem(item)

    def _add_heading(self, text: str) -> None:
        item = QListWidgetItem(text)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        item.setFont(self._theme.font(TextRole.caption))
        item.setSizeHint(QSize(0, _ROW_HEIGHT))
        item.setForeground(self._theme.colour("muted"))
        self.list.addItem(item)

    def _mark(self, path: Path | None) -> None:
        self.list.setCurrentRow(-1)
        for row in range(self.list.count()):
            item = self.list.item(row)
            if path is not None and item.data(Qt.ItemDataRole.UserRole) == path:
                self.list.setCurrentItem(item)
                return

    def _quietly(self, change: Callable[[], None]) -> None:
        was_blocked = self.list.blockSignals(True)
        change()
        self.list.blockSignals(was_blocked)

    def _picked(self, item: QListWidgetItem | None) -> None:
        path = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        if path is not None:
            self.chosen.emit(path)
