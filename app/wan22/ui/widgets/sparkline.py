"""A tiny curve without axes beside a number."""

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QWidget

from wan22.ui.palette import Metric
from wan22.ui.theme import Theme

WIDTH, HEIGHT = 56, 28


class Sparkline(QWidget):
    """Values from left (oldest) to right, scaled from 0 to `highest`; nan breaks the line."""

    def __init__(self, theme: Theme, metric: Metric, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._metric = metric
        self._values: Sequence[float] = ()
        self._highest = 1.0
        self.setFixedSize(QSize(WIDTH, HEIGHT))
        theme.changed.connect(self.update)

    def show_values(self, values: Sequence[float], highest: float) -> None:
        """Draw other values."""
        self._values, self._highest = values, max(highest, 1e-9)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the curve over a faint fill: its axis starts at 0."""
        painter = QPainter(self)
        colour = self._theme.metric(self._metric)
        ground = QColor(colour)
        ground.setAlphaF(0.16)
        for line in self._lines():
            area = QPolygonF([QPointF(line[0].x(), HEIGHT), *line, QPointF(line[-1].x(), HEIGHT)])
            painter.setPen(QColor(0, 0, 0, 0))
            painter.setBrush(ground)
            painter.drawPolygon(area)
            painter.setPen(colour)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.drawPolyline(QPolygonF(line))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.end()

    def _lines(self) -> list[list[QPointF]]:
        count = len(self._values)
        lines: list[list[QPointF]] = []
        current: list[QPointF] = []
        for number, value in enumerate(self._values):
            if math.isnan(value):
                if len(current) > 1:
                    lines.append(current)
                current = []
                continue
            x = number * (WIDTH - 1) / max(1, count - 1)
            share = min(1.0, max(0.0, value / self._highest))
            current.append(QPointF(x, HEIGHT - 1.5 - share * (HEIGHT - 4)))
        if len(current) > 1:
            lines.append(current)
        return lines
