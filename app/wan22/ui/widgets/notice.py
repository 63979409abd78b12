"""A judgement in the middle of a page: chip, what is the case, what to do."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from wan22.ui.measure import GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.chip import Chip
from wan22.ui.widgets.fact_table import allow_selection, breakable
from wan22.ui.widgets.text_label import TextLabel

if TYPE_CHECKING:
    from wan22.schema.problem import Problem


class Notice(QWidget):
    """Hidden while there is nothing to say."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_SMALL)
        self.chip = Chip(theme)
        row.addWidget(self.chip, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setContentsMargins(0, GAP_TINY, 0, 0)
        words.setSpacing(GAP_TINY)
        self.message = TextLabel("", TextRole.body)
        self.hint = TextLabel("", TextRole.body, "muted")
        for label in (self.message, self.hint):
            label.setWordWrap(True)
            words.addWidget(label)
        row.addLayout(words, 1)
        self.hide()

    def say(self, tone: Tone, word: str, message: str, hint: str = "") -> None:
        """Show it; `message` and `hint` may be empty."""
        self.chip.show_tone(tone, word)
        for label, text in ((self.message, message), (self.hint, hint)):
            label.say(breakable(text))
            allow_selection(label)
            label.setVisible(bool(text))
        self.show()

    def show_problem(self, problem: "Problem") -> None:
        """What went wrong, what to do, and where it was looked."""
        hint = "\n".join(part for part in (problem.hint, problem.detail) if part and len(part) < 600)
        is_error = problem.severity.value == "error"
        self.say(Tone.bad if is_error else Tone.slow, "problem" if is_error else "warning", problem.message, hint)
