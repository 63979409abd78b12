"""The foot of the form: what waits, the one button, and the server."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from wan22.ui.measure import CONTROL_HEIGHT_LARGE, GAP_SMALL, TextRole
from wan22.ui.widgets.doubt_line import DoubtLine
from wan22.ui.widgets.text_label import TextLabel
from wan22.ui.widgets.waiting_list import WaitingList


class GenerateBar(QWidget):
    """Says what is wanted: `generate_wanted`, `server_toggled`, `dropped` with a job's number, `choose_wanted`."""

    generate_wanted = Signal()
    server_toggled = Signal()
    choose_wanted = Signal()
    dropped = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP_SMALL)
        self.waiting = WaitingList()
        self.waiting.dropped.connect(self.dropped)
        column.addWidget(self.waiting)
        self.reason = DoubtLine()
        column.addWidget(self.reason)
        row = QHBoxLayout()
        row.setSpacing(12)
        self.generate = QPushButton("Generate")
        self.generate.setProperty("kind", "main")
        self.generate.setProperty("tall", "true")
        self.generate.setFixedHeight(CONTROL_HEIGHT_LARGE)
        self.generate.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.generate.clicked.connect(self.generate_wanted)
        row.addWidget(self.generate, 1)
        self.server = QPushButton("Start server")
        self.server.setProperty("tall", "true")
        self.server.setFixedHeight(CONTROL_HEIGHT_LARGE)
        self.server.clicked.connect(self.server_toggled)
        row.addWidget(self.server)
        self.waiting.anchor = self.server
        column.addLayout(row)
        foot = QHBoxLayout()
        foot.setSpacing(GAP_SMALL)
        self.state = TextLabel("", TextRole.caption, "muted")
        self.state.setWordWrap(True)
        foot.addWidget(self.state, 1)
        self.choose = QPushButton("Use your ComfyUI …")
        self.choose.setProperty("kind", "flat")
        self.choose.setAccessibleName("Use your ComfyUI")
        self.choose.setToolTip("Leave the demo: choose the folder or the address of a real ComfyUI")
        self.choose.clicked.connect(self.choose_wanted)
        self.choose.hide()
        foot.addWidget(self.choose, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(foot)

    def show_offer(self, text: str, tip: str, reason: str, *, is_ready: bool = True) -> None:
        """What the button does; with a `reason`, or while something is not ready yet, it does nothing."""
        self.generate.setText(text)
        self.generate.setAccessibleName(text)
        self.generate.setToolTip(tip)
        self.generate.setEnabled(is_ready and not reason)
        self.reason.show_doubt(reason)

    def show_server(self, state: str, action: str, tip: str, *, is_possible: bool) -> None:
        """State of the server, and what its button does."""
        self.state.say(state)
        self.server.setText(action)
        self.server.setAccessibleName(action)
        self.server.setToolTip(tip)
        self.server.setEnabled(is_possible)

    def show_waiting(self, title: str, jobs: Sequence[tuple[int, str]]) -> None:
        """The jobs that wait: number and words."""
        self.waiting.show_jobs(title, jobs)
