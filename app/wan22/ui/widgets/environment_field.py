"""Environment variables in the editor: one a row, and a line for one more."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from wan22.ui.measure import GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.state.profile_draft import ProfileDraft
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.doubt_line import DoubtLine
from wan22.ui.widgets.flag_field import NAME_COLUMN
from wan22.ui.widgets.setting_words import CHIP_COLUMN, SettingWords
from wan22.ui.widgets.text_label import TextLabel

if TYPE_CHECKING:
    from collections.abc import Callable


class EnvironmentField(QWidget):
    """One variable of a draft."""

    def __init__(self, theme: Theme, name: str, draft: ProfileDraft, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self._draft = draft
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GAP_TINY, 0, GAP_TINY)
        column.setSpacing(GAP_TINY)
        line = QHBoxLayout()
        line.setSpacing(GAP_SMALL)
        title = TextLabel(name, TextRole.strong)
        title.setMinimumWidth(NAME_COLUMN)
        line.addWidget(title)
        self.value = QLineEdit()
        self.value.setAccessibleName(f"Value of {name}")
        self.value.setToolTip(f"What {name} is set to before ComfyUI starts")
        self.value.textEdited.connect(lambda text: draft.set_variable(name, text))
        title.setBuddy(self.value)
        line.addWidget(self.value, 1)
        self.words = SettingWords(theme, name)
        self.words.note_edited.connect(lambda text: draft.set_note(name, text))
        side = QWidget()
        side.setFixedWidth(CHIP_COLUMN)
        right = QHBoxLayout(side)
        right.setContentsMargins(0, 0, 0, 0)
        right.addWidget(self.words.chip, 0, Qt.AlignmentFlag.AlignRight)
        line.addWidget(side)
        self.drop = push_button(
            "Remove", f"Take {name} out", lambda: draft.drop_variable(name), name=f"Remove {name}", kind="flat"
        )
        line.addWidget(self.drop)
        column.addLayout(line)
        column.addWidget(self.words)
        self.refresh()

    def refresh(self) -> None:
        """Show it as it stands now."""
        one = self._draft.variables.get(self.name)
        if one is None:
            return
        if self.value.text().strip() != one.text.strip():
            self.value.setText(one.text)
        own = f"Read by {one.read_by}."
        complaint = self._draft.complaint(self.name)
        self.words.show_words(self._draft.lints(self.name), own, complaint, is_given=True)
        self.words.show_note(one.note, one.read_by)


class VariableAdder(QWidget):
    """`wanted` says the name and the value of one more variable; `judge` says what is wrong with a name."""

    wanted = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.judge: Callable[[str], str] = lambda _name: ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP_TINY)
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)
        column.addLayout(row)
        self.doubt = DoubtLine()
        column.addWidget(self.doubt)
        self.name = QLineEdit()
        self.name.setFixedWidth(NAME_COLUMN)
        self.name.setPlaceholderText("NAME")
        self.name.setAccessibleName("Name of one more variable")
        self.name.setToolTip("Name of one more environment variable, such as CUDA_VISIBLE_DEVICES")
        self.value = QLineEdit()
        self.value.setPlaceholderText("value")
        self.value.setAccessibleName("Value of one more variable")
        self.value.setToolTip("What it is set to")
        self.add = push_button("Add", "Set this variable too", self._add, name="Add the variable")
        for line in (self.name, self.value):
            line.returnPressed.connect(self._add)
            line.textEdited.connect(lambda _text: self._enable())
        row.addWidget(self.name)
        row.addWidget(self.value, 1)
        row.addWidget(self.add)
        self._enable()

    def _enable(self) -> None:
        name = self.name.text().strip()
        complaint = self.judge(name) if name else ""
        self.doubt.show_doubt(complaint, Tone.bad)
        self.add.setEnabled(bool(name) and not complaint)

    def _add(self) -> None:
        name = self.name.text().strip()
        if not self.add.isEnabled():
            return
        self.wanted.emit(name, self.value.text())
        for line in (self.name, self.value):
            line.clear()
        self._enable()
        self.name.setFocus()
