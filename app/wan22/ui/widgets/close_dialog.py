"""The question at the end: what becomes of the server and the job."""

from enum import Enum

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from wan22.ui.measure import CONTROL_HEIGHT, GAP, GAP_SMALL, GUTTER, TextRole
from wan22.ui.theme import Theme
from wan22.ui.widgets.text_label import TextLabel

WIDTH = 480


class CloseChoice(Enum):
    """What to do with what is alive."""

    stop = "stop"
    leave = "leave"
    cancel = "cancel"


class CloseDialog(QDialog):
    """`chosen` says the answer; `show_ending` turns the question into the wait for the end.

    `url`: address of a server that was started from here, None when only a job at another one is alive.
    """

    chosen = Signal(CloseChoice)

    def __init__(
        self, theme: Theme, url: str | None, *, has_job: bool, waiting: int, simulated: bool, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("dialog")
        self.setWindowTitle("Close the panel")
        self.setFixedWidth(WIDTH)
        self._theme = theme
        column = QVBoxLayout(self)
        column.setContentsMargins(GUTTER, GUTTER, GUTTER, GUTTER)
        column.setSpacing(GAP_SMALL)
        self.title = TextLabel(title_text(url, has_job=has_job, simulated=simulated), TextRole.title)
        self.title.setWordWrap(True)
        self.text = TextLabel(body_text(url, has_job=has_job, waiting=waiting), TextRole.body, "muted")
        self.text.setWordWrap(True)
        column.addWidget(self.title)
        column.addWidget(self.text)
        self.wait = QProgressBar()
        self.wait.setRange(0, 0)
        self.wait.setTextVisible(False)
        self.wait.setAccessibleName("Waiting for the end")
        self.wait.hide()
        column.addWidget(self.wait)
        column.addSpacing(GAP)
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)
        stop_text = "Stop and close" if url is not None else "Stop the job and close"
        stop_tip = "End the job and the server, and keep what the run has so far"
        leave_tip = "The server goes on without the panel; the next panel finds it again"
        self.stop = self._button(stop_text, stop_tip, CloseChoice.stop)
        self.leave = self._button("Leave running", leave_tip, CloseChoice.leave)
        self.cancel = self._button("Cancel", "Do not close the panel", CloseChoice.cancel)
        self.stop.setProperty("kind", "main")
        self.stop.setDefault(True)
        for button in (self.stop, self.leave):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.cancel)
        column.addLayout(row)

    def show_ending(self, *, leave_running: bool) -> None:
        """The answer is known: say what happens until the window closes."""
        if leave_running:
            self.title.say("Letting go …")
            self.text.say("The server keeps working; its output goes to a log file.")
        else:
            self.title.say("Stopping …")
            self.text.say("ComfyUI gets a few seconds to end by itself, then it is ended by force.")
        for button in (self.stop, self.leave, self.cancel):
            button.hide()
        self.wait.show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape keeps the panel open; while everything ends there is nothing to take back."""
        if event.key() == Qt.Key.Key_Escape:
            if self.cancel.isVisible():
                self.chosen.emit(CloseChoice.cancel)
            return
        super().keyPressEvent(event)

    def _button(self, text: str, tip: str, choice: CloseChoice) -> QPushButton:
        button = QPushButton(text)
        button.setFixedHeight(CONTROL_HEIGHT)
        button.setAccessibleName(text)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: self.chosen.emit(choice))
        return button


def title_text(url: str | None, *, has_job: bool, simulated: bool) -> str:
    """What is alive, as a heading."""
    name = "The simulated ComfyUI" if simulated else "ComfyUI"
    if url is None:
        return "A job is still running"
    return f"{name} is still working on a video" if has_job else f"{name} is still running"


def body_text(url: str | None, *, has_job: bool, waiting: int) -> str:
    """What each answer would mean."""
    parts = []
    if url is not None:
        parts.append(f"It was started from here and answers at {url}.")
    if waiting == 1:
        parts.append("1 more job waits; the next panel offers it again.")
    elif waiting:
        parts.append(f"{waiting} more jobs wait; the next panel offers them again.")
    if has_job:
        parts.append("Left running, the video still comes, into ComfyUI's output folder.")
    else:
        parts.append("Left running, the models stay loaded, and the next panel finds the server again.")
    return " ".join(parts)
