"""The one place that takes what is dropped on the window where no field of a page wants it."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, Signal
from PySide6.QtGui import QDropEvent, QImage
from PySide6.QtWidgets import QWidget

from wan22.ui.state.dropped_file import Dropped, DropPlace, dropped
from wan22.ui.theme import Theme
from wan22.ui.widgets.drop_overlay import DropOverlay
from wan22.ui.widgets.dropped_picture import picture_of


class DropTarget(QObject):
    """`taken` brings a `Dropped` that has a place, `pixels` a picture without a file, `refused` why nothing happens.

    Everything is let in, for a refusal in words is better than a cursor that says no.
    """

    taken = Signal(object)
    pixels = Signal(object)
    refused = Signal(str)

    def __init__(self, theme: Theme, window: QWidget, body: Callable[[], QWidget]) -> None:
        """`body`: what the overlay lies over."""
        super().__init__(window)
        self._theme = theme
        self._body = body
        self.overlay: DropOverlay | None = None
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow what is dragged over the window."""
        kind = event.type()
        if kind in (QEvent.Type.DragEnter, QEvent.Type.DragMove) and isinstance(event, QDropEvent):
            event.acceptProposedAction()
            if kind == QEvent.Type.DragEnter:
                self._show(event.mimeData())
            return True
        if kind == QEvent.Type.DragLeave:
            self._hide()
            return True
        if kind == QEvent.Type.Drop and isinstance(event, QDropEvent):
            self._hide()
            event.acceptProposedAction()
            self._take(event.mimeData())
            return True
        return super().eventFilter(watched, event)

    def _show(self, given: QMimeData) -> None:
        if self.overlay is None:
            self.overlay = DropOverlay(self._theme, self._body())
        found = self._read(given)
        if isinstance(found, Dropped):
            self.overlay.show_words(found.title, found.detail, is_refusal=found.place is DropPlace.nowhere)
        elif isinstance(found, QImage):
            self.overlay.show_words("Start image of the next video", "a picture → Run", is_refusal=False)
        else:
            self.overlay.show_words("This cannot be used here", found, is_refusal=True)

    def _take(self, given: QMimeData) -> None:
        found = self._read(given)
        if isinstance(found, Dropped) and found.place is not DropPlace.nowhere:
            self.taken.emit(found)
        elif isinstance(found, QImage):
            self.pixels.emit(found)
        else:
            self.refused.emit(found.detail if isinstance(found, Dropped) else found)

    def _hide(self) -> None:
        if self.overlay is not None:
            self.overlay.hide()

    @staticmethod
    def _read(given: QMimeData) -> Dropped | QImage | str:
        urls = given.urls() if given.hasUrls() else []
        local = [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
        if local:
            return dropped(local)
        path, picture, reason = picture_of(given)
        if path is not None:
            return dropped([path])
        return picture if picture is not None else reason
