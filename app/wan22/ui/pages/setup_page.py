"""Setup: which ComfyUI, which profile, which settings, and how the window looks."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from wan22.system.files import file_error
from wan22.ui.context import Context
from wan22.ui.measure import GAP, GAP_TINY, GUTTER, TextRole
from wan22.ui.pages.setup_appearance import AppearanceSection
from wan22.ui.pages.setup_profile import ProfileSection
from wan22.ui.pages.setup_section import SCROLL_EDGE
from wan22.ui.pages.setup_server import ServerSection
from wan22.ui.pages.setup_settings import SettingsSection
from wan22.ui.pages.setup_workflows import WorkflowsSection
from wan22.ui.state.asking import Asking
from wan22.ui.state.setting_source import SettingSource
from wan22.ui.widgets.segment import Segment
from wan22.ui.widgets.text_label import TextLabel

if TYPE_CHECKING:
    from wan22.ui.pages.setup_section import SetupSection

SECTIONS: tuple[tuple[str, str, str], ...] = (
    ("comfyui", "ComfyUI", "Which ComfyUI the panel works with"),
    ("profile", "Profile", "How ComfyUI is started for the GPU"),
    ("workflows", "Workflows", "What a workflow does, what is doubtful about it, and how to use it"),
    ("settings", "Settings", "Folders, ports and limits"),
    ("appearance", "Appearance", "Theme, where data lies, diagnostics"),
)
_SECTION_KEY = "setup/section"


class SetupPage(QWidget):
    """One section at a time; its answer stands at the top of the page. The section is remembered."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._context = context
        path = context.parts.folders.config / "settings.toml"
        self.source = SettingSource(path, os.environ, context.work, self)
        self.server = ServerSection(context, self.source)
        self.profile = ProfileSection(context, self.source)
        self.workflows = WorkflowsSection(context)
        self.settings = SettingsSection(context, self.source)
        self.appearance = AppearanceSection(context, self.source)
        self._folder = Asking(context.work, "open-folder", self)
        self._folder.answered.connect(context.open_folder)
        self._folder.refused.connect(context.tell_problem)
        column = QVBoxLayout(self)
        column.setContentsMargins(GUTTER, GAP, GUTTER - SCROLL_EDGE, GAP)
        column.setSpacing(GAP)
        column.addLayout(self._bar())
        column.addLayout(self._head())
        self.stack = QStackedWidget()
        self._sections: tuple[SetupSection, ...] = (
            self.server,
            self.profile,
            self.workflows,
            self.settings,
            self.appearance,
        )
        for section in self._sections:
            self.stack.addWidget(section)
            section.head_changed.connect(self._say_head)
        column.addWidget(self.stack, 1)
        for asking in (self.settings.folder_asked, self.appearance.folder_asked):
            asking.connect(self._open_folder)
        self.settings.edited.connect(self._say_unsaved)
        self.profile.drafts.edited.connect(self._say_unsaved)
        context.hand_over.section_wanted.connect(self._section_wanted)
        context.hand_over.folder_given.connect(lambda path: self.server.folder.folder.take(str(path)))
        keys = [key for key, _, _ in SECTIONS]
        self.workflows.unknown.has_packs = "packs" in keys
        last = str(context.memory.value(_SECTION_KEY, ""))
        self.show_section(last if last in keys else keys[0])
        self._say_unsaved()
        self.source.read()

    def show_section(self, key: str) -> None:
        """Show one of `SECTIONS`."""
        number = [name for name, _, _ in SECTIONS].index(key)
        self.segment.select(number)
        self.stack.setCurrentIndex(number)
        self._context.memory.setValue(_SECTION_KEY, key)
        self._say_head()

    def _bar(self) -> QHBoxLayout:
        """The sections have a line of their own: there are too many to stand beside a sentence."""
        row = QHBoxLayout()
        row.setSpacing(GAP)
        row.setContentsMargins(0, 0, SCROLL_EDGE, 0)
        self.segment = Segment(self._context.theme, "Section", [(text, tip) for _, text, tip in SECTIONS])
        self.segment.chosen.connect(lambda number: self.show_section(SECTIONS[number][0]))
        row.addWidget(self.segment)
        row.addStretch(1)
        self.unsaved = TextLabel("", TextRole.caption, "accent")
        row.addWidget(self.unsaved)
        return row

    def _head(self) -> QVBoxLayout:
        words = QVBoxLayout()
        words.setSpacing(GAP_TINY)
        words.setContentsMargins(0, 0, SCROLL_EDGE, 0)
        self.title = TextLabel("", TextRole.title)
        self.title.setWordWrap(True)
        self.grounds = TextLabel("", TextRole.body, "muted")
        self.grounds.setWordWrap(True)
        words.addWidget(self.title)
        words.addWidget(self.grounds)
        return words

    def _say_head(self) -> None:
        section = self._sections[self.stack.currentIndex()]
        self.title.say(section.title)
        self.grounds.say(section.grounds)

    def _section_wanted(self, key: str, _detail: str) -> None:
        """Another page leads here."""
        if key in [name for name, _, _ in SECTIONS]:
            self.show_section(key)

    def _say_unsaved(self) -> None:
        words = (self.settings.unsaved_words, self.profile.drafts.unsaved_words)
        self.unsaved.say(" · ".join(part for part in words if part))

    def _open_folder(self, folder: Path) -> None:
        self._folder.ask(lambda _cancel: _made(folder))


def _made(folder: Path) -> Path:
    """The folder, made when nothing was written into it yet. AppError `file_unwritable`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise file_error(error, folder, writing=True) from error
    return folder
