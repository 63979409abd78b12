"""Two things side by side: only what differs, each with what it is in either."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QWidget

from wan22.ui.measure import GAP, GAP_SMALL, TextRole
from wan22.ui.widgets.fact_table import allow_selection, breakable
from wan22.ui.widgets.text_label import TextLabel

NAME_WIDTH = 232


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """`sentence` says all of it, for who cannot see columns. `is_quiet`: it matters little."""

    name: str
    left: str
    right: str
    sentence: str
    is_quiet: bool = False


class DifferenceTable(QWidget):
    """Three columns under the names of both; hidden while nothing differs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._made: list[QWidget] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(GAP)
        self._grid.setVerticalSpacing(GAP_SMALL)
        self._grid.setColumnMinimumWidth(0, NAME_WIDTH)
        self._grid.setColumnStretch(1, 1)
        self._grid.setColumnStretch(2, 1)
        self.hide()

    def show_rows(self, left: str, right: str, rows: Sequence[DifferenceRow]) -> None:
        """Show these instead of what is there; `left` and `right` head the columns."""
        for widget in self._made:
            self._grid.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._made = []
        if rows:
            self._line(0, ("", left, right), TextRole.heading, "text", "")
        for number, row in enumerate(rows, start=1):
            rule = QFrame()
            rule.setObjectName("rule")
            self._grid.addWidget(rule, 2 * number - 1, 0, 1, 3)
            self._made.append(rule)
            ink = "muted" if row.is_quiet else "text"
            self._line(2 * number, (row.name, row.left, row.right), TextRole.body, ink, row.sentence)
        self.setVisible(bool(rows))

    def _line(self, number: int, texts: tuple[str, str, str], role: TextRole, ink: str, sentence: str) -> None:
        for column, text in enumerate(texts):
            label = TextLabel(breakable(text), TextRole.strong if column == 0 else role, ink)
            label.setWordWrap(True)
            allow_selection(label)
            if column == 0 and sentence:
                label.setAccessibleName(sentence)
            self._grid.addWidget(label, number, column, Qt.AlignmentFlag.AlignTop)
            self._made.append(label)
