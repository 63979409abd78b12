"""The seed: drawn for each run, or kept."""

from PySide6.QtCore import QRegularExpression, Signal
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from wan22.schema.request import MAX_SEED
from wan22.ui.measure import CONTROL_HEIGHT, GAP_SMALL
from wan22.ui.theme import Theme
from wan22.ui.widgets.segment import Segment

_RANDOM, _FIXED = 0, 1


class SeedField(QWidget):
    """`seed_typed` says a number of the user's own (None = none), `random_chosen` whether each run draws one."""

    seed_typed = Signal(object)
    random_chosen = Signal(bool)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_SMALL)
        self.line = QLineEdit()
        self.line.setFixedHeight(CONTROL_HEIGHT)
        self.line.setPlaceholderText("drawn for each run")
        self.line.setAccessibleName("Seed")
        self.line.setToolTip(
            "The start of the random noise: the same seed with the same values makes the same video. "
            "The seed of the last run stands here; a number that you type is kept"
        )
        self.line.setValidator(QRegularExpressionValidator(QRegularExpression(r"\d{0,20}"), self.line))
        self.line.textEdited.connect(self._typed)
        row.addWidget(self.line, 1)
        choices = [
            ("random", "A new seed is drawn for each run"),
            ("fixed", "Each run has this seed: change one value and see what it does"),
        ]
        self.mode = Segment(theme, "Seed", choices)
        self.mode.chosen.connect(lambda number: self.random_chosen.emit(number == _RANDOM))
        row.addWidget(self.mode)

    def show_seed(self, seed: int | None, *, is_random: bool) -> None:
        """Show the seed in force; nobody is told."""
        text = "" if seed is None else str(seed)
        if text != self.line.text():
            self.line.setText(text)
            self.line.setCursorPosition(0)
        self.mode.select(_RANDOM if is_random else _FIXED)

    def _typed(self, text: str) -> None:
        if text and int(text) > MAX_SEED:
            self.line.setText(str(MAX_SEED))
        self.seed_typed.emit(int(self.line.text()) if self.line.text() else None)
