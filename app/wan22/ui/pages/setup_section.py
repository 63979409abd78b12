"""What the sections of the Setup page have in common: a sentence for the head of the page, and cards below it."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from wan22.ui.measure import GAP

BAR_WIDTH = 12
"""Of a scroll bar, as the style sheet has it."""
SCROLL_EDGE = 20
"""How far cards end before the right edge of their scroll area."""


class SetupSection(QWidget):
    """`title` answers the section's question, `grounds` says why; `head_changed` when one of them is another."""

    head_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = ""
        self.grounds = ""
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(GAP)

    def say_head(self, title: str, grounds: str) -> None:
        """Change the head."""
        if (title, grounds) != (self.title, self.grounds):
            self.title, self.grounds = title, grounds
            self.head_changed.emit()


class CardScroll(QScrollArea):
    """Cards one below the other, scrolled when they do not fit; `cards` takes them."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(name)
        inner = QWidget()
        self.cards = QVBoxLayout(inner)
        self.cards.setSpacing(GAP)
        self.setWidget(inner)
        self.verticalScrollBar().rangeChanged.connect(self._keep_edge)
        self._keep_edge(0, 0)

    def _keep_edge(self, _least: int, most: int) -> None:
        """The bar lies in the gutter: cards end at the same place with and without it."""
        self.cards.setContentsMargins(0, 0, SCROLL_EDGE - BAR_WIDTH if most > 0 else SCROLL_EDGE, 0)
