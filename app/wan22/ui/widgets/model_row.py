"""One model file: how it stands, what it is for, how large, where, and what can be done about it."""

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from wan22.schema.model_file import ModelStatus
from wan22.ui.measure import GAP, GAP_SMALL, TextRole
from wan22.ui.state.byte_text import byte_text
from wan22.ui.state.model_view import can_hash, is_fetchable, state_mark, state_sentence
from wan22.ui.theme import Theme
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.chip import Chip
from wan22.ui.widgets.elided_label import ElidedLabel
from wan22.ui.widgets.fact_table import breakable
from wan22.ui.widgets.text_label import TextLabel

STATE_COLUMN = 128
FOLDER_COLUMN = 168
SIZE_COLUMN = 72
ACTION_COLUMN = 88
ACTIONS: dict[str, tuple[str, str]] = {
    "fetch": ("Fetch…", "Asks first: shows size, host, licence and room on the disk"),
    "move": ("Move here…", "Asks first: puts the file where ComfyUI looks for it"),
    "hash": ("Compare", "Read the file and compare its SHA-256 with the published one; takes a while for large files"),
    "folder": ("Open folder", "Show it in the file manager"),
    "link": ("Copy link", "Copy the address of the file at its host"),
}
"""Text and tool tip of everything that can be done with a file."""


class ModelRow(QWidget):
    """`wanted` says one of `ACTIONS`."""

    wanted = Signal(str)

    def __init__(self, theme: Theme, status: ModelStatus, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.status = status
        name = status.file.file
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        row.addWidget(self._state(theme))
        row.addLayout(self._words(), 1)
        folder = ElidedLabel(TextRole.caption, "muted", Qt.TextElideMode.ElideMiddle)
        folder.setFixedWidth(FOLDER_COLUMN)
        folder.say(status.file.folder)
        row.addWidget(folder)
        size = TextLabel(byte_text(status.file.bytes if status.file.bytes is not None else status.byte_count))
        size.setFixedWidth(SIZE_COLUMN)
        size.setWordWrap(True)
        size.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(size)
        self.buttons: list[QWidget] = []
        main, rest = actions_of(status)
        holder = QWidget()
        holder.setFixedWidth(ACTION_COLUMN + GAP_SMALL + 36)
        line = QHBoxLayout(holder)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(GAP_SMALL)
        line.addStretch(1)
        if main:
            text, tip = ACTIONS[main]
            self.main = push_button(text, tip, partial(self.wanted.emit, main), name=f"{text} {name}")
            line.addWidget(self.main)
            self.buttons.append(self.main)
        line.addWidget(self._more(name, rest))
        row.addWidget(holder)
        self.setAccessibleName(f"{name}: {self._word}")

    def set_busy(self, is_busy: bool) -> None:
        """While files are worked on, nothing else can begin."""
        for widget in self.buttons:
            widget.setEnabled(not is_busy)
        for action in self.menu.actions():
            action.setEnabled(not is_busy or action.data() in ("folder", "link"))

    def _state(self, theme: Theme) -> QWidget:
        holder = QWidget()
        holder.setFixedWidth(STATE_COLUMN)
        side = QHBoxLayout(holder)
        side.setContentsMargins(0, 0, 0, 0)
        mark = state_mark(self.status)
        self._word = mark[1] if mark is not None else "not here"
        if mark is not None:
            side.addWidget(Chip(theme, *mark))
        else:
            side.addWidget(TextLabel("– not here", TextRole.body, "muted"))  # noqa: RUF001 - a dash for nothing
        side.addStretch(1)
        return holder

    def _words(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(2)
        file = ElidedLabel(TextRole.strong, mode=Qt.TextElideMode.ElideMiddle)
        file.say(self.status.file.file)
        column.addWidget(file)
        role = self.status.file.role.removeprefix("baseline: ")
        if role:
            purpose = ElidedLabel(TextRole.caption, "muted")
            purpose.say(role)
            column.addWidget(purpose)
        sentence = state_sentence(self.status)
        if sentence:
            label = TextLabel(breakable(sentence), TextRole.caption)
            label.setWordWrap(True)
            column.addWidget(label)
        return column

    def _more(self, name: str, rest: tuple[str, ...]) -> QToolButton:
        button = QToolButton()
        button.setText("⋯")
        button.setProperty("kind", "icon")
        button.setFixedWidth(36)
        button.setAccessibleName(f"More about {name}")
        button.setToolTip(f"{', '.join(ACTIONS[one][0].rstrip('…') for one in rest)}")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(button)
        for key in rest:
            action = self.menu.addAction(ACTIONS[key][0])
            action.setData(key)
            action.triggered.connect(partial(self.wanted.emit, key))
        button.setMenu(self.menu)
        return button


def actions_of(status: ModelStatus) -> tuple[str, tuple[str, ...]]:
    """The one that helps most, and all others that are possible."""
    possible = [
        name
        for name, is_possible in (
            ("move", status.is_movable and not status.pack_missing),
            ("fetch", is_fetchable(status)),
            ("hash", can_hash(status)),
            ("folder", True),
            ("link", status.file.url is not None),
        )
        if is_possible
    ]
    main = possible[0] if possible[0] in ("move", "fetch", "hash") else ""
    return main, tuple(name for name in possible if name != main)
