"""The tint below a curve, as fine as the curve itself.

A polygon is cheap while its curve is calm. The cost of filling one grows with the square of its crossings, so below a
restless curve the tint is a picture of as many columns as there are pixels: it costs the same whatever the curve does.
"""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from wan22.ui.state.telemetry_store import FloatArray

RESTLESS = 24
"""Up and down so many times the height of the strip: from there on the picture is cheaper."""


class CurveFill(QGraphicsItem):
    """Tints from 0 up to the curve. The points are in the coordinates of the box."""

    def __init__(self, box: pg.ViewBox) -> None:
        super().__init__()
        self._box = box
        self._polygon = pg.PlotCurveItem(connect="finite", antialias=False)
        self._polygon.setParentItem(self)
        self._polygon.setPen(None)
        self._polygon.setFillLevel(0.0)
        self._x: FloatArray = np.empty(0)
        self._y: FloatArray = np.empty(0)
        self._is_restless = False
        self._colour = QColor()

    def set_colour(self, colour: QColor) -> None:
        """The tint, translucent."""
        self._colour = colour
        self._polygon.setBrush(colour)
        self.update()

    def show_points(self, x: FloatArray, y: FloatArray, height: float) -> None:
        """Tint below these points, nan = a gap; `height`: of the strip in the unit of `y`."""
        self._x, self._y = x, y
        self._is_restless = is_restless(y, height)
        self._polygon.setVisible(not self._is_restless)
        if self._is_restless:
            self.update()
        else:
            self._polygon.setData(x, y)

    def boundingRect(self) -> QRectF:
        """All that can be seen."""
        rect: QRectF = self._box.viewRect()
        return rect

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        """Only what the polygon leaves to the picture."""
        if not self._is_restless:
            return
        view = self.boundingRect()
        corner = painter.worldTransform().mapRect(view)
        ratio = painter.device().devicePixelRatioF()
        columns, rows = round(corner.width() * ratio), round(corner.height() * ratio)
        if columns < 1 or rows < 1:
            return
        tops = column_tops(self._x, self._y, view.left(), view.right(), columns)
        pixels = tint(tops, view.top(), view.bottom(), rows, premultiplied(self._colour))
        image = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(ratio)
        painter.save()
        painter.resetTransform()
        painter.drawImage(QPointF(corner.left(), corner.top()), image)
        painter.restore()


def is_restless(y: FloatArray, height: float) -> bool:
    """Whether a curve goes up and down so much that its polygon would be dear to fill."""
    return y.size >= RESTLESS and float(np.nansum(np.abs(np.diff(y)))) >= RESTLESS * height


def column_tops(x: FloatArray, y: FloatArray, left: float, right: float, columns: int) -> FloatArray:
    """Height of the curve in the middle of each column; nan in gaps and where there is no curve."""
    middles = left + (np.arange(columns) + 0.5) * (right - left) / columns
    tops: FloatArray = np.interp(middles, x, y, left=np.nan, right=np.nan)
    return tops


def tint(tops: FloatArray, low: float, high: float, rows: int, colour: int) -> np.ndarray:
    """Pixels (rows, columns), the first row at the top: `colour` between 0 and the curve, else nothing."""
    middles = high - (np.arange(rows) + 0.5) * (high - low) / rows
    covered = (middles[:, None] < tops[None, :]) & (middles[:, None] >= 0.0)
    return np.where(covered, np.uint32(colour), np.uint32(0))


def premultiplied(colour: QColor) -> int:
    """The colour as one pixel of `Format_ARGB32_Premultiplied`."""
    alpha = colour.alphaF()
    red, green, blue = (round(part * alpha) for part in (colour.red(), colour.green(), colour.blue()))
    return colour.alpha() << 24 | red << 16 | green << 8 | blue
