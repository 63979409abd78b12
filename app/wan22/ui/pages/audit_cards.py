"""The parts of a snapshot as cards with tables."""

from collections.abc import Sequence
from itertools import groupby

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from wan22.audit.fact_row import FactRow
from wan22.audit.fact_rows import PART_TITLES, fact_rows
from wan22.audit.report_text import value_text
from wan22.schema.audit import AuditPart, AuditSnapshot
from wan22.ui.measure import GAP, GAP_SMALL, LABEL_COLUMN, TextRole
from wan22.ui.theme import Theme
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.fact_table import FactTable, allow_selection, breakable
from wan22.ui.widgets.notice import Notice
from wan22.ui.widgets.section_card import SectionCard
from wan22.ui.widgets.text_label import TextLabel

LABEL_LIMIT = 208
"""Width that the names of a card may take at most before they push the values aside."""
_LONG_NAMES = (AuditPart.packs, AuditPart.models, AuditPart.results)


class PartCard(SectionCard):
    """One part; what is too long for a first look waits behind a button."""

    def __init__(self, theme: Theme, part: AuditPart, parent: QWidget | None = None) -> None:
        super().__init__(PART_TITLES[part], parent=parent)
        self._theme = theme
        self.part = part
        self._is_open = False
        self._snapshot: AuditSnapshot | None = None
        self._inside = QWidget()
        self.body.addWidget(self._inside)
        self.more = push_button("Show all", "Show the long list as well", self._toggle, kind="flat")
        self.body.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        self.more.hide()
        self.hide()

    def show_snapshot(self, snapshot: AuditSnapshot) -> None:
        """Show this part of it; hidden when it holds nothing of it."""
        self._snapshot = snapshot
        rows = fact_rows(snapshot, self.part)
        problems = [one.problem for one in snapshot.problems if one.part is self.part]
        hidden = [row for row in rows if row.is_detail]
        shown = rows if self._is_open else [row for row in rows if not row.is_detail]
        made = QWidget()
        column = QVBoxLayout(made)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        for found in problems:
            notice = Notice(self._theme)
            notice.show_problem(found)
            column.addWidget(notice)
        self._add_tables(column, shown)
        self.body.replaceWidget(self._inside, made)
        self._inside.hide()
        self._inside.deleteLater()
        self._inside = made
        self.more.setVisible(bool(hidden))
        self.more.setText("Show less" if self._is_open else f"Show {len(hidden)} more")
        self.more.setAccessibleName(f"{self.more.text()}: {PART_TITLES[self.part]}")
        self.setVisible(bool(rows or problems))

    def _add_tables(self, column: QVBoxLayout, rows: Sequence[FactRow]) -> None:
        metrics = self.title.fontMetrics()
        width = max((metrics.horizontalAdvance(row.label) for row in rows), default=0)
        width = max(LABEL_COLUMN, min(width, LABEL_LIMIT))
        for group, members in groupby(rows, key=lambda row: row.group):
            if group:
                heading = TextLabel(group, TextRole.strong)
                heading.setWordWrap(True)
                column.addWidget(heading)
            if self.part in _LONG_NAMES:
                column.addLayout(_named_lines(list(members)))
                continue
            table = FactTable(label_width=width)
            table.show_rows([(row.label, value_text(row)) for row in members])
            column.addWidget(table)

    def _toggle(self) -> None:
        self._is_open = not self._is_open
        if self._snapshot is not None:
            self.show_snapshot(self._snapshot)


def _named_lines(rows: Sequence[FactRow]) -> QVBoxLayout:
    """Long names stand above what is said of them."""
    column = QVBoxLayout()
    column.setSpacing(GAP_SMALL)
    for row in rows:
        pair = QVBoxLayout()
        pair.setSpacing(0)
        for text, ink in ((row.label, "text"), (value_text(row), "muted")):
            label = TextLabel(breakable(text), TextRole.body, ink)
            label.setWordWrap(True)
            allow_selection(label)
            pair.addWidget(label)
        column.addLayout(pair)
    return column
