"""What the server writes, sliding up from the state line."""

from collections import deque
from collections.abc import Iterable
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
        self._early: deque[str] = deque(maxlen=LINES_KEPT)
        self.view: LogView | None = None

    @property
    def text(self) -> "QPlainTextEdit | None":
        """The lines; None before it was opened."""
        return None if self.view is None else self.view.text

    def append(self, lines: Iterable[str]) -> None:
        """Add lines at the end."""
        if self.view is None:
            self._early.extend(lines)
        else:
            self.view.append(lines)

    def showEvent(self, event: QShowEvent) -> None:
        """Make what shows the lines."""
        if self.view is None:
            from wan22.ui.widgets.log_view import LogView  # noqa: PLC0415 - made when it is opened first

            self.view = LogView(self._theme)
            self.view.close_asked.connect(self.close_asked)
            column = QVBoxLayout(self)
            column.setContentsMargins(0, 0, 0, 0)
            column.addWidget(self.view)
            self.view.append(self._early)
            self._early.clear()
            self.view.show()
        super().showEvent(event)
