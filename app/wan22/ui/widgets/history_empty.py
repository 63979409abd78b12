"""The History before there is a run: what will be here, and the first step."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from wan22.ui.measure import GAP, GAP_SMALL, TextRole
from wan22.ui.theme import Theme
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.icon import icon_pixmap
from wan22.ui.widgets.text_label import TextLabel

_TEXT = (
    "Every video that is made here stays in this list with its picture, its times and what they mean, every reading of "
    "the GPU, and the settings to make it again. A run from another machine can be opened here as well."
)
_TEXT_WIDTH = 520
_ICON = 32


class HistoryEmpty(QFrame):
    """`first_wanted` goes to where videos are made, `import_wanted` opens one from elsewhere."""

    first_wanted = Signal()
    import_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._theme = theme
        column = QVBoxLayout(self)
        column.setSpacing(GAP)
        column.addStretch(2)
        self._drawing = QLabel()
        self._drawing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self._drawing)
        self.heading = TextLabel("", TextRole.value)
        self.heading.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self.heading)
        self.text = TextLabel(_TEXT, TextRole.body, "muted")
        self.text.setWordWrap(True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.text.setFixedWidth(_TEXT_WIDTH)
        column.addWidget(self.text, 0, Qt.AlignmentFlag.AlignHCenter)
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)
        self.first = push_button(
            "Make the first video",
            "Go to the Run page: choose an image and a prompt",
            self.first_wanted.emit,
            kind="main",
        )
        self.import_button = push_button(
            "Import a run…", "Open a run that was exported elsewhere, or drop its file here", self.import_wanted.emit
        )
        row.addStretch(1)
        row.addWidget(self.first)
        row.addWidget(self.import_button)
        row.addStretch(1)
        column.addLayout(row)
        column.addStretch(3)
        theme.changed.connect(self._repaint)
        self._repaint()

    def show_reading(self, *, is_reading: bool) -> None:
        """Whether it is not known yet that there is none."""
        self.heading.say("Looking for runs …" if is_reading else "Your videos will be here")
        self.text.ensurePolished()
        self.text.setFixedHeight(self.text.heightForWidth(_TEXT_WIDTH))
        for widget in (self.first, self.import_button, self.text):
            widget.setVisible(not is_reading)

    def _repaint(self) -> None:
        ratio = self.devicePixelRatioF()
        self._drawing.setPixmap(icon_pixmap("history", self._theme.colour("muted"), _ICON, ratio))
