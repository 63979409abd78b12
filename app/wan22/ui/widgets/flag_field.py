"""One flag of ComfyUI's in the editor: given or not, its value as its kind wants it, and everything known about it."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from wan22.launch.help_text import FlagSpec
from wan22.ui.measure import GAP_SMALL, GAP_TINY
from wan22.ui.state.profile_draft import ProfileDraft
from wan22.ui.theme import Theme
from wan22.ui.widgets.detail_combo import DetailCombo, Entry
from wan22.ui.widgets.setting_words import CHIP_COLUMN, SettingWords

NAME_COLUMN = 288
INDENT = 28
_TAKES = {"one": "needs one value", "optional": "may have a value", "many": "several values, with spaces between them"}


class FlagField(QWidget):
    """Shows one flag of whatever draft it is given; the rows of a form are made once and serve every profile."""

    def __init__(self, theme: Theme, spec: FlagSpec, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.spec = spec
        self._draft: ProfileDraft | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GAP_TINY, 0, GAP_TINY)
        column.setSpacing(GAP_TINY)
        line = QHBoxLayout()
        line.setSpacing(GAP_SMALL)
        self.given = QCheckBox(spec.name)
        self.given.setAccessibleName(spec.name)
        self.given.setToolTip(f"Give {spec.name} to ComfyUI")
        self.given.setMinimumWidth(NAME_COLUMN)
        self.given.clicked.connect(self._tick)
        line.addWidget(self.given)
        self.value, self._show_value = self._entry(theme)
        if self.value is not None:
            line.addWidget(self.value, 1)
        else:
            line.addStretch(1)
        self.words = SettingWords(theme, spec.name)
        self.words.note_edited.connect(self._note)
        side = QWidget()
        side.setFixedWidth(CHIP_COLUMN)
        right = QHBoxLayout(side)
        right.setContentsMargins(0, 0, 0, 0)
        right.addWidget(self.words.chip, 0, Qt.AlignmentFlag.AlignRight)
        line.addWidget(side)
        column.addLayout(line)
        below = QHBoxLayout()
        below.setContentsMargins(INDENT, 0, 0, 0)
        below.addWidget(self.words)
        column.addLayout(below)

    def show_draft(self, draft: ProfileDraft) -> None:
        """Show the flag as it stands in a draft."""
        self._draft = draft
        self.refresh()

    def refresh(self) -> None:
        """Show it as it stands now."""
        draft, name = self._draft, self.spec.name
        if draft is None:
            return
        one = draft.flags.get(name)
        is_given = one is not None and one.is_given
        self.given.setChecked(is_given)
        self._show_value(one.text if one is not None else "")
        own = f"ComfyUI says: {self.spec.help}" if self.spec.help else ""
        if one is not None:
            own = f"Read by {one.read_by}. {own}".strip()
        self.words.show_words(draft.lints(name), own, draft.complaint(name), is_given=is_given)
        self.words.show_note(one.note if one is not None else None, one.read_by if one is not None else "")

    def fits(self, words: list[str]) -> bool:
        """Whether all words are in its name, its help, its note or what is known about it; small letters."""
        draft, name = self._draft, self.spec.name
        texts = [name, self.spec.help]
        if draft is not None:
            one = draft.flags.get(name)
            texts += [one.note, one.text] if one is not None else []
            texts += [f"{lint.reason} {lint.advice}" for lint in draft.lints(name)]
        text = " ".join(texts).lower()
        return all(word in text for word in words)

    def _entry(self, theme: Theme) -> tuple[QWidget | None, Callable[[str], None]]:
        spec = self.spec
        if spec.takes == "none":
            return None, lambda _text: None
        tip = f"Value of {spec.name}: {_TAKES[spec.takes]}"
        if spec.choices and spec.takes in ("one", "optional"):
            choice = DetailCombo(theme, f"Value of {spec.name}", tip)
            keys = [*([""] if spec.takes == "optional" else []), *spec.choices]
            choice.picked.connect(self._typed)

            def show(text: str) -> None:
                more = [text] if text not in keys else []
                entries = [Entry(key, key or "no value") for key in (*keys, *more)]
                choice.show_entries(entries, text)

            return choice, show
        line = QLineEdit()
        line.setAccessibleName(f"Value of {spec.name}")
        line.setToolTip(tip)
        line.setPlaceholderText(_TAKES[spec.takes])
        line.textEdited.connect(self._typed)

        def put(text: str) -> None:
            if line.text().strip() != text.strip():
                line.setText(text)

        return line, put

    def _tick(self, is_given: bool) -> None:
        if self._draft is not None:
            self._draft.give_flag(self.spec.name, is_given)
            if is_given and self.value is not None:
                self.value.setFocus()

    def _typed(self, text: str) -> None:
        if self._draft is not None:
            self._draft.set_flag(self.spec.name, text)

    def _note(self, text: str) -> None:
        if self._draft is not None:
            self._draft.set_note(self.spec.name, text)
