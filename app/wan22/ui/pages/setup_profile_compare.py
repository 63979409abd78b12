"""Two profiles side by side: only what differs."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from wan22.launch.profile_difference import ProfileDifference, profile_differences
from wan22.schema.profile import Profile
from wan22.ui.measure import GAP, GAP_SMALL, TextRole
from wan22.ui.pages.setup_section import SCROLL_EDGE, CardScroll
from wan22.ui.theme import Theme
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.detail_combo import DetailCombo, Entry
from wan22.ui.widgets.difference_table import DifferenceRow, DifferenceTable
from wan22.ui.widgets.section_card import SectionCard
from wan22.ui.widgets.text_label import TextLabel

SideEntry = tuple[str, str, Profile]
"""Key, title, and what is compared: a saved profile, one as it was shipped, or an edited one."""


class ProfileComparePane(QWidget):
    """`left` when the user goes back to the profiles."""

    left = Signal()
    changed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sides: dict[str, SideEntry] = {}
        self._keys = ["", ""]
        self.sentence = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)
        row.setContentsMargins(0, 0, SCROLL_EDGE, 0)
        row.addWidget(push_button("Back", "To the profiles", self.left.emit, kind="flat"))
        self.choices = [
            DetailCombo(theme, f"{side} profile", f"The profile in the {side.lower()} column")
            for side in ("Left", "Right")
        ]
        for number, choice in enumerate(self.choices):
            choice.picked.connect(lambda key, number=number: self._choose(number, key))
            row.addWidget(choice, 1)
            if number == 0:
                row.addWidget(TextLabel("and", TextRole.body, "muted"))
        self.swap = push_button("Swap", "Left to the right and right to the left", self._swap)
        row.addWidget(self.swap)
        column.addLayout(row)
        scroll = CardScroll("Differences")
        self.same = TextLabel("", TextRole.body, "muted")
        self.same.setWordWrap(True)
        scroll.cards.addWidget(self.same)
        self.does = self._card("What happens", "Settings and expectations that differ.")
        self.says = self._card("What is said", "Only words: notes, title, description.")
        for card, _ in (self.does, self.says):
            scroll.cards.addWidget(card)
        scroll.cards.addStretch(1)
        column.addWidget(scroll, 1)

    def compare(self, sides: Sequence[SideEntry], left: str, right: str) -> None:
        """Show two of them; the others can be chosen."""
        self._sides = {side[0]: side for side in sides}
        self._keys = [key if key in self._sides else next(iter(self._sides)) for key in (left, right)]
        self._show()

    def _card(self, title: str, text: str) -> tuple[SectionCard, DifferenceTable]:
        card, table = SectionCard(title, text), DifferenceTable()
        card.body.addWidget(table)
        return card, table

    def _choose(self, number: int, key: str) -> None:
        self._keys[number] = key
        self._show()

    def _swap(self) -> None:
        self._keys.reverse()
        self._show()

    def _show(self) -> None:
        entries = [Entry(key, key, title) for key, title, _ in self._sides.values()]
        for choice, key in zip(self.choices, self._keys, strict=True):
            choice.show_entries(entries, key)
        left, right = (self._sides[key][2].model_copy(update={"name": key}) for key in self._keys)
        found = profile_differences(left, right)
        for (card, table), is_note in ((self.does, False), (self.says, True)):
            rows = [
                DifferenceRow(_name(one), one.left, one.right, one.sentence, is_quiet=is_note)
                for one in found
                if one.is_note is is_note
            ]
            table.show_rows(self._keys[0], self._keys[1], rows)
            card.setVisible(bool(rows))
        count = sum(not one.is_note for one in found)
        if self._keys[0] == self._keys[1]:
            self.sentence = "The same profile stands on both sides."
        elif not count:
            self.sentence = f"{self._keys[0]} and {self._keys[1]} start ComfyUI in the same way."
        else:
            self.sentence = (
                f"{self._keys[0]} and {self._keys[1]} differ in {count} {'thing' if count == 1 else 'things'}."
            )
        self.same.say("" if found else "Choose another profile at one side.")
        self.same.setVisible(not found)
        self.changed.emit()


def _name(one: ProfileDifference) -> str:
    """Flags and variables as they are spelt, all else as the beginning of a line."""
    return one.name if one.part in ("flags", "environment") else f"{one.name[:1].upper()}{one.name[1:]}"
