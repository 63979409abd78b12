"""The profile editor as it is used: files, ComfyUI's reader of flags and threads are real."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QPushButton
from pytestqt.qtbot import QtBot

from tests.ui import profile_scenes
from tests.ui.page_check import cut_off, texts, without_name
from tests.ui.profile_scenes import edited, opened
from tests.ui.stage import Stage
from wan22.launch.profile_store import ProfileStore
from wan22.system.paths import data_folder
from wan22.ui.closing import Closing
from wan22.ui.pages.setup_page import SetupPage
from wan22.ui.pages.setup_profile import ProfileSection
from wan22.ui.theme import Theme
from wan22.ui.widgets.unsaved_dialog import UnsavedChoice, UnsavedDialog


@pytest.fixture
def stage(qtbot: QtBot, theme: Theme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("WAN22_HOME", str(tmp_path / "wan22 höme"))
    made = Stage(theme, tmp_path / "wan22 höme")
    made.window.resize(1440, 900)
    made.window.show()
    yield made
    made.close()


@pytest.fixture
def page(stage: Stage) -> SetupPage:
    page = stage.window.open_page("setup")
    assert isinstance(page, SetupPage)
    return page


@pytest.fixture
def section(stage: Stage, page: SetupPage) -> ProfileSection:
    return opened(stage, page)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "wan22 höme" / "config" / "profiles"


def press(qtbot: QtBot, button: QPushButton) -> None:
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def choose(section: ProfileSection, text: str) -> None:
    (action,) = [one for one in section.view.more_button.menu().actions() if one.text() == text]
    assert isinstance(action, QAction)
    assert action.isVisible()
    action.trigger()


def test_a_changed_flag_is_saved_as_a_file_over_the_shipped_one(
    section: ProfileSection, stage: Stage, page: SetupPage, qtbot: QtBot, own: Path
):
    section.look_at("rtx5090")
    press(qtbot, section.view.edit_button)
    draft = section.editor.draft
    assert draft is not None
    qtbot.waitUntil(lambda: draft.ground.schema is not None)
    assert page.title.text() == "Editing rtx5090."
    pane, editor = section.editor.flags, section.editor
    shown = [name for name, field in pane.fields.items() if field.isVisible()]
    assert shown == ["--use-sage-attention", "--fast"]
    assert not editor.save.isEnabled()
    qtbot.keyClicks(pane.search, "reserve")
    field = pane.fields["--reserve-vram"]
    assert field.isVisible()
    assert pane.shown.selected == 1
    line = field.value
    assert line is not None
    line.setFocus()
    qtbot.keyClicks(line, "1.5")
    assert field.given.isChecked()
    assert "✓ known effect" in texts(field)
    assert editor.verdict.text() == "1 change is not saved"
    assert editor.state.whole.replace("\xa0", " ") == "--reserve-vram: not given → 1.5"
    assert page.unsaved.text() == "rtx5090 is not saved"
    qtbot.waitUntil(lambda: draft.is_tried)
    press(qtbot, editor.save)
    qtbot.waitUntil((own / "rtx5090.toml").exists)
    qtbot.waitUntil(lambda: editor.verdict.text() == "Everything is saved")
    assert ProfileStore(data_folder() / "profiles", own).load("rtx5090").profile.flags["--reserve-vram"].value == 1.5
    assert page.unsaved.text() == ""
    section.leave()
    qtbot.waitUntil(section.view.restore_action.isVisible)
    choose(section, "Restore shipped…")
    assert section.view.use_button.property("kind") != "main"
    press(qtbot, section.files.question.yes)
    qtbot.waitUntil(lambda: not (own / "rtx5090.toml").exists())
    qtbot.waitUntil(section.files.said.isVisible)
    assert (own / "rtx5090.toml.bak").exists()
    qtbot.waitUntil(lambda: not section.view.restore_action.isVisible())


def test_contradictions_are_shown_at_once_and_are_not_saved(section: ProfileSection, qtbot: QtBot):
    draft = edited(section)
    pane, editor = section.editor.flags, section.editor
    pane.shown.chosen.emit(1)
    pane.shown.select(1)
    pane.sift()
    pane.fields["--use-flash-attention"].given.click()
    assert "exclude each other" in pane.fields["--use-sage-attention"].words.complaint.text()
    assert "✕ refused" in texts(pane.fields["--use-flash-attention"])
    assert editor.verdict.text() == "✕ Cannot be saved so"
    assert not editor.save.isEnabled()
    assert not editor.copy.isEnabled()
    pane.fields["--use-flash-attention"].given.click()
    assert not draft.is_edited
    draft.set_flag("--cache-lru", "many")
    assert draft.can_save
    qtbot.waitUntil(lambda: bool(draft.fatal))
    assert pane.fields["--cache-lru"].words.complaint.text() == "✕ ComfyUI itself says: invalid int value: 'many'."
    draft.set_flag("--cache-lru", "3")
    assert draft.can_save


def test_what_the_installed_comfyui_does_not_know_may_be_saved(section: ProfileSection, own: Path, qtbot: QtBot):
    own.mkdir(parents=True)
    text = 'title = "M"\n[flags.--from-the-future]\nvalue = "x"\nnote = "n"\nread_by = "ComfyUI"\n'
    (own / "mine.toml").write_text(text, encoding="utf-8")
    section.read()
    qtbot.waitUntil(lambda: "mine" in section.choice.rows)
    draft = edited(section, "mine")
    field = section.editor.flags.fields["--from-the-future"]
    assert field.words.complaint.text().startswith("! --from-the-future is not known to ComfyUI 0.25.0")
    draft.set_note("--from-the-future", "Another reason.")
    assert draft.can_save
    draft.set_note("--from-the-future", " ")
    assert draft.fatal[0].setting == "--from-the-future"


def test_choices_come_from_comfyui(section: ProfileSection, qtbot: QtBot):
    draft = edited(section)
    field = section.editor.flags.fields["--preview-method"]
    field.given.click()
    assert draft.flags["--preview-method"].text == "none"
    field.value.picked.emit("taesd")  # type: ignore[union-attr]
    assert draft.wanted is not None
    assert draft.wanted.flags["--preview-method"].value == "taesd"
    assert draft.can_save
    field.given.click()
    assert not draft.is_edited


def test_environment_and_expectations(section: ProfileSection, qtbot: QtBot):
    draft = edited(section)
    section.editor.tabs.chosen.emit(1)
    pane = section.editor.environment
    qtbot.keyClicks(pane.adder.name, "A=B")
    assert "not a name for an environment variable" in pane.adder.doubt.text()
    assert not pane.adder.add.isEnabled()
    pane.adder.name.clear()
    qtbot.keyClicks(pane.adder.name, "TORCH_COMPILE")
    qtbot.keyClicks(pane.adder.value, "1")
    press(qtbot, pane.adder.add)
    qtbot.waitUntil(lambda: "! no effect" in texts(pane.fields["TORCH_COMPILE"]))
    qtbot.keyClicks(pane.adder.name, "TORCH_COMPILE")
    assert "in the profile already" in pane.adder.doubt.text()
    press(qtbot, pane.fields["TORCH_COMPILE"].drop)
    assert pane.fields == {}
    assert not draft.is_edited
    section.editor.tabs.chosen.emit(2)
    about = section.editor.about
    about.choices["fp16_accumulation"].picked.emit("any")
    assert draft.wanted is not None
    assert draft.wanted.expect.fp16_accumulation is None
    about.lines["power_w"].clear()
    qtbot.keyClicks(about.lines["power_w"], "much")
    assert about.rows["power_w"].note.text() == "✕ The usual power limit must be a number above 0, or empty."
    press(qtbot, section.editor.discard)
    assert about.lines["power_w"].text() == "575"
    assert not draft.is_edited


def test_unsaved_changes_survive_other_pages_and_are_asked_about_at_the_end(
    section: ProfileSection, stage: Stage, qtbot: QtBot, own: Path
):
    closing = Closing(stage.context)
    stage.window.may_close = closing.may_close
    draft = edited(section)
    draft.set_text("title", "Another title")
    stage.window.open_page("run")
    stage.window.open_page("setup")
    section.leave()
    assert "▸ not saved" in texts(section.choice)
    assert section.view.edit_button.text() == "Go on editing"
    section.edit("rtx4090")
    section.edit("rtx5090")
    assert section.editor.draft is draft
    assert section.editor.about.lines["title"].text() == "Another title"
    stage.window.close()
    assert stage.window.isVisible()
    (dialog,) = stage.window.findChildren(UnsavedDialog)
    assert any("rtx5090" in text for text in texts(dialog))
    assert without_name(dialog) == cut_off(dialog) == []
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert stage.window.isVisible()
    stage.settle()
    stage.window.close()
    stage.settle()
    dialog = next(one for one in stage.window.findChildren(UnsavedDialog) if one.isVisible())
    with qtbot.waitSignal(stage.window.closed, timeout=10_000):
        qtbot.mouseClick(dialog.buttons[UnsavedChoice.save], Qt.MouseButton.LeftButton)
    assert "Another title" in (own / "rtx5090.toml").read_text(encoding="utf-8")


def test_closing_without_saving_forgets(section: ProfileSection, stage: Stage, qtbot: QtBot, own: Path):
    stage.window.may_close = Closing(stage.context).may_close
    draft = edited(section)
    draft.set_flag("--verbose", "LOUD")
    stage.window.close()
    (dialog,) = stage.window.findChildren(UnsavedDialog)
    assert not dialog.save.isVisible()
    with qtbot.waitSignal(stage.window.closed, timeout=10_000):
        qtbot.mouseClick(dialog.buttons[UnsavedChoice.forget], Qt.MouseButton.LeftButton)
    assert not own.exists()


def test_copy_rename_use_delete(section: ProfileSection, stage: Stage, qtbot: QtBot, own: Path):
    section.look_at("rtx5090")
    press(qtbot, section.view.copy_button)
    card = section.files.name
    assert card.line.text() == "rtx5090-2"
    card.line.clear()
    qtbot.keyClicks(card.line, "Not A Name!")
    assert not card.yes.isEnabled()
    card.line.clear()
    qtbot.keyClicks(card.line, "quiet")
    qtbot.keyClick(card.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "quiet" in section.choice.rows)
    assert section.view.about.title.text() == "quiet · RTX 5090, 32 GB"
    press(qtbot, section.use_button)
    assert stage.context.panel.settings.profile == "quiet"
    choose(section, "Rename…")
    card.line.clear()
    qtbot.keyClicks(card.line, "silent")
    press(qtbot, card.yes)
    qtbot.waitUntil(lambda: "silent" in section.choice.rows)
    assert stage.context.panel.settings.profile == "silent"
    choose(section, "Delete…")
    press(qtbot, section.files.question.no)
    assert not section.files.isVisible()
    choose(section, "Delete…")
    press(qtbot, section.files.question.yes)
    qtbot.waitUntil(lambda: "silent" not in section.choice.rows)
    assert stage.context.panel.settings.profile is None
    assert {path.name for path in own.iterdir()} == {"quiet.toml.bak", "silent.toml.bak"}


def test_an_edited_profile_is_kept_as_a_copy(section: ProfileSection, qtbot: QtBot, own: Path):
    draft = edited(section)
    draft.set_flag("--reserve-vram", "2")
    press(qtbot, section.editor.copy)
    assert section.editor.save.property("kind") != "main"
    press(qtbot, section.files.name.yes)
    qtbot.waitUntil(lambda: "rtx5090-2" in section.choice.rows)
    assert {path.name for path in own.iterdir()} == {"rtx5090-2.toml"}
    assert "--reserve-vram" in (own / "rtx5090-2.toml").read_text(encoding="utf-8")
    assert not draft.is_edited
    assert section.browse.isVisible()


def test_import_and_export(section: ProfileSection, qtbot: QtBot, tmp_path: Path):
    section.look_at("rtx4090")
    choose(section, "Export to a file…")
    (dialog,) = section.files.findChildren(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "ünï.toml"))
    dialog.reject()
    qtbot.waitUntil((tmp_path / "ünï.toml").exists)
    qtbot.waitUntil(section.files.said.isVisible)
    section.files.import_from(tmp_path / "ünï.toml")
    qtbot.waitUntil(lambda: "rtx4090-2" in section.choice.rows)
    assert "Nothing in it can make ComfyUI run other code." in texts(section.files)
    (tmp_path / "evil.toml").write_text("x = " + "[" * 9000, encoding="utf-8")
    section.files.import_from(tmp_path / "evil.toml")
    qtbot.waitUntil(lambda: section.files.said.chip.text() == "✕ problem")
    assert "too deep" in section.files.said.message.text()


def test_scripts_are_written_from_here(section: ProfileSection, qtbot: QtBot, tmp_path: Path):
    press(qtbot, section.scripts_button)
    (dialog,) = section.files.findChildren(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "scripts"))
    dialog.reject()
    qtbot.waitUntil(section.files.said.isVisible, timeout=20_000)
    assert section.files.said.message.text() == "14 files are written."
    assert (tmp_path / "scripts" / "launch_wan22_rtx5090.bat").exists()


def test_two_profiles_side_by_side(section: ProfileSection, page: SetupPage, qtbot: QtBot):
    draft = edited(section)
    draft.set_flag("--reserve-vram", "2")
    section.leave()
    press(qtbot, section.view.compare_button)
    assert page.title.text() == "rtx5090 and rtx5090 as edited differ in 1 thing."
    said = texts(section.comparison)
    assert "--reserve-vram" in said
    assert "not given" in said
    section.comparison.choices[1].picked.emit("h100")
    assert page.title.text() == "rtx5090 and h100 differ in 8 things."
    press(qtbot, section.comparison.swap)
    assert page.title.text() == "h100 and rtx5090 differ in 8 things."
    section.comparison.choices[1].picked.emit("h100")
    assert page.title.text() == "The same profile stands on both sides."


def test_without_a_comfyui_it_says_that_nothing_was_asked(stage: Stage, page: SetupPage, qtbot: QtBot):
    page.show_section("profile")
    section = page.profile
    qtbot.waitUntil(lambda: len(section.choice.rows) > 1)
    section.look_at("cpu")
    section.edit()
    assert section.editor.flags.notice.isVisible()
    assert "--highvram" in section.editor.flags.fields
    section.editor.flags.fields["--highvram"].given.click()
    assert not section.editor.save.isEnabled()
    assert "exclude each other" in section.editor.flags.fields["--cpu"].words.complaint.text()


@pytest.mark.parametrize("name", profile_scenes.STATES)
def test_every_state_holds_in_the_smallest_window(stage: Stage, page: SetupPage, name: str):
    profile_scenes.STATES[name](stage, page)
    stage.window.resize(1080, 680)
    stage.settle()
    assert cut_off(stage.window) == []


def test_a_comfyui_that_cannot_be_asked_is_named(section: ProfileSection, stage: Stage, qtbot: QtBot):
    folder = stage.context.panel.settings.comfyui
    assert folder is not None
    (folder / "main.py").write_text("raise SystemExit('broken')\n", encoding="utf-8")
    section.look_at("rtx5090")
    section.edit()
    pane = section.editor.flags
    qtbot.waitUntil(pane.notice.isVisible, timeout=20_000)
    assert "was asked for its flags with --help" in pane.notice.message.text().replace("\u200b", "")
    assert pane.fields["--fast"].isVisible()
