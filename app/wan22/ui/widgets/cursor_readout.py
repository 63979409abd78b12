"""The numbers beside a strip: the value at the cursor (else the newest) over what the visible span comes to."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from wan22.ui.measure import GAP_TINY, READOUT_COLUMN, TextRole
from wan22.ui.number_text import MISSING
from wan22.ui.widgets.text_label import TextLabel

NOTES = 3


class CursorReadout(QWidget):
    """One large value with its unit, and up to three muted lines: as many as there is room for."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._said: Sequence[str] = ()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Ignored)
        self.setFixedWidth(READOUT_COLUMN)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 0, 0, 0)
        column.setSpacing(0)
        row = QHBoxLayout()
        row.setSpacing(GAP_TINY)
        self.value = TextLabel(MISSING, TextRole.title)
        self.unit = TextLabel("", TextRole.body, "muted")
        self.unit.setContentsMargins(0, 0, 0, 3)
        row.addWidget(self.value)
        row.addWidget(self.unit, 0, Qt.AlignmentFlag.AlignBottom)
        row.addStretch(1)
        column.addLayout(row)
        self.notes = [TextLabel("", TextRole.caption, "muted") for _ in range(NOTES)]
        for note in self.notes:
            column.addWidget(note)
        column.addStretch(1)
        self.setToolTip(f"{name}: the value at the cursor, or the newest; below it what the visible span comes to")

    def show_value(self, value: str, unit: str, notes: Sequence[str] = ()) -> None:
        """Show a value that is already a text; a missing one has no unit."""
        self.value.say(value)
        self.unit.say("" if value == MISSING else unit)
        if tuple(notes) != self._said:
            self._said = tuple(notes)
            for label, text in zip(self.notes, (*notes, *[""] * NOTES), strict=False):
                label.say(text)
            self._fit()
        self.setAccessibleName(f"{self._name} {value} {unit}".strip())
        self.setAccessibleDescription(", ".join(notes))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A low window has room for fewer lines."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room = self.height() - self.value.sizeHint().height()
        for number, label in enumerate(self.notes, start=1):
            label.setVisible(number <= len(self._said) and number * label.sizeHint().height() <= room)
