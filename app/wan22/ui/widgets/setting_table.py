"""Flags and variables of a profile: what is given, why, who reads it, and what that is worth here."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from wan22.ui.measure import GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.chip import Chip
from wan22.ui.widgets.fact_table import allow_selection, breakable
from wan22.ui.widgets.text_label import TextLabel


@dataclass(frozen=True, slots=True)
class Finding:
    """What one part of a setting is worth. `part`: which part, empty for the whole."""

    tone: Tone
    word: str
    part: str
    text: str


@dataclass(frozen=True, slots=True)
class SettingEntry:
    """`given`: as one would type it; `note`: why it is there; `read_by`: who reads it."""

    given: str
    note: str
    read_by: str
    findings: tuple[Finding, ...] = ()


class SettingTable(QWidget):
    """One block a setting, a rule between them; says so when there is none."""

    def __init__(self, theme: Theme, empty: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._empty = empty
        self._blocks: list[QWidget] = []
        self._shown: tuple[SettingEntry, ...] | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GAP_SMALL)

    def show_entries(self, entries: Sequence[SettingEntry]) -> None:
        """Show these instead of what is there."""
        if tuple(entries) == self._shown:
            return
        self._shown = tuple(entries)
        for widget in self._blocks:
            self._column.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._blocks = []
        if not entries:
            self._add(TextLabel(self._empty, TextRole.body, "muted"))
        for number, entry in enumerate(entries):
            if number:
                rule = QFrame()
                rule.setObjectName("rule")
                self._add(rule)
            self._add(self._block(entry))

    def _add(self, widget: QWidget) -> None:
        self._column.addWidget(widget)
        self._blocks.append(widget)

    def _block(self, entry: SettingEntry) -> QWidget:
        block = QWidget()
        column = QVBoxLayout(block)
        column.setContentsMargins(0, GAP_TINY, 0, GAP_TINY)
        column.setSpacing(GAP_TINY)
        head = QHBoxLayout()
        head.setSpacing(GAP_SMALL)
        given = _text(entry.given, TextRole.strong)
        allow_selection(given)
        head.addWidget(given, 1)
        if len(entry.findings) == 1:
            head.addWidget(Chip(self._theme, entry.findings[0].tone, entry.findings[0].word))
        column.addLayout(head)
        column.addWidget(_text(entry.note, TextRole.body))
        column.addWidget(_text(f"Read by {entry.read_by}.", TextRole.caption, "muted"))
        for finding in entry.findings:
            if len(entry.findings) == 1:
                column.addWidget(_text(finding.text, TextRole.body, "muted"))
                continue
            row = QHBoxLayout()
            row.setSpacing(GAP_SMALL)
            row.addWidget(Chip(self._theme, finding.tone, finding.word), 0, Qt.AlignmentFlag.AlignTop)
            row.addWidget(_text(f"{finding.part}: {finding.text}", TextRole.body, "muted"), 1)
            column.addLayout(row)
        return block


def _text(text: str, role: TextRole, ink: str = "text") -> TextLabel:
    label = TextLabel(breakable(text), role, ink)
    label.setWordWrap(True)
    return label
