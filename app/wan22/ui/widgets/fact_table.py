"""Names and values, one a line, to be read and copied."""

import re
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from wan22.ui.measure import GAP, GAP_SMALL, LABEL_COLUMN, TextRole
from wan22.ui.widgets.text_label import TextLabel

BREAK = "\u200b"


class FactTable(QWidget):
    """Hidden while it has nothing to say. `label_width`: the least for the names, for tables below each other."""

    def __init__(self, parent: QWidget | None = None, label_width: int = LABEL_COLUMN) -> None:
        super().__init__(parent)
        self._labels: list[TextLabel] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(GAP)
        self._grid.setVerticalSpacing(GAP_SMALL)
        self._grid.setColumnMinimumWidth(0, label_width)
        self._grid.setColumnStretch(1, 1)
        self.hide()

    def show_rows(self, rows: Sequence[tuple[str, str]]) -> None:
        """Show these instead of what is there."""
        for label in self._labels:
            self._grid.removeWidget(label)
            label.hide()
            label.deleteLater()
        self._labels = []
        for number, (name, value) in enumerate(rows):
            left = TextLabel(name, TextRole.body, "muted")
            right = TextLabel(breakable(value), TextRole.body)
            right.setWordWrap(True)
            allow_selection(right)
            right.setAccessibleName(f"{name}: {value}")
            self._grid.addWidget(left, number, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(right, number, 1)
            self._labels += [left, right]
        self.setVisible(bool(rows))


def allow_selection(label: TextLabel) -> None:
    """Let a text be marked and copied, unless it holds breaks that are no part of it."""
    can = BREAK not in label.text()
    flag = Qt.TextInteractionFlag.TextSelectableByMouse if can else Qt.TextInteractionFlag.NoTextInteraction
    label.setTextInteractionFlags(flag)


def breakable(text: str) -> str:
    """A long text that may be wrapped inside of paths and settings as well, which have no spaces."""
    return re.sub(r"(?<=[/\\,=:])(?=\S)", BREAK, text) if len(text) > 32 else text
