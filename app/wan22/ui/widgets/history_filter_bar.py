"""Which runs are shown, and in which order."""

from collections.abc import Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QWidget

from wan22.runs.run_filter import Ending, RunOrder
from wan22.ui.measure import CONTROL_HEIGHT, GAP_SMALL
from wan22.ui.state.history_words import ENDING_NAMES, ORDER_NAMES, PERIODS
from wan22.ui.theme import Theme
from wan22.ui.widgets.detail_combo import DetailCombo, Entry

TYPING_MS = 200
ALL = ""
_COMBO_WIDTH = 124


class HistoryFilterBar(QWidget):
    """`changed` after each choice of the user's; typing is waited for."""

    changed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._boards: tuple[str, ...] = ()
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._typing.timeout.connect(self.changed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_SMALL)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search runs")
        self.search.setAccessibleName("Search in the runs")
        self.search.setToolTip("Words in title, prompt, note, profile or GPU; all of them must be found (Ctrl+F)")
        self.search.setClearButtonEnabled(True)
        self.search.setMinimumWidth(112)
        self.search.setFixedHeight(CONTROL_HEIGHT)
        self.search.textEdited.connect(lambda _text: self._typing.start())
        self.search.textChanged.connect(self._cleared)
        row.addWidget(self.search, 1)
        self.ending = self._combo(theme, "How they ended", "Show runs that ended in one way")
        self.board = self._combo(theme, "GPU", "Show runs of one GPU")
        self.period = self._combo(theme, "When", "Show runs of the last days")
        self.order = self._combo(theme, "Order", "Which runs come first; without a time a run comes last")
        for combo in (self.ending, self.board, self.period, self.order):
            row.addWidget(combo)
        self.starred = self._check("Starred", "Show only runs with a star (S gives or takes it)")
        self.simulated = self._check("Simulated", "Show runs of the demo as well; nothing of them was measured")
        self.simulated.setChecked(True)
        for box in (self.starred, self.simulated):
            row.addWidget(box)
        self.ending.show_entries(
            [Entry(ALL, "Any ending"), *(Entry(ending.value, name) for ending, name in ENDING_NAMES.items())], ALL
        )
        self.period.show_entries([Entry(key, name) for key, name, _ in PERIODS], PERIODS[0][0])
        self.order.show_entries(
            [Entry(order.value, name) for order, name in ORDER_NAMES.items()], RunOrder.newest.value
        )
        self.show_boards(())

    @property
    def endings(self) -> frozenset[Ending]:
        """Endings that are asked for; empty = any."""
        key = str(self.ending.currentData() or ALL)
        return frozenset({Ending(key)}) if key else frozenset()

    @property
    def chosen_order(self) -> RunOrder:
        """The order."""
        return RunOrder(str(self.order.currentData()))

    @property
    def chosen_board(self) -> str:
        """The GPU; empty = any."""
        return str(self.board.currentData() or ALL)

    @property
    def chosen_period(self) -> str:
        """Key of `PERIODS`."""
        return str(self.period.currentData())

    def show_boards(self, boards: Sequence[str]) -> None:
        """Offer these GPUs; with a single one there is nothing to choose."""
        self._boards = tuple(boards)
        chosen = self.chosen_board if self.board.count() else ALL
        entries = [Entry(ALL, "Any GPU"), *(Entry(name, name) for name in boards)]
        self.board.show_entries(entries, chosen if chosen in self._boards else ALL)
        self.board.setVisible(len(self._boards) > 1)

    def show_all(self) -> None:
        """Take every filter away; the order stays."""
        self.search.clear()
        for combo in (self.ending, self.board, self.period):
            combo.setCurrentIndex(0)
        self.starred.setChecked(False)
        self.simulated.setChecked(True)
        self._typing.stop()
        self.changed.emit()

    def _cleared(self, text: str) -> None:
        """The little cross in the field works at once."""
        if not text and not self._typing.isActive():
            self.changed.emit()

    def _combo(self, theme: Theme, name: str, tip: str) -> DetailCombo:
        combo = DetailCombo(theme, name, tip)
        combo.setFixedWidth(_COMBO_WIDTH)
        combo.picked.connect(lambda _key: self.changed.emit())
        return combo

    def _check(self, text: str, tip: str) -> QCheckBox:
        box = QCheckBox(text)
        box.setAccessibleName(text)
        box.setToolTip(tip)
        box.clicked.connect(lambda _checked: self.changed.emit())
        return box
