"""Small line drawings on a raster of 16, painted in the colour of the text beside them."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap

Line = Sequence[tuple[float, float]]

_LINES: Mapping[str, Sequence[Line]] = {
    "logo": [[(1.5, 4), (4.75, 12), (8, 5), (11.25, 12), (14.5, 4)]],
    "run": [[(4, 2.5), (13, 8), (4, 13.5), (4, 2.5)]],
    "queue": [
        [(2, 2.5), (6.5, 5), (2, 7.5), (2, 2.5)],
        [(9.5, 5), (14, 5)],
        [(2, 10), (14, 10)],
        [(2, 13.5), (10, 13.5)],
    ],
    "monitor": [[(1, 8.5), (4, 8.5), (6.5, 3), (9.5, 13), (11.5, 8.5), (15, 8.5)]],
    "bench": [[(3, 13.5), (3, 8)], [(8, 13.5), (8, 2.5)], [(13, 13.5), (13, 6)]],
    "doctor": [[(8, 2), (8, 14)], [(2, 8), (14, 8)]],
    "compare": [[(2, 3), (14, 3), (14, 13), (2, 13), (2, 3)], [(8, 3), (8, 13)]],
    "history": [[(8, 4.5), (8, 8), (10.5, 9.5)]],
    "help": [
        [(6, 6.4), (6.3, 5.2), (8, 4.5), (9.6, 5.2), (9.7, 6.5), (8.1, 7.8), (8, 9.1)],
        [(8, 11.3), (8, 11.4)],
    ],
    "checklist": [
        [(1.5, 4), (3, 5.5), (5.5, 2.5)],
        [(8.5, 4), (14.5, 4)],
        [(1.5, 11), (3, 12.5), (5.5, 9.5)],
        [(8.5, 11), (14.5, 11)],
    ],
    "setup": [[(1.5, 5), (8.3, 5)], [(12.7, 5), (14.5, 5)], [(1.5, 11), (3.3, 11)], [(7.7, 11), (14.5, 11)]],
    "star": [
        [
            (8, 1.8),
            (9.9, 5.8),
            (14.3, 6.3),
            (11, 9.3),
            (11.9, 13.7),
            (8, 11.5),
            (4.1, 13.7),
            (5, 9.3),
            (1.7, 6.3),
            (6.1, 5.8),
            (8, 1.8),
        ]
    ],
    "pause": [[(5.5, 3), (5.5, 13)], [(10.5, 3), (10.5, 13)]],
    "play": [[(4.5, 2.5), (13, 8), (4.5, 13.5), (4.5, 2.5)]],
    "up": [[(3.5, 10), (8, 5.5), (12.5, 10)]],
    "down": [[(3.5, 6), (8, 10.5), (12.5, 6)]],
    "step_back": [[(3.5, 3), (3.5, 13)], [(12.5, 3), (6.5, 8), (12.5, 13), (12.5, 3)]],
    "step_forward": [[(12.5, 3), (12.5, 13)], [(3.5, 3), (9.5, 8), (3.5, 13), (3.5, 3)]],
    "loop": [
        [(2, 7.5), (2, 4.5), (13.5, 4.5)],
        [(11, 2), (13.5, 4.5), (11, 7)],
        [(14, 8.5), (14, 11.5), (2.5, 11.5)],
        [(5, 9), (2.5, 11.5), (5, 14)],
    ],
    "full_size": [
        [(2, 6), (2, 2), (6, 2)],
        [(10, 2), (14, 2), (14, 6)],
        [(14, 10), (14, 14), (10, 14)],
        [(6, 14), (2, 14), (2, 10)],
    ],
    "small_size": [
        [(6, 2), (6, 6), (2, 6)],
        [(10, 2), (10, 6), (14, 6)],
        [(14, 10), (10, 10), (10, 14)],
        [(6, 14), (6, 10), (2, 10)],
    ],
}
_CIRCLES: Mapping[str, Sequence[tuple[float, float, float]]] = {
    "help": [(8, 8, 6.4)],
    "history": [(8, 8, 6.2)],
    "setup": [(10.5, 5, 2.2), (5.5, 11, 2.2)],
}
_RASTER = 16


def icon_names() -> tuple[str, ...]:
    """All drawings there are."""
    return tuple(_LINES)


def icon_pixmap(name: str, colour: QColor, size: int = _RASTER, ratio: float = 1.0) -> QPixmap:
    """The drawing in one colour for a screen with `ratio` device pixels a pixel. KeyError for an unknown name."""
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(size / _RASTER, size / _RASTER)
    pen = QPen(colour, 1.5)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    for line in _LINES[name]:
        path = QPainterPath(QPointF(*line[0]))
        for point in line[1:]:
            path.lineTo(QPointF(*point))
        painter.drawPath(path)
    for x, y, radius in _CIRCLES.get(name, ()):
        painter.drawEllipse(QRectF(x - radius, y - radius, 2 * radius, 2 * radius))
    painter.end()
    return pixmap


def icon(name: str, colour: QColor, lit: QColor, ratio: float = 1.0) -> QIcon:
    """The drawing as an icon: `lit` when its button is checked or under the pointer."""
    made = QIcon(icon_pixmap(name, colour, ratio=ratio))
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Active):
        made.addPixmap(icon_pixmap(name, lit, ratio=ratio), mode, QIcon.State.On)
    made.addPixmap(icon_pixmap(name, lit, ratio=ratio), QIcon.Mode.Active, QIcon.State.Off)
    return made
