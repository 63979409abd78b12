"""What the server writes, sliding up from the state line."""

from collections import deque
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from wan22.ui.measure import LOG_HEIGHT
from wan22.ui.theme import Theme

if TYPE_CHECKING:
    from PySide6.QtWidgets import QPlainTextEdit

    from wan22.ui.widgets.log_view import LogView

LINES_KEPT = 5000


class LogDrawer(QWidget):
    """Lines are kept from the start; what shows them is made when it is opened first: the window starts sooner.

    `close_asked`: Esc was pressed in it.
    """

    close_asked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("log-drawer")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(LOG_HEIGHT)
        self.setAccessibleName("Log of the server")
        self._theme = theme
        self._early: deque[tuple[str, str]] = deque(maxlen=LINES_KEPT)
        self.view: LogView | None = None

    @property
    def text(self) -> "QPlainTextEdit | None":
        """The lines; None before it was opened."""
        return None if self.view is None else self.view.text

    def append(self, lines: Iterable[str], stage: str = "") -> None:
        """Add lines at the end, which came in a stage of the work."""
        if self.view is None:
            self._early.extend((line, stage) for line in lines)
        else:
            self.view.append(lines, stage)

    def last_lines(self, count: int) -> tuple[str, ...]:
        """The newest lines, whether they are shown or not."""
        kept = [line for line, _ in self._early] if self.view is None else [line.text for line in self.view.lines]
        return tuple(kept)[-count:]

    def showEvent(self, event: QShowEvent) -> None:
        """Make what shows the lines."""
        if self.view is None:
            from wan22.ui.widgets.log_view import LogView  # noqa: PLC0415 - made when it is opened first

            self.view = LogView(self._theme)
            self.view.close_asked.connect(self.close_asked)
            column = QVBoxLayout(self)
            column.setContentsMargins(0, 0, 0, 0)
            column.addWidget(self.view)
            for stage, group in groupby(self._early, key=lambda pair: pair[1]):
                self.view.append([line for line, _ in group], stage)
            self._early.clear()
            self.view.show()
        super().showEvent(event)
