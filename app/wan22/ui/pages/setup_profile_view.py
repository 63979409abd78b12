"""One profile in full, to be read; what can be done with it stands at its top."""

from collections import defaultdict
from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from wan22.schema.profile import Setting
from wan22.schema.setting_lint import SettingLint
from wan22.ui.measure import GAP_SMALL
from wan22.ui.pages.setup_section import CardScroll
from wan22.ui.state.profile_card import (
    EFFECT_WORDS,
    ProfileCard,
    board_words,
    files_of,
    origin_words,
    setting_words,
    target_words,
)
from wan22.ui.theme import Theme
from wan22.ui.widgets.button import push_button, set_main
from wan22.ui.widgets.fact_table import FactTable
from wan22.ui.widgets.notice import Notice
from wan22.ui.widgets.section_card import SectionCard
from wan22.ui.widgets.setting_table import Finding, SettingEntry, SettingTable


class ProfileView(CardScroll):
    """The user's wishes are signals; nothing is done here."""

    use_wanted = Signal()
    edit_wanted = Signal()
    compare_wanted = Signal()
    copy_wanted = Signal()
    rename_wanted = Signal()
    delete_wanted = Signal()
    restore_wanted = Signal()
    export_wanted = Signal()
    folder_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("The profile in full", parent)
        self.about = SectionCard("")
        self.facts = FactTable()
        self.problem = Notice(theme)
        self.about.body.addWidget(self.facts)
        self.about.body.addWidget(self.problem)
        self.about.body.addLayout(self._buttons())
        self.flags = SettingTable(theme, "No flags: ComfyUI starts as it is.")
        self.variables = SettingTable(theme, "No environment variables.")
        self.tables = []
        for title, text, table in (
            ("Flags", "Given to ComfyUI's main.py.", self.flags),
            ("Environment", "Variables that ComfyUI is started with.", self.variables),
        ):
            card = SectionCard(title, text)
            card.body.addWidget(table)
            self.tables.append(card)
        for card in (self.about, *self.tables):
            self.cards.addWidget(card)
        self.cards.addStretch(1)

    def show_card(self, card: ProfileCard | None, *, is_automatic: bool, is_edited: bool) -> None:
        """Show a profile; None = which one is not known yet."""
        loaded = card.loaded if card is not None else None
        is_own = loaded is not None and loaded.origin == "user"
        for button in (self.edit_button, self.compare_button, self.copy_button):
            button.setVisible(loaded is not None)
        self.edit_button.setText("Go on editing" if is_edited else "Edit")
        self.edit_button.setAccessibleName(self.edit_button.text())
        self.more_button.setVisible(card is not None)
        self.rename_action.setVisible(is_own)
        self.export_action.setVisible(loaded is not None)
        is_broken_own = card is not None and loaded is None
        self.delete_action.setVisible(is_own or is_broken_own)
        self.restore_action.setVisible(loaded is not None and bool(loaded.overlays))
        for table in self.tables:
            table.setVisible(loaded is not None)
        if card is None:
            self.about.title.say("Automatic")
            self._explain("The profile is taken by the name of the GPU, as soon as that is known.")
            self.facts.show_rows([])
            self.problem.hide()
            return
        start = "Automatic: " if is_automatic else ""
        self.about.title.say(f"{start}{card.name} · {card.title}" if loaded is not None else card.name)
        if loaded is None:
            self._explain("This file cannot be used. It stays here until it is mended or taken away.")
            self.facts.show_rows([])
            if card.problem is not None:
                self.problem.show_problem(card.problem)
            return
        profile = loaded.profile
        self.problem.hide()
        self._explain(profile.description)
        own = [("Your file", str(path)) for path in files_of(card)]
        targets = [("Target", target_words(target)) for target in card.targets]
        self.facts.show_rows([("Made for", board_words(profile)), ("From", origin_words(loaded)), *own, *targets])
        self.flags.show_entries(_entries(profile.flags, card.findings))
        self.variables.show_entries(_entries(profile.environment, card.findings))

    def show_use(self, text: str, *, can_use: bool, is_main: bool) -> None:
        """What the first button says, whether it does anything, and whether it is the answer that is expected."""
        self.use_button.setText(text)
        self.use_button.setAccessibleName(text)
        self.use_button.setEnabled(can_use)
        set_main(self.use_button, can_use and is_main)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)
        self.use_button = push_button("Use this profile", "Start ComfyUI with it from now on", self.use_wanted.emit)
        self.edit_button = push_button(
            "Edit", "Change flags and variables; a shipped file is never touched", self.edit_wanted.emit
        )
        self.compare_button = push_button(
            "Compare", "Set it beside another profile: only what differs", self.compare_wanted.emit
        )
        self.copy_button = push_button(
            "Copy…", "Make a profile of your own out of it, under another name", self.copy_wanted.emit
        )
        self.more_button = push_button("More", "Rename, delete, restore, export, open its folder", lambda: None)
        menu = QMenu(self.more_button)
        menu.setAccessibleName("More to do with the profile")
        self.rename_action = self._action(menu, "Rename…", self.rename_wanted)
        self.export_action = self._action(menu, "Export to a file…", self.export_wanted)
        self.folder_action = self._action(menu, "Open folder", self.folder_wanted)
        menu.addSeparator()
        self.restore_action = self._action(menu, "Restore shipped…", self.restore_wanted)
        self.delete_action = self._action(menu, "Delete…", self.delete_wanted)
        self.more_button.setMenu(menu)
        for button in (self.use_button, self.edit_button, self.compare_button, self.copy_button, self.more_button):
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _action(self, menu: QMenu, text: str, wanted: object) -> QAction:
        action = QAction(text, menu)
        action.triggered.connect(wanted)
        menu.addAction(action)
        return action

    def _explain(self, text: str) -> None:
        self.about.explanation.say(text)
        self.about.explanation.setVisible(bool(text))


def _entries(settings: Mapping[str, Setting], findings: tuple[SettingLint, ...]) -> list[SettingEntry]:
    """Settings with the findings that name them; one about several settings is shown at each."""
    by_name: dict[str, list[SettingLint]] = defaultdict(list)
    for finding in findings:
        for name in finding.setting.split(", "):
            by_name[name].append(finding)
    return [
        SettingEntry(
            setting_words(name, setting), setting.note, setting.read_by, tuple(_finding(one) for one in by_name[name])
        )
        for name, setting in settings.items()
    ]


def _finding(lint: SettingLint) -> Finding:
    tone, word = EFFECT_WORDS[lint.effect]
    return Finding(tone, word, lint.value or lint.setting, f"{lint.reason} {lint.advice}".strip())
