"""One to-do: how it stands, why it matters, what it is judged by, and the one thing to do next."""

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from wan22.audit.checklist_text import evidence_words
from wan22.schema.checklist import Evidence, LinkKind, TodoItem, TodoState
from wan22.ui.measure import GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.state.checklist_words import HELP, LINK_TIPS, PLACES, TONES, kept_flags, state_words
from wan22.ui.theme import Theme
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.checklist_mark import ChecklistMark
from wan22.ui.widgets.fact_table import breakable
from wan22.ui.widgets.text_label import TextLabel

SHOWN = 2
NOTE_LENGTH = 500


class ChecklistRow(QWidget):
    """`acted` brings the name of the next step's action, `followed` a piece of evidence, `marked` the key and a note:
    None wants the to-do again.
    """

    acted = Signal(str)
    followed = Signal(object)
    marked = Signal(str, object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.item: TodoItem | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_SMALL)
        self.mark = ChecklistMark(theme)
        row.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(GAP_TINY)
        column.addLayout(self._title_line())
        self.said = TextLabel("", TextRole.body)
        self.why = TextLabel("", TextRole.caption, "muted")
        self.note = TextLabel("", TextRole.caption, "muted")
        for label in (self.said, self.why, self.note):
            label.setWordWrap(True)
            column.addWidget(label)
        self._links = QVBoxLayout()
        self._links.setSpacing(0)
        column.addLayout(self._links)
        column.addWidget(self._note_line())
        row.addLayout(column, 1)
        self.action = push_button("", "", self._act)
        row.addWidget(self.action, 0, Qt.AlignmentFlag.AlignTop)

    def show_item(self, item: TodoItem) -> None:
        """Show a to-do."""
        if self.item == item:
            return
        self.item = item
        words = state_words(item)
        self.setAccessibleName(f"{item.number}, {item.title}: {words}")
        self.mark.show_state(item.state, words)
        self.title.say(f"{item.number} · {item.title}")
        self.state.say(words)
        self.state.set_ink(TONES[item.state].value)
        self.state.setToolTip(HELP[item.state])
        self.said.say(kept_flags(breakable(item.said)))
        self.why.say(item.why)
        self.note.say(f"Your note: {breakable(item.note)}")
        self.note.setVisible(bool(item.note))
        self._show_action(item)
        self._show_links(item)
        is_unwanted = item.state is TodoState.unwanted
        self.skip.setVisible(item.state is not TodoState.done)
        self.skip.setText("Want it again" if is_unwanted else "Skip…")
        self.skip.setAccessibleName(f"{'Want again' if is_unwanted else 'Skip'}: {item.title}")
        self._close_note()

    def _title_line(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(GAP_SMALL)
        self.title = TextLabel("", TextRole.strong)
        self.state = TextLabel("", TextRole.body)
        self.skip = push_button(
            "Skip…", "Say that you do not want this; nothing can be ticked as done by hand", self._skip, kind="quiet"
        )
        line.addWidget(self.title)
        line.addWidget(self.state)
        line.addWidget(self.skip)
        line.addStretch(1)
        return line

    def _note_line(self) -> QWidget:
        self.asking = QWidget()
        line = QHBoxLayout(self.asking)
        line.setContentsMargins(0, GAP_TINY, 0, GAP_TINY)
        line.setSpacing(GAP_SMALL)
        self.note_field = QLineEdit()
        self.note_field.setMaxLength(NOTE_LENGTH)
        self.note_field.setPlaceholderText("Why not? (may stay empty)")
        self.note_field.setAccessibleName("Why it is not wanted")
        self.note_field.setToolTip("Kept with the list and written into its documents")
        self.note_field.returnPressed.connect(self._mark)
        line.addWidget(self.note_field, 1)
        line.addWidget(push_button("Not wanted", "Keep it with this note", self._mark))
        line.addWidget(push_button("Cancel", "Change nothing", self._close_note, name="Cancel skipping", kind="flat"))
        self.asking.hide()
        return self.asking

    def _show_action(self, item: TodoItem) -> None:
        step = item.next_step
        can = step is not None and bool(step.action)
        self.action.setVisible(can)
        if step is None or not can:
            return
        self.action.setText(step.label)
        self.action.setAccessibleName(f"{step.label}: {item.title}")
        self.action.setToolTip(f"{step.text} {PLACES.get(step.action, '')}.".strip())

    def _show_links(self, item: TodoItem) -> None:
        while (old := self._links.takeAt(0)) is not None:
            widget = old.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for evidence in item.evidence[:SHOWN]:
            self._links.addWidget(self._link(item, evidence), 0, Qt.AlignmentFlag.AlignLeft)
        more = len(item.evidence) - SHOWN
        if more > 0:
            self._links.addWidget(TextLabel(f"and {more} more", TextRole.caption, "muted"))

    def _link(self, item: TodoItem, evidence: Evidence) -> QWidget:
        words = breakable(evidence_words(evidence))
        if evidence.link is LinkKind.none:
            label = TextLabel(words, TextRole.caption, "muted")
            label.setWordWrap(True)
            return label
        tip = f"{LINK_TIPS[evidence.link]}: {evidence.target}"
        return push_button(
            words, tip, partial(self.followed.emit, evidence), name=f"{item.title}: {evidence.text}", kind="link"
        )

    def _act(self) -> None:
        if self.item is not None and self.item.next_step is not None:
            self.acted.emit(self.item.next_step.action)

    def _skip(self) -> None:
        if self.item is None:
            return
        if self.item.state is TodoState.unwanted:
            self.marked.emit(self.item.key, None)
            return
        self.asking.show()
        self.note_field.setFocus()

    def _mark(self) -> None:
        if self.item is not None:
            self.marked.emit(self.item.key, self.note_field.text())

    def _close_note(self) -> None:
        self.note_field.clear()
        self.asking.hide()
