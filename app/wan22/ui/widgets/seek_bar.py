"""The place in a clip as a bar: what is loaded, what was shown, and a handle to take."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSlider, QStyle, QWidget

from wan22.ui.theme import Theme

_HEIGHT, _GROOVE, _RADIUS = 24, 4, 7
_PAGE = 8


class SeekBar(QSlider):
    """A slider whose steps are frames. A click goes to the place itself; arrow keys step, Home and End jump."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._theme = theme
        self._loaded = 0.0
        self.setFixedHeight(_HEIGHT)
        self.setMinimumWidth(120)
        self.setPageStep(_PAGE)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Position in the clip")
        self.setToolTip("Position: click or drag; arrow keys step one frame, Page keys eight, Home and End jump")
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(240, _HEIGHT)

    def show_loaded(self, share: float) -> None:
        """How much of the clip is ready to be shown, 0 to 1."""
        if share != self._loaded:
            self._loaded = share
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the handle to the pointer."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self.setSliderDown(True)
        self._follow(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Draw the handle along."""
        if self.isSliderDown():
            self._follow(event)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """Let the handle go."""
        self.setSliderDown(False)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint groove, loaded part, shown part and handle."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        left, width = float(_RADIUS), self.width() - 2.0 * _RADIUS
        top = (self.height() - _GROOVE) / 2
        span = self.maximum() - self.minimum()
        place = (self.sliderPosition() - self.minimum()) / span if span > 0 else 0.0
        is_live = self.isEnabled()
        for token, share in (("raised", 1.0), ("outline", self._loaded), ("accent", place)):
            if share > 0 and (is_live or token == "raised"):
                painter.setBrush(self._theme.colour(token))
                painter.drawRoundedRect(QRectF(left, top, width * share, _GROOVE), 2, 2)
        if is_live:
            centre = left + width * place
            middle = self.height() / 2
            painter.setBrush(self._theme.colour("text"))
            painter.drawEllipse(QRectF(centre - _RADIUS + 1, middle - _RADIUS + 1, 2 * _RADIUS - 2, 2 * _RADIUS - 2))
            if self.hasFocus():
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(self._theme.colour("focus"), 2))
                painter.drawEllipse(
                    QRectF(centre - _RADIUS + 1, middle - _RADIUS - 1 + 2, 12, 12).adjusted(-2, -2, 2, 2)
                )
        painter.end()

    def _follow(self, event: QMouseEvent) -> None:
        place = round(event.position().x()) - _RADIUS
        self.setValue(QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), place, self.width() - 2 * _RADIUS))
