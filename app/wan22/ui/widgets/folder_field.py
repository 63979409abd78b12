"""A path that is typed, chosen in a dialog, or dropped."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget

from wan22.ui.measure import GAP_SMALL


class PathDrop(QObject):
    """Lets a widget take a folder or file that is dropped on it: `dropped` says its path.

    `accepts`: whether a path is wanted here; without it every one is.
    """

    dropped = Signal(str)

    def __init__(self, target: QWidget, accepts: Callable[[Path], bool] | None = None) -> None:
        super().__init__(target)
        self._accepts = accepts
        target.setAcceptDrops(True)
        target.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take what has a place on this machine; all else goes its usual way."""
        if isinstance(event, QDropEvent) and event.type() in (QEvent.Type.DragEnter, QEvent.Type.DragMove):
            if self._path_of(event) is not None:
                event.acceptProposedAction()
                return True
        elif isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop:
            path = self._path_of(event)
            if path is not None:
                event.acceptProposedAction()
                self.dropped.emit(path)
                return True
        return super().eventFilter(watched, event)

    def _path_of(self, event: QDropEvent | QDragEnterEvent) -> str | None:
        urls = [url for url in event.mimeData().urls() if url.isLocalFile()]
        path = Path(urls[0].toLocalFile()) if urls else None
        return str(path) if path is not None and (self._accepts is None or self._accepts(path)) else None


class FolderField(QWidget):
    """`edited` says every change by the user, `picked` a path that is complete: chosen, dropped, or entered."""

    edited = Signal(str)
    picked = Signal(str)

    def __init__(self, name: str, tip: str, *, is_file: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._is_file = is_file
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_SMALL)
        self.line = QLineEdit()
        self.line.setAccessibleName(name)
        self.line.setToolTip(tip)
        self.line.setAcceptDrops(False)
        self.line.textEdited.connect(self.edited)
        self.line.returnPressed.connect(lambda: self.picked.emit(self.line.text()))
        row.addWidget(self.line, 1)
        self.choose = QPushButton("Choose…")
        self.choose.setAccessibleName(f"Choose: {name}")
        self.choose.setToolTip(f"Choose the {'file' if is_file else 'folder'} in a dialog, or drop it here")
        self.choose.clicked.connect(self._open_dialog)
        row.addWidget(self.choose)
        self.setFocusProxy(self.line)
        PathDrop(self).dropped.connect(self.take)

    def text(self) -> str:
        """What stands in the field."""
        return self.line.text()

    def show_text(self, text: str) -> None:
        """Put a text in without telling anybody; the cursor stays where it is when nothing changes."""
        if text != self.line.text():
            self.line.setText(text)

    def take(self, text: str) -> None:
        """As if the user had chosen it."""
        if self.line.isReadOnly():
            return
        self.line.setText(text)
        self.edited.emit(text)
        self.picked.emit(text)

    def set_locked(self, is_locked: bool) -> None:
        """Read-only and back."""
        set_read_only(self.line, is_locked)
        self.choose.setEnabled(not is_locked)

    def _open_dialog(self) -> None:
        dialog = QFileDialog(self, self._name, self.line.text())
        mode = QFileDialog.FileMode.ExistingFile if self._is_file else QFileDialog.FileMode.Directory
        dialog.setFileMode(mode)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, not self._is_file)
        dialog.fileSelected.connect(lambda name: self.take(str(Path(name))))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def set_read_only(line: QLineEdit, is_read_only: bool) -> None:
    """Read-only and back, in looks as well: the style sheet asks only once by itself."""
    if line.isReadOnly() != is_read_only:
        line.setReadOnly(is_read_only)
        line.style().unpolish(line)
        line.style().polish(line)
