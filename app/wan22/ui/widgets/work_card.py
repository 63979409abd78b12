"""Long work on files: what is done, how far, how long, stop; and how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from wan22.ui.measure import GAP, GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.chip import Chip
from wan22.ui.widgets.elided_label import ElidedLabel
from wan22.ui.widgets.fact_table import breakable
from wan22.ui.widgets.section_card import SectionCard
from wan22.ui.widgets.text_label import TextLabel

_CHIP_COLUMN = 120
_FULL = 1000


@dataclass(frozen=True, slots=True)
class WorkLine:
    """One file of the work."""

    file: str
    mark: tuple[Tone, str]
    note: str = ""


class WorkCard(SectionCard):
    """Hidden while there is nothing. `stopped`, `again` and `closed` are what the user can ask for."""

    stopped = Signal()
    again = Signal()
    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("", "", parent)
        self._theme = theme
        self._lines: dict[str, _Line] = {}
        self.stop_button = push_button("Stop", "Stop; what has arrived is kept", self.stopped.emit)
        self.again_button = push_button("Try again", "Goes on from where it stopped", self.again.emit)
        self.close_button = push_button("Close", "The result was seen", self.closed.emit, name="Close the result")
        for button in (self.again_button, self.close_button, self.stop_button):
            self.head.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        self.body.addWidget(self.bar)
        self._column = QVBoxLayout()
        self._column.setSpacing(GAP_SMALL)
        self.body.addLayout(self._column)
        self.hide()

    def show_work(
        self, title: str, text: str, share: float | None, lines: Sequence[WorkLine], *, is_over: bool, can_repeat: bool
    ) -> None:
        """Show how it is. `share`: 0 to 1, None = not known."""
        self.title.say(title)
        self.setAccessibleName(title)
        self.explanation.say(text)
        self.explanation.setVisible(bool(text))
        self.bar.setVisible(not is_over)
        self.bar.setRange(0, 0 if share is None else _FULL)
        if share is not None:
            self.bar.setValue(round(share * _FULL))
            self.bar.setAccessibleDescription(f"{share:.0%}")
        self.stop_button.setVisible(not is_over)
        self.again_button.setVisible(is_over and can_repeat)
        self.close_button.setVisible(is_over)
        self._show_lines(lines)
        self.show()

    def _show_lines(self, lines: Sequence[WorkLine]) -> None:
        if [line.file for line in lines] != list(self._lines):
            for old in self._lines.values():
                self._column.removeWidget(old)
                old.hide()
                old.deleteLater()
            self._lines = {}
            for line in lines:
                self._lines[line.file] = made = _Line(self._theme, line.file)
                self._column.addWidget(made)
        for line in lines:
            self._lines[line.file].show_line(line)


class _Line(QWidget):
    def __init__(self, theme: Theme, file: str) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        holder = QWidget()
        holder.setFixedWidth(_CHIP_COLUMN)
        side = QVBoxLayout(holder)
        side.setContentsMargins(0, 0, 0, 0)
        self._chip = Chip(theme)
        side.addWidget(self._chip, 0, Qt.AlignmentFlag.AlignLeft)
        side.addStretch(1)
        row.addWidget(holder)
        column = QVBoxLayout()
        column.setContentsMargins(0, GAP_TINY, 0, 0)
        column.setSpacing(GAP_TINY)
        name = ElidedLabel(TextRole.body, mode=Qt.TextElideMode.ElideMiddle)
        name.say(file)
        self._note = TextLabel("", TextRole.caption, "muted")
        self._note.setWordWrap(True)
        column.addWidget(name)
        column.addWidget(self._note)
        row.addLayout(column, 1)

    def show_line(self, line: WorkLine) -> None:
        self._chip.show_tone(*line.mark)
        self._note.say(breakable(line.note))
        self._note.setVisible(bool(line.note))
