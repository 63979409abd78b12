"""A calm card: heading, one line that explains it, and whatever belongs to it."""

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from wan22.ui.measure import GAP, GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.widgets.text_label import TextLabel


class SectionCard(QFrame):
    """`body` takes the content, `head` what stands at the right of the heading."""

    def __init__(self, title: str, explanation: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName(title)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP, GAP, GAP, GAP)
        column.setSpacing(GAP)
        self.head = QHBoxLayout()
        self.head.setSpacing(GAP_SMALL)
        words = QVBoxLayout()
        words.setSpacing(GAP_TINY)
        self.title = TextLabel(title, TextRole.heading)
        self.explanation = TextLabel(explanation, TextRole.body, "muted")
        self.explanation.setWordWrap(True)
        self.explanation.setVisible(bool(explanation))
        words.addWidget(self.title)
        words.addWidget(self.explanation)
        self.head.addLayout(words, 1)
        column.addLayout(self.head)
        self.body = QVBoxLayout()
        self.body.setSpacing(GAP)
        column.addLayout(self.body)
