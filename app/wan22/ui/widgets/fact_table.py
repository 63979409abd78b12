"""Names and values, one a line, to be read and copied."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from wan22.ui.measure import GAP, GAP_SMALL, LABEL_COLUMN, TextRole
from wan22.ui.widgets.text_label import TextLabel

BREAK = "\u200b"


class FactTable(QWidget):
    """Hidden while it has nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels: list[TextLabel] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(GAP)
        self._grid.setVerticalSpacing(GAP_SMALL)
        self._grid.setColumnMinimumWidth(0, LABEL_COLUMN)
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
            right.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            right.setAccessibleName(f"{name}: {value}")
            self._grid.addWidget(left, number, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(right, number, 1)
            self._labels += [left, right]
        self.setVisible(bool(rows))


def breakable(text: str) -> str:
    """A text that may be wrapped inside of paths as well, which have no spaces."""
    return text.replace("/", "/" + BREAK).replace("\\", "\\" + BREAK) if len(text) > 32 else text
