"""A picture in its own proportions, as large as there is room; without one, what will be here."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from wan22.ui.measure import CONTROL_RADIUS, GAP, TextRole
from wan22.ui.theme import Theme

LEAST_HEIGHT = 160


class PictureView(QWidget):
    """Scaled once for each size, not at every paint."""

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._name = name
        self._image: QImage | None = None
        self._scaled: QPixmap | None = None
        self._text = ""
        self.setMinimumHeight(LEAST_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(name)
        theme.changed.connect(self.update)

    @property
    def text(self) -> str:
        """What stands there instead of a picture; empty when there is one."""
        return "" if self._image is not None else self._text

    @property
    def has_picture(self) -> bool:
        """Whether a picture is shown."""
        return self._image is not None

    def show_picture(self, image: QImage) -> None:
        """Show this one."""
        self._image, self._scaled = image, None
        self.setAccessibleDescription(f"A picture of {image.width()} by {image.height()}")
        self.update()

    def show_text(self, text: str) -> None:
        """Show no picture, but say why."""
        if self._image is None and text == self._text:
            return
        self._image = self._scaled = None
        self._text = text
        self.setAccessibleDescription(text)
        self.update()

    def sizeHint(self) -> QSize:
        """Room for a picture of 16:9."""
        return QSize(448, 252)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the picture, or the text in its place."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        path = QPainterPath()
        path.addRoundedRect(QRectF(self.rect()), CONTROL_RADIUS, CONTROL_RADIUS)
        painter.fillPath(path, self._theme.colour("field"))
        if self._image is None:
            painter.setFont(self._theme.font(TextRole.body))
            painter.setPen(self._theme.colour("muted"))
            area = self.rect().adjusted(GAP, GAP, -GAP, -GAP)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._text)
        else:
            pixmap = self._fitted(self._image)
            size = pixmap.deviceIndependentSize()
            place = QRectF((self.width() - size.width()) / 2, (self.height() - size.height()) / 2, *size.toTuple())
            clip = QPainterPath()
            clip.addRoundedRect(place, CONTROL_RADIUS, CONTROL_RADIUS)
            painter.setClipPath(clip)
            painter.drawPixmap(place.topLeft(), pixmap)
        painter.end()

    def _fitted(self, image: QImage) -> QPixmap:
        ratio = self.devicePixelRatioF()
        wanted = image.size().scaled(self.size() * ratio, Qt.AspectRatioMode.KeepAspectRatio)
        if self._scaled is None or self._scaled.size() != wanted:
            mode = Qt.TransformationMode.SmoothTransformation
            self._scaled = QPixmap.fromImage(image.scaled(wanted, Qt.AspectRatioMode.IgnoreAspectRatio, mode))
            self._scaled.setDevicePixelRatio(ratio)
        return self._scaled
