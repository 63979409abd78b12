"""Below a finished video: its name, and what can be done with it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from wan22.ui.measure import GAP_SMALL, TextRole
from wan22.ui.widgets.elided_label import ElidedLabel


class ResultBar(QWidget):
    """Three buttons and the name of the file."""

    again = Signal()
    folder_wanted = Signal()
    path_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_SMALL)
        self.again_button = QPushButton("Again")
        self.again_button.setToolTip("Add the same job to the queue once more")
        self.again_button.clicked.connect(self.again)
        self.folder_button = QPushButton("Open folder")
        self.folder_button.setToolTip("Open the folder that holds the video in the file manager")
        self.folder_button.clicked.connect(self.folder_wanted)
        self.copy_button = QPushButton("Copy path")
        self.copy_button.setToolTip("Copy the full path of the video")
        self.copy_button.clicked.connect(self.path_wanted)
        for button in (self.again_button, self.folder_button, self.copy_button):
            button.setAccessibleName(button.text())
            row.addWidget(button)
        self.name = ElidedLabel(TextRole.caption, "muted", Qt.TextElideMode.ElideMiddle)
        row.addWidget(self.name, 1)
