"""All profiles that are being edited: they wait while other pages are shown, and are asked about at the end."""

from PySide6.QtCore import QObject, QTimer, Signal

from wan22.launch.flag_trial import try_profile
from wan22.launch.profile_check import SettingComplaint
from wan22.launch.profile_store import LoadedProfile
from wan22.schema.problem import AppError
from wan22.schema.profile import Profile
from wan22.system.cancel import CancelToken
from wan22.ui.context import Context
from wan22.ui.state.asking import Asking
from wan22.ui.state.profile_draft import Ground, ProfileDraft
from wan22.ui.state.profile_ground import read_ground
from wan22.ui.widgets.unsaved_dialog import UnsavedChoice, UnsavedDialog
from wan22.wiring.profile_edit import profile_editor

_PAUSE_MS = 300
"""How long the user must not have typed before ComfyUI itself is asked."""


class ProfileDrafts(QObject):
    """`edited` when one of them is edited, or not any more."""

    edited = Signal()

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._drafts: dict[str, ProfileDraft] = {}
        self._shown: ProfileDraft | None = None
        self._dialog: UnsavedDialog | None = None
        self._is_settled = False
        self._grounding = Asking(context.work, "flag-schema", self)
        self._grounding.answered.connect(self._grounded)
        self._trying = Asking(context.work, "flag-trial", self)
        self._trying.answered.connect(self._tried)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._try)
        context.close_guards.append(self.may_close)

    @property
    def unsaved(self) -> tuple[ProfileDraft, ...]:
        """Those with edits."""
        return tuple(draft for draft in self._drafts.values() if draft.is_edited)

    @property
    def unsaved_words(self) -> str:
        """How many profiles wait to be saved; empty for none."""
        names = [draft.name for draft in self.unsaved]
        return (
            "" if not names else f"{names[0]} is not saved" if len(names) == 1 else f"{len(names)} profiles not saved"
        )

    def is_edited(self, name: str) -> bool:
        """Whether that profile has edits."""
        return name in self._drafts and self._drafts[name].is_edited

    def find(self, name: str) -> ProfileDraft | None:
        """The draft of that name, if there is one."""
        return self._drafts.get(name)

    def open(self, loaded: LoadedProfile, gpu_name: str | None) -> ProfileDraft:
        """The draft of a profile, begun or gone on with."""
        name = loaded.profile.name
        settings = self._context.panel.settings
        draft = self._drafts.get(name)
        if draft is None:
            ground = Ground(gpu_name=gpu_name, is_asking=settings.comfyui is not None)
            draft = self._drafts[name] = ProfileDraft(loaded, ground, self)
            draft.changed.connect(self._changed)
        self._shown = draft
        folder, python = settings.comfyui, settings.python
        profile = draft.saved
        self._grounding.ask(lambda _cancel: (name, read_ground(profile, folder, python, gpu_name)))
        return draft

    def take_saved(self, loaded: LoadedProfile) -> None:
        """A profile is read anew."""
        draft = self._drafts.get(loaded.profile.name)
        if draft is not None and draft.loaded != loaded:
            draft.take_saved(loaded)

    def forget(self, name: str) -> None:
        """A profile is saved, restored or gone: its edits are no longer wanted."""
        draft = self._drafts.get(name)
        if draft is not None and draft is self._shown:
            draft.discard()
        elif draft is not None:
            del self._drafts[name]
            draft.deleteLater()
        self.edited.emit()

    def may_close(self) -> bool:
        """Whether nothing is unsaved; if something is, the question is asked."""
        if self._is_settled or not self.unsaved:
            self._is_settled = False
            return True
        if self._dialog is None:
            self._ask()
        return False

    def _ask(self) -> None:
        names = [draft.name for draft in self.unsaved]
        which = f"The profile {names[0]} has changes" if len(names) == 1 else f"{len(names)} profiles have changes"
        can_save = all(draft.can_save for draft in self.unsaved)
        text = "\n".join(f"{draft.name}: {', '.join(draft.changes()[:3])}" for draft in self.unsaved)
        if not can_save:
            blocked = next(draft for draft in self.unsaved if not draft.can_save)
            text = f"{blocked.name} cannot be saved so: {blocked.fatal[0].sentence if blocked.fatal else ''}"
        dialog = self._dialog = UnsavedDialog(
            f"{which} that are not saved", text, can_save=can_save, parent=self._context.window
        )
        dialog.chosen.connect(self._chosen)
        dialog.open()

    def _chosen(self, choice: UnsavedChoice) -> None:
        dialog, self._dialog = self._dialog, None
        assert dialog is not None
        dialog.close()
        dialog.deleteLater()
        if choice is UnsavedChoice.cancel:
            return
        if choice is UnsavedChoice.save:
            wanted = [draft.wanted for draft in self.unsaved if draft.wanted is not None]
            saving = Asking(self._context.work, "profile-files", self)
            saving.answered.connect(lambda _done: self._close())
            saving.refused.connect(self._context.tell_problem)
            saving.ask(lambda _cancel: _saved(wanted))
            return
        self._close()

    def _close(self) -> None:
        self._is_settled = True
        self._context.window.close()

    def _changed(self) -> None:
        self.edited.emit()
        shown = self._shown
        if shown is not None and shown.ground.installation is not None and shown.wanted is not None:
            self._pause.start()

    def _grounded(self, answer: tuple[str, Ground]) -> None:
        name, ground = answer
        draft = self._drafts.get(name)
        if draft is not None:
            draft.show_ground(ground)

    def _try(self) -> None:
        draft = self._shown
        if draft is None or draft.wanted is None or draft.is_tried:
            return
        installation, schema, wanted = draft.ground.installation, draft.ground.schema, draft.wanted
        if installation is None or schema is None:
            return

        def question(cancel: CancelToken) -> tuple[str, Profile, SettingComplaint | None]:
            try:
                return draft.name, wanted, try_profile(wanted, installation, schema, cancel)
            except AppError as error:
                if error.problem.code == "cancelled":
                    raise
                return draft.name, wanted, None

        self._trying.ask(question)

    def _tried(self, answer: tuple[str, Profile, SettingComplaint | None]) -> None:
        name, tried, complaint = answer
        draft = self._drafts.get(name)
        if draft is not None:
            draft.take_trial(tried, complaint)


def _saved(wanted: list[Profile]) -> int:
    editor = profile_editor()
    for profile in wanted:
        editor.save(profile)
    return len(wanted)
