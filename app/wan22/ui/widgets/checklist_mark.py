"""The state of a to-do as a small round mark: told by its shape, the colour only repeats it."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from wan22.schema.checklist import TodoState
from wan22.ui.state.checklist_words import HELP, TONES
from wan22.ui.theme import Theme

SIZE = 20
_RADIUS = 8.0


class ChecklistMark(QWidget):
    """Full with a tick: done; half full: in part; a ring: open; crossed out: not possible; dashed: not wanted."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._state = TodoState.open
        self.setFixedSize(SIZE, SIZE)

    def show_state(self, state: TodoState, words: str) -> None:
        """Draw another state."""
        self._state = state
        self.setToolTip(HELP[state])
        self.setAccessibleName(words)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """One shape a state."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = self._theme.ink(TONES[self._state])
        circle = QRectF(SIZE / 2 - _RADIUS, SIZE / 2 - _RADIUS, 2 * _RADIUS, 2 * _RADIUS)
        pen = QPen(ink, 1.6)
        if self._state is TodoState.unwanted:
            pen.setStyle(Qt.PenStyle.DotLine)
        painter.setPen(pen)
        if self._state is TodoState.done:
            painter.setBrush(ink)
        painter.drawEllipse(circle)
        if self._state is TodoState.part:
            painter.setBrush(ink)
            painter.drawPie(circle, 90 * 16, 180 * 16)
        elif self._state is TodoState.done:
            self._paint_tick(painter)
        elif self._state is TodoState.impossible:
            painter.drawLine(QPointF(6, 14), QPointF(14, 6))
        painter.end()

    def _paint_tick(self, painter: QPainter) -> None:
        pen = QPen(self._theme.colour("panel"), 2.0)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        tick = QPainterPath(QPointF(6.6, 10.4))
        tick.lineTo(9.0, 12.8)
        tick.lineTo(13.4, 7.8)
        painter.drawPath(tick)
