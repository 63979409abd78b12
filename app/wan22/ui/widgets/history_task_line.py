"""What the history does or has done: a line with its progress, a way to stop it, and the answer in the end."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from wan22.schema.problem import Problem
from wan22.ui.measure import GAP, GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.chip import Chip
from wan22.ui.widgets.text_label import TextLabel


class HistoryTaskLine(QFrame):
    """Hidden while there is nothing to say. `stop_wanted` while it works, `action_wanted` for what it offers after."""

    stop_wanted = Signal()
    action_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP, GAP_SMALL, GAP_SMALL, GAP_SMALL)
        column.setSpacing(GAP_TINY)
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)
        self.chip = Chip(theme)
        self.text = TextLabel("", TextRole.body)
        self.text.setWordWrap(True)
        self.action = push_button("", "", self.action_wanted.emit)
        self.stop = push_button("Stop", "Stop it; nothing half-done is left behind", self.stop_wanted.emit)
        self.close_button = push_button("Close", "Hide this line", self.hide, kind="flat")
        row.addWidget(self.chip)
        row.addWidget(self.text, 1)
        for button in (self.action, self.stop, self.close_button):
            row.addWidget(button)
        column.addLayout(row)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        column.addWidget(self.bar)
        self.hide()

    def show_work(self, text: str) -> None:
        """It has begun."""
        self._say(Tone.running, "working", text, is_working=True)
        self.bar.setValue(0)

    def show_progress(self, thousandths: int) -> None:
        """How far it is."""
        self.bar.setValue(thousandths)

    def show_done(self, text: str, action: str = "", tip: str = "") -> None:
        """It is over; `action` names what can be done next."""
        self._say(Tone.good, "done", text, action=action, tip=tip)

    def show_problem(self, problem: Problem, action: str = "", tip: str = "") -> None:
        """It could not be done."""
        words = f"{problem.message} {problem.hint}".strip()
        is_stopped = problem.code == "cancelled"
        self._say(
            Tone.unknown if is_stopped else Tone.bad,
            "stopped" if is_stopped else "problem",
            "Stopped; nothing was changed." if is_stopped else words,
            action=action,
            tip=tip,
        )

    def _say(
        self, tone: Tone, word: str, text: str, *, is_working: bool = False, action: str = "", tip: str = ""
    ) -> None:
        self.chip.show_tone(tone, word)
        self.text.say(text)
        self.setAccessibleName(f"{word}: {text}")
        self.bar.setVisible(is_working)
        self.stop.setVisible(is_working)
        self.close_button.setVisible(not is_working)
        self.action.setVisible(bool(action))
        self.action.setText(action)
        self.action.setAccessibleName(action)
        self.action.setToolTip(tip)
        self.show()
