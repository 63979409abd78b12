"""A problem inside a card: what happened, what to do, its code, and what can be done right here."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QApplication, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from wan22.schema.problem import Problem
from wan22.ui.measure import GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.state.window_hint import window_hint
from wan22.ui.widgets.text_label import TextLabel


def details_of(problem: Problem) -> str:
    """Everything known of it, as text for a report."""
    places = [f"{name}: {value}" for name, value in problem.where.items()]
    parts = [f"[{problem.code}] {problem.message}", problem.hint, *places, problem.detail]
    return "\n".join(part for part in parts if part)


class ProblemNote(QWidget):
    """`again` asks for the same job once more."""

    again = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._details = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP_TINY)
        self.message = TextLabel("", TextRole.strong)
        self.hint = TextLabel("", TextRole.body, "muted")
        for label in (self.message, self.hint):
            label.setWordWrap(True)
            label.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            column.addWidget(label)
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)
        row.setContentsMargins(0, GAP_SMALL, 0, 0)
        self.again_button = QPushButton("Again")
        self.again_button.setToolTip("Add the same job to the queue once more")
        self.again_button.clicked.connect(self.again)
        self.copy_button = QPushButton("Copy details")
        self.copy_button.setToolTip("Copy everything known about it, for a report")
        self.copy_button.clicked.connect(self._copy)
        for button in (self.again_button, self.copy_button):
            button.setAccessibleName(button.text())
            row.addWidget(button)
        row.addStretch(1)
        self.code = TextLabel("", TextRole.caption, "muted")
        self.code.setToolTip("The code of this problem: the same in the log, in the run folder and on the command line")
        row.addWidget(self.code)
        column.addLayout(row)

    def show_problem(self, problem: Problem, *, can_repeat: bool) -> None:
        """Say it; without a job there is nothing to repeat."""
        self.message.say(problem.message)
        self.hint.say(window_hint(problem.hint))
        self.hint.setVisible(bool(problem.hint))
        self.code.say(problem.code)
        self._details = details_of(problem)
        self.again_button.setVisible(can_repeat)
        self.setAccessibleName(f"Problem: {problem.message}")

    def _copy(self) -> None:
        QApplication.clipboard().setText(self._details)
