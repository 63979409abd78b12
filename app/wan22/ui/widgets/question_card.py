"""A question in the page itself: what would be done, to what, at what cost; nothing happens before the answer."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from wan22.ui.measure import GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.state.model_question import Question, QuestionLine
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.button import push_button, set_main
from wan22.ui.widgets.fact_table import breakable
from wan22.ui.widgets.notice import Notice
from wan22.ui.widgets.section_card import SectionCard
from wan22.ui.widgets.text_label import TextLabel


class QuestionCard(SectionCard):
    """Hidden while nothing is asked. `agreed` when the user says yes, `declined` when not now."""

    agreed = Signal()
    declined = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("", "", parent)
        self._made: list[QWidget] = []
        self._lines = QVBoxLayout()
        self._lines.setSpacing(12)
        self.body.addLayout(self._lines)
        self.refusal = Notice(theme)
        self.body.addWidget(self.refusal)
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)
        self.yes = push_button("Yes", "Do it", self.agreed.emit)
        self.no = push_button("Not now", "Leave everything as it is", self.declined.emit)
        row.addWidget(self.yes)
        row.addWidget(self.no)
        row.addStretch(1)
        self.body.addLayout(row)
        self.hide()

    def ask(self, question: Question) -> None:
        """Show it; the keyboard is at the safe answer."""
        for widget in self._made:
            self._lines.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._made = []
        self.title.say(question.title)
        self.setAccessibleName(question.title)
        for line in question.lines:
            self._add(_line(line))
        for text in question.grounds:
            self._add(_text(text, TextRole.body, "muted"))
        if question.refusal:
            self.refusal.say(Tone.bad, "not possible", question.refusal)
        else:
            self.refusal.hide()
        self.yes.setText(question.yes)
        self.yes.setAccessibleName(question.yes)
        self.yes.setVisible(not question.refusal)
        set_main(self.yes, not question.refusal)
        self.no.setText("Close" if question.refusal else "Not now")
        self.no.setAccessibleName(self.no.text())
        self.show()
        self.no.setFocus()

    def _add(self, widget: QWidget) -> None:
        self._lines.addWidget(widget)
        self._made.append(widget)


def _line(line: QuestionLine) -> QWidget:
    block = QWidget()
    column = QVBoxLayout(block)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(GAP_TINY)
    column.addWidget(_text(line.file, TextRole.strong))
    column.addWidget(_text(line.facts, TextRole.body))
    if line.note:
        column.addWidget(_text(line.note, TextRole.caption, "muted"))
    return block


def _text(text: str, role: TextRole, ink: str = "text") -> TextLabel:
    label = TextLabel(breakable(text), role, ink)
    label.setWordWrap(True)
    return label
