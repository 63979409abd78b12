"""Setup, second section: which launch profile is used, why, and what each of them is worth here."""

import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from wan22.launch.discovery import version_of
from wan22.schema.profile import Setting
from wan22.schema.setting_lint import SettingLint
from wan22.ui.context import Context
from wan22.ui.measure import GAP_SMALL
from wan22.ui.pages.setup_section import CardScroll, SetupSection
from wan22.ui.state.asking import Asking
from wan22.ui.state.profile_card import (
    EFFECT_WORDS,
    ProfileCard,
    ProfileShelf,
    automatic_words,
    board_words,
    files_of,
    origin_words,
    read_shelf,
    reason_words,
    setting_words,
    target_words,
    worst,
)
from wan22.ui.state.setting_source import SettingSource
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.button import push_button, set_main
from wan22.ui.widgets.fact_table import FactTable
from wan22.ui.widgets.notice import Notice
from wan22.ui.widgets.profile_choice import ChoiceRow, ProfileChoice
from wan22.ui.widgets.section_card import SectionCard
from wan22.ui.widgets.setting_table import Finding, SettingEntry, SettingTable
from wan22.wiring import profile_store

LIST_WIDTH = 320


class ProfileSection(SetupSection):
    """Rows at the left, the one that is looked at in full at the right; only the button changes anything."""

    def __init__(self, context: Context, source: SettingSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._source = source
        self._shelf = ProfileShelf()
        self._looked_at: str | None = None
        self._has_looked = False
        self._boards_asked: tuple[str, ...] | None = None
        self._asking = Asking(context.work, "profiles", self)
        self._asking.answered.connect(self._show_shelf)
        self._build()
        context.panel.chosen.connect(self._chosen)
        context.panel.changed.connect(self.refresh)
        context.history.changed.connect(self._boards_changed)
        source.changed.connect(self.refresh)

    def showEvent(self, event: QShowEvent) -> None:
        """Files may have been edited meanwhile."""
        super().showEvent(event)
        self.read()

    def read(self) -> None:
        """Read and judge all profiles again."""
        boards = self._boards_asked = self._boards()
        panel, told = self._context.panel, self._context.run.state.server
        folder = panel.settings.comfyui
        held = told.version if told.ready and not told.stopped else None

        def question(_cancel: object) -> ProfileShelf:
            version = held
            if version is None and folder is not None:
                version = version_of(folder) or version_of(folder / "ComfyUI")
            return read_shelf(profile_store(), boards, version, sys.platform)

        self._asking.ask(question)

    def look_at(self, key: str | None) -> None:
        """Show a profile in full; None is the automatic choice."""
        self._looked_at, self._has_looked = key, True
        self.refresh()

    def use(self) -> None:
        """The profile that is looked at is used from now on."""
        settings = self._context.panel.settings.model_copy(update={"profile": self._looked_at})
        self._source.read(after=self._context.use_settings(settings))

    def refresh(self) -> None:
        """Show everything again."""
        shelf, chosen = self._shelf, self._context.panel.settings.profile
        if not shelf.cards:
            return
        if not self._has_looked:
            self._looked_at = chosen
        simulated = self._context.history.simulated
        rows = [ChoiceRow(None, "Automatic", automatic_words(shelf, simulated=simulated), is_used=chosen is None)]
        for card in shelf.cards:
            mark = worst(card.findings) if card.loaded is not None else (Tone.bad, "broken")
            rows.append(ChoiceRow(card.name, card.name, card.title, mark, is_used=card.name == chosen))
        self.choice.show_rows(rows, self._looked_at)
        self._show_head(shelf, chosen, simulated=simulated)
        self._show_detail(shelf, chosen)

    def _build(self) -> None:
        self.lock = Notice(self._context.theme)
        self.column.addWidget(self.lock)
        row = QHBoxLayout()
        row.setSpacing(0)
        left = CardScroll("Profiles")
        left.setFixedWidth(LIST_WIDTH)
        self.choice = ProfileChoice(self._context.theme)
        self.choice.looked_at.connect(self.look_at)
        frame = QFrame()
        frame.setObjectName("card")
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(GAP_SMALL, GAP_SMALL, GAP_SMALL, GAP_SMALL)
        inside.addWidget(self.choice)
        left.cards.addWidget(frame)
        left.cards.addStretch(1)
        row.addWidget(left)
        right = CardScroll("The profile in full")
        self.about = SectionCard("")
        self.use_button = push_button("Use this profile", "Start ComfyUI with it from now on", self.use)
        self.open_button = push_button("Open folder", "Show its file in the file manager", self._open)
        self.facts = FactTable()
        self.problem = Notice(self._context.theme)
        self.about.body.addWidget(self.facts)
        self.about.body.addWidget(self.problem)
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP_SMALL)
        buttons.addWidget(self.use_button)
        buttons.addWidget(self.open_button)
        buttons.addStretch(1)
        self.about.body.addLayout(buttons)
        self.flags = SettingTable(self._context.theme, "No flags: ComfyUI starts as it is.")
        self.variables = SettingTable(self._context.theme, "No environment variables.")
        self.tables = []
        for title, text, table in (
            ("Flags", "Given to ComfyUI's main.py.", self.flags),
            ("Environment", "Variables that ComfyUI is started with.", self.variables),
        ):
            card = SectionCard(title, text)
            card.body.addWidget(table)
            self.tables.append(card)
        for card in (self.about, *self.tables):
            right.cards.addWidget(card)
        right.cards.addStretch(1)
        row.addWidget(right, 1)
        self.column.addLayout(row, 1)

    def _boards(self) -> tuple[str, ...] | None:
        infos = self._context.history.infos
        if infos:
            return tuple(infos[gpu].name for gpu in sorted(infos))
        return () if self._context.panel.gpu_problem is not None else None

    def _boards_changed(self) -> None:
        if self.isVisible() and self._boards() != self._boards_asked:
            self.read()

    def _chosen(self) -> None:
        if self.isVisible():
            self.read()

    def _show_shelf(self, shelf: ProfileShelf) -> None:
        self._shelf = shelf
        self.refresh()

    def _show_head(self, shelf: ProfileShelf, chosen: str | None, *, simulated: bool) -> None:
        name = chosen or shelf.automatic
        if name is None:
            title = (
                "No profile is chosen yet."
                if shelf.automatic_problem is None
                else "No profile can be chosen by itself."
            )
        else:
            title = f"{name} is used" + (", chosen by the GPU." if chosen is None else ", as you chose.")
        server = self._context.panel.server
        grounds = reason_words(shelf, chosen, simulated=simulated)
        if server is not None and name is not None and server.owned and server.profile != name:
            grounds += f" The server that runs was started with {server.profile}; the next job starts it anew."
        self.say_head(title, grounds)
        words = self._source.lock_words("profile")
        if words:
            self.lock.say(Tone.unknown, "fixed", words)
        elif shelf.automatic_problem is not None:
            self.lock.show_problem(shelf.automatic_problem)
        elif shelf.targets_problem is not None:
            self.lock.show_problem(shelf.targets_problem)
        else:
            self.lock.hide()

    def _show_detail(self, shelf: ProfileShelf, chosen: str | None) -> None:
        key = self._looked_at
        card = shelf.card(key if key is not None else shelf.automatic)
        is_used = key == chosen
        can_use = not is_used and not self._source.lock_words("profile") and (key is None or _is_sound(card))
        self.use_button.setText("In use" if is_used else "Use automatic" if key is None else "Use this profile")
        self.use_button.setAccessibleName(self.use_button.text())
        self.use_button.setEnabled(can_use)
        set_main(self.use_button, can_use)
        self.open_button.setVisible(card is not None)
        for table in self.tables:
            table.setVisible(_is_sound(card))
        if card is None:
            self.about.title.say("Automatic")
            self._explain("The profile is taken by the name of the GPU, as soon as that is known.")
            self.facts.show_rows([])
            self.problem.hide()
            return
        start = "Automatic: " if key is None else ""
        self.about.title.say(f"{start}{card.name} · {card.title}" if _is_sound(card) else card.name)
        if card.loaded is None:
            self._explain("This file cannot be used. It stays here until it is mended or taken away.")
            self.facts.show_rows([])
            if card.problem is not None:
                self.problem.show_problem(card.problem)
            return
        profile = card.loaded.profile
        self.problem.hide()
        self._explain(profile.description)
        own = [("Your file", str(path)) for path in files_of(card)]
        targets = [("Target", target_words(target)) for target in card.targets]
        rows = [("Made for", board_words(profile)), ("From", origin_words(card.loaded))]
        self.facts.show_rows([*rows, *own, *targets])
        self.flags.show_entries(_entries(profile.flags, card.findings))
        self.variables.show_entries(_entries(profile.environment, card.findings))

    def _explain(self, text: str) -> None:
        self.about.explanation.say(text)
        self.about.explanation.setVisible(bool(text))

    def _open(self) -> None:
        card = self._shelf.card(self._looked_at if self._looked_at is not None else self._shelf.automatic)
        if card is None:
            return
        own = files_of(card)
        place = card.problem.where.get("file") if card.problem is not None else None
        if own:
            self._context.open_folder(own[0].parent)
        elif card.loaded is not None:
            self._context.open_folder(card.loaded.path.parent)
        elif place:
            self._context.open_folder(Path(place).parent)


def _is_sound(card: ProfileCard | None) -> bool:
    return card is not None and card.loaded is not None


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
