"""Small pictures side by side, one of which is chosen."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QWidget

from wan22.ui.measure import GAP_TINY
from wan22.ui.theme import Theme

THUMB = QSize(64, 36)
MOST = 5
_RING = 4
_RADIUS = 4


class _ThumbButton(QAbstractButton):
    """One picture; a ring marks the chosen one, a lighter one the keyboard's place."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.path = Path()
        self._picture = QPixmap()
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedSize(THUMB + QSize(2 * _RING, 2 * _RING))
        self.hide()

    def show_picture(self, path: Path, picture: QImage) -> None:
        self.path = path
        self._picture = QPixmap.fromImage(picture)
        self.setAccessibleName(f"Recent image: {path.name}")
        self.setToolTip(f"{path}\nUse it again with a click, Enter or the arrow keys; Delete takes it out of this list")
        self.show()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        place = QRect(_RING, _RING, THUMB.width(), THUMB.height())
        outline = QPainterPath()
        outline.addRoundedRect(place, _RADIUS, _RADIUS)
        painter.setClipPath(outline)
        size = self._picture.size().scaled(THUMB, Qt.AspectRatioMode.KeepAspectRatioByExpanding)
        whole = QRect(0, 0, size.width(), size.height())
        whole.moveCenter(place.center())
        painter.drawPixmap(whole, self._picture)
        painter.setClipping(False)
        if self.isChecked() or self.hasFocus():
            painter.setPen(QPen(self._theme.colour("focus" if self.hasFocus() else "accent"), 2))
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), _RADIUS + 2, _RADIUS + 2)
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter works like Space; Delete is for the strip."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self.click()
        elif event.key() == Qt.Key.Key_Delete:
            event.ignore()
        else:
            super().keyPressEvent(event)


class RecentStrip(QWidget):
    """`chosen` and `forgotten` tell the path; the arrow keys move between the pictures and choose."""

    chosen = Signal(object)
    forgotten = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._chosen: Path | None = None
        self._group = QButtonGroup(self)
        self._buttons = [_ThumbButton(theme) for _ in range(MOST)]
        self._shown: list[Path] = []
        self.setAccessibleName("Recent images")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_TINY)
        for button in self._buttons:
            row.addWidget(button)
            self._group.addButton(button)
        row.addStretch(1)
        self.setFixedHeight(THUMB.height() + 2 * _RING)
        self._group.buttonClicked.connect(self._clicked)
        self.hide()
        theme.changed.connect(self._repaint)

    def show_thumbs(self, thumbs: Sequence[tuple[Path, QImage]]) -> None:
        """Show other pictures; the keyboard keeps its place. A single one is no choice and is not shown."""
        paths = [path for path, _ in thumbs[:MOST]]
        if paths == self._shown:
            return
        self._shown = paths
        place = next((number for number, button in enumerate(self._buttons) if button.hasFocus()), None)
        for button, (path, picture) in zip(self._buttons, thumbs, strict=False):
            button.show_picture(path, picture)
        for button in self._buttons[len(paths) :]:
            button.hide()
        self._mark()
        if place is not None and paths:
            self._buttons[min(place, len(paths) - 1)].setFocus()
        self.setVisible(len(paths) > 1)

    def select(self, path: Path | None) -> None:
        """Mark the picture in force."""
        self._chosen = path
        self._mark()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete takes the picture with the keyboard out of the list."""
        button = next((one for one in self._buttons if one.hasFocus()), None)
        if event.key() == Qt.Key.Key_Delete and button is not None:
            self.forgotten.emit(button.path)
            return
        super().keyPressEvent(event)

    def _clicked(self, button: QAbstractButton) -> None:
        assert isinstance(button, _ThumbButton)
        if button.path != self._chosen:
            self.chosen.emit(button.path)

    def _mark(self) -> None:
        self._group.setExclusive(False)
        for button in self._buttons:
            button.setChecked(button.path == self._chosen and button.path in self._shown)
        self._group.setExclusive(True)

    def _repaint(self) -> None:
        for button in self._buttons:
            button.update()
