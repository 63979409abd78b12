"""What went wrong, above the page: what happened, what to do, details to copy."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from wan22.ui.measure import GAP_SMALL, GUTTER, TextRole
from wan22.ui.state.window_hint import window_hint
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.chip import Chip
from wan22.ui.widgets.text_label import TextLabel

if TYPE_CHECKING:
    from wan22.schema.problem import Problem


class ProblemBanner(QWidget):
    """Hidden until there is a problem; the newest one takes the place of the one before."""

    def __init__(self, theme: Theme, report: Callable[[str], str] | None = None, parent: QWidget | None = None) -> None:
        """`report` makes what is copied of the details: it adds what a report needs and takes secrets away."""
        super().__init__(parent)
        self._report = report
        self.setObjectName("problem-banner")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._details = ""
        row = QHBoxLayout(self)
        row.setContentsMargins(GUTTER, GAP_SMALL, GUTTER, GAP_SMALL)
        row.setSpacing(GAP_SMALL)
        self._chip = Chip(theme, Tone.bad, "problem")
        row.addWidget(self._chip, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(2)
        self.message = TextLabel("", TextRole.strong)
        self.hint = TextLabel("", TextRole.body, "muted")
        for label in (self.message, self.hint):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            words.addWidget(label)
        row.addLayout(words, 1)
        for text, tip, work in (
            (
                "Copy details",
                "Copy it with versions and the end of the log, for a report; without passwords",
                self._copy,
            ),
            ("Dismiss", "Hide this message; it stays in the log of the run", self.hide),
        ):
            button = QPushButton(text)
            button.setAccessibleName(text)
            button.setToolTip(tip)
            button.clicked.connect(work)
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def show_problem(self, problem: "Problem") -> None:
        """Say it; a warning is marked as one."""
        is_error = problem.severity.value == "error"
        self._chip.show_tone(Tone.bad if is_error else Tone.slow, "problem" if is_error else "warning")
        self.message.say(problem.message)
        self.hint.say(window_hint(problem.hint))
        self.hint.setVisible(bool(problem.hint))
        places = [f"{name}: {value}" for name, value in problem.where.items()]
        parts = [f"[{problem.code}] {problem.message}", problem.hint, *places, problem.detail]
        self._details = "\n".join(part for part in parts if part)
        self.setAccessibleName(f"Problem: {problem.message}")
        self.show()

    def _copy(self) -> None:
        QApplication.clipboard().setText(self._report(self._details) if self._report else self._details)
