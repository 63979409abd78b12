"""Mouse, wheel and keys over plots that share one time axis, turned into wishes. Places are shares of the width."""

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

NOTCH = 120.0
WHEEL_FACTOR = 1.25
KEY_FACTOR = 1.5
KEY_PAN = 0.25
DRAG_FROM_PX = 4.0


class TimeGesture(QObject):
    """`pointed`: the place under the mouse, or None. `zoomed`: by a factor (below 1 = closer) at a place, None = by
    key. `panned`: by a share of the width, positive = later. `stepped`: the cursor by so many buckets. `jumped`: the
    cursor to the first (-1) or last (1) bucket.
    """

    pointed = Signal(object)
    zoomed = Signal(float, object)
    panned = Signal(float)
    fitted = Signal()
    stepped = Signal(int)
    jumped = Signal(int)
    cleared = Signal()
    pause_asked = Signal()

    def __init__(self, plots: Iterable[QWidget], focus: QWidget) -> None:
        """`focus` takes the keyboard when a plot is pressed."""
        super().__init__(focus)
        self.can_drag = False
        self._focus = focus
        self._pressed_px: float | None = None
        self._last_share = 0.0
        self._is_dragging = False
        self._plots = tuple(plots)
        for plot in self._plots:
            plot.setMouseTracking(True)
            plot.installEventFilter(self)

    def show_can_drag(self, can_drag: bool) -> None:
        """Whether the picture can be dragged now; the pointer shows it."""
        if can_drag != self.can_drag:
            self.can_drag = can_drag
            self._show_pointer()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Watch a plot."""
        if not isinstance(watched, QWidget):
            return False
        if isinstance(event, QWheelEvent):
            return self._wheel(watched, event)
        if isinstance(event, QMouseEvent):
            return self._mouse(watched, event)
        if event.type() == QEvent.Type.Leave and not self._is_dragging:
            self.pointed.emit(None)
        return False

    def key(self, event: QKeyEvent) -> bool:
        """Take a key; False for one that means nothing here."""
        is_shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        match event.key():
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self.zoomed.emit(1 / KEY_FACTOR, None)
            case Qt.Key.Key_Minus | Qt.Key.Key_Underscore:
                self.zoomed.emit(KEY_FACTOR, None)
            case Qt.Key.Key_0 | Qt.Key.Key_F:
                self.fitted.emit()
            case Qt.Key.Key_Left | Qt.Key.Key_Right:
                way = -1 if event.key() == Qt.Key.Key_Left else 1
                if is_shifted:
                    self.panned.emit(way * KEY_PAN)
                else:
                    self.stepped.emit(way)
            case Qt.Key.Key_Home | Qt.Key.Key_End:
                self.jumped.emit(-1 if event.key() == Qt.Key.Key_Home else 1)
            case Qt.Key.Key_Escape:
                self.cleared.emit()
            case Qt.Key.Key_Space:
                self.pause_asked.emit()
            case _:
                return False
        return True

    def _wheel(self, plot: QWidget, event: QWheelEvent) -> bool:
        turned = event.angleDelta()
        if turned.y():
            self.zoomed.emit(WHEEL_FACTOR ** (-turned.y() / NOTCH), self._share(plot, event.position().x()))
        elif turned.x():
            self.panned.emit(-turned.x() / NOTCH * KEY_PAN / 2)
        event.accept()
        return True

    def _mouse(self, plot: QWidget, event: QMouseEvent) -> bool:
        x = event.position().x()
        share = self._share(plot, x)
        match event.type():
            case QEvent.Type.MouseButtonPress if event.button() == Qt.MouseButton.LeftButton:
                self._pressed_px, self._last_share = x, share
                self._focus.setFocus(Qt.FocusReason.MouseFocusReason)
            case QEvent.Type.MouseButtonRelease if event.button() == Qt.MouseButton.LeftButton:
                self._pressed_px, self._is_dragging = None, False
                self._show_pointer()
            case QEvent.Type.MouseButtonDblClick if event.button() == Qt.MouseButton.LeftButton:
                self._pressed_px = None
                self.fitted.emit()
            case QEvent.Type.MouseMove:
                self._move(x, share)
            case _:
                return False
        return True

    def _move(self, x: float, share: float) -> None:
        if self._pressed_px is not None and self.can_drag:
            self._is_dragging = self._is_dragging or abs(x - self._pressed_px) >= DRAG_FROM_PX
        if self._is_dragging:
            moved, self._last_share = self._last_share - share, share
            self._show_pointer()
            if moved:
                self.panned.emit(moved)
        self.pointed.emit(min(1.0, max(0.0, share)))

    def _show_pointer(self) -> None:
        shape = Qt.CursorShape.ClosedHandCursor if self._is_dragging else Qt.CursorShape.OpenHandCursor
        for plot in self._plots:
            plot.setCursor(shape if self.can_drag else Qt.CursorShape.ArrowCursor)

    @staticmethod
    def _share(plot: QWidget, x: float) -> float:
        return x / max(1, plot.width())
