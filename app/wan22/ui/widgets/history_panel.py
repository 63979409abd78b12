"""One run beside the list: its video, what it was, how long it took, and what can be done with it."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QScrollArea, QVBoxLayout, QWidget

from wan22.schema.run_row import RunRow
from wan22.schema.verdict import Level, Verdict
from wan22.ui.measure import GAP, GAP_SMALL, TextRole
from wan22.ui.state.history_details import HistoryDetails, fact_rows
from wan22.ui.state.history_words import ending_chip, when_text
from wan22.ui.state.run_end import ChipText
from wan22.ui.theme import Theme
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.chip import Chip
from wan22.ui.widgets.elided_label import ElidedLabel
from wan22.ui.widgets.fact_table import FactTable
from wan22.ui.widgets.prompt_field import PromptField
from wan22.ui.widgets.proof_card import ProofCard
from wan22.ui.widgets.stage_list import StageList
from wan22.ui.widgets.text_label import TextLabel
from wan22.ui.widgets.video_player import VideoPlayer

PLAYER_HEIGHT = 300
NOTE_HEIGHT = 64
NOTE_MS = 800
SPEEDS = (1.0, 4.0, 10.0, 30.0)
_MAX_CHIPS = 5
_NO_VIDEO = "No video"


class HistoryPanel(QScrollArea):
    """Says what the user wants; the page does it. `noted` says id and text, a moment after the last letter."""

    repeat_wanted = Signal(bool)
    show_wanted = Signal()
    replay_wanted = Signal(float)
    export_wanted = Signal()
    folder_wanted = Signal()
    delete_wanted = Signal()
    star_wanted = Signal()
    noted = Signal(str, str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.run_id = ""
        self.setObjectName("history-panel")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._is_noting = False
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(NOTE_MS)
        self._typing.timeout.connect(self.keep_note)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, GAP_SMALL, 0)
        column.setSpacing(GAP)
        column.addWidget(self._result())
        column.addWidget(self._facts())
        column.addWidget(self._stages())
        self.proof = ProofCard(theme)
        column.addWidget(self.proof)
        column.addStretch(1)
        self.setWidget(inner)

    def show_run(self, row: RunRow, level: Level | None, now_s: float) -> None:
        """What the list knows of it, at once; the rest follows with `show_details`."""
        is_another = row.run_id != self.run_id
        if is_another:
            self.keep_note()
            self.run_id = row.run_id
            self.player.close_clip()
            self.proof.hide()
            self.stage_card.hide()
            self.verticalScrollBar().setValue(0)
            self.show_chips((), row, level)
            self.facts.show_rows(fact_rows(row, None))
        self.title.say(row.name)
        origin = " · imported" if row.origin == "imported" else ""
        self.when.say(f"{when_text(row.started_s, now_s)}{origin}")
        self.star.setText("★ Starred" if row.starred else "☆ Star")
        self.star.setAccessibleName("Take the star away" if row.starred else "Give it a star")
        if is_another or not self.note.hasFocus():
            self.note.show_text(row.note)
        for button in (self.repeat, self.show_button, self.replay, self.export):
            button.setEnabled(row.unreadable is None)

    def show_details(self, row: RunRow, details: HistoryDetails, said: Sequence[Verdict], level: Level | None) -> None:
        """Everything else, read by now."""
        self.facts.show_rows(fact_rows(row, details))
        self.show_chips(details.chips(said), row, level)
        stages = details.rows(said)
        self.stage_card.setVisible(bool(stages))
        self.stages.show_stages(stages)
        self.proof.setVisible(bool(details.claims))
        self.proof.show_claims(details.claims, "")
        self.player.bar.setVisible(details.video is not None)
        if details.video is not None:
            self.player.open(details.video)
        elif details.picture is not None:
            self.player.view.show_image(details.picture)
        else:
            reason = row.fault.message if row.fault is not None else "This run has no result file."
            self.player.view.show_text(_NO_VIDEO, reason)

    def show_refusal(self, message: str) -> None:
        """It cannot be read."""
        self.player.bar.hide()
        self.player.view.show_text("This run cannot be read", message)

    def show_chips(self, chips: Sequence[ChipText], row: RunRow, level: Level | None) -> None:
        """How it is to be taken, in tinted words."""
        shown = list(chips) or [ending_chip(row, level)]
        if chips and not any(chip.tone == ending_chip(row).tone for chip in chips):
            shown.insert(0, ending_chip(row))
        for number, chip in enumerate(self._chips):
            chip.setVisible(number < len(shown))
            if number < len(shown):
                one = shown[number]
                chip.show_tone(one.tone, one.word, one.help_text or one.word)

    def keep_note(self) -> None:
        """Tell the note that is being written, if there is one."""
        self._typing.stop()
        if self._is_noting:
            self._is_noting = False
            self.noted.emit(self.run_id, self.note.toPlainText())

    def _note_changed(self, _text: str) -> None:
        self._is_noting = True
        self._typing.start()

    def close_clip(self) -> None:
        """Let go of the video file, so that it can be moved or deleted."""
        self.player.close_clip()

    def _result(self) -> QFrame:
        card, column = _card()
        self.player = VideoPlayer(self._theme)
        self.player.setFixedHeight(PLAYER_HEIGHT)
        column.addWidget(self.player)
        head = QHBoxLayout()
        head.setSpacing(GAP_SMALL)
        self.title = ElidedLabel(TextRole.value)
        self.star = push_button(
            "☆ Star", "Mark this run, to find it again (S in the list)", self.star_wanted.emit, kind="flat"
        )
        head.addWidget(self.title, 1)
        head.addWidget(self.star)
        column.addLayout(head)
        line = QHBoxLayout()
        line.setSpacing(GAP_SMALL)
        self.when = TextLabel("", TextRole.caption, "muted")
        line.addWidget(self.when)
        line.addStretch(1)
        column.addLayout(line)
        self._chip_rows = QVBoxLayout()
        self._chip_rows.setSpacing(GAP_SMALL)
        self._chips = [Chip(self._theme) for _ in range(_MAX_CHIPS)]
        for first in range(0, _MAX_CHIPS, 2):
            pair = QHBoxLayout()
            pair.setSpacing(GAP_SMALL)
            for chip in self._chips[first : first + 2]:
                pair.addWidget(chip)
            pair.addStretch(1)
            self._chip_rows.addLayout(pair)
        column.addLayout(self._chip_rows)
        column.addLayout(self._actions())
        return card

    def _actions(self) -> QVBoxLayout:
        self.repeat = push_button(
            "Repeat", "Make this video again: with the same seed, or with a new one", _nothing, kind="main"
        )
        self.repeat.setMenu(self._repeat_menu())
        self.show_button = push_button(
            "Show in Monitor", "Open its curves: every reading of the GPU over the whole run", self.show_wanted.emit
        )
        self.replay = push_button("Replay", "Let it happen again in the Monitor, as if it were now", _nothing)
        self.replay.setAccessibleName("Replay in the Monitor")
        self.replay.setMenu(self._replay_menu())
        self.export = push_button(
            "Export…", "Put this run into one file, to open it on another machine", self.export_wanted.emit
        )
        self.folder = push_button("Open folder", "Open the run's folder in the file manager", self.folder_wanted.emit)
        self.delete = push_button("Delete…", "Move this run to the trash (Del in the list)", self.delete_wanted.emit)
        column = QVBoxLayout()
        column.setSpacing(GAP_SMALL)
        for buttons in ((self.repeat, self.show_button, self.replay), (self.export, self.folder, self.delete)):
            row = QHBoxLayout()
            row.setSpacing(GAP_SMALL)
            for button in buttons:
                row.addWidget(button, 1)
            column.addLayout(row)
        return column

    def _repeat_menu(self) -> QMenu:
        menu = QMenu(self)
        for text, tip, is_new in (
            ("Same seed", "The same video, to compare times or settings", False),
            ("New seed", "Another video of the same image and prompt", True),
        ):
            action = _action(menu, text, tip)
            action.triggered.connect(lambda _checked=False, new=is_new: self.repeat_wanted.emit(new))
        return menu

    def _replay_menu(self) -> QMenu:
        menu = QMenu(self)
        for speed in SPEEDS:
            text = "As fast as it was" if speed == 1 else f"{speed:g} times as fast"
            action = _action(menu, text, "It plays in the Monitor alone and disturbs no job")
            action.triggered.connect(lambda _checked=False, one=speed: self.replay_wanted.emit(one))
        return menu

    def _facts(self) -> QFrame:
        card, column = _card()
        heading = TextLabel("Note", TextRole.heading)
        column.addWidget(heading)
        self.note = PromptField("Note", "Anything worth remembering; it is kept in the run's folder", NOTE_HEIGHT)
        self.note.setPlaceholderText("Write a note …")
        self.note.written.connect(self._note_changed)
        column.addWidget(self.note)
        self.facts = FactTable()
        column.addWidget(self.facts)
        return card

    def _stages(self) -> QFrame:
        card, column = _card()
        self.stage_card = card
        column.setContentsMargins(GAP_SMALL, GAP_SMALL, GAP_SMALL, GAP_SMALL)  # the list has margins of its own
        self.stages = StageList(self._theme)
        column.addWidget(self.stages)
        return card


def _card() -> tuple[QFrame, QVBoxLayout]:
    card = QFrame()
    card.setObjectName("card")
    column = QVBoxLayout(card)
    column.setContentsMargins(GAP, GAP, GAP, GAP)
    column.setSpacing(GAP_SMALL)
    return card, column


def _action(menu: QMenu, text: str, tip: str) -> QAction:
    action = menu.addAction(text)
    action.setToolTip(tip)
    action.setStatusTip(tip)
    menu.setToolTipsVisible(True)
    return action


def _nothing() -> None:
    """A button with a menu opens it; there is nothing else to do."""
