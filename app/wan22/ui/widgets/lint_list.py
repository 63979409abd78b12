"""What was found about a workflow, the worst first: what, why, and a mend that is shown before it is made."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from wan22.schema.analysis import Finding
from wan22.ui.measure import GAP, GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.state.workflow_chain import LEVEL_TONES
from wan22.ui.state.workflow_mend import InputChange, Mend
from wan22.ui.theme import Theme
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.chip import Chip
from wan22.ui.widgets.fact_table import allow_selection, breakable
from wan22.ui.widgets.text_label import TextLabel

_MARK_COLUMN = 96
_MOST_CHANGES = 12


class LintRow(QWidget):
    """One finding. `mend_wanted` asks what its mend would change; `copy_wanted` for the copy; `closed`: not now."""

    mend_wanted = Signal()
    copy_wanted = Signal()
    closed = Signal()

    def __init__(self, theme: Theme, finding: Finding, mend_refusal: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.finding = finding
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        side = QWidget()
        side.setFixedWidth(_MARK_COLUMN)
        mark = QVBoxLayout(side)
        mark.setContentsMargins(0, 0, 0, 0)
        mark.addWidget(Chip(theme, *LEVEL_TONES[finding.level]), 0, Qt.AlignmentFlag.AlignLeft)
        mark.addStretch(1)
        row.addWidget(side)
        column = QVBoxLayout()
        column.setSpacing(GAP_TINY)
        column.setContentsMargins(0, GAP_TINY, 0, 0)
        column.addWidget(_text(finding.message, TextRole.strong))
        column.addWidget(_text(finding.why, TextRole.body, "muted"))
        if finding.fix and mend_refusal:
            column.addWidget(_text(mend_refusal, TextRole.caption, "muted"))
        self._preview = QVBoxLayout()
        self._preview.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._preview)
        self._box: QWidget | None = None
        row.addLayout(column, 1)
        self.fix_button = push_button(
            "Fix…",
            f"{finding.fix or ''} Shows what changes first; a new copy is written, the file stays as it is",
            self.mend_wanted.emit,
            name=f"Fix: {finding.fix or finding.message}",
        )
        self.fix_button.setVisible(bool(finding.fix))
        self.fix_button.setEnabled(not mend_refusal)
        row.addWidget(self.fix_button, 0, Qt.AlignmentFlag.AlignTop)

    def show_mend(self, mend: Mend) -> None:
        """Open the preview below the reason."""
        self.hide_mend()
        self.fix_button.hide()
        box = self._box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, GAP_SMALL, 0, GAP_SMALL)
        column.setSpacing(GAP_SMALL)
        column.addWidget(TextLabel(self.finding.fix or "", TextRole.strong))
        column.addLayout(_change_grid(mend.changes))
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP_SMALL)
        self.copy_button = push_button(
            "Write a mended copy…", "Asks where; the copy is analysed afterwards", self.copy_wanted.emit
        )
        buttons.addWidget(self.copy_button)
        buttons.addWidget(
            push_button("Not now", "Leave everything as it is", self.closed.emit, name="Do not fix it now")
        )
        buttons.addStretch(1)
        column.addLayout(buttons)
        self._preview.addWidget(box)
        self.copy_button.setFocus()

    def hide_mend(self) -> None:
        """Close the preview."""
        if self._box is not None:
            self._preview.removeWidget(self._box)
            self._box.hide()
            self._box.deleteLater()
            self._box = None
        self.fix_button.setVisible(bool(self.finding.fix))


class LintList(QWidget):
    """`mend_wanted` and `copy_wanted` say the rule."""

    mend_wanted = Signal(str)
    copy_wanted = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.rows: list[LintRow] = []
        self._made: list[QWidget] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(12)

    def show_findings(self, findings: Sequence[Finding], mend_refusal: str) -> None:
        """Show these; `mend_refusal` says why nothing can be mended here, empty when it can."""
        for widget in self._made:
            self._column.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self.rows, self._made = [], []
        for finding in findings:
            if self._made:
                self._add(_rule())
            row = LintRow(self._theme, finding, mend_refusal)
            row.mend_wanted.connect(lambda rule=finding.rule: self.mend_wanted.emit(rule))
            row.copy_wanted.connect(lambda rule=finding.rule: self.copy_wanted.emit(rule))
            row.closed.connect(row.hide_mend)
            self.rows.append(row)
            self._add(row)

    def show_mend(self, mend: Mend) -> None:
        """Open the preview at the first finding of the rule, and close all others."""
        for row in self.rows:
            row.hide_mend()
        wanted = next((row for row in self.rows if row.finding.rule == mend.rule), None)
        if wanted is not None:
            wanted.show_mend(mend)

    def _add(self, widget: QWidget) -> None:
        self._column.addWidget(widget)
        self._made.append(widget)


def _change_grid(changes: Sequence[InputChange]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(GAP)
    grid.setVerticalSpacing(GAP_TINY)
    for number, title in enumerate(("Node", "Input", "Before", "After")):
        grid.addWidget(TextLabel(title, TextRole.caption, "muted"), 0, number)
        grid.setColumnStretch(number, 3 if title in ("Before", "After") else 2)
    for number, change in enumerate(changes[:_MOST_CHANGES], start=1):
        for column, text in enumerate((change.node, change.name, change.before, change.after)):
            ink = "muted" if column < 3 else "text"
            grid.addWidget(_text(text, TextRole.body, ink), number, column, Qt.AlignmentFlag.AlignTop)
    if len(changes) > _MOST_CHANGES:
        more = TextLabel(f"and {len(changes) - _MOST_CHANGES} more changes", TextRole.caption, "muted")
        grid.addWidget(more, _MOST_CHANGES + 1, 0, 1, 4)
    return grid


def _rule() -> QFrame:
    rule = QFrame()
    rule.setObjectName("rule")
    return rule


def _text(text: str, role: TextRole, ink: str = "text") -> TextLabel:
    label = TextLabel(breakable(text), role, ink)
    label.setWordWrap(True)
    allow_selection(label)
    return label
