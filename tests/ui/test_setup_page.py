"""The Setup page as it is used: every change goes through the page, files and servers are real."""

import os
import tomllib
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.fakes.comfy_server import FakeComfy
from tests.ui import setup_scenes
from tests.ui.comfyui_folder import make_comfyui
from tests.ui.page_check import cut_off, texts, without_name
from tests.ui.setup_scenes import RTX_5090
from tests.ui.stage import Stage
from wan22.schema.panel_fact import Activity, DeskChanged, ServerPresence
from wan22.schema.settings import Settings
from wan22.system.settings_file import load_settings
from wan22.ui.pages.setup_page import SetupPage
from wan22.ui.theme import Scheme, Theme
from wan22.wiring import Demo
from wan22.wiring.desk import ServerChoice

URL = "http://127.0.0.1:8188"


@pytest.fixture
def stage(qtbot: QtBot, theme: Theme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    made = Stage(theme, tmp_path / "wan22-home")
    made.window.resize(1440, 900)
    made.window.show()
    yield made
    made.close()


@pytest.fixture
def page(stage: Stage) -> SetupPage:
    return opened(stage)


def opened(stage: Stage) -> SetupPage:
    page = stage.window.open_page("setup")
    assert isinstance(page, SetupPage)
    stage.settle()
    return page


def settings_file(stage: Stage) -> Path:
    return stage.context.parts.folders.config / "settings.toml"


def drop(target: QWidget, path: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    button, key, action = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
    enter = QDragEnterEvent(QPoint(5, 5), action, mime, button, key)
    assert QApplication.sendEvent(target, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(target, QDropEvent(QPointF(5, 5), action, mime, button, key))


def test_setup_stands_apart_at_the_end(stage: Stage):
    said = [text.strip() for text in texts(stage.window.rail)]
    assert said[-1] == "Setup"
    page = opened(stage)
    assert page.title.text() == "No ComfyUI is chosen yet."
    assert not page.server.start.isVisible()


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for a Python is a shell script")
def test_a_dropped_folder_is_looked_at_and_used(stage: Stage, page: SetupPage, qtbot: QtBot, tmp_path: Path):
    folder = make_comfyui(tmp_path / "Mein ComfyUI ü")
    card = page.server.folder
    drop(card, folder)
    qtbot.waitUntil(lambda: card.found is not None)
    qtbot.waitUntil(lambda: "Python version" in texts(card.table), timeout=20_000)
    said = texts(card)
    assert any(text.startswith("0.25.0") for text in said)
    assert "2.10.0+cu130, built for CUDA 13.0, sees a GPU" in said
    assert "✓ ready to start" in said
    assert card.use_button.property("kind") == "main"
    qtbot.mouseClick(card.use_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(settings_file(stage).exists)
    qtbot.waitUntil(lambda: load_settings(settings_file(stage)) == Settings(comfyui=folder))
    assert page.title.text() == "ComfyUI does not run; the first job starts it."
    assert not card.use_button.isEnabled()
    assert page.server.start.property("kind") == "main"
    qtbot.waitUntil(lambda: page.source.origins.get("comfyui") is not None)


def test_a_folder_without_comfyui_says_so_with_a_hint(page: SetupPage, qtbot: QtBot, tmp_path: Path):
    card = page.server.folder
    card.folder.take(str(tmp_path))
    qtbot.waitUntil(card.notice.isVisible)
    assert "No ComfyUI was found in" in card.notice.message.text().replace("\u200b", "")
    assert card.notice.chip.text() == "✕ problem"
    assert not card.use_button.isEnabled()
    card.folder.line.setFocus()
    qtbot.keyClicks(card.folder.line, "x")
    assert not card.notice.isVisible()
    assert card.folder_row.note.text() == "Press Enter to look there."
    qtbot.keyClick(card.folder.line, Qt.Key.Key_Return)
    qtbot.waitUntil(card.notice.isVisible)


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for a Python is a shell script")
def test_asking_the_python_can_be_stopped(page: SetupPage, qtbot: QtBot, tmp_path: Path):
    folder = make_comfyui(tmp_path / "ComfyUI")
    (folder / "torch" / "__init__.py").write_text("import time\ntime.sleep(60)\n", encoding="utf-8")
    card = page.server.folder
    card.folder.take(str(folder))
    qtbot.waitUntil(card.wait.isVisible)
    (stop,) = card.wait.findChildren(QPushButton)
    qtbot.mouseClick(stop, Qt.MouseButton.LeftButton)
    assert not card.wait.isVisible()
    assert card.check_button.isEnabled()
    assert "Python version" not in texts(card.table)


def test_folders_of_this_machine_are_offered(stage: Stage, qtbot: QtBot, tmp_path: Path):
    (tmp_path / "home").mkdir()
    make_comfyui(tmp_path / "home" / "ComfyUI")
    page = opened(stage)
    take = f"Take {tmp_path / 'home' / 'ComfyUI'}"

    def buttons() -> list[QPushButton]:
        return [one for one in page.server.folder.findChildren(QPushButton) if one.accessibleName() == take]

    qtbot.waitUntil(lambda: len(buttons()) == 1)
    qtbot.mouseClick(buttons()[0], Qt.MouseButton.LeftButton)
    assert page.server.folder.folder.text() == str(tmp_path / "home" / "ComfyUI")
    qtbot.waitUntil(lambda: page.server.folder.found is not None)


def test_the_dialog_fills_the_field(page: SetupPage, qtbot: QtBot, tmp_path: Path):
    field = page.server.folder.folder
    qtbot.mouseClick(field.choose, Qt.MouseButton.LeftButton)
    (dialog,) = field.findChildren(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path))
    assert field.text() == str(tmp_path)
    dialog.reject()


def test_an_address_is_asked_before_it_is_kept(stage: Stage, page: SetupPage, qtbot: QtBot):
    card = page.server.address
    with FakeComfy() as server:
        card.line.setFocus()
        qtbot.keyClicks(card.line, server.url)
        qtbot.mouseClick(card.check_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: card.notice.chip.text() == "✓ answers")
        qtbot.waitUntil(lambda: server.version in texts(card.table))
        assert stage.context.panel.settings.url is None
        qtbot.mouseClick(card.attach_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: stage.context.panel.settings.url == server.url)
        qtbot.waitUntil(settings_file(stage).exists)
    qtbot.mouseClick(card.forget_button, Qt.MouseButton.LeftButton)
    assert stage.context.panel.settings.url is None


@pytest.mark.parametrize(("text", "words"), [("http://127.0.0.1:9", "127.0.0.1:9"), ("http:/x y", "http:/x y")])
def test_an_address_that_does_not_answer_is_not_kept(
    stage: Stage, page: SetupPage, qtbot: QtBot, text: str, words: str
):
    card = page.server.address
    card.line.setText(text)
    card.attach()
    qtbot.waitUntil(lambda: card.notice.chip.text() == "✕ problem", timeout=10_000)
    assert words in card.notice.message.text().replace("\u200b", "")
    assert stage.context.panel.settings.url is None
    assert not settings_file(stage).exists()


def test_the_demo_is_chosen_with_scenario_and_speed(stage: Stage, page: SetupPage, qtbot: QtBot):
    card = page.server.demo
    qtbot.waitUntil(lambda: card.scenario.count() == 5)
    assert card.scenario.itemText(0) == "A healthy RTX 5090"
    card.scenario.setCurrentIndex(card.scenario.findData("slow-start"))
    assert "half a minute" in card.scenario_row.note.text()
    qtbot.mouseClick(card.start_button, Qt.MouseButton.LeftButton)
    assert stage.context.panel.choice.demo == Demo("slow-start", 10.0)
    qtbot.mouseClick(card.leave_button, Qt.MouseButton.LeftButton)
    assert stage.context.panel.choice.demo is None


def test_the_server_can_be_started_stopped_and_restarted(stage: Stage, page: SetupPage, qtbot: QtBot):
    server = page.server
    stage.context.panel.choose(ServerChoice(Settings(comfyui=Path("/ai/ComfyUI"))))
    assert server.start.text() == "Start ComfyUI"
    asked: list[str] = []
    stage.context.connect_server = lambda: asked.append("start")  # type: ignore[method-assign]
    stage.context.disconnect_server = lambda: asked.append("stop")  # type: ignore[method-assign]
    presence = ServerPresence(URL, owned=True, simulated=False, profile="h100")
    stage.bus.publish(DeskChanged(time_s=stage.clock.now(), activity=Activity.idle, server=presence))
    stage.settle()
    assert page.title.text() == "ComfyUI was started from here."
    assert not server.start.isVisible()
    qtbot.mouseClick(server.restart, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(server.stop, Qt.MouseButton.LeftButton)
    assert asked == ["stop", "start", "stop"]
    stage.bus.publish(DeskChanged(time_s=stage.clock.now(), activity=Activity.connecting))
    stage.settle()
    assert server.stop.text() == "Cancel"
    assert page.title.text() == "ComfyUI is starting …"


def test_a_variable_locks_folder_address_and_profile(stage: Stage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch):
    for name, value in (("COMFYUI", "/ai/ComfyUI"), ("URL", URL), ("PROFILE", "h100")):
        monkeypatch.setenv(f"WAN22_{name}", value)
    stage.context.panel.choose(ServerChoice(load_settings(settings_file(stage), os.environ)))
    page = opened(stage)
    qtbot.waitUntil(page.server.folder.folder.line.isReadOnly)
    assert "WAN22_COMFYUI" in page.server.folder.folder_row.note.text()
    assert page.server.address.line.isReadOnly()
    page.show_section("profile")
    qtbot.waitUntil(lambda: len(page.profile.choice.rows) > 1)
    page.profile.look_at("cpu")
    assert not page.profile.use_button.isEnabled()
    assert "WAN22_PROFILE" in page.profile.lock.message.text()


def test_a_profile_is_looked_at_and_then_used(stage: Stage, page: SetupPage, qtbot: QtBot):
    stage.context.history.set_inventory(RTX_5090)
    page.show_section("profile")
    section = page.profile
    qtbot.waitUntil(lambda: len(section.choice.rows) > 1)
    assert page.title.text() == "rtx5090 is used, chosen by the GPU."
    qtbot.mouseClick(section.choice.rows["rtx5090-original"], Qt.MouseButton.LeftButton)
    stage.settle()
    said = texts(section)
    assert "--force-channels-last" in said
    assert "✕ harmful" in said
    assert "Read by nobody." in said
    assert stage.context.panel.settings.profile is None
    qtbot.mouseClick(section.use_button, Qt.MouseButton.LeftButton)
    assert stage.context.panel.settings.profile == "rtx5090-original"
    qtbot.waitUntil(settings_file(stage).exists)
    qtbot.waitUntil(lambda: page.title.text() == "rtx5090-original is used, as you chose.")
    section.look_at(None)
    qtbot.mouseClick(section.use_button, Qt.MouseButton.LeftButton)
    assert stage.context.panel.settings.profile is None


def test_arrow_keys_go_through_the_profiles(stage: Stage, page: SetupPage, qtbot: QtBot):
    page.show_section("profile")
    section = page.profile
    qtbot.waitUntil(lambda: len(section.choice.rows) > 1)
    stage.window.activateWindow()
    qtbot.waitUntil(stage.window.isActiveWindow)
    section.choice.rows[None].setFocus()
    for _ in range(2):
        focused = QApplication.focusWidget()
        assert focused is not None
        qtbot.keyClick(focused, Qt.Key.Key_Down)
    assert section.view.about.title.text().startswith("cpu · ")
    assert section.choice.rows["cpu"].hasFocus()
    assert stage.context.panel.settings.profile is None


def test_a_broken_profile_is_not_hidden(stage: Stage, qtbot: QtBot, tmp_path: Path):
    own = tmp_path / "wan22-home" / "config" / "profiles"
    own.mkdir(parents=True)
    (own / "mine.toml").write_text("flags = 3\n", encoding="utf-8")
    stage.context.history.set_inventory(RTX_5090)
    page = opened(stage)
    page.show_section("profile")
    qtbot.waitUntil(lambda: "mine" in page.profile.choice.rows)
    stage.settle()
    assert "✕ broken" in texts(page.profile.choice)
    assert page.title.text() == "No profile can be chosen by itself."
    page.profile.look_at("mine")
    assert page.profile.problem.message.text().startswith("mine.toml: ")
    assert not page.profile.use_button.isEnabled()


def test_settings_are_saved_and_unsaved_ones_survive(stage: Stage, page: SetupPage, qtbot: QtBot):
    settings_file(stage).parent.mkdir(parents=True)
    settings_file(stage).write_text("# mine\r\nport = 9000 # taken\r\n", encoding="utf-8", newline="")
    stage.context.panel.choose(ServerChoice(load_settings(settings_file(stage))))
    page.source.read()
    page.show_section("settings")
    section = page.settings
    line = section.form.editors["port"].entry
    qtbot.waitUntil(lambda: section.draft.origin("port").kind == "file")
    line.setFocus()
    section.draft.set_text("port", "9001")
    assert page.unsaved.text() == "1 setting is not saved"
    stage.window.open_page("monitor")
    assert stage.window.open_page("setup") is page
    page.show_section("appearance")
    assert section.draft.text("port") == "9001"
    assert page.unsaved.isVisible()
    page.show_section("settings")
    section.draft.set_text("sample_hz", "50")
    assert not section.save_button.isEnabled()
    section.draft.set_text("sample_hz", "5")
    qtbot.mouseClick(section.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: b"9001" in settings_file(stage).read_bytes())
    assert settings_file(stage).read_bytes() == b"# mine\r\nport = 9001 # taken\r\n"
    assert stage.context.panel.settings.port == 9001
    assert page.unsaved.text() == ""


def test_what_the_environment_sets_is_not_written(stage: Stage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WAN22_PORT", "9005")
    stage.context.panel.choose(ServerChoice(load_settings(settings_file(stage), os.environ)))
    page = opened(stage)
    qtbot.waitUntil(lambda: page.settings.draft.is_locked("port"))
    page.settings.draft.set_text("sample_hz", "4")
    page.settings.save()
    qtbot.waitUntil(settings_file(stage).exists)
    assert tomllib.loads(settings_file(stage).read_text(encoding="utf-8")) == {"format": 1, "sample_hz": 4}


def test_a_broken_file_is_told_and_a_failed_save_too(stage: Stage, qtbot: QtBot):
    path = settings_file(stage)
    path.parent.mkdir(parents=True)
    path.write_text("port = \n", encoding="utf-8")
    page = opened(stage)
    page.show_section("settings")
    qtbot.waitUntil(page.settings.notice.isVisible)
    assert "not valid TOML" in page.settings.notice.message.text().replace("\u200b", "")
    path.chmod(0o444)
    page.settings.draft.set_text("port", "9001")
    page.settings.save()
    qtbot.waitUntil(lambda: "read-only" in stage.window.problem.message.text())
    path.chmod(0o644)


def test_the_theme_is_chosen_and_remembered(stage: Stage, page: SetupPage, theme: Theme, qtbot: QtBot):
    told: list[Scheme] = []
    theme.scheme_chosen.connect(lambda: told.append(theme.scheme))
    page.show_section("appearance")
    for name, scheme in (("Light", Scheme.light), ("As the system", Scheme.system), ("Dark", Scheme.dark)):
        (button,) = [one for one in page.appearance.schemes.children() if getattr(one, "text", str)() == name]
        button.click()
        assert theme.scheme is scheme
    assert told == [Scheme.light, Scheme.system, Scheme.dark]
    assert page.title.text() == "The window is dark."


def test_diagnostics_are_copied_and_folders_opened(
    stage: Stage, page: SetupPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    opened_urls: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened_urls.append(url.toLocalFile()))
    page.show_section("appearance")
    qtbot.mouseClick(page.appearance.copy, Qt.MouseButton.LeftButton)
    assert "Wan 2.2 control panel" in QApplication.clipboard().text()
    assert "port = 8188 (default)" in QApplication.clipboard().text()
    folder = stage.context.parts.folders.log
    assert not folder.exists()
    (button,) = [
        one for one in page.appearance.findChildren(QPushButton) if one.accessibleName().endswith("Log of the panel")
    ]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: opened_urls == [folder.as_posix()])
    assert folder.is_dir()


def test_the_section_is_remembered(stage: Stage, page: SetupPage):
    page.show_section("profile")
    assert SetupPage(stage.context, stage.window).segment.selected == 1


@pytest.mark.parametrize("scheme", [Scheme.dark, Scheme.light])
@pytest.mark.parametrize("name", list(setup_scenes.STATES))
def test_every_state_fits_and_has_names(stage: Stage, page: SetupPage, theme: Theme, scheme: Scheme, name: str):
    theme.choose(scheme)
    stage.window.resize(1080, 680)
    setup_scenes.STATES[name](stage, page)
    stage.settle()
    assert without_name(stage.window) == []
    assert cut_off(stage.window) == []
    filled = [
        one
        for one in page.findChildren(QPushButton)
        if one.property("kind") == "main" and one.isVisible() and one.isEnabled()
    ]
    assert len(filled) <= 1
