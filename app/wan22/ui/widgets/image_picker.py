"""The start image: shown large, with what will be cut off; a place to drop another one."""

from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QImage,
    QKeyEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QAbstractButton, QWidget

from wan22.ui.measure import CONTROL_RADIUS, TextRole
from wan22.ui.theme import Theme
from wan22.ui.widgets.dropped_picture import picture_of

HEIGHT = 208
_HINT = "Drop an image here, or click to browse"
_HINT_OTHER = "Drop another image here, or click to browse"
_SHADE = 150


class ImagePicker(QAbstractButton):
    """Click, Enter or Space ask for a file. `file_given`, `picture_given` and `refused` tell what was dropped."""

    file_given = Signal(object)
    picture_given = Signal(QImage)
    refused = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._picture = QPixmap()
        self._name = ""
        self._frame: tuple[int, int] | None = None
        self._is_target = False
        self._is_waiting = False
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedHeight(HEIGHT)
        self.setToolTip(
            "The video begins with this picture. Click to choose a file, drop one from a folder or a browser, "
            "or paste one with Ctrl+V"
        )
        self.setAccessibleName("Start image: none")
        theme.changed.connect(self.update)

    def show_picture(self, picture: QImage | None, name: str, words: str) -> None:
        """Show a picture; `name` stands in for one that cannot be drawn, `words` are for those who cannot see it."""
        self._picture = QPixmap.fromImage(picture) if picture is not None and not picture.isNull() else QPixmap()
        self._name = name
        self._is_waiting = False
        self.setAccessibleName(f"Start image: {words}")
        self.update()

    def show_waiting(self, is_waiting: bool) -> None:
        """Say that another picture is being read."""
        if is_waiting != self._is_waiting:
            self._is_waiting = is_waiting
            self.update()

    def show_frame(self, width: int, height: int) -> None:
        """The shape of the video: what lies outside is shaded."""
        if self._frame != (width, height):
            self._frame = (width, height)
            self.update()

    def take(self, path: Path | None, picture: QImage | None, reason: str) -> None:
        """Tell on what came by drop or from the clipboard."""
        if path is not None:
            self.file_given.emit(path)
        elif picture is not None:
            self.picture_given.emit(picture)
        else:
            self.refused.emit(reason)

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(368, HEIGHT)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter works like a click; Qt does so for Space alone."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self.click()
            return
        super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Anything with files or pixels may be tried: a refusal in words is better than a cursor that says no."""
        mime = event.mimeData()
        if mime.hasUrls() or mime.hasImage():
            event.acceptProposedAction()
            self._is_target = True
            self.update()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Nothing was dropped."""
        self._is_target = False
        self.update()
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Take a file or pixels."""
        self._is_target = False
        event.acceptProposedAction()
        self.take(*picture_of(event.mimeData()))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Ground, picture, shade, hint, ring."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        outline = QPainterPath()
        outline.addRoundedRect(self.rect(), CONTROL_RADIUS, CONTROL_RADIUS)
        painter.setClipPath(outline)
        painter.fillRect(self.rect(), self._theme.colour("field"))
        place = self._place()
        if self._picture.isNull():
            self._paint_words(painter)
        else:
            painter.drawPixmap(place, self._picture)
            self._paint_shade(painter, place)
        self._paint_hint(painter)
        painter.setClipping(False)
        if self.hasFocus() or self._is_target:
            painter.setPen(QPen(self._theme.colour("focus"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), CONTROL_RADIUS, CONTROL_RADIUS)
        painter.end()

    def _place(self) -> QRect:
        """Where the picture lies: whole, in the middle; one of nearly the same shape fills the place."""
        if self._picture.isNull():
            return self.rect()
        size = self._picture.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRect(QPoint(0, 0), size)
        place.moveCenter(self.rect().center())
        return place

    def _paint_shade(self, painter: QPainter, place: QRect) -> None:
        if self._frame is None:
            return
        kept = QRect(QPoint(0, 0), QSize(*self._frame).scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio))
        kept.moveCenter(place.center())
        lost = (place.width() - kept.width()) + (place.height() - kept.height())
        if lost < 4:
            return
        outside = QPainterPath()
        outside.addRect(place)
        inside = QPainterPath()
        inside.addRect(kept)
        painter.fillPath(outside - inside, QColor(0, 0, 0, _SHADE))
        pen = QPen(QColor(255, 255, 255, 200), 1, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(kept.adjusted(0, 0, -1, -1))

    def _paint_words(self, painter: QPainter) -> None:
        painter.setFont(self._theme.font(TextRole.body))
        painter.setPen(self._theme.colour("muted"))
        text = f"{self._name}\nhas no preview here, but can be used" if self._name else "No start image yet"
        painter.drawText(self.rect().adjusted(16, 16, -16, -48), Qt.AlignmentFlag.AlignCenter, text)

    def _paint_hint(self, painter: QPainter) -> None:
        if self._is_waiting:
            text = "Reading the picture …"
        elif self._is_target:
            text = "Let go to use it as the start image"
        else:
            text = _HINT if self._picture.isNull() and not self._name else _HINT_OTHER
        painter.setFont(self._theme.font(TextRole.caption))
        width = painter.fontMetrics().horizontalAdvance(text) + 16
        tag = QRect(8, self.height() - 32, width, 24)
        painter.setPen(Qt.PenStyle.NoPen)
        is_dark = self._theme.colours.name == "dark"
        painter.setBrush(self._theme.colour("window" if is_dark else "tag_ground"))
        painter.setOpacity(0.92)
        painter.drawRoundedRect(tag, 4, 4)
        painter.setOpacity(1.0)
        painter.setPen(self._theme.colour("text" if is_dark else "tag_ink"))
        painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, text)
