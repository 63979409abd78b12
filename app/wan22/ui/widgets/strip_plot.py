"""One strip of curves over time, drawn as cheaply as it can be.

What was measured: pyqtgraph's own grid costs more than all curves together, pens wider than 1 and antialiasing cost
a multiple, an OpenGL viewport takes memory from the model. Hence an own backdrop, width 1, and the raster engine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyqtgraph as pg
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QGraphicsItem,
    QHBoxLayout,
    QSizePolicy,
    QStyleOptionGraphicsItem,
    QVBoxLayout,
    QWidget,
)

from wan22.ui.measure import GAP_SMALL, LABEL_COLUMN, STRIP_HEIGHT_MIN, TextRole
from wan22.ui.palette import Metric
from wan22.ui.state.telemetry_store import FloatArray
from wan22.ui.theme import Theme
from wan22.ui.widgets.cursor_readout import CursorReadout
from wan22.ui.widgets.curve_fill import CurveFill
from wan22.ui.widgets.line_key import LineKey, LineKind
from wan22.ui.widgets.text_label import TextLabel

FAINT = 0.45
FILL = 0.14
KEY_HEIGHT = 16


@dataclass(frozen=True, slots=True)
class LimitLine:
    """A horizontal line with its name: a limit (red, dashed) or a reference (grey, dotted)."""

    value: float
    text: str
    kind: LineKind = LineKind.limit


@dataclass(frozen=True, slots=True)
class Shade:
    """A stretch of the time axis with a colour of its own; `phase` is a key of the theme's phase colours."""

    start_s: float
    end_s: float
    phase: str


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Points to draw, nan = a gap. A main curve stands before the others; its `band` lies faintly behind it."""

    x: FloatArray
    y: FloatArray
    is_main: bool = True
    band: tuple[FloatArray, FloatArray] | None = None


@dataclass(frozen=True, slots=True)
class StripSpec:
    """What a strip shows. `fills`: the area below the main curve is tinted (only if the axis starts at 0)."""

    title: str
    unit: str
    metric: Metric
    tip: str
    decimals: int = 0
    fills: bool = True


class Backdrop(QGraphicsItem):
    """Shades, grid and limits below the curves: a handful of lines one device pixel wide."""

    def __init__(self, box: pg.ViewBox, theme: Theme) -> None:
        super().__init__()
        self._box = box
        self._theme = theme
        self.ticks: Sequence[float] = ()
        self.shades: Sequence[Shade] = ()
        self.limits: Sequence[LimitLine] = ()
        self.setZValue(-100)

    def refresh(self) -> None:
        """The range or what is drawn has changed."""
        self.prepareGeometryChange()
        self.update()

    def boundingRect(self) -> QRectF:
        """All that can be seen."""
        rect: QRectF = self._box.viewRect()
        return rect

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        """Shades first, then the grid, then the limits."""
        view = self.boundingRect()
        for shade in self.shades:
            left, right = max(view.left(), shade.start_s), min(view.right(), shade.end_s)
            if right > left:
                colour = QColor(self._theme.colours.phases[shade.phase])
                painter.fillRect(QRectF(left, view.top(), right - left, view.height()), colour)
        pen = QPen(self._theme.colour("line"), 0)
        painter.setPen(pen)
        painter.drawLines([QLineF(tick, view.top(), tick, view.bottom()) for tick in self.ticks])
        painter.drawLine(QLineF(view.left(), 0.0, view.right(), 0.0))
        for limit in self.limits:
            painter.setPen(limit_pen(self._theme, limit.kind))
            painter.drawLine(QLineF(view.left(), limit.value, view.right(), limit.value))


def blended(ink: QColor, ground: QColor, share: float) -> QColor:
    """`share` of the ink on the ground, opaque: translucent lines cost twice as much to draw."""
    parts = ((ink.red(), ground.red()), (ink.green(), ground.green()), (ink.blue(), ground.blue()))
    return QColor(*[round(share * first + (1 - share) * second) for first, second in parts])


def limit_pen(theme: Theme, kind: LineKind) -> QPen:
    """Red and dashed, or grey and dotted."""
    is_limit = kind is LineKind.limit
    pen = QPen(theme.colour("limit" if is_limit else "reference"), 0)
    pen.setDashPattern([5, 4] if is_limit else [1, 3])
    return pen


class StripPlot(QWidget):
    """Name and lines at the left, curves in the middle, numbers at the right."""

    def __init__(self, theme: Theme, spec: StripSpec, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.spec = spec
        self._theme = theme
        self._curves: list[tuple[pg.PlotCurveItem, pg.PlotCurveItem]] = []
        self._fill: CurveFill | None = None
        self._limits: tuple[LimitLine, ...] = ()
        self._range = (0.0, 1.0)
        self._shown: Sequence[Curve] = ()
        self.setMinimumHeight(STRIP_HEIGHT_MIN)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.view, self.box = plot_view(spec.title, spec.tip)
        self.backdrop = Backdrop(self.box, theme)
        self.box.addItem(self.backdrop, ignoreBounds=True)
        self.readout = CursorReadout(spec.title)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._labels())
        row.addWidget(self.view, 1)
        row.addWidget(self.readout)
        theme.changed.connect(self._recolour)

    def set_span(self, start_s: float, end_s: float, ticks: Sequence[float]) -> None:
        """The part of the time axis that is shown, and where its grid lines are."""
        self.backdrop.ticks = tuple(ticks)
        self.box.setXRange(start_s, end_s, padding=0)
        self._view_changed()

    def set_range(self, low: float, high: float, text: str) -> None:
        """The fixed range of values; `text` says it in words."""
        self.range_text.say(text)
        if (low, high) != self._range:
            self._range = (low, high)
            self.box.setYRange(low, high, padding=0)
            self._view_changed()

    def set_limits(self, limits: Sequence[LimitLine]) -> None:
        """Lines across the strip; their names stand at the left, never over the curves."""
        if tuple(limits) == self._limits:
            return
        self._limits = tuple(limits)
        self.backdrop.limits = self._limits
        self._fit_labels()
        self.backdrop.refresh()

    def set_shades(self, shades: Sequence[Shade]) -> None:
        """Phases of the job behind the curves."""
        self.backdrop.shades = tuple(shades)
        self.backdrop.update()

    def show_curves(self, curves: Sequence[Curve]) -> None:
        """Draw these; items are kept and only their points change."""
        self._shown = curves
        while len(self._curves) < len(curves):
            if not self._curves and self.spec.fills:
                self._fill = CurveFill(self.box)
                self._fill.setZValue(-30)
                self.box.addItem(self._fill, ignoreBounds=True)
            self._curves.append((self._item(-20), self._item(0)))
            self._recolour()
        for number, (band, line) in enumerate(self._curves):
            if number >= len(curves):
                band.setVisible(False)
                line.setVisible(False)
                continue
            curve = curves[number]
            line.setVisible(True)
            line.setData(curve.x, curve.y)
            if curve.is_main and self._fill is not None:
                self._fill.setVisible(curve.band is None)  # a tint below a band says nothing and costs a quarter
            if curve.is_main and self._fill is not None and curve.band is None:
                self._fill.show_points(curve.x, curve.y, self._range[1] - self._range[0])
            band.setVisible(curve.band is not None)
            if curve.band is not None:
                band.setData(*curve.band)

    def plot_pixels(self) -> int:
        """Width of the curves in pixels."""
        width: int = self.view.width()
        return max(2, width)

    def _view_changed(self) -> None:
        self.backdrop.refresh()
        if self._fill is not None:
            self._fill.prepareGeometryChange()

    def _item(self, depth: int) -> pg.PlotCurveItem:
        item = pg.PlotCurveItem(connect="finite", antialias=False)
        item.setZValue(depth)
        self.box.addItem(item, ignoreBounds=True)
        return item

    def _recolour(self) -> None:
        for number, (band, line) in enumerate(self._curves):
            is_main = number == 0
            colour = self._theme.metric(self.spec.metric)
            faint = blended(colour, self._theme.colour("panel"), FAINT)
            line.setPen(pg.mkPen(colour if is_main else faint, width=1))
            line.setZValue(0 if is_main else -10)
            band.setPen(pg.mkPen(faint, width=1))
            if is_main and self._fill is not None:
                ground = self._theme.metric(self.spec.metric)
                ground.setAlphaF(FILL)
                self._fill.set_colour(ground)
        self.backdrop.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A low window has room for fewer lines at the left."""
        super().resizeEvent(event)
        self._fit_labels()

    def _labels(self) -> QWidget:
        box = QWidget()
        box.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Ignored)
        box.setFixedWidth(LABEL_COLUMN)
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, GAP_SMALL, 0)
        column.setSpacing(0)
        self._title = LineKey(self._theme, self.spec.metric)
        self._title.show_line(LineKind.curve, self.spec.title)
        self._title.setToolTip(self.spec.tip)
        column.addWidget(self._title)
        self.range_text = TextLabel("", TextRole.caption, "muted")
        self.range_text.setIndent(20)
        column.addWidget(self.range_text)
        self._keys = [LineKey(self._theme, self.spec.metric) for _ in range(2)]
        for key in self._keys:
            column.addWidget(key)
        column.addStretch(1)
        return box

    def _fit_labels(self) -> None:
        """The names of the lines matter more than the range of the axis."""
        room = self.height() - self._title.sizeHint().height()
        for number, key in enumerate(self._keys):
            has_room = room >= KEY_HEIGHT and number < len(self._limits)
            key.show_line(*((self._limits[number].kind, self._limits[number].text) if has_room else ()))
            room -= KEY_HEIGHT if has_room else 0
        self.range_text.setVisible(room >= KEY_HEIGHT)


def plot_view(name: str, tip: str) -> tuple[pg.GraphicsView, pg.ViewBox]:
    """An empty drawing area without axes, menus or a mouse of its own."""
    pg.setConfigOptions(antialias=False, useOpenGL=False)
    view = pg.GraphicsView(background=None)
    view.setAccessibleName(f"Curve of {name}")
    view.setToolTip(tip)
    view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    view.setMinimumHeight(20)
    box = pg.ViewBox(enableMouse=False, enableMenu=False, defaultPadding=0)
    box.disableAutoRange()
    view.setCentralItem(box)
    return view, box
