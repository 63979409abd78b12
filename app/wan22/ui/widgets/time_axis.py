"""The common time axis of stacked strips: round marks with their names below, and the moment at the cursor."""

import math
from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from wan22.ui.measure import TextRole
from wan22.ui.number_text import moment_text, tick_text
from wan22.ui.theme import Theme

STEPS_S: tuple[float, ...] = (
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800),
    *(3600, 7200, 10800, 14400, 21600, 43200),
)
HEIGHT = 24
LABEL_PX = 104
TAG_MARGIN = 8


def tick_step(span_s: float, pixels: int) -> float:
    """Seconds from one mark to the next, so that their names do not touch."""
    if span_s <= 0 or pixels <= 0:
        return STEPS_S[-1]
    return next((step for step in STEPS_S if step / span_s * pixels >= LABEL_PX), STEPS_S[-1])


def ticks(start_s: float, end_s: float, pixels: int) -> list[float]:
    """Round moments between two ends, so far apart that their names do not touch."""
    span_s = end_s - start_s
    if span_s <= 0 or pixels <= 0:
        return []
    step_s = tick_step(span_s, pixels)
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
        self._step_s = 1.0
        self._zero_text = ""
        self._cursor_s: float | None = None
        self.cursor_text = ""
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName("Time axis")
        theme.changed.connect(self.update)

    def set_span(
        self, start_s: float, end_s: float, marks: Sequence[float], step_s: float = 1.0, zero_text: str = ""
    ) -> None:
        """Show another span; `zero_text` stands at second 0 instead of the number."""
        shown = ((start_s, end_s), tuple(marks), step_s, zero_text)
        if shown != (self._span, self._ticks, self._step_s, self._zero_text):
            self._span, self._ticks, self._step_s, self._zero_text = shown
            self.setAccessibleDescription(f"from {self._text(start_s)} to {self._text(end_s)}")
            self.update()

    def show_cursor(self, moment_s: float | None, text: str) -> None:
        """Say the moment at the cursor; None = no cursor."""
        if (moment_s, text) != (self._cursor_s, self.cursor_text):
            self._cursor_s, self.cursor_text = moment_s, text
            self.update()

    def placed(self) -> list[tuple[float, QRectF, str]]:
        """Place of each mark with that of its name; a name under the cursor's is left out."""
        metrics = QFontMetrics(self._theme.font(TextRole.caption))
        right = self.width() - self._right
        tag = self.tag()
        found = []
        for tick in self._ticks:
            x, text = self._x(tick), self._text(tick)
            width = metrics.horizontalAdvance(text) + 2
            rect = QRectF(min(max(self._left, x - width / 2), right - width), 6, width, HEIGHT - 6)
            hidden = tag is not None and tag.adjusted(-4, 0, 4, 0).intersects(rect)
            found.append((x, rect, "" if hidden else text))
        return found

    def tag(self) -> QRectF | None:
        """Where the moment at the cursor is said; None without a cursor."""
        if self._cursor_s is None or not self.cursor_text:
            return None
        metrics = QFontMetrics(self._theme.font(TextRole.heading))
        width = metrics.horizontalAdvance(self.cursor_text) + 2 * TAG_MARGIN
        left = min(max(self._left, self._x(self._cursor_s) - width / 2), self.width() - self._right - width)
        return QRectF(left, 2, width, HEIGHT - 4)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint marks, names and the cursor's tag; what is at the ends is moved inwards."""
        painter = QPainter(self)
        painter.setFont(self._theme.font(TextRole.caption))
        for x, rect, text in self.placed():
            painter.setPen(self._theme.colour("outline"))
            painter.drawLine(round(x), 0, round(x), 4)
            painter.setPen(self._theme.colour("muted"))
            painter.drawText(rect, Qt.AlignmentFlag.AlignHCenter, text)
        tag = self.tag()
        if tag is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.colour("tag_ground"))
            painter.drawRoundedRect(tag, 4, 4)
            painter.setFont(self._theme.font(TextRole.heading))
            painter.setPen(self._theme.colour("tag_ink"))
            painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, self.cursor_text)
        painter.end()

    def _x(self, moment_s: float) -> float:
        start_s, end_s = self._span
        width = self.width() - self._left - self._right
        return self._left + (moment_s - start_s) / max(1e-9, end_s - start_s) * width

    def _text(self, tick: float) -> str:
        if abs(tick) < self._step_s / 2 and self._zero_text:
            return self._zero_text
        return tick_text(tick) if self._step_s >= 1 else moment_text(tick, self._span[1] - self._span[0])
