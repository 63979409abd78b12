"""What has changed, line by line: how much it matters, from what to what, and what follows."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from wan22.ui.measure import GAP, GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.chip import Chip
from wan22.ui.widgets.fact_table import allow_selection, breakable
from wan22.ui.widgets.text_label import TextLabel

MARK_COLUMN = 104
"""Width of the widest chip."""


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """`mark`: tone and word of the chip; without one the line is muted."""

    mark: tuple[Tone, str] | None
    sentence: str
    note: str = ""


class ChangeList(QWidget):
    """Hidden while it has nothing to say."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._made: list[QWidget] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(GAP)
        self._grid.setVerticalSpacing(GAP_SMALL)
        self._grid.setColumnMinimumWidth(0, MARK_COLUMN)
        self._grid.setColumnStretch(1, 1)
        self.hide()

    def show_lines(self, lines: Sequence[ChangeLine]) -> None:
        """Show these instead of what is there."""
        for widget in self._made:
            self._grid.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._made = []
        for number, line in enumerate(lines):
            if line.mark is not None:
                chip = Chip(self._theme, *line.mark)
                side = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft
                self._grid.addWidget(chip, number, 0, side)
                self._made.append(chip)
            words = self._words(line)
            self._grid.addWidget(words, number, 1)
            self._made.append(words)
        self.setVisible(bool(lines))

    @staticmethod
    def _words(line: ChangeLine) -> QWidget:
        words = QWidget()
        column = QVBoxLayout(words)
        column.setContentsMargins(0, GAP_TINY if line.mark is not None else 0, 0, GAP_TINY)
        column.setSpacing(GAP_TINY)
        strong = TextRole.strong if line.mark is not None else TextRole.body
        for text, role, ink in ((line.sentence, strong, "text"), (line.note, TextRole.body, "muted")):
            if not text:
                continue
            label = TextLabel(breakable(text), role, ink if line.mark is not None else "muted")
            label.setWordWrap(True)
            allow_selection(label)
            column.addWidget(label)
        return words
