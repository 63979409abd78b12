"""A text of a few lines."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QPlainTextEdit, QWidget

FRAME = 12
"""Border and padding of the field, above and below."""


class PromptField(QPlainTextEdit):
    """`written` says the text after each change of the user's. Tab leaves the field; it has no use in a prompt."""

    written = Signal(str)

    def __init__(self, name: str, tip: str, height: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._height = 0
        self._is_telling = True
        self.setTabChangesFocus(True)
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.set_height(height)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(2)
        self.textChanged.connect(self._changed)

    def show_text(self, text: str) -> None:
        """Show a text; nobody is told, and the one that is being written is left alone."""
        if text == self.toPlainText():
            return
        self._is_telling = False
        self.setPlainText(text)
        self._is_telling = True

    def set_height(self, height: int) -> None:
        """Height in pixels with frame and padding. Said in the style sheet too: its least height would win."""
        if height != self._height:
            self._height = height
            self.setStyleSheet(f"QPlainTextEdit {{ min-height: {height - FRAME}px; }}")
            self.setFixedHeight(height)
            is_line = height < 2 * FRAME + self.fontMetrics().height()
            policy = Qt.ScrollBarPolicy.ScrollBarAlwaysOff if is_line else Qt.ScrollBarPolicy.ScrollBarAsNeeded
            self.setVerticalScrollBarPolicy(policy)
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(368, self._height)

    def _changed(self) -> None:
        if self._is_telling:
            self.written.emit(self.toPlainText())
