"""The profiles to choose from, one a row; the chosen one is shown in full beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from wan22.ui.measure import GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.chip import Chip
from wan22.ui.widgets.text_label import TextLabel

_ROW_HEIGHT = 56


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    """`key`: None stands for the automatic choice. `mark`: a judgement at the right; `is_used`: in force now."""

    key: str | None
    title: str
    text: str
    mark: tuple[Tone, str] | None = None
    is_used: bool = False


class _RowButton(QPushButton):
    """As large as its layout wants it, which a button does not ask."""

    def sizeHint(self) -> QSize:
        layout = self.layout()
        return layout.sizeHint() if layout is not None else super().sizeHint()

    def minimumSizeHint(self) -> QSize:
        layout = self.layout()
        return layout.minimumSize() if layout is not None else super().minimumSizeHint()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        layout = self.layout()
        return max(_ROW_HEIGHT, layout.heightForWidth(width)) if layout is not None else _ROW_HEIGHT


class ProfileChoice(QWidget):
    """`looked_at` says the key of the row that the user wants to see; nothing is chosen by it."""

    looked_at = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self.rows: dict[str | None, QPushButton] = {}
        self._shown: tuple[ChoiceRow, ...] = ()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GAP_TINY)

    def show_rows(self, rows: Sequence[ChoiceRow], selected: str | None) -> None:
        """Show these, one of them marked; the keyboard stays where it was."""
        if tuple(rows) == self._shown:
            self.rows[selected].setChecked(True)
            return
        self._shown = tuple(rows)
        focused = next((key for key, button in self.rows.items() if button.hasFocus()), "")
        for button in self.rows.values():
            self._group.removeButton(button)
            self._column.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.rows = {}
        for row in rows:
            button = self._button(row)
            self.rows[row.key] = button
            self._group.addButton(button)
            self._column.addWidget(button)
            button.setChecked(row.key == selected)
        if focused in self.rows and focused != "":
            self.rows[focused].setFocus()

    def _button(self, row: ChoiceRow) -> QPushButton:
        button = _RowButton()
        button.setProperty("kind", "row")
        button.setCheckable(True)
        button.setMinimumHeight(_ROW_HEIGHT)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        button.setSizePolicy(policy)
        used = ", in use" if row.is_used else ""
        mark = f", {row.mark[1]}" if row.mark is not None else ""
        button.setAccessibleName(f"{row.title}, {row.text}{mark}{used}")
        button.setToolTip("Show what is in it; nothing changes until it is used")
        line = QHBoxLayout(button)
        line.setContentsMargins(GAP_SMALL, GAP_TINY, GAP_SMALL, GAP_TINY)
        line.setSpacing(GAP_SMALL)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addStretch(1)
        words.addWidget(TextLabel(row.title, TextRole.strong))
        text = TextLabel(row.text, TextRole.caption, "muted")
        text.setWordWrap(True)
        words.addWidget(text)
        words.addStretch(1)
        line.addLayout(words, 1)
        if row.is_used:
            line.addWidget(Chip(self._theme, Tone.running, "in use"))
        elif row.mark is not None:
            line.addWidget(Chip(self._theme, *row.mark))
        for child in button.findChildren(QWidget):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        button.clicked.connect(lambda _checked=False, key=row.key: self.looked_at.emit(key))
        return button
