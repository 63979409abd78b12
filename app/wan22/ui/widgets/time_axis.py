"""The common time axis of stacked strips: round marks, and their names below."""

import math
from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from wan22.ui.measure import TextRole
from wan22.ui.number_text import tick_text
from wan22.ui.theme import Theme

STEPS_S: tuple[int, ...] = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10800, 14400, 21600, 43200)
HEIGHT = 24
LABEL_PX = 104


def ticks(start_s: float, end_s: float, pixels: int) -> list[float]:
    """Round moments between two ends, so far apart that their names do not touch."""
    span_s = end_s - start_s
    if span_s <= 0 or pixels <= 0:
        return []
    step_s = next((step for step in STEPS_S if step / span_s * pixels >= LABEL_PX), STEPS_S[-1])
    first = math.ceil(start_s / step_s - 1e-9)
    return [number * float(step_s) for number in range(first, math.floor(end_s / step_s + 1e-9) + 1)]


class TimeAxis(QWidget):
    """Marks and names for the span above it. `left` and `right`: columns that belong to no curve."""

    def __init__(self, theme: Theme, left: int, right: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._left, self._right = left, right
        self._span = (0.0, 1.0)
        self._ticks: Sequence[float] = ()
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName("Time axis")
        theme.changed.connect(self.update)

    def set_span(self, start_s: float, end_s: float, marks: Sequence[float]) -> None:
        """Show another span."""
        if (start_s, end_s) != self._span or tuple(marks) != self._ticks:
            self._span, self._ticks = (start_s, end_s), tuple(marks)
            self.setAccessibleDescription(f"from {tick_text(start_s)} to {tick_text(end_s)}")
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint marks and names; names at the ends are moved inwards."""
        painter = QPainter(self)
        painter.setFont(self._theme.font(TextRole.caption))
        width = self.width() - self._left - self._right
        start_s, end_s = self._span
        for tick in self._ticks:
            x = self._left + (tick - start_s) / (end_s - start_s) * width
            painter.setPen(self._theme.colour("outline"))
            painter.drawLine(round(x), 0, round(x), 4)
            painter.setPen(self._theme.colour("muted"))
            left = min(max(self._left, x - LABEL_PX / 2), self._left + width - LABEL_PX)
            align = Qt.AlignmentFlag.AlignHCenter
            if left > x - LABEL_PX / 2:
                align = Qt.AlignmentFlag.AlignLeft
            elif left < x - LABEL_PX / 2:
                align = Qt.AlignmentFlag.AlignRight
            painter.drawText(QRectF(left, 6, LABEL_PX, HEIGHT - 6), align, tick_text(tick))
        painter.end()
