"""One quiet line with what was left over or just taken away, and what can be done about it."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from wan22.ui.measure import GAP, GAP_SMALL, TextRole
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.text_label import TextLabel


class QueueBar(QFrame):
    """Hidden while there is nothing to say. `first` and `second` are the two buttons, by their place."""

    first = Signal()
    second = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        row = QHBoxLayout(self)
        row.setContentsMargins(GAP, GAP_SMALL, GAP_SMALL, GAP_SMALL)
        row.setSpacing(GAP_SMALL)
        self.label = TextLabel("", TextRole.body)
        self.label.setWordWrap(True)
        row.addWidget(self.label, 1)
        self.first_button = push_button("Resume", "", self.first.emit)
        self.second_button = push_button("Clear", "", self.second.emit, kind="flat")
        row.addWidget(self.first_button)
        row.addWidget(self.second_button)
        self.hide()

    def say(self, text: str, first: tuple[str, str], second: tuple[str, str]) -> None:
        """`first` and `second`: text and tool tip of the buttons; an empty text hides the line."""
        if text:
            self.label.say(text)
            for button, (name, tip) in ((self.first_button, first), (self.second_button, second)):
                button.setText(name)
                button.setAccessibleName(name)
                button.setToolTip(tip)
        self.setVisible(bool(text))
