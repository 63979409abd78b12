"""States of the profile section, as a user brings them about: editor, comparison, and what is refused."""

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.ui.setup_scenes import RTX_5090, wait_for
from tests.ui.stage import DATA, Stage
from wan22.schema.settings import Settings
from wan22.ui.pages.setup_page import SetupPage
from wan22.ui.pages.setup_profile import ProfileSection
from wan22.ui.state.profile_draft import ProfileDraft
from wan22.wiring.desk import ServerChoice

EVIL = 'title = "x"\nflags = {"--cpu" = {value = true, note = "a\\u001b[2J", read_by = "me"}}\n'
FLAGS = DATA / "launch" / "flags_0.25.0"


def comfyui_with_flags(folder: Path) -> Path:
    """A ComfyUI that is only asked for its flags, with the reader of flags of the real one."""
    shutil.copytree(FLAGS, folder, dirs_exist_ok=True)
    (folder / "comfyui_version.py").write_text('__version__ = "0.25.0"\n', encoding="utf-8")
    return folder


def opened(stage: Stage, page: SetupPage) -> ProfileSection:
    """The section, with all profiles read, on a machine with an RTX 5090 and a ComfyUI."""
    work = stage.context.parts.folders.config.parent
    settings = Settings(comfyui=comfyui_with_flags(work / "ComfyUI"), python=Path(sys.executable))
    stage.context.panel.choose(ServerChoice(settings))
    stage.context.history.set_inventory(RTX_5090)
    page.show_section("profile")
    wait_for(lambda: len(page.profile.choice.rows) > 1 and not page.profile._asking.is_asking)
    return page.profile


def edited(section: ProfileSection, name: str = "rtx5090") -> ProfileDraft:
    """The editor of a profile, with ComfyUI asked for its flags."""
    section.look_at(name)
    section.edit()
    draft = section.editor.draft
    assert draft is not None
    wait_for(lambda: draft.ground.schema is not None)
    return draft


def editor(stage: Stage, page: SetupPage) -> None:
    draft = edited(opened(stage, page))
    draft.set_flag("--reserve-vram", "1.5")
    draft.set_note("--reserve-vram", "Room for the desktop and the browser.")


def contradiction(stage: Stage, page: SetupPage) -> None:
    draft = edited(opened(stage, page))
    draft.give_flag("--use-pytorch-cross-attention", True)
    draft.set_flag("--reserve-vram", "much")
    wait_for(lambda: draft.is_tried)


def search(stage: Stage, page: SetupPage) -> None:
    section = opened(stage, page)
    edited(section)
    section.editor.flags.search.setText("vram")


def environment(stage: Stage, page: SetupPage) -> None:
    section = opened(stage, page)
    edited(section, "rtx5090-original")
    adder = section.editor.environment.adder
    adder.name.setText("CUDA DEVICE")
    adder.name.textEdited.emit("CUDA DEVICE")
    section.editor.tabs.chosen.emit(1)
    section.editor.tabs.select(1)


def expected(stage: Stage, page: SetupPage) -> None:
    section = opened(stage, page)
    draft = edited(section)
    draft.set_expectation("allocator", "any")
    draft.set_text("power_w", "-5")
    section.editor.tabs.chosen.emit(2)
    section.editor.tabs.select(2)


def compared(stage: Stage, page: SetupPage) -> None:
    section = opened(stage, page)
    section.compare("rtx5090", "rtx5090-original")


def refused(stage: Stage, page: SetupPage) -> None:
    section = opened(stage, page)
    path = stage.context.parts.folders.config.parent / "theirs.toml"
    path.write_text(EVIL, encoding="utf-8")
    section.files.import_from(path)
    wait_for(section.files.said.isVisible)


def copied(stage: Stage, page: SetupPage) -> None:
    section = opened(stage, page)
    section.look_at("rtx5090")
    section.view.copy_wanted.emit()
    section.files.name.line.setText("rtx4090")
    section.files.name.line.textEdited.emit("rtx4090")


STATES: Mapping[str, Callable[[Stage, SetupPage], None]] = {
    "profile-editor": editor,
    "profile-contradiction": contradiction,
    "profile-search": search,
    "profile-environment": environment,
    "profile-expected": expected,
    "profile-compare": compared,
    "profile-refused": refused,
    "profile-copy": copied,
}
"""End of the picture's name: what brings the state about."""
