"""The rest of the profile editor: environment variables, what must show after the start, and what it is for."""

from PySide6.QtWidgets import QCheckBox, QFrame, QLineEdit, QWidget

from wan22.ui.measure import GAP_SMALL
from wan22.ui.pages.setup_section import CardScroll
from wan22.ui.state.profile_draft import EXPECTATIONS, ProfileDraft
from wan22.ui.theme import Theme
from wan22.ui.widgets.detail_combo import DetailCombo, Entry
from wan22.ui.widgets.environment_field import EnvironmentField, VariableAdder
from wan22.ui.widgets.form_row import FormRow
from wan22.ui.widgets.section_card import SectionCard
from wan22.ui.widgets.text_label import TextLabel

_EXPECTED = {
    "attention": ("Attention", "The kind that ComfyUI's log must name."),
    "allocator": ("Allocator", "Who hands out VRAM, as ComfyUI tells it with its board."),
    "vram_state": ("VRAM state", "How ComfyUI says it keeps models."),
    "fp16_accumulation": ("fp16 accumulation", "Whether torch says that it is switched on."),
}
_TEXTS = {
    "title": ("Title", "One line in the list of profiles."),
    "description": ("Description", "For which models and jobs it is meant."),
    "match": ("Boards", "Whole words of a board's name, with commas between them, such as RTX 5090."),
    "vram_gib": ("Memory counted on", "GB; empty = not said."),
    "power_w": ("Usual power limit", "W, for show; empty = not said."),
}


class EnvironmentPane(CardScroll):
    """The variables of a draft."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("Environment", parent)
        self._theme = theme
        self._draft: ProfileDraft | None = None
        self.fields: dict[str, EnvironmentField] = {}
        self._made: list[QWidget] = []
        card = SectionCard(
            "Environment", "Variables that ComfyUI is started with. What is not named here is inherited."
        )
        card.body.setSpacing(GAP_SMALL)
        self.empty = TextLabel("The profile sets none, and none is known to make these jobs faster.", ink="muted")
        self.empty.setWordWrap(True)
        card.body.addWidget(self.empty)
        self._body = card.body
        self.adder = VariableAdder()
        self.adder.wanted.connect(self._add)
        more = SectionCard("One more variable")
        more.body.addWidget(self.adder)
        for one in (more, card):
            self.cards.addWidget(one)
        self.cards.addStretch(1)

    def show_draft(self, draft: ProfileDraft) -> None:
        """Show the variables of a draft."""
        self._draft = draft
        self.adder.judge = draft.variable_complaint
        self._make()

    def refresh(self) -> None:
        """Show everything as it stands now."""
        if self._draft is None:
            return
        if list(self.fields) != list(self._draft.variables):
            self._make()
        for field in self.fields.values():
            field.refresh()

    def _add(self, name: str, value: str) -> None:
        if self._draft is not None:
            self._draft.add_variable(name, value)

    def _make(self) -> None:
        for widget in self._made:
            self._body.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._made, self.fields = [], {}
        draft = self._draft
        if draft is None:
            return
        for name in draft.variables:
            if self._made:
                rule = QFrame()
                rule.setObjectName("rule")
                self._keep(rule)
            field = EnvironmentField(self._theme, name, draft)
            self.fields[name] = field
            self._keep(field)
        self.empty.setVisible(not self.fields)

    def _keep(self, widget: QWidget) -> None:
        self._body.addWidget(widget)
        self._made.append(widget)


class AboutPane(CardScroll):
    """Expectations, and what the profile is for."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("What must show, and what it is for", parent)
        self._draft: ProfileDraft | None = None
        expected = SectionCard(
            "Must show after the start", "Read from ComfyUI's log and answers, and told on the Setup page."
        )
        self.choices: dict[str, DetailCombo] = {}
        self.rows: dict[str, FormRow] = {}
        for key, (title, text) in _EXPECTED.items():
            choice = DetailCombo(theme, title, text)
            choice.setFixedWidth(240)
            choice.picked.connect(lambda value, key=key: self._expect(key, value))
            self.choices[key] = choice
            self.rows[key] = FormRow(title, text).place(choice)
            expected.body.addWidget(self.rows[key])
        about = SectionCard("About", "What it is for. Nothing of it is given to ComfyUI.")
        self.lines: dict[str, QLineEdit] = {}
        for key, (title, text) in _TEXTS.items():
            line = QLineEdit()
            line.setAccessibleName(title)
            line.setToolTip(text)
            if key in ("vram_gib", "power_w"):
                line.setFixedWidth(120)
            line.textEdited.connect(lambda value, key=key: self._typed(key, value))
            self.lines[key] = line
            self.rows[key] = FormRow(title, text).place(line)
            about.body.addWidget(self.rows[key])
        self.recommended = QCheckBox("May be chosen by itself")
        self.recommended.setToolTip("Taken without being named, when its board is in this machine")
        self.recommended.setAccessibleName("May be chosen by itself")
        self.recommended.clicked.connect(self._recommend)
        about.body.addWidget(
            FormRow("Choice", "A profile kept for comparison is never chosen.").place(self.recommended)
        )
        for card in (expected, about):
            self.cards.addWidget(card)
        self.cards.addStretch(1)

    def show_draft(self, draft: ProfileDraft) -> None:
        """Show what a draft says."""
        self._draft = draft
        self.refresh()

    def refresh(self) -> None:
        """Show everything as it stands now."""
        draft = self._draft
        if draft is None:
            return
        for key, choice in self.choices.items():
            entries = [Entry(word, "nothing asked" if word == "any" else word) for word in EXPECTATIONS[key]]
            choice.show_entries(entries, draft.expectations[key])
        for key, line in self.lines.items():
            if line.text().strip() != draft.texts[key].strip():
                line.setText(" ".join(draft.texts[key].split()))
                line.setCursorPosition(0)
        self.recommended.setChecked(draft.is_recommended)
        for key, row in self.rows.items():
            found = draft.complaint(key) or (draft.complaint("gpu") if key == "match" else None)
            row.show_note(f"✕ {found.sentence}" if found is not None else "", "bad")

    def _expect(self, key: str, value: str) -> None:
        if self._draft is not None:
            self._draft.set_expectation(key, value)

    def _typed(self, key: str, value: str) -> None:
        if self._draft is not None:
            self._draft.set_text(key, value)

    def _recommend(self, is_on: bool) -> None:
        if self._draft is not None:
            self._draft.set_recommended(is_on)
