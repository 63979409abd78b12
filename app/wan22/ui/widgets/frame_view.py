"""A picture fitted into the room there is, or a text in its place."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFocusEvent, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from wan22.ui.measure import CONTROL_RADIUS, GAP, GAP_TINY, TextRole
from wan22.ui.theme import Theme

_LEAST = QSize(160, 96)
_USUAL = QSize(480, 270)
_BILINEAR_FROM = 0.5  # below this scale bilinear sampling skips pixels


class FrameView(QWidget):
    """Paints on the pixels of the screen, so that a picture shown at its own size is not resampled.

    What the picture does not cover has the colour `surface`, a token of the palette.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None, surface: str = "panel") -> None:
        super().__init__(parent)
        self._theme = theme
        self._surface = surface
        self._image: QImage | None = None
        self._pixel_aspect = 1.0
        self._title = ""
        self._text = ""
        self._smaller: QImage | None = None
        self._has_ring = False
        self.setMinimumSize(_LEAST)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        theme.changed.connect(self.update)

    @property
    def image(self) -> QImage | None:
        """What is shown; None while there is a text."""
        return self._image

    @property
    def words(self) -> tuple[str, str]:
        """Title and text; empty while there is a picture."""
        return self._title, self._text

    def sizeHint(self) -> QSize:
        """A little less than half of 720p's sides."""
        return _USUAL

    def set_surface(self, surface: str) -> None:
        """Another colour around the picture, a token of the palette."""
        self._surface = surface
        self.update()

    def show_image(self, image: QImage, pixel_aspect: float = 1.0) -> None:
        """Show a picture; `pixel_aspect` is width to height of one of its pixels."""
        if image is self._image and pixel_aspect == self._pixel_aspect:
            return
        self._image, self._pixel_aspect = image, pixel_aspect
        self._title = self._text = ""
        self._smaller = None
        self.update()

    def show_text(self, title: str, text: str = "") -> None:
        """Show words instead: what is missing, and what to do about it."""
        if self._image is None and (title, text) == (self._title, self._text):
            return
        self._image = self._smaller = None
        self._title, self._text = title, text
        self.setAccessibleDescription(f"{title} {text}".strip())
        self.update()

    def picture_rect(self) -> QRectF:
        """Where the picture is, in pixels of the widget, its edges on pixels of the screen; empty without one."""
        if self._image is None or self._image.isNull():
            return QRectF()
        ratio = self.devicePixelRatioF()
        room_x, room_y = self.width() * ratio, self.height() * ratio
        natural_x = self._image.width() * self._pixel_aspect
        scale = min(room_x / natural_x, room_y / self._image.height())
        if abs(scale - 1) * max(natural_x, self._image.height()) < 1:
            scale = 1.0
        width, height = max(1, round(natural_x * scale)), max(1, round(self._image.height() * scale))
        left, top = int((room_x - width) // 2), int((room_y - height) // 2)
        return QRectF(left / ratio, top / ratio, width / ratio, height / ratio)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The ring is for those who came by keyboard; a pointer shows where it is."""
        self._has_ring = event.reason() is not Qt.FocusReason.MouseFocusReason
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the ring away."""
        self._has_ring = False
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the ground, then the picture or the words, then the ring of the focus."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour(self._surface))
        if self._image is not None:
            self._paint_image(painter, self._image)
        elif self._title or self._text:
            self._paint_words(painter)
        if self._has_ring:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._theme.colour("focus"), 2))
            ring = QRectF(self.rect()) if self._image is None else self.picture_rect()
            painter.drawRoundedRect(ring.adjusted(1, 1, -1, -1), GAP_TINY, GAP_TINY)
        painter.end()

    def _paint_image(self, painter: QPainter, image: QImage) -> None:
        target = self.picture_rect()
        ratio = self.devicePixelRatioF()
        size = QSize(round(target.width() * ratio), round(target.height() * ratio))
        if size.width() < image.width() * _BILINEAR_FROM:
            if self._smaller is None or self._smaller.size() != size:
                self._smaller = image.scaled(
                    size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
                )
            image = self._smaller
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, size != image.size())
        painter.drawImage(target, image)

    def _paint_words(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour("field"))
        painter.drawRoundedRect(QRectF(self.rect()), CONTROL_RADIUS, CONTROL_RADIUS)
        room = QRectF(self.rect()).adjusted(GAP, GAP, -GAP, -GAP)
        flags = Qt.AlignmentFlag.AlignHCenter.value | Qt.AlignmentFlag.AlignTop.value | Qt.TextFlag.TextWordWrap.value
        parts: list[tuple[TextRole, QColor, str]] = [
            (TextRole.heading, self._theme.colour("text"), self._title),
            (TextRole.body, self._theme.colour("muted"), self._text),
        ]
        boxes = []
        for role, ink, text in parts:
            painter.setFont(self._theme.font(role))
            painter.setPen(ink)  # without a pen there is no box either
            boxes.append(painter.boundingRect(room, flags, text) if text else QRectF())
        gap = 4.0 if self._title and self._text else 0.0
        top = max(room.top(), room.center().y() - (boxes[0].height() + gap + boxes[1].height()) / 2)
        for (role, ink, text), box in zip(parts, boxes, strict=True):
            painter.setFont(self._theme.font(role))
            painter.setPen(ink)
            painter.drawText(QRectF(QPointF(room.left(), top), QPointF(room.right(), top + box.height())), flags, text)
            top += box.height() + gap
