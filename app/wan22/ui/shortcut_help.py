"""Opens the sheet of all shortcuts: by F1, by Ctrl+/, and by the question mark below the pages."""

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeySequence, QShortcut

from wan22.ui.main_window import MainWindow
from wan22.ui.state.shortcut_list import ShortcutEntry, shortcuts_of
from wan22.ui.widgets.shortcut_overview import ShortcutOverview

WORDS = "Show all shortcuts"
KEYS = ("F1", "Ctrl+/")


class ShortcutHelp(QObject):
    """One sheet at a time."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._sheet: ShortcutOverview | None = None
        for keys in KEYS:
            shortcut = QShortcut(QKeySequence(keys), window, context=Qt.ShortcutContext.WindowShortcut)
            shortcut.setWhatsThis(WORDS)
            shortcut.activated.connect(self.show_sheet)
        window.rail.help_wanted.connect(self.show_sheet)

    @property
    def sheet(self) -> ShortcutOverview | None:
        """The sheet while it is open."""
        return self._sheet

    def entries(self) -> tuple[ShortcutEntry, ...]:
        """All shortcuts, also of pages that nobody has seen yet: they are built for it."""
        window = self._window
        places = {entry.title: window.page(entry.key) for entry in window.entries}
        found = shortcuts_of(window, {**places, "Log": window.log})
        return tuple(entry for entry in found if entry.words)

    def show_sheet(self) -> None:
        """Open it, or bring it to the front."""
        if self._sheet is not None:
            self._sheet.raise_()
            return
        self._sheet = ShortcutOverview(self.entries(), self._window)
        self._sheet.finished.connect(self._closed)
        self._sheet.open()

    def _closed(self, _result: int) -> None:
        self._sheet = None
