"""Says over the page what a drop will do."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from wan22.ui.measure import CARD_RADIUS, GAP, GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.text_label import TextLabel

CARD_WIDTH = 480


class DropOverlay(QWidget):
    """Lies over its parent and lets the pointer through, so that fields below can still take the drop themselves."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._is_refusal = False
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("What a drop will do")
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP, GAP, GAP, GAP)
        column.addStretch(1)
        card = QFrame()
        card.setObjectName("card")
        card.setFixedWidth(CARD_WIDTH)
        words = QVBoxLayout(card)
        words.setContentsMargins(GAP, GAP, GAP, GAP)
        words.setSpacing(GAP_TINY)
        self.title = TextLabel("", TextRole.value)
        self.detail = TextLabel("", TextRole.body, "muted")
        for label in (self.title, self.detail):
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            words.addWidget(label)
        column.addWidget(card, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        self.hide()

    def show_words(self, title: str, detail: str, *, is_refusal: bool) -> None:
        """Cover the parent."""
        parent = self.parentWidget()
        assert parent is not None
        self._is_refusal = is_refusal
        self.title.say(title)
        self.detail.say(detail)
        self.setGeometry(parent.rect())
        self.show()
        self.raise_()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The page shines through; a frame says where it ends."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = self._theme.colour("window")
        ground.setAlphaF(0.72)
        painter.fillRect(self.rect(), ground)
        ink = self._theme.ink(Tone.bad) if self._is_refusal else self._theme.colour("accent")
        pen = QPen(ink, 2, Qt.PenStyle.SolidLine if self._is_refusal else Qt.PenStyle.DashLine)
        painter.setPen(pen)
        inset = GAP_SMALL
        frame = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        painter.drawRoundedRect(frame, CARD_RADIUS, CARD_RADIUS)
        painter.end()
