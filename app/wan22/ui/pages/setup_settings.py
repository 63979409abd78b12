"""Setup, third section: the settings, as a form made from their model."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from wan22.schema.settings import Settings
from wan22.ui.context import Context
from wan22.ui.measure import GAP_SMALL, TextRole
from wan22.ui.pages.setup_section import SCROLL_EDGE, CardScroll, SetupSection
from wan22.ui.state.setting_draft import SettingDraft
from wan22.ui.state.setting_source import SettingSource
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.button import push_button, set_main
from wan22.ui.widgets.fact_table import breakable
from wan22.ui.widgets.notice import Notice
from wan22.ui.widgets.section_card import SectionCard
from wan22.ui.widgets.setting_form import SettingForm
from wan22.ui.widgets.text_label import TextLabel

ELSEWHERE = ("comfyui", "python", "url", "profile")
"""Chosen in the sections before."""


class SettingsSection(SetupSection):
    """`edited` when there is something to save, or not any more; `folder_asked` wants the file's folder opened."""

    edited = Signal()
    folder_asked = Signal(object)

    def __init__(self, context: Context, source: SettingSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._source = source
        self.draft = SettingDraft(context.panel.settings, self)
        scroll = CardScroll("Settings")
        self.notice = Notice(context.theme)
        card = SectionCard(
            "Settings", "What is not set has its default value. The command line goes before all of them."
        )
        self.form = SettingForm(self.draft, ELSEWHERE)
        card.body.addWidget(self.form)
        scroll.cards.addWidget(self.notice)
        scroll.cards.addWidget(card)
        scroll.cards.addStretch(1)
        self.column.addWidget(scroll, 1)
        self.column.addLayout(self._foot())
        self.draft.changed.connect(self.refresh)
        context.panel.chosen.connect(self._in_force)
        source.changed.connect(self._in_force)
        self._in_force()

    @property
    def unsaved_words(self) -> str:
        """How many edits wait to be saved; empty for none."""
        count = len(self.draft.edited)
        return "" if not count else "1 setting is not saved" if count == 1 else f"{count} settings are not saved"

    def save(self) -> None:
        """Write the edits; they count from the next job on."""
        if not self.draft.edited or not self.draft.is_valid:
            return
        made = self.draft.result()
        assert isinstance(made, Settings)
        self._source.read(after=self._context.use_settings(made))

    def refresh(self) -> None:
        """Say what is unsaved."""
        draft = self.draft
        can_save = bool(draft.edited) and draft.is_valid
        self.save_button.setEnabled(can_save)
        set_main(self.save_button, can_save)
        self.discard_button.setEnabled(bool(draft.edited))
        if not draft.edited:
            self.state.say("Everything is saved.")
        elif draft.is_valid:
            self.state.say(f"Not saved: {', '.join(draft.fields[key].title for key in draft.edited)}")
        else:
            wrong = [field.title for key, field in draft.fields.items() if draft.complaint(key)]
            self.state.say(" ".join([f"Not valid: {', '.join(wrong)}." if wrong else "", draft.complaint("")]).strip())
        self.state.set_ink("muted" if not draft.edited else "accent" if draft.is_valid else "bad")
        changed = [field.title for key, field in draft.fields.items() if draft.origin(key).kind != "default"]
        title = (
            "All settings have their defaults."
            if not changed
            else (
                "1 setting differs from its default."
                if len(changed) == 1
                else f"{len(changed)} settings differ from their defaults."
            )
        )
        grounds = f"They are kept in {self._source.path}."
        self.say_head(title, breakable(f"{', '.join(changed)}. {grounds}" if changed else grounds))
        self.edited.emit()

    def _foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, SCROLL_EDGE, 0)
        row.setSpacing(GAP_SMALL)
        self.state = TextLabel("", TextRole.body, "muted")
        self.state.setWordWrap(True)
        row.addWidget(self.state, 1)
        self.open_button = push_button(
            "Open folder",
            "Show settings.toml in the file manager",
            lambda: self.folder_asked.emit(self._source.path.parent),
            name="Open the folder of settings.toml",
        )
        self.discard_button = push_button("Discard", "Forget what is not saved", self.draft.discard)
        self.save_button = push_button("Save", "Write settings.toml; it counts from the next job on", self.save)
        for button in (self.open_button, self.discard_button, self.save_button):
            row.addWidget(button)
        return row

    def _in_force(self) -> None:
        problem = self._source.problem
        if problem is None:
            self.notice.hide()
        else:
            self.notice.say(
                Tone.bad,
                "not used",
                problem.message,
                f"{problem.hint} Saving writes a good file; the one before stays beside it.".strip(),
            )
        self.draft.show_saved(self._context.panel.settings, self._source.origins)
