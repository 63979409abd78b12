"""A question in the page whose answer is a name; what is wrong with it is said while it is typed."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from wan22.ui.measure import GAP_SMALL
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.button import push_button, set_main
from wan22.ui.widgets.doubt_line import DoubtLine
from wan22.ui.widgets.section_card import SectionCard


class NameCard(SectionCard):
    """Hidden while nothing is asked. `agreed` says the name."""

    agreed = Signal(str)
    declined = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", "", parent)
        self._judge: Callable[[str], str] = lambda _name: ""
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)
        self.line = QLineEdit()
        self.line.setAccessibleName("Name")
        self.line.setToolTip("Name of the profile, which is the name of its file")
        self.line.setMaximumWidth(320)
        self.line.textEdited.connect(lambda _text: self._say())
        self.line.returnPressed.connect(self._agree)
        row.addWidget(self.line, 1)
        self.yes = push_button("Yes", "Do it", self._agree)
        self.no = push_button("Cancel", "Leave everything as it is", self._decline)
        row.addWidget(self.yes)
        row.addWidget(self.no)
        row.addStretch(1)
        self.body.addLayout(row)
        self.doubt = DoubtLine()
        self.body.addWidget(self.doubt)
        self.hide()

    def ask(self, title: str, text: str, name: str, yes: str, judge: Callable[[str], str]) -> None:
        """Show it with a name to begin with; `judge` says what is wrong with a name."""
        self._judge = judge
        self.title.say(title)
        self.setAccessibleName(title)
        self.explanation.say(text)
        self.explanation.setVisible(bool(text))
        self.yes.setText(yes)
        self.yes.setAccessibleName(yes)
        self.line.setText(name)
        self._say()
        self.show()
        self.line.setFocus()
        self.line.selectAll()

    def _say(self) -> None:
        complaint = self._judge(self.line.text())
        self.doubt.show_doubt(complaint, Tone.bad)
        self.yes.setEnabled(not complaint)
        set_main(self.yes, not complaint)

    def _agree(self) -> None:
        if not self._judge(self.line.text()):
            self.hide()
            self.agreed.emit(self.line.text().strip())

    def _decline(self) -> None:
        self.hide()
        self.declined.emit()
