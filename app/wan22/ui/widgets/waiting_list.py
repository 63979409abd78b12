"""The jobs that wait, each with a way to take it away."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from wan22.ui.measure import GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.widgets.text_label import TextLabel

ROW_HEIGHT = 32
_ROWS_SHOWN = 3
_NAME_WIDTH = 240


class WaitingList(QWidget):
    """Hidden while nothing waits; `dropped` says the number of a job."""

    dropped = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Jobs that wait")
        self.anchor: QWidget | None = None
        """The keyboard comes from there to the first job."""
        self._shown: list[tuple[int, str]] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP_TINY)
        self.title = TextLabel("", TextRole.caption, "muted")
        column.addWidget(self.title)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column.addWidget(self._area)
        self.hide()

    def show_jobs(self, title: str, jobs: Sequence[tuple[int, str]]) -> None:
        """`jobs`: number and words of each, the next one first."""
        self.title.say(title)
        self.setVisible(bool(jobs))
        if list(jobs) == self._shown:
            return
        self._shown = list(jobs)
        had_focus = any(one.hasFocus() for one in self.findChildren(QPushButton))
        rows = QWidget()
        column = QVBoxLayout(rows)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for number, words in jobs:
            column.addWidget(self._row(number, words))
        self._area.setWidget(rows)
        before = self.anchor
        for button in rows.findChildren(QPushButton):
            if before is not None:
                QWidget.setTabOrder(before, button)
            before = button
        if had_focus:
            next(iter(rows.findChildren(QPushButton)), self).setFocus()
        self._area.setFixedHeight(min(len(jobs), _ROWS_SHOWN) * ROW_HEIGHT)

    def _row(self, number: int, words: str) -> QWidget:
        row = QWidget()
        row.setFixedHeight(ROW_HEIGHT)
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(GAP_SMALL)
        label = TextLabel("", TextRole.caption)
        label.ensurePolished()
        label.say(label.fontMetrics().elidedText(words, Qt.TextElideMode.ElideMiddle, _NAME_WIDTH))
        label.setToolTip(words)
        line.addWidget(label, 1)
        button = QPushButton("Drop")
        button.setProperty("kind", "flat")
        button.setFixedHeight(ROW_HEIGHT)
        button.setAccessibleName(f"Drop the waiting job {number}: {words}")
        button.setToolTip("Take this job out of the queue; it is not made")
        button.clicked.connect(lambda _checked=False, one=number: self.dropped.emit(one))
        line.addWidget(button)
        return row
