"""The flags of the profile editor: all that the installed ComfyUI knows, by what they are about, and a search."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from wan22.launch.flag_category import FlagCategory, category_of
from wan22.launch.help_text import FlagSpec
from wan22.ui.measure import GAP, GAP_SMALL, TextRole
from wan22.ui.pages.setup_section import SCROLL_EDGE, CardScroll
from wan22.ui.state.profile_draft import ProfileDraft
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.flag_field import FlagField
from wan22.ui.widgets.notice import Notice
from wan22.ui.widgets.section_card import SectionCard
from wan22.ui.widgets.segment import Segment
from wan22.ui.widgets.text_label import TextLabel

_SHOWN = (
    ("In this profile", "The flags that the profile names"),
    ("All", "Every flag that this ComfyUI knows"),
)
_EXPLAINED = {
    FlagCategory.attention: "How attention is computed, most of the work of a pass at 720p.",
    FlagCategory.speed: "Faster at a price that each of them names.",
    FlagCategory.precision: "With how many digits each model computes.",
    FlagCategory.memory: "What stays in VRAM, what moves to RAM, and what is kept between jobs.",
    FlagCategory.device: "Which board is used.",
    FlagCategory.folders: "Where ComfyUI reads and writes.",
    FlagCategory.packs: "Node packs and the page in the browser.",
    FlagCategory.server: "How it listens and what it writes into its log.",
}


class FlagPane(QWidget):
    """A row for each flag, made when the form is shown first and when another ComfyUI knows others."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._draft: ProfileDraft | None = None
        self._specs: dict[str, FlagSpec] = {}
        self._cards: dict[FlagCategory, tuple[SectionCard, list[tuple[FlagField, QWidget]]]] = {}
        self.fields: dict[str, FlagField] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addLayout(self._bar())
        self.notice = Notice(theme)
        column.addWidget(self.notice)
        self.area = CardScroll("Flags")
        self.empty = TextLabel("", TextRole.body, "muted")
        self.empty.setWordWrap(True)
        self.area.cards.addWidget(self.empty)
        self.area.cards.addStretch(1)
        column.addWidget(self.area, 1)

    def show_draft(self, draft: ProfileDraft) -> None:
        """Show the flags of a draft: its own ones first, all of them when it has none."""
        self._draft = draft
        self.search.clear()
        self.shown.select(0 if draft.flags else 1)
        self.refresh()

    def refresh(self) -> None:
        """Show everything as it stands now."""
        draft = self._draft
        if draft is None:
            return
        self._say_ground(draft)
        if draft.ground.is_asking and not self.fields:
            self.empty.say("ComfyUI is asked for its flags …")
            self.empty.show()
            return
        wanted = dict(draft.ground.specs)
        wanted |= {name: FlagSpec(name=name, takes="optional") for name in draft.flags if name not in wanted}
        if wanted != self._specs:
            self._make(wanted)
        for field in self.fields.values():
            field.show_draft(draft)
        self.sift()

    def sift(self) -> None:
        """Show the rows that are looked for."""
        draft = self._draft
        if draft is None or not self.fields:
            return
        words = self.search.text().lower().split()
        is_all = self.shown.selected == 1 or bool(words)
        count = 0
        for card, rows in self._cards.values():
            found = 0
            for field, rule in rows:
                fits = (is_all or field.spec.name in draft.flags) and field.fits(words)
                rule.setVisible(fits and found > 0)
                field.setVisible(fits)
                found += fits
            card.setVisible(found > 0)
            count += found
        text = "" if count else "No flag is named: ComfyUI starts as it is. Choose All to add one."
        if words:
            text = (
                f"{count} of {len(self.fields)} flags" if count else f"No flag has to do with '{self.search.text()}'."
            )
        self.empty.say(text)
        self.empty.setVisible(bool(text))

    def _bar(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)
        row.setContentsMargins(0, 0, SCROLL_EDGE, 0)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search name, note and help")
        self.search.setAccessibleName("Search flags")
        self.search.setToolTip("Words that stand in the name of a flag, in its note, or in what is said about it")
        self.search.setClearButtonEnabled(True)
        self.search.textEdited.connect(self._search)
        self.search.textChanged.connect(lambda _text: self.sift())
        row.addWidget(self.search, 1)
        self.shown = Segment(self._theme, "Flags", list(_SHOWN))
        self.shown.select(0)
        self.shown.chosen.connect(lambda _number: self.sift())
        row.addWidget(self.shown)
        return row

    def _search(self, text: str) -> None:
        """Whoever looks for a flag looks among all of them."""
        if text.strip():
            self.shown.select(1)

    def _say_ground(self, draft: ProfileDraft) -> None:
        ground = draft.ground
        if ground.problem is not None:
            self.notice.show_problem(ground.problem)
        elif ground.schema is None and not ground.is_asking:
            self.notice.say(
                Tone.unknown,
                "not asked",
                "No ComfyUI was asked for its flags: these are the ones that are known here.",
                "Choose a ComfyUI in the first section, and types, choices and versions are checked.",
            )
        else:
            self.notice.hide()

    def _make(self, specs: dict[str, FlagSpec]) -> None:
        for card, _ in self._cards.values():
            self.area.cards.removeWidget(card)
            card.hide()
            card.deleteLater()
        self._cards, self.fields, self._specs = {}, {}, specs
        for category in FlagCategory:
            names = [name for name in specs if category_of(name) is category]
            if not names:
                continue
            card = SectionCard(category.value, _EXPLAINED[category])
            card.body.setSpacing(GAP_SMALL)
            rows: list[tuple[FlagField, QWidget]] = []
            for name in names:
                rule = QFrame()
                rule.setObjectName("rule")
                field = FlagField(self._theme, specs[name])
                card.body.addWidget(rule)
                card.body.addWidget(field, 0, Qt.AlignmentFlag.AlignTop)
                rows.append((field, rule))
                self.fields[name] = field
            self._cards[category] = (card, rows)
            self.area.cards.insertWidget(self.area.cards.count() - 1, card)
