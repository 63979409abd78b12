"""A text of a few lines."""

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from wan22.ui.theme import Theme


class PromptField(QPlainTextEdit):
    """`written` says the text after each change of the user's. Tab leaves the field; it has no use in a prompt."""

    written = Signal(str)

    def __init__(self, theme: Theme, name: str, tip: str, height: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._height = height
        self._is_telling = True
        self.setTabChangesFocus(True)
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setFixedHeight(height)
        self.document().setDocumentMargin(2)
        self.textChanged.connect(self._changed)

    def show_text(self, text: str) -> None:
        """Show a text; nobody is told, and the one that is being written is left alone."""
        if text == self.toPlainText():
            return
        self._is_telling = False
        self.setPlainText(text)
        self._is_telling = True

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(368, self._height)

    def _changed(self) -> None:
        if self._is_telling:
            self.written.emit(self.toPlainText())
