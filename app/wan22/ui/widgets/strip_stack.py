"""Strips above one another with one time axis, one cursor and the phases of the job above and behind them."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QFocusEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from wan22.ui.measure import CARD_RADIUS, GAP, GAP_SMALL, LABEL_COLUMN, READOUT_COLUMN
from wan22.ui.theme import Theme
from wan22.ui.widgets.limiter_lanes import LaneSpec, LimiterLanes
from wan22.ui.widgets.phase_header import HEIGHT as HEADER_HEIGHT
from wan22.ui.widgets.phase_header import PhaseHeader
from wan22.ui.widgets.strip_plot import Shade, StripPlot, StripSpec
from wan22.ui.widgets.time_axis import TimeAxis, tick_step, ticks
from wan22.ui.widgets.time_gesture import TimeGesture

KEYS = (
    "Plus and minus zoom, 0 fits. Left and right move the cursor, with Shift the picture. "
    "Home and End go to the first and last reading, Esc takes the cursor away, Space pauses."
)


class _CursorOverlay(QWidget):
    """The line at the cursor, its rings, and the mark of the keyboard, over all strips; the mouse does not feel it."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.at_x: float | None = None
        self.points: Sequence[QPointF] = ()
        self.has_keyboard = False
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)

    def show_cursor(self, at_x: float | None, points: Sequence[QPointF]) -> None:
        if (at_x, list(points)) == (self.at_x, list(self.points)):
            return
        for x in (self.at_x, at_x):  # what lies below is drawn anew with it: no more of it than needed
            if x is not None:
                self.update(int(x) + GAP + LABEL_COLUMN - 6, 0, 14, self.height())
        self.at_x, self.points = at_x, tuple(points)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self.at_x is None and not self.has_keyboard:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.has_keyboard:
            painter.setPen(QPen(self._theme.colour("focus"), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), CARD_RADIUS, CARD_RADIUS)
        if self.at_x is not None:
            self._paint_cursor(painter, GAP + LABEL_COLUMN + self.at_x)
        painter.end()

    def _paint_cursor(self, painter: QPainter, x: float) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(self._theme.colour("cursor"), 1))
        bottom = self.height() - GAP_SMALL - 22
        painter.drawLine(QPointF(x, HEADER_HEIGHT), QPointF(x, bottom))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(self._theme.colour("panel"))
        painter.setPen(QPen(self._theme.colour("text"), 1.5))
        for point in self.points:
            painter.drawEllipse(QPointF(x, point.y()), 3.5, 3.5)


class StripStack(QFrame):
    """Takes the keyboard as one control. What the user wants is said by `gesture`, and in seconds on the axis by
    `cursor_moved` (None = away), `zoomed` (factor, second or None) and `panned`.
    """

    cursor_moved = Signal(object)
    zoomed = Signal(float, object)
    panned = Signal(float)

    def __init__(
        self, theme: Theme, specs: Sequence[StripSpec], lanes: Sequence[LaneSpec], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Curves over time")
        self.setWhatsThis(KEYS)
        self._span = (-60.0, 0.0)
        self._zero_text = ""
        self.header = PhaseHeader(theme)
        self.strips = [StripPlot(theme, spec) for spec in specs]
        self.lanes = LimiterLanes(theme, lanes)
        self.axis = TimeAxis(theme, LABEL_COLUMN, READOUT_COLUMN)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP, 0, GAP, GAP_SMALL)
        column.setSpacing(2)
        column.addWidget(self.header)
        for strip in self.strips:
            column.addWidget(strip, 1)
            column.addWidget(_rule())
        column.addWidget(self.lanes)
        column.addWidget(self.axis)
        self._overlay = _CursorOverlay(theme, self)
        self.gesture = TimeGesture([*(strip.view.viewport() for strip in self.strips), *self.lanes.lanes], self)
        self.gesture.pointed.connect(lambda share: self.cursor_moved.emit(self._second(share)))
        self.gesture.zoomed.connect(lambda factor, share: self.zoomed.emit(factor, self._second(share)))
        self.gesture.panned.connect(lambda share: self.panned.emit(share * (self._span[1] - self._span[0])))
        theme.changed.connect(self._overlay.update)

    @property
    def span(self) -> tuple[float, float]:
        """First and last second on the axis."""
        return self._span

    def plot_pixels(self) -> int:
        """Width of the curves in pixels."""
        return self.strips[0].plot_pixels()

    def set_span(self, start_s: float, end_s: float, zero_text: str = "") -> None:
        """Show another part of the time axis in all strips; `zero_text` names second 0."""
        self._span, self._zero_text = (start_s, end_s), zero_text
        marks = ticks(start_s, end_s, self.plot_pixels())
        for strip in self.strips:
            strip.set_span(start_s, end_s, marks)
        self.axis.set_span(start_s, end_s, marks, tick_step(end_s - start_s, self.plot_pixels()), zero_text)
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
        start_s, end_s = self._span
        if moment_s is None or not start_s <= moment_s <= end_s:
            self._overlay.show_cursor(None, ())
            self.axis.show_cursor(None, "")
            return
        x = (moment_s - start_s) / (end_s - start_s) * self.plot_pixels()
        points = []
        for strip, value in zip(self.strips, values, strict=False):
            if value is not None:
                low, high = strip.box.viewRange()[1]
                share = (value - low) / max(1e-9, high - low)
                top = strip.view.mapTo(self, strip.view.rect().topLeft()).y()
                points.append(QPointF(x, top + (1 - share) * strip.view.height()))
        self._overlay.show_cursor(x, points)
        self.axis.show_cursor(moment_s, text)

    def speak(self, text: str, *, now: bool) -> None:
        """What assistive programs say of the curves; `now`: say it at once, because the user has moved the cursor."""
        if text == self.accessibleDescription():
            return
        self.setAccessibleDescription(text)
        if now and self.hasFocus() and QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that mean something over curves."""
        if not self.gesture.key(event):
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keyboard is; a press of the mouse needs no ring."""
        super().focusInEvent(event)
        self._overlay.has_keyboard = event.reason() != Qt.FocusReason.MouseFocusReason
        self._overlay.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The keyboard is elsewhere."""
        super().focusOutEvent(event)
        self._overlay.has_keyboard = False
        self._overlay.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the overlay over the plots and the marks apart."""
        super().resizeEvent(event)
        self._overlay.setGeometry(self.rect())
        self._overlay.raise_()
        self.set_span(*self._span, self._zero_text)

    def _second(self, share: float | None) -> float | None:
        start_s, end_s = self._span
        return None if share is None else start_s + share * (end_s - start_s)


def _rule() -> QFrame:
    rule = QFrame()
    rule.setObjectName("rule")
    return rule
