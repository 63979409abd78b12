"""How far the whole list is: a field for each to-do, in its order."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from wan22.schema.checklist import TodoState
from wan22.ui.state.checklist_words import TONES
from wan22.ui.theme import Theme

HEIGHT = 8
_GAP = 4.0


class ChecklistBar(QWidget):
    """Full fields are done, half full ones in part, the others empty."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._states: tuple[TodoState, ...] = ()
        self.setFixedHeight(HEIGHT)

    def show_states(self, states: Sequence[TodoState], words: str) -> None:
        """Draw others."""
        self._states = tuple(states)
        self.setToolTip(words)
        self.setAccessibleName(words)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """All fields of one width."""
        if not self._states:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        width = (self.width() - _GAP * (len(self._states) - 1)) / len(self._states)
        for number, state in enumerate(self._states):
            field = QRectF(number * (width + _GAP), 0, width, HEIGHT)
            painter.setBrush(self._theme.colour("raised"))
            painter.drawRoundedRect(field, 3, 3)
            share = {TodoState.done: 1.0, TodoState.part: 0.5}.get(state, 0.0)
            if share:
                painter.setBrush(self._theme.ink(TONES[state]))
                painter.drawRoundedRect(QRectF(field.x(), 0, width * share, HEIGHT), 3, 3)
        painter.end()
