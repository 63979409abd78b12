"""The head of the Run page: the answer in large letters, how long so far, what can be done about it."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from wan22.ui.measure import CARD_RADIUS, GAP, GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.state.run_end import ChipText
from wan22.ui.state.run_headline import SO_FAR, HeadAction, Headline
from wan22.ui.theme import Theme
from wan22.ui.widgets.chip import Chip
from wan22.ui.widgets.problem_note import ProblemNote
from wan22.ui.widgets.text_label import TextLabel
from wan22.ui.widgets.wrap_row import WrapRow

WIDE_FROM = 600
_PARTS = 1000
_BUTTONS = {
    HeadAction.stop_job: ("Stop", "Stop what is done now; the run is kept as far as it came"),
    HeadAction.stopping: ("Stopping …", "It was asked to stop"),
    HeadAction.again: ("Again", "Add the same job to the queue once more"),
}


class _EdgeBar(QProgressBar):
    """A thin bar that follows the round corners of the card whose lower edge it is."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setRange(0, _PARTS)
        self.setTextVisible(False)
        self.setAccessibleName("Progress of the job")
        theme.changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        path = QPainterPath()
        above = self.rect().adjusted(0, -4 * CARD_RADIUS, 0, 0)
        path.addRoundedRect(QRectF(above), CARD_RADIUS, CARD_RADIUS)
        painter.setClipPath(path)
        painter.fillRect(self.rect(), self._theme.colour("raised"))
        done = QRectF(self.rect())
        done.setWidth(self.width() * self.value() / _PARTS)
        painter.fillRect(done, self._theme.colour("accent"))
        painter.end()


class RunHead(QFrame):
    """`stop` asks for what is done now to be stopped, `again` for the same job once more."""

    stop = Signal()
    again = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName("State of the job")
        self._theme = theme
        self._action = HeadAction.none
        self._chips: list[Chip] = []
        self._notes: list[TextLabel] = []
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        body = QVBoxLayout()
        body.setContentsMargins(20, GAP, 20, GAP)
        body.setSpacing(GAP_SMALL)
        body.addLayout(self._answer())
        self._chip_row = WrapRow(GAP_SMALL)
        body.addLayout(self._chip_row)
        self._note_column = QVBoxLayout()
        self._note_column.setSpacing(GAP_TINY)
        body.addLayout(self._note_column)
        self.problem = ProblemNote()
        self.problem.again.connect(self.again)
        self.problem.hide()
        body.addWidget(self.problem)
        outer.addLayout(body)
        self.bar = _EdgeBar(theme)
        outer.addWidget(self.bar)

    def _answer(self) -> QHBoxLayout:
        """What is said in large letters, the times beside or below it, the button at the right."""
        whole = QHBoxLayout()
        whole.setSpacing(GAP)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._row.setSpacing(GAP_SMALL)
        words = QVBoxLayout()
        words.setSpacing(GAP_TINY)
        self.title = TextLabel("", TextRole.hero)
        self.detail = TextLabel("", TextRole.body, "muted")
        self.detail.setWordWrap(True)
        words.addWidget(self.title)
        words.addWidget(self.detail)
        self._row.addLayout(words, 1)
        self._row.addLayout(self._times())
        whole.addLayout(self._row, 1)
        self.button = QPushButton()
        self.button.clicked.connect(self._pressed)
        whole.addWidget(self.button, 0, Qt.AlignmentFlag.AlignVCenter)
        return whole

    def _times(self) -> QVBoxLayout:
        times = QVBoxLayout()
        times.setSpacing(GAP_TINY)
        times.addStretch(1)
        self._line = QHBoxLayout()
        self._line.setSpacing(GAP_TINY)
        self._line.addStretch(1)
        self.time = TextLabel("", TextRole.value)
        self.rest = TextLabel("", TextRole.value, "muted")
        self._line.addWidget(self.time)
        self._line.addWidget(self.rest)
        self._line.addStretch(0)
        times.addLayout(self._line)
        self.target = TextLabel("", TextRole.caption, "muted")
        self.target.setAlignment(Qt.AlignmentFlag.AlignRight)
        times.addWidget(self.target)
        times.addStretch(1)
        return times

    def show_headline(self, said: Headline, *, can_repeat: bool = False) -> None:
        """Say all of it. `can_repeat`: there is a job that can be asked for again."""
        self.title.say(said.title)
        self.detail.say(said.detail)
        for label, text in ((self.time, said.time_text), (self.rest, said.time_rest)):
            label.say(text)
            label.setVisible(bool(text))
        self._show_target(said)
        self._show_action(said.action)
        self._show_chips(said.chips)
        self._show_notes(said.notes)
        self.problem.setVisible(said.problem is not None)
        if said.problem is not None:
            self.problem.show_problem(said.problem, can_repeat=can_repeat)
        self.bar.setVisible(said.progress is not None)
        self.bar.setValue(round(_PARTS * min(1.0, max(0.0, said.progress or 0.0))))
        self.bar.setToolTip(_bar_tip(said))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The times go below the answer where there is no room beside it."""
        super().resizeEvent(event)
        is_wide = self.width() >= WIDE_FROM
        direction = QBoxLayout.Direction.LeftToRight if is_wide else QBoxLayout.Direction.TopToBottom
        if self._row.direction() != direction:
            self._row.setDirection(direction)
            self._line.setStretch(0, int(is_wide))
            self._line.setStretch(self._line.count() - 1, int(not is_wide))
            self.target.setAlignment(Qt.AlignmentFlag.AlignRight if is_wide else Qt.AlignmentFlag.AlignLeft)

    def _show_target(self, said: Headline) -> None:
        target = said.target
        self.target.setVisible(target is not None)
        if target is not None:
            self.target.say(target.text)
            self.target.set_ink("muted" if target.tone is None else target.tone.value)
            self.target.setToolTip(target.basis)

    def _show_action(self, action: HeadAction) -> None:
        if action is self._action and self.button.text():
            return
        self._action = action
        self.button.setVisible(action is not HeadAction.none)
        text, tip = _BUTTONS.get(action, ("", ""))
        self.button.setText(text)
        self.button.setToolTip(tip)
        self.button.setAccessibleName(text)
        self.button.setEnabled(action is not HeadAction.stopping)

    def _show_chips(self, chips: Sequence[ChipText]) -> None:
        while len(self._chips) < len(chips):
            chip = Chip(self._theme)
            self._chip_row.addWidget(chip)
            self._chips.append(chip)
        for number, chip in enumerate(self._chips):
            chip.setVisible(number < len(chips))
            if number < len(chips):
                chip.show_tone(chips[number].tone, chips[number].word, chips[number].help_text)

    def _show_notes(self, notes: Sequence[str]) -> None:
        while len(self._notes) < len(notes):
            label = TextLabel("", TextRole.body, "slow")
            label.setWordWrap(True)
            self._note_column.addWidget(label)
            self._notes.append(label)
        for number, label in enumerate(self._notes):
            label.setVisible(number < len(notes))
            if number < len(notes):
                label.say(f"! {notes[number]}")

    def _pressed(self) -> None:
        if self._action is HeadAction.again:
            self.again.emit()
            return
        self._show_action(HeadAction.stopping)
        self.stop.emit()


def _bar_tip(said: Headline) -> str:
    if said.time_rest == SO_FAR:
        return "Share of the steps of both passes; how long the rest takes is not known yet"
    return "Share of the time that it is expected to take"
