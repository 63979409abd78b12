"""A judgement as a tinted chip: glyph and word."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from wan22.ui.measure import CHIP_HEIGHT, TextRole
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import GLYPHS, WORDS, Tone


class Chip(QLabel):
    """Its word may be another than the tone's own; the glyph and both colours follow the tone."""

    def __init__(self, theme: Theme, tone: Tone = Tone.unknown, word: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("chip")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(theme.font(TextRole.strong))
        self.setFixedHeight(CHIP_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_tone(tone, word)

    def show_tone(self, tone: Tone, word: str = "", help_text: str = "") -> None:
        """Say `word` (empty: the tone's own word) in that tone; `help_text` explains it in the tool tip."""
        said = word or WORDS[tone]
        text = f"{GLYPHS[tone]} {said}"
        if text == self.text() and help_text == self.toolTip():
            return
        self.setText(text)
        self.setToolTip(help_text)
        self.setAccessibleName(f"{WORDS[tone]}: {said}" if word else said)
        self.setProperty("tone", tone.value)
        self.style().unpolish(self)
        self.style().polish(self)
