"""What the server writes, sliding up from the state line."""

from collections import deque
from collections.abc import Iterable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFontDatabase, QHideEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from wan22.ui.measure import GAP_SMALL, GUTTER, LOG_HEIGHT, TextRole
from wan22.ui.theme import Theme
from wan22.ui.widgets.text_label import TextLabel

LINES_KEPT = 5000
FLUSH_MS = 100
EMPTY = "Nothing was written yet. The lines of the server appear here once it starts."


class LogDrawer(QWidget):
    """Lines are kept from the start; text is laid out only while the drawer is open, ten times a second at most."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("log-drawer")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(LOG_HEIGHT)
        self.setAccessibleName("Log of the server")
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._fresh: deque[str] = deque(maxlen=LINES_KEPT)
        self._timer = QTimer(self)
        self._timer.setInterval(FLUSH_MS)
        self._timer.timeout.connect(self._flush)
        self._theme = theme
        self.text: QPlainTextEdit | None = None

    def append(self, lines: Iterable[str]) -> None:
        """Add lines at the end."""
        for line in lines:
            self._lines.append(line)
            self._fresh.append(line)

    def _build(self) -> QPlainTextEdit:
        """Made when the drawer is opened first: the window starts sooner without it."""
        column = QVBoxLayout(self)
        column.setContentsMargins(GUTTER, GAP_SMALL, GUTTER, GAP_SMALL)
        column.setSpacing(GAP_SMALL)
        head = QHBoxLayout()
        head.addWidget(TextLabel("Log of the server", TextRole.heading))
        head.addStretch(1)
        copy = QPushButton("Copy all")
        copy.setToolTip("Copy every line that is kept to the clipboard")
        copy.setAccessibleName("Copy the log")
        copy.clicked.connect(self._copy)
        head.addWidget(copy)
        column.addLayout(head)
        text = QPlainTextEdit()
        text.setReadOnly(True)
        text.setMaximumBlockCount(LINES_KEPT)
        text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        text.setPlaceholderText(EMPTY)
        text.setAccessibleName("Lines of the server")
        text.setToolTip("The newest line is at the bottom; scroll up to stop following")
        text.setTabChangesFocus(True)
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPixelSize(TextRole.caption.value[0])
        text.setFont(font)
        column.addWidget(text, 1)
        return text

    def showEvent(self, event: QShowEvent) -> None:
        """Lay out what came meanwhile."""
        super().showEvent(event)
        if self.text is None:
            self.text = self._build()
        self._flush()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest while nobody looks."""
        self._timer.stop()
        super().hideEvent(event)

    def _flush(self) -> None:
        if not self._fresh or self.text is None:
            return
        bar = self.text.verticalScrollBar()
        follows = bar.value() >= bar.maximum() - 2
        self.text.appendPlainText("\n".join(self._fresh))
        self._fresh.clear()
        if follows:
            bar.setValue(bar.maximum())

    def _copy(self) -> None:
        QApplication.clipboard().setText("\n".join(self._lines))
