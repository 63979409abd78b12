"""The question at the end when something is not saved."""

from enum import Enum

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from wan22.ui.measure import GAP, GAP_SMALL, GUTTER, TextRole
from wan22.ui.widgets.button import push_button, set_main
from wan22.ui.widgets.text_label import TextLabel

WIDTH = 480


class UnsavedChoice(Enum):
    """What becomes of it."""

    save = "save"
    forget = "forget"
    cancel = "cancel"


class UnsavedDialog(QDialog):
    """`chosen` says the answer, Escape is "cancel". `can_save` false: one of them cannot be saved as it stands."""

    chosen = Signal(UnsavedChoice)

    def __init__(self, title: str, text: str, *, can_save: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("dialog")
        self.setWindowTitle("Not saved")
        self.setFixedWidth(WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(GUTTER, GUTTER, GUTTER, GUTTER)
        column.setSpacing(GAP_SMALL)
        for said, role, ink in ((title, TextRole.title, "text"), (text, TextRole.body, "muted")):
            label = TextLabel(said, role, ink)
            label.setWordWrap(True)
            column.addWidget(label)
        column.addSpacing(GAP)
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)

        def button(words: str, tip: str, choice: UnsavedChoice) -> None:
            made = push_button(words, tip, lambda: self.chosen.emit(choice))
            made.setAutoDefault(False)
            self.buttons[choice] = made

        self.buttons: dict[UnsavedChoice, QPushButton] = {}
        button("Save and close", "Write the changes, then close the panel", UnsavedChoice.save)
        button("Close without saving", "Forget the changes", UnsavedChoice.forget)
        button("Cancel", "Do not close the panel", UnsavedChoice.cancel)
        self.save = self.buttons[UnsavedChoice.save]
        self.save.setVisible(can_save)
        set_main(self.save, can_save)
        row.addWidget(self.save)
        row.addWidget(self.buttons[UnsavedChoice.forget])
        row.addStretch(1)
        row.addWidget(self.buttons[UnsavedChoice.cancel])
        column.addLayout(row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape keeps the panel open."""
        if event.key() == Qt.Key.Key_Escape:
            self.chosen.emit(UnsavedChoice.cancel)
            return
        super().keyPressEvent(event)
