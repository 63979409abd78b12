"""All shortcuts of the window on one sheet, read from the window itself."""

from collections.abc import Sequence
from itertools import groupby

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from wan22.ui.measure import CONTROL_HEIGHT, GAP, GAP_SMALL, GUTTER, TextRole
from wan22.ui.pages.setup_section import CardScroll
from wan22.ui.state.shortcut_list import ShortcutEntry
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.section_card import SectionCard
from wan22.ui.widgets.text_label import TextLabel

WIDTH, HEIGHT = 860, 620
KEY_COLUMN = 112


class ShortcutOverview(QDialog):
    """Closed by Esc or its button; shown with `open`."""

    def __init__(self, entries: Sequence[ShortcutEntry], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("dialog")
        self.setWindowTitle("Shortcuts")
        self.resize(min(WIDTH, parent.width() - 2 * GUTTER), min(HEIGHT, parent.height() - 2 * GUTTER))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        column = QVBoxLayout(self)
        column.setContentsMargins(GUTTER, GUTTER, GAP_SMALL, GUTTER)
        column.setSpacing(GAP)
        column.addWidget(TextLabel("Shortcuts", TextRole.title))
        column.addWidget(TextLabel("Tab and Shift+Tab reach every control; Space presses it.", TextRole.body, "muted"))
        scroll = CardScroll("Shortcuts by page")
        sides = QWidget()
        row = QHBoxLayout(sides)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        places = [QVBoxLayout(), QVBoxLayout()]
        for place in places:
            place.setSpacing(GAP)
            row.addLayout(place, 1)
        heights = [0, 0]
        for name, group in groupby(entries, key=lambda entry: entry.place):
            found = list(group)
            shorter = heights.index(min(heights))
            places[shorter].addWidget(_card(name, found))
            heights[shorter] += 2 + len(found)
        for place in places:
            place.addStretch(1)
        scroll.cards.addWidget(sides)
        scroll.cards.addStretch(1)
        column.addWidget(scroll, 1)
        close = push_button("Close", "Back to the window (Esc)", self.close)
        close.setMinimumHeight(CONTROL_HEIGHT)
        close.setDefault(True)
        foot = QHBoxLayout()
        foot.setContentsMargins(0, 0, GAP, 0)
        foot.addStretch(1)
        foot.addWidget(close)
        column.addLayout(foot)


def _card(name: str, entries: Sequence[ShortcutEntry]) -> SectionCard:
    card = SectionCard(name)
    grid = QGridLayout()
    grid.setHorizontalSpacing(GAP_SMALL)
    grid.setVerticalSpacing(GAP_SMALL)
    grid.setColumnMinimumWidth(0, KEY_COLUMN)
    grid.setColumnStretch(1, 1)
    by_words: dict[str, list[str]] = {}
    for entry in entries:
        by_words.setdefault(entry.words, []).append(entry.keys)
    for number, (said, several) in enumerate(by_words.items()):
        keys = TextLabel("\n".join(dict.fromkeys(several)), TextRole.strong)
        words = TextLabel(said, TextRole.body, "muted")
        words.setWordWrap(True)
        grid.addWidget(keys, number, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(words, number, 1, Qt.AlignmentFlag.AlignTop)
    card.body.addLayout(grid)
    return card
