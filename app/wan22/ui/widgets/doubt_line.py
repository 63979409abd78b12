"""What is odd about a value, in words below it."""

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QWidget

from wan22.ui.measure import TextRole
from wan22.ui.verdict_word import GLYPHS, Tone
from wan22.ui.widgets.text_label import TextLabel


class DoubtLine(TextLabel):
    """Hidden while there is nothing to say; a glyph and the words tell how bad it is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", TextRole.caption, "slow", parent)
        self.setWordWrap(True)
        self.hide()

    def show_doubt(self, text: str, tone: Tone = Tone.slow) -> None:
        """Say it, or nothing more when the text is empty."""
        self.set_ink("muted" if tone is Tone.unknown else tone.value)
        glyph = "" if tone is Tone.unknown else f"{GLYPHS[tone]} "
        self.say(f"{glyph}{text}" if text else "")
        self.setVisible(bool(text))
        self._make_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrower line has more lines."""
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Said as a least height: inside of a scroll area a layout does not ask how high wrapped words are."""
        if self.text():
            self.setMinimumHeight(self.heightForWidth(self.width()))


def label_for(text: str, field: QWidget) -> QLabel:
    """The name above a field."""
    label = TextLabel(text, TextRole.caption, "muted")
    label.setBuddy(field)
    return label
