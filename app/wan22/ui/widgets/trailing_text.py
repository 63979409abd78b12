"""A muted word at the right end of a field, such as a length in seconds."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QLineEdit, QWidget

from wan22.ui.measure import TextRole
from wan22.ui.widgets.text_label import TextLabel

TEXT_LEFT = 6
"""A number's text begins where that of other fields does."""


class TrailingText(TextLabel):
    """Lies over the end of a field and lets clicks through; `room` pixels at the very end belong to the field."""

    def __init__(self, field: QWidget, room: int, line: QLineEdit | None = None) -> None:
        super().__init__("", TextRole.caption, "muted", field)
        self._field = field
        self._room = room
        self._line = line
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        field.installEventFilter(self)

    def say(self, text: str) -> None:
        """Change the word; the text of the field keeps clear of it."""
        super().say(text)
        self._settle()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Move along when the field gets another size."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self._settle()
        return super().eventFilter(watched, event)

    def _settle(self) -> None:
        width = self.sizeHint().width()
        self.setGeometry(self._field.width() - self._room - width, 0, width, self._field.height())
        if self._line is not None:
            self._line.setTextMargins(TEXT_LEFT, 0, width + 4 if self.text() else 0, 0)
