"""What stands below a setting that is edited: who explains it, what it is worth, what is wrong, and why it is there."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from wan22.launch.profile_check import SettingComplaint
from wan22.schema.setting_lint import SettingLint
from wan22.ui.measure import GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.state.profile_card import EFFECT_WORDS
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.chip import Chip
from wan22.ui.widgets.doubt_line import DoubtLine
from wan22.ui.widgets.fact_table import breakable
from wan22.ui.widgets.text_label import TextLabel

CHIP_COLUMN = 124


class SettingWords(QWidget):
    """`note_edited` says what the user wrote about it. The chip is for the line above and is placed by its owner."""

    note_edited = Signal(str)

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self.chip = Chip(theme)
        self.chip.hide()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GAP_TINY)
        self.complaint = DoubtLine()
        self.own = _text(TextRole.caption)
        self.finding = _text(TextRole.body)
        for label in (self.complaint, self.finding, self.own):
            self._column.addWidget(label)
        self._note: QLineEdit | None = None
        self._note_row: QWidget | None = None

    def show_words(
        self, lints: Sequence[SettingLint], own: str, complaint: SettingComplaint | None, *, is_given: bool
    ) -> None:
        """`own`: what ComfyUI itself says to it. A judgement of what is not given is no verdict: it has no chip."""
        if complaint is None:
            self.complaint.show_doubt("")
        else:
            self.complaint.show_doubt(complaint.sentence, Tone.bad if complaint.is_fatal else Tone.slow)
        is_fatal = complaint is not None and complaint.is_fatal
        self.chip.setVisible(is_given and (is_fatal or bool(lints)))
        if is_fatal:
            self.chip.show_tone(Tone.bad, "refused")
        elif lints and is_given:
            worst = min(lints, key=lambda one: list(EFFECT_WORDS).index(one.effect))
            self.chip.show_tone(*EFFECT_WORDS[worst.effect])
        texts = [_sentence(one, has_parts=len(lints) > 1) for one in lints]
        if lints and not is_given:
            texts = [f"If given: {EFFECT_WORDS[lints[0].effect][1]}. {lints[0].reason}"]
        _say(self.finding, "\n".join(texts))
        _say(self.own, own)

    def show_note(self, note: str | None, read_by: str = "") -> None:
        """The field for the reason, None = there is none to be given."""
        if note is None:
            if self._note_row is not None:
                self._note_row.hide()
            return
        if self._note is None or self._note_row is None:
            self._note, self._note_row = self._made_note()
            self._column.addWidget(self._note_row)
        if self._note.text().strip() != note.strip():
            self._note.setText(note)
            self._note.setCursorPosition(0)
        self._note.setToolTip(f"Why it is there; read by {read_by}")
        self._note_row.show()

    def _made_note(self) -> tuple[QLineEdit, QWidget]:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, GAP_TINY, 0, 0)
        line.setSpacing(GAP_SMALL)
        label = TextLabel("Why", TextRole.caption, "muted")
        note = QLineEdit()
        note.setAccessibleName(f"Why: {self._name}")
        note.textEdited.connect(self.note_edited)
        label.setBuddy(note)
        line.addWidget(label)
        line.addWidget(note, 1)
        return note, row


def _text(role: TextRole) -> TextLabel:
    label = TextLabel("", role, "muted")
    label.setWordWrap(True)
    label.hide()
    return label


def _say(label: TextLabel, text: str) -> None:
    label.say(breakable(text))
    label.setVisible(bool(text))


def _sentence(lint: SettingLint, *, has_parts: bool) -> str:
    part = f"{lint.value}: " if has_parts and lint.value else ""
    return f"{part}{lint.reason} {lint.advice}".strip()
