"""One line of a form: what it is at the left, how it is entered at the right, and what is said to it below."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from wan22.ui.measure import GAP, GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.widgets.text_label import TextLabel

TITLE_COLUMN = 232
QWIDGETSIZE_MAX = (1 << 24) - 1
"""What Qt calls no limit."""


class FormRow(QWidget):
    """Empty until `place` puts the editors in."""

    def __init__(self, title: str, help_text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        words = QWidget()
        words.setFixedWidth(TITLE_COLUMN)
        left = QVBoxLayout(words)
        left.setContentsMargins(0, GAP_TINY, 0, 0)
        left.setSpacing(GAP_TINY)
        left.addWidget(TextLabel(title, TextRole.strong))
        self.help = TextLabel(help_text, TextRole.caption, "muted")
        self.help.setWordWrap(True)
        self.help.setVisible(bool(help_text))
        left.addWidget(self.help)
        left.addStretch(1)
        row.addWidget(words)
        right = QVBoxLayout()
        right.setSpacing(GAP_TINY)
        self._line = QHBoxLayout()
        self._line.setSpacing(GAP_SMALL)
        right.addLayout(self._line)
        self.note = TextLabel("", TextRole.caption, "muted")
        self.note.setWordWrap(True)
        self.note.hide()
        right.addWidget(self.note)
        right.addStretch(1)
        row.addLayout(right, 1)

    def place(self, *editors: QWidget) -> "FormRow":
        """Editors side by side; the first takes the room that there is, unless its width is limited."""
        for number, editor in enumerate(editors):
            self._line.addWidget(editor, 1 if number == 0 else 0, Qt.AlignmentFlag.AlignVCenter)
        if editors[0].maximumWidth() < QWIDGETSIZE_MAX:
            self._line.setStretch(0, 0)
            self._line.addStretch(1)
        return self

    def show_note(self, text: str, ink: str = "muted") -> None:
        """Say something below the editor; an empty text takes it away."""
        self.note.say(text)
        self.note.set_ink(ink)
        self.note.setVisible(bool(text))


def stacked(*widgets: QWidget) -> tuple[QWidget, QVBoxLayout]:
    """Widgets one below the other, to be placed as one editor; and the layout that takes more of them."""
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, GAP_TINY, 0, 0)
    column.setSpacing(GAP_SMALL + GAP_TINY)
    for widget in widgets:
        column.addWidget(widget)
    return box, column
