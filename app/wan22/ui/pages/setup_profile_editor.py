"""The editor of one profile: flags, environment, expectations; judged at once, saved only when nothing forbids it."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from wan22.ui.measure import GAP, GAP_SMALL, TextRole
from wan22.ui.pages.setup_profile_flags import FlagPane
from wan22.ui.pages.setup_profile_words import AboutPane, EnvironmentPane
from wan22.ui.pages.setup_section import SCROLL_EDGE
from wan22.ui.state.profile_draft import ProfileDraft
from wan22.ui.theme import Theme
from wan22.ui.widgets.button import push_button, set_main
from wan22.ui.widgets.elided_label import ElidedLabel
from wan22.ui.widgets.segment import Segment
from wan22.ui.widgets.text_label import TextLabel

_TABS = (
    ("Flags", "What is given to ComfyUI's main.py"),
    ("Environment", "Variables that it is started with"),
    ("Expected and about", "What must show after the start, and what the profile is for"),
)
_SHOWN_CHANGES = 3


class ProfileEditorPane(QWidget):
    """Shows one draft at a time; `left` when the user goes back to the profiles, which keeps the draft."""

    left = Signal()
    save_wanted = Signal()
    copy_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._draft: ProfileDraft | None = None
        self.is_asked = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        self.tabs = Segment(theme, "Part of the profile", list(_TABS))
        self.tabs.select(0)
        top = QHBoxLayout()
        top.setSpacing(GAP_SMALL)
        top.setContentsMargins(0, 0, SCROLL_EDGE, 0)
        self.back = push_button("Back", "To the profiles; what is not saved waits here", self.left.emit, kind="flat")
        top.addWidget(self.back)
        top.addWidget(self.tabs)
        top.addStretch(1)
        column.addLayout(top)
        self.flags = FlagPane(theme)
        self.environment = EnvironmentPane(theme)
        self.about = AboutPane(theme)
        self.stack = QStackedWidget()
        for pane in (self.flags, self.environment, self.about):
            self.stack.addWidget(pane)
        self.tabs.chosen.connect(self.stack.setCurrentIndex)
        column.addWidget(self.stack, 1)
        column.addLayout(self._foot())

    @property
    def draft(self) -> ProfileDraft | None:
        """What is edited."""
        return self._draft

    def edit(self, draft: ProfileDraft) -> None:
        """Show a draft."""
        if draft is not self._draft:
            if self._draft is not None:
                self._draft.changed.disconnect(self.refresh)
            self._draft = draft
            draft.changed.connect(self.refresh)
        for pane in (self.flags, self.environment, self.about):
            pane.show_draft(draft)
        self.refresh()

    def refresh(self) -> None:
        """Show everything as it stands now."""
        draft = self._draft
        if draft is None:
            return
        for pane in (self.flags, self.environment, self.about):
            pane.refresh()
        self.save.setEnabled(draft.can_save)
        set_main(self.save, draft.can_save and not self.is_asked)
        self.discard.setEnabled(draft.is_edited)
        self.copy.setEnabled(draft.wanted is not None and not draft.fatal)
        if draft.fatal:
            self.verdict.say("✕ Cannot be saved so")
            self.verdict.set_ink("bad")
            self.state.say(draft.fatal[0].sentence)
        elif draft.is_edited:
            changes = draft.changes()
            more = len(changes) - _SHOWN_CHANGES
            self.verdict.say(f"{len(changes)} {'change is' if len(changes) == 1 else 'changes are'} not saved")
            self.verdict.set_ink("accent")
            self.state.say(", ".join(changes[:_SHOWN_CHANGES]) + (f", and {more} more" if more > 0 else ""))
        else:
            self.verdict.say("Everything is saved")
            self.verdict.set_ink("muted")
            self.state.say("")

    def _foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, SCROLL_EDGE, 0)
        row.setSpacing(GAP_SMALL)
        words = QVBoxLayout()
        words.setSpacing(0)
        self.verdict = TextLabel("", TextRole.strong, "muted")
        self.state = ElidedLabel(TextRole.caption, "muted")
        words.addWidget(self.verdict)
        words.addWidget(self.state)
        row.addLayout(words, 1)
        self.discard = push_button("Discard", "Forget what is not saved", self._discard)
        self.copy = push_button(
            "Save as copy…", "Keep it as a new profile of your own, under another name", self.copy_wanted.emit
        )
        self.save = push_button("Save", "Write it; it counts from the next start of ComfyUI on", self.save_wanted.emit)
        for button in (self.discard, self.copy, self.save):
            row.addWidget(button)
        return row

    def _discard(self) -> None:
        if self._draft is not None:
            self._draft.discard()
