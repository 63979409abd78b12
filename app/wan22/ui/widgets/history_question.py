"""A question before something that cannot be taken back, and before what needs another file."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from wan22.runs.run_privacy import LeftOut
from wan22.ui.measure import CONTROL_HEIGHT, GAP, GAP_SMALL, GUTTER, TextRole
from wan22.ui.widgets.text_label import TextLabel

WIDTH = 480


class HistoryQuestion(QDialog):
    """`agreed` when the user says yes; the safe answer has the keyboard. Open it with `open`."""

    agreed = Signal()

    def __init__(self, title: str, text: str, yes: str, yes_tip: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("dialog")
        self.setWindowTitle(title)
        self.setFixedWidth(WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(GUTTER, GUTTER, GUTTER, GUTTER)
        column.setSpacing(GAP_SMALL)
        for words, role, ink in ((title, TextRole.title, "text"), (text, TextRole.body, "muted")):
            label = TextLabel(words, role, ink)
            label.setWordWrap(True)
            column.addWidget(label)
        self.body = QVBoxLayout()
        self.body.setSpacing(GAP_SMALL)
        column.addLayout(self.body)
        column.addSpacing(GAP)
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)
        self.yes = _button(yes, yes_tip)
        self.yes.clicked.connect(self._agree)
        self.no = _button("Cancel", "Leave everything as it is (Esc)")
        self.no.clicked.connect(self.reject)
        self.no.setDefault(True)
        row.addWidget(self.yes)
        row.addStretch(1)
        row.addWidget(self.no)
        column.addLayout(row)
        self.no.setFocus()
        self.finished.connect(self.deleteLater)

    def _agree(self) -> None:
        self.accept()
        self.agreed.emit()


class HistoryExportQuestion(HistoryQuestion):
    """What of a run travels. `image`, `prompt` and `paths` are the boxes; all of it does unless one is taken away."""

    def __init__(self, name: str, parent: QWidget) -> None:
        text = f"Everything about '{name}' goes into one file: video, times, readings, settings."
        text += " Take away what is personal."
        super().__init__("Export this run", text, "Choose a file…", "Say where the file goes", parent)
        self.image = self._box(
            "Start image", "The picture that the video was made from; its first frame shows it anyway"
        )
        self.prompt = self._box("Prompts", "Also taken out of the video file itself, which then is copied without them")
        self.paths = self._box("Paths and names", "Folders of this machine, your user name, other programs on the GPU")
        self.yes.setProperty("kind", "main")

    @property
    def left_out(self) -> LeftOut:
        """What the boxes say."""
        return LeftOut(
            image=not self.image.isChecked(), prompt=not self.prompt.isChecked(), paths=not self.paths.isChecked()
        )

    def _box(self, text: str, tip: str) -> QCheckBox:
        box = QCheckBox(text)
        box.setChecked(True)
        box.setAccessibleName(f"Export: {text}")
        box.setToolTip(tip)
        self.body.addWidget(box)
        return box


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setFixedHeight(CONTROL_HEIGHT)
    button.setAccessibleName(text)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    return button
