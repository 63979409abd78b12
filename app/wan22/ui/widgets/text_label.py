"""Texts of the window in their roles."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from wan22.ui.measure import TextRole


class TextLabel(QLabel):
    """Plain text in one role; `ink` is a token of the style sheet: text, muted, accent, or a tone.

    The style sheet sets the font as well: one set by hand is lost when the label gets another parent.
    """

    def __init__(
        self,
        text: str = "",
        role: TextRole = TextRole.body,
        ink: str = "text",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._role = role
        self._ink = ink
        self.setProperty("role", role.name)
        self.setProperty("ink", ink)

    def set_ink(self, ink: str) -> None:
        """Change the colour's token."""
        if ink != self._ink:
            self._ink = ink
            self.setProperty("ink", ink)
            self._polish()

    def set_role(self, role: TextRole) -> None:
        """Change size and weight."""
        if role is not self._role:
            self._role = role
            self.setProperty("role", role.name)
            self._polish()

    def say(self, text: str) -> None:
        """Change the text; nothing is painted when it is the same."""
        if text != self.text():
            self.setText(text)

    def _polish(self) -> None:
        self.style().unpolish(self)
        self.style().polish(self)
