"""The frame of the window: rail, GPU strip, pages, state line, log drawer, SIMULATED band."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSettings, QSize, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from wan22.ui.measure import LOG_HEIGHT, RAIL_WIDTH, WINDOW_HEIGHT, WINDOW_HEIGHT_MIN, WINDOW_WIDTH, WINDOW_WIDTH_MIN
from wan22.ui.theme import Theme
from wan22.ui.widgets.gpu_strip import GpuStrip
from wan22.ui.widgets.log_drawer import LogDrawer
from wan22.ui.widgets.problem_banner import ProblemBanner
from wan22.ui.widgets.rail import PageEntry, Rail
from wan22.ui.widgets.simulated_band import SimulatedBand
from wan22.ui.widgets.state_line import StateLine

_TITLE = "Wan 2.2 control panel"
_GEOMETRY, _PAGE, _LOG = "window/geometry", "window/page", "window/log"


class MainWindow(QMainWindow):
    """Knows widgets only. `painted` is said once, after the first paint: what is slow to load waits for it."""

    painted = Signal()
    closed = Signal()

    def __init__(self, theme: Theme, entries: Sequence[PageEntry], memory: QSettings) -> None:
        super().__init__()
        self.setWindowTitle(_TITLE)
        self._news = ""
        self.setMinimumSize(WINDOW_WIDTH_MIN, WINDOW_HEIGHT_MIN)
        self._entries = {entry.key: entry for entry in entries}
        self._pages: dict[str, QWidget] = {}
        self._memory = memory
        self._was_painted = False
        self.may_close: Callable[[], bool] = lambda: True
        self.report_of: Callable[[str], str] = lambda details: details
        self.band = SimulatedBand()
        self.band.hide()
        self.rail = Rail(theme, list(entries))
        self.gpu_strip = GpuStrip(theme)
        self._theme = theme
        self._banner: ProblemBanner | None = None
        self.stack = QStackedWidget()
        self.state_line = StateLine(theme)
        self._body = self._frame()
        self.setCentralWidget(self._body)
        self.log = LogDrawer(theme, self._body)
        self.log.hide()
        self.log.close_asked.connect(self._close_log)
        self.rail.chosen.connect(self.open_page)
        self.state_line.log_toggled.connect(self._show_log)
        self._restore()

    @property
    def theme(self) -> Theme:
        """Colours and fonts."""
        return self._theme

    @property
    def problem(self) -> ProblemBanner:
        """The banner above the page; made when it is asked for first, after the first paint."""
        if self._banner is None:
            self._banner = ProblemBanner(self._theme, self._report)
            self._column.insertWidget(1, self._banner)
        return self._banner

    @property
    def page_key(self) -> str | None:
        """Key of the page that is shown."""
        shown = self.stack.currentWidget()
        return next((key for key, page in self._pages.items() if page is shown), None)

    @property
    def entries(self) -> tuple[PageEntry, ...]:
        """The pages there are, in their order."""
        return tuple(self._entries.values())

    @property
    def page_keys(self) -> tuple[str, ...]:
        """Keys of all pages, whether built or not."""
        return tuple(self._entries)

    def first_page(self) -> str:
        """The page that was shown last time, else the first."""
        last = str(self._memory.value(_PAGE, ""))
        return last if last in self._entries else next(iter(self._entries))

    def open_page(self, key: str) -> QWidget:
        """Show a page; it is built on the first visit. KeyError for one that there is not."""
        page = self.page(key)
        self.stack.setCurrentWidget(page)
        self.rail.select(key)
        return page

    def page(self, key: str) -> QWidget:
        """A page, built if nobody has visited it yet; it is not shown. KeyError for one that there is not."""
        if key not in self._pages:
            self._pages[key] = self._entries[key].build()
            self.stack.addWidget(self._pages[key])
        return self._pages[key]

    def come_to_front(self) -> None:
        """Show the window above all others."""
        if self.isMinimized():
            self.showNormal()
        self.raise_()
        self.activateWindow()

    def show_simulated(self, is_simulated: bool) -> None:
        """Show the band that says that nothing is measured; once shown it stays for the life of the window."""
        if is_simulated and self.band.isHidden():
            self.band.show()
            self._say_title()

    def show_news(self, words: str) -> None:
        """Put news before the title, where the taskbar shows it; empty takes them away."""
        self._news = words
        self._say_title()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Tell once that the window is on the screen."""
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self.painted.emit)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the log above the state line; it lies over the page and does not squeeze it."""
        super().resizeEvent(event)
        self._place_log()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember where the window was and what it showed; whoever is behind it may need time, or an answer, first."""
        if not self.may_close():
            event.ignore()
            return
        self._memory.setValue(_GEOMETRY, self.saveGeometry())
        self._memory.setValue(_LOG, self.log.isVisible())
        if self.page_key is not None:
            self._memory.setValue(_PAGE, self.page_key)
        self._memory.sync()
        super().closeEvent(event)
        self.closed.emit()

    def _frame(self) -> QWidget:
        frame = QWidget()
        frame.setObjectName("window")
        column = QVBoxLayout(frame)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.band)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self.rail)
        right = self._column = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.gpu_strip)
        right.addWidget(self.stack, 1)
        middle.addLayout(right, 1)
        column.addLayout(middle, 1)
        column.addWidget(self.state_line)
        return frame

    def _report(self, details: str) -> str:
        return self.report_of(details)

    def _say_title(self) -> None:
        simulated = "" if self.band.isHidden() else "SIMULATED"
        self.setWindowTitle(" · ".join(part for part in (self._news, simulated, _TITLE) if part))

    def _show_log(self, is_open: bool) -> None:
        self._place_log()
        self.log.setVisible(is_open)
        self.log.raise_()

    def _close_log(self) -> None:
        self.state_line.log_button.setChecked(False)
        self.state_line.log_button.setFocus()

    def _place_log(self) -> None:
        frame = self._body
        bottom = frame.height() - self.state_line.height()
        self.log.setGeometry(RAIL_WIDTH, bottom - LOG_HEIGHT, frame.width() - RAIL_WIDTH, LOG_HEIGHT)

    def _restore(self) -> None:
        geometry = self._memory.value(_GEOMETRY)
        if geometry is None or not self.restoreGeometry(geometry):
            self.resize(QSize(WINDOW_WIDTH, WINDOW_HEIGHT).boundedTo(self.screen().availableSize()))
        if self._memory.value(_LOG, False, type=bool):
            self.state_line.log_button.setChecked(True)
