"""Strips above one another with one time axis, one cursor and the phases of the job above and behind them."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from wan22.ui.measure import GAP_SMALL, LABEL_COLUMN, READOUT_COLUMN, TextRole
from wan22.ui.theme import Theme
from wan22.ui.widgets.limiter_lanes import LaneSpec, LimiterLanes
from wan22.ui.widgets.strip_plot import Shade, StripPlot, StripSpec
from wan22.ui.widgets.time_axis import TimeAxis, ticks

HEADER_HEIGHT = 28


class _PhaseHeader(QWidget):
    """Names of the phases over their stretch; a name that does not fit is left out, the tool tip still has it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.span = (0.0, 1.0)
        self.shades: Sequence[tuple[Shade, str]] = ()
        self.setFixedHeight(HEADER_HEIGHT)
        self.setAccessibleName("Phases of the job")
        theme.changed.connect(self.update)

    def show_phases(self, shades: Sequence[tuple[Shade, str]]) -> None:
        self.shades = shades
        self.setAccessibleDescription(", ".join(text for _, text in shades))
        self.setToolTip("\n".join(text for _, text in shades) or "Phases of a job appear here while one runs")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self._theme.font(TextRole.caption))
        width = self.width() - LABEL_COLUMN - READOUT_COLUMN
        start_s, end_s = self.span
        scale = width / max(1e-9, end_s - start_s)
        for shade, text in self.shades:
            left, right = max(start_s, shade.start_s), min(end_s, shade.end_s)
            if right <= left:
                continue
            rect = QRectF(LABEL_COLUMN + (left - start_s) * scale, 0, (right - left) * scale, HEADER_HEIGHT)
            painter.fillRect(rect, QColor(self._theme.colours.phases[shade.phase]))
            if painter.fontMetrics().horizontalAdvance(text) + 12 <= rect.width():
                painter.setPen(self._theme.colour("text"))
                painter.drawText(rect.adjusted(6, 0, -6, 0), Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()


class _CursorOverlay(QWidget):
    """The line at the cursor with its moment, over all strips; the mouse does not feel it."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.at_x: float | None = None
        self.text = ""
        self.points: Sequence[QPointF] = ()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self.at_x is None:
            return
        painter = QPainter(self)
        painter.setPen(QPen(self._theme.colour("cursor"), 1))
        painter.drawLine(QPointF(self.at_x, HEADER_HEIGHT), QPointF(self.at_x, self.height()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(self._theme.colour("panel"))
        painter.setPen(QPen(self._theme.colour("text"), 1.5))
        for point in self.points:
            painter.drawEllipse(point, 3.5, 3.5)
        font = self._theme.font(TextRole.heading)
        painter.setFont(font)
        width = painter.fontMetrics().horizontalAdvance(self.text) + 16
        left = min(max(0.0, self.at_x - width / 2), self.width() - width)
        tag = QRectF(left, 4, width, HEADER_HEIGHT - 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour("tag_ground"))
        painter.drawRoundedRect(tag, 4, 4)
        painter.setPen(self._theme.colour("tag_ink"))
        painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, self.text)
        painter.end()


class StripStack(QFrame):
    """`cursor_moved` says the moment under the mouse in seconds on the axis, or None when it leaves."""

    cursor_moved = Signal(object)

    def __init__(
        self, theme: Theme, specs: Sequence[StripSpec], lanes: Sequence[LaneSpec], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._span = (-60.0, 0.0)
        self.header = _PhaseHeader(theme)
        self.strips = [StripPlot(theme, spec) for spec in specs]
        self.lanes = LimiterLanes(theme, lanes)
        self.axis = TimeAxis(theme, LABEL_COLUMN, READOUT_COLUMN)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 0, 16, GAP_SMALL)
        column.setSpacing(2)
        column.addWidget(self.header)
        for strip in self.strips:
            column.addWidget(strip, 1)
            column.addWidget(_rule())
        column.addWidget(self.lanes)
        column.addWidget(self.axis)
        self._overlay = _CursorOverlay(theme, self)
        for strip in self.strips:
            strip.view.viewport().installEventFilter(self)
        for lane in self.lanes.lanes:
            lane.installEventFilter(self)
        theme.changed.connect(self._overlay.update)

    @property
    def span(self) -> tuple[float, float]:
        """First and last second on the axis."""
        return self._span

    def plot_pixels(self) -> int:
        """Width of the curves in pixels."""
        return self.strips[0].plot_pixels()

    def set_span(self, start_s: float, end_s: float) -> None:
        """Show another part of the time axis in all strips."""
        self._span = (start_s, end_s)
        marks = ticks(start_s, end_s, self.plot_pixels())
        for strip in self.strips:
            strip.set_span(start_s, end_s, marks)
        self.axis.set_span(start_s, end_s, marks)
        self.header.span = self._span
        self.header.update()

    def set_phases(self, phases: Sequence[tuple[Shade, str]]) -> None:
        """Shade the phases of the job; each with the text for its head."""
        shades = [shade for shade, _ in phases]
        for strip in self.strips:
            strip.set_shades(shades)
        self.lanes.set_shades(shades)
        self.header.show_phases(phases)

    def set_cursor(self, moment_s: float | None, text: str = "", values: Sequence[float | None] = ()) -> None:
        """Draw the cursor at a moment with a ring on each curve, or take it away."""
        overlay = self._overlay
        if moment_s is None:
            if overlay.at_x is not None:
                overlay.at_x = None
                overlay.update()
            return
        start_s, end_s = self._span
        x = (moment_s - start_s) / (end_s - start_s) * self.plot_pixels()
        points = []
        for strip, value in zip(self.strips, values, strict=False):
            if value is not None:
                low, high = strip.box.viewRange()[1]
                share = (value - low) / max(1e-9, high - low)
                top = strip.view.mapTo(self, strip.view.rect().topLeft()).y() - overlay.y()
                points.append(QPointF(x, top + (1 - share) * strip.view.height()))
        overlay.at_x, overlay.text, overlay.points = x, text, points
        overlay.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the mouse over all plots."""
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseMove:
            start_s, end_s = self._span
            share = event.position().x() / max(1, self.plot_pixels())
            self.cursor_moved.emit(start_s + min(1.0, max(0.0, share)) * (end_s - start_s))
        elif event.type() == QEvent.Type.Leave:
            self.cursor_moved.emit(None)
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the overlay over the plots and the marks apart."""
        super().resizeEvent(event)
        left = 16 + LABEL_COLUMN
        bottom = self.axis.height() + GAP_SMALL
        self._overlay.setGeometry(left, 0, self.width() - left - READOUT_COLUMN - 16, self.height() - bottom)
        self._overlay.raise_()
        self.set_span(*self._span)


def _rule() -> QFrame:
    rule = QFrame()
    rule.setObjectName("rule")
    return rule
