"""Setup, second section: which launch profile is used, why, what each of them is worth here, and the editor."""

import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from wan22.launch.discovery import version_of
from wan22.launch.profile_store import LoadedProfile
from wan22.schema.profile import Profile
from wan22.ui.context import Context
from wan22.ui.measure import GAP_SMALL
from wan22.ui.pages.setup_profile_compare import ProfileComparePane, SideEntry
from wan22.ui.pages.setup_profile_drafts import ProfileDrafts
from wan22.ui.pages.setup_profile_editor import ProfileEditorPane
from wan22.ui.pages.setup_profile_files import Done, ProfileFiles
from wan22.ui.pages.setup_profile_view import ProfileView
from wan22.ui.pages.setup_section import CardScroll, SetupSection
from wan22.ui.state.asking import Asking
from wan22.ui.state.profile_card import (
    ProfileCard,
    ProfileShelf,
    automatic_words,
    files_of,
    read_shelf,
    reason_words,
    worst,
)
from wan22.ui.state.setting_source import SettingSource
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.notice import Notice
from wan22.ui.widgets.profile_choice import ChoiceRow, ProfileChoice
from wan22.wiring import profile_store
from wan22.wiring.profile_edit import profile_editor

LIST_WIDTH = 320
AS_SHIPPED = " as shipped"
EDITED = " as edited"


class ProfileSection(SetupSection):
    """Rows at the left, the one that is looked at in full at the right; editor and comparison take their place."""

    def __init__(self, context: Context, source: SettingSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._source = source
        self._shelf = ProfileShelf()
        self._shipped: dict[str, Profile] = {}
        self._looked_at: str | None = None
        self._has_looked = False
        self._boards_asked: tuple[str, ...] | None = None
        self._asking = Asking(context.work, "profiles", self)
        self._asking.answered.connect(self._show_shelf)
        self.drafts = ProfileDrafts(context, self)
        self.files = ProfileFiles(context)
        self.view = ProfileView(context.theme)
        self.editor = ProfileEditorPane(context.theme)
        self.comparison = ProfileComparePane(context.theme)
        self._build()
        self._connect()

    @property
    def use_button(self) -> QPushButton:
        """Takes the profile that is looked at."""
        return self.view.use_button

    @property
    def problem(self) -> Notice:
        """What is wrong with the file that is looked at."""
        return self.view.problem

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

        def question(_cancel: object) -> tuple[ProfileShelf, dict[str, Profile]]:
            version = held
            if version is None and folder is not None:
                version = version_of(folder) or version_of(folder / "ComfyUI")
            editor = profile_editor()
            shelf = read_shelf(profile_store(), boards, version, sys.platform)
            own = [card.name for card in shelf.cards if editor.own_file(card.name) is not None]
            return shelf, {name: one for name in own if (one := editor.shipped(name)) is not None}

        self._asking.ask(question)

    def look_at(self, key: str | None) -> None:
        """Show a profile in full; None is the automatic choice."""
        self._looked_at, self._has_looked = key, True
        self.files.be_quiet()
        self.refresh()

    def use(self) -> None:
        """The profile that is looked at is used from now on."""
        self._use(self._looked_at)

    def edit(self, name: str | None = None) -> None:
        """Open the editor for a profile, that which is looked at when none is named."""
        card = self._shelf.card(name) if name is not None else self._card()
        if card is None or card.loaded is None:
            return
        boards = self._shelf.boards or ()
        gpu = card.loaded.profile.gpu
        board = next((board for board in boards if gpu.word_for(board) or gpu.fallback), None)
        self.files.be_quiet()
        self.editor.edit(self.drafts.open(card.loaded, board))
        self.stack.setCurrentWidget(self.editor)
        self.refresh()

    def compare(self, left: str | None = None, right: str | None = None) -> None:
        """Open the comparison: of the profile that is looked at with its shipped form, else with the one in use."""
        sides = self._sides()
        names = [side[0] for side in sides]
        if not names:
            return
        card = self._card()
        first = left or (card.name if card is not None and card.name in names else names[0])
        used = self._context.panel.settings.profile or self._shelf.automatic
        others = [f"{first}{EDITED}", f"{first}{AS_SHIPPED}", used, *names]
        second = right or next((name for name in others if name in names and name != first), first)
        self.files.be_quiet()
        self.comparison.compare(sides, first, second)
        self.stack.setCurrentWidget(self.comparison)
        self.refresh()

    def leave(self) -> None:
        """Back to the profiles; drafts wait."""
        self.stack.setCurrentWidget(self.browse)
        self.refresh()
        button = self.choice.rows.get(self._looked_at)
        if button is not None:
            button.setFocus()

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
            if self.drafts.is_edited(card.name):
                mark = (Tone.running, "not saved")
            rows.append(ChoiceRow(card.name, card.name, card.title, mark, is_used=card.name == chosen))
        self.choice.show_rows(rows, self._looked_at if shelf.card(self._looked_at) is not None else None)
        self._show_head(shelf, chosen, simulated=simulated)
        looked_at = self._card()
        is_edited = looked_at is not None and self.drafts.is_edited(looked_at.name)
        self.view.show_card(looked_at, is_automatic=self._looked_at is None, is_edited=is_edited)
        self._show_use(looked_at, chosen)

    def _build(self) -> None:
        self.lock = Notice(self._context.theme)
        self.column.addWidget(self.lock)
        self.column.addWidget(self.files)
        self.stack = QStackedWidget()
        self.browse = QWidget()
        row = QHBoxLayout(self.browse)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        left = CardScroll("Profiles")
        left.setFixedWidth(LIST_WIDTH)
        self.choice = ProfileChoice(self._context.theme)
        frame = QFrame()
        frame.setObjectName("card")
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(GAP_SMALL, GAP_SMALL, GAP_SMALL, GAP_SMALL)
        inside.addWidget(self.choice)
        left.cards.addWidget(frame)
        below = QHBoxLayout()
        below.setSpacing(GAP_SMALL)
        self.import_button = push_button(
            "Import…", "Check a profile from a .toml file and keep it as one of your own", self.files.import_one
        )
        self.scripts_button = push_button(
            "Export scripts…",
            "Write .bat and .sh files that start ComfyUI without the panel",
            self.files.export_scripts,
        )
        below.addWidget(self.import_button)
        below.addWidget(self.scripts_button)
        below.addStretch(1)
        left.cards.addLayout(below)
        left.cards.addStretch(1)
        row.addWidget(left)
        row.addWidget(self.view, 1)
        for pane in (self.browse, self.editor, self.comparison):
            self.stack.addWidget(pane)
        self.column.addWidget(self.stack, 1)

    def _connect(self) -> None:
        context, view = self._context, self.view
        self.choice.looked_at.connect(self.look_at)
        view.use_wanted.connect(self.use)
        view.edit_wanted.connect(self.edit)
        view.compare_wanted.connect(self.compare)
        view.copy_wanted.connect(lambda: self._of_card(self._copy))
        view.rename_wanted.connect(lambda: self._of_card(self._rename))
        view.delete_wanted.connect(lambda: self._of_card(lambda card: self.files.delete(card.name)))
        view.restore_wanted.connect(lambda: self._of_card(lambda card: self.files.restore(card.name)))
        view.export_wanted.connect(lambda: self._of_card(lambda card: self.files.export(card.name)))
        view.folder_wanted.connect(self._open)
        self.editor.left.connect(self.leave)
        self.editor.save_wanted.connect(self._save)
        self.editor.copy_wanted.connect(self._copy_draft)
        self.comparison.left.connect(self.leave)
        self.comparison.changed.connect(self.refresh)
        self.drafts.edited.connect(self.refresh)
        self.files.done.connect(self._done)
        self.files.asked.connect(self._asked)
        context.panel.chosen.connect(self._chosen)
        context.panel.changed.connect(self.refresh)
        context.history.changed.connect(self._boards_changed)
        self._source.changed.connect(self.refresh)

    def _card(self) -> ProfileCard | None:
        return self._shelf.card(self._looked_at if self._looked_at is not None else self._shelf.automatic)

    def _of_card(self, act: Callable[[ProfileCard], None]) -> None:
        card = self._card()
        if card is not None:
            act(card)

    def _copy(self, card: ProfileCard) -> None:
        if card.loaded is not None:
            self.files.copy(card.loaded.profile)

    def _rename(self, card: ProfileCard) -> None:
        if card.loaded is not None:
            self.files.rename(card.loaded)

    def _copy_draft(self) -> None:
        draft = self.editor.draft
        if draft is not None and draft.wanted is not None:
            self.files.copy(draft.wanted)

    def _save(self) -> None:
        draft = self.editor.draft
        if draft is not None and draft.wanted is not None and draft.can_save:
            self.files.save(draft.wanted)

    def _use(self, key: str | None) -> None:
        settings = self._context.panel.settings.model_copy(update={"profile": key})
        self._source.read(after=self._context.use_settings(settings))

    def _asked(self) -> None:
        self.editor.is_asked = self.files.is_asking
        self.editor.refresh()
        self.refresh()

    def _done(self, done: Done) -> None:
        """Something was written: follow it, and read all files again."""
        for name in (done.saved, done.replaced):
            if name is not None:
                self.drafts.forget(name)
        if done.name is not None:
            if self.stack.currentWidget() is self.editor and done.replaced is None:
                draft = self.editor.draft
                if draft is not None:
                    draft.discard()
                self.stack.setCurrentWidget(self.browse)
            self._looked_at, self._has_looked = done.name or None, bool(done.name)
        chosen = self._context.panel.settings.profile
        if done.replaced is not None and done.replaced == chosen and not self._source.lock_words("profile"):
            self._use(done.name or None)
        self.read()

    def _sides(self) -> list[SideEntry]:
        """All that can be compared: saved profiles, edits of them, and the shipped ones below the user's changes."""
        sides: list[SideEntry] = []
        for card in self._shelf.cards:
            if card.loaded is None:
                continue
            sides.append((card.name, card.title, card.loaded.profile))
            draft = self.drafts.find(card.name)
            if draft is not None and draft.is_edited and draft.wanted is not None:
                sides.append((card.name + EDITED, "not saved yet", draft.wanted))
            shipped = self._shipped.get(card.name)
            if shipped is not None:
                sides.append((card.name + AS_SHIPPED, shipped.title, shipped))
        return sides

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

    def _show_shelf(self, answer: tuple[ProfileShelf, dict[str, Profile]]) -> None:
        self._shelf, self._shipped = answer
        self.files.names = frozenset(card.name for card in self._shelf.cards)
        for card in self._shelf.cards:
            if card.loaded is not None:
                self.drafts.take_saved(card.loaded)
        if self._looked_at is not None and self._shelf.card(self._looked_at) is None:
            self._looked_at = None
        self.refresh()

    def _show_head(self, shelf: ProfileShelf, chosen: str | None, *, simulated: bool) -> None:
        shown = self.stack.currentWidget()
        draft = self.editor.draft
        if shown is self.editor and draft is not None:
            self.lock.hide()
            self.say_head(f"Editing {draft.name}.", _edit_words(draft.loaded))
            return
        if shown is self.comparison:
            self.lock.hide()
            self.say_head(self.comparison.sentence, "Only what differs is shown.")
            return
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

    def _show_use(self, card: ProfileCard | None, chosen: str | None) -> None:
        key = self._looked_at
        is_used = key == chosen
        is_sound = card is not None and card.loaded is not None
        can_use = not is_used and not self._source.lock_words("profile") and (key is None or is_sound)
        text = "In use" if is_used else "Use automatic" if key is None else "Use this profile"
        self.view.show_use(text, can_use=can_use, is_main=not self.files.is_asking)

    def _open(self) -> None:
        card = self._card()
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


def _edit_words(loaded: LoadedProfile) -> str:
    """Where a saved edit goes."""
    if loaded.origin == "user":
        return f"It is your own: {loaded.path}. The file before is kept beside it."
    own = f" {loaded.overlays[0]}" if loaded.overlays else ""
    return (
        f"The shipped file is never touched: what you save is a file of yours laid over it{own and ','}{own}. "
        "All that you leave alone goes on following the shipped one."
    )
