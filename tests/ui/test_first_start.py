import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from tests.fakes.comfy_server import FakeComfy, closed_port
from tests.ui.page_check import texts
from tests.ui.run_page_acts import button, empty_home, install, waiting
from tests.ui.run_stage import DEMO, open_run
from tests.ui.stage import Stage
from wan22.system.settings_file import load_settings
from wan22.ui.theme import Theme


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return empty_home(tmp_path, monkeypatch)


@pytest.fixture
def stage(qtbot: QtBot, theme: Theme, tmp_path: Path, home: Path):
    made = Stage(theme, tmp_path)
    made.window.resize(1440, 900)
    made.window.show()
    yield made
    made.close()


def test_a_first_start_offers_what_is_on_the_machine(stage: Stage, qtbot: QtBot, home: Path):
    folder = install(home / "ComfyUI")
    page = open_run(stage, is_first_start=True)
    assert "This is the SIMULATED demo" in texts(page.card)
    qtbot.mouseClick(button(page.card, "Use ComfyUI 0.25.1 in ~"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: stage.context.panel.settings.comfyui == folder)
    assert not page.card.isVisible()
    assert (stage.context.panel.is_demo, stage.context.panel.is_first_start) == (False, False)
    qtbot.mouseClick(page.bar.generate, Qt.MouseButton.LeftButton)
    assert waiting(stage)
    kept = stage.context.parts.folders.config / "settings.toml"
    qtbot.waitUntil(kept.is_file)
    assert load_settings(kept, {}, {}).comfyui == folder


def test_a_folder_without_comfyui_is_refused_in_words(stage: Stage, qtbot: QtBot, home: Path, tmp_path: Path):
    page = open_run(stage, is_first_start=True)
    assert "No ComfyUI was found in the usual places of this machine." in texts(page.card)
    qtbot.mouseClick(page.card.choose, Qt.MouseButton.LeftButton)
    dialog = page.findChildren(QFileDialog)[0]
    dialog.fileSelected.emit(str(home))
    dialog.reject()
    qtbot.waitUntil(lambda: "✕ No ComfyUI was found in" in page.card.doubt.text())
    assert page.card.choose.isEnabled()
    folder = install(tmp_path / "Ünï côde" / "my ComfyUI")
    page._check_folder(folder)
    qtbot.waitUntil(lambda: stage.context.panel.settings.comfyui == folder)


def test_a_running_server_is_asked_before_it_is_used(stage: Stage, qtbot: QtBot):
    page = open_run(stage, is_first_start=True)
    qtbot.mouseClick(page.card.attach, Qt.MouseButton.LeftButton)
    assert page.card.address.hasFocus() or not stage.window.isActiveWindow()
    page.card.address.setText(f"http://127.0.0.1:{closed_port()}")
    qtbot.keyClick(page.card.address, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.card.doubt.text().startswith("✕"))
    page.card.address.setText("not an address")
    qtbot.mouseClick(page.card.use_address, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(page.card.use_address.isEnabled)
    with FakeComfy() as server:
        page.card.address.setText(server.url)
        qtbot.mouseClick(page.card.use_address, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: stage.context.panel.settings.url == server.url)
    assert not page.card.isVisible()
    assert page.bar.generate.text() == "Connect and generate" or waiting(stage)
    assert not [one for one in threading.enumerate() if one.name == "comfyui-address"]


def test_staying_in_the_demo_hides_the_card_only(stage: Stage, qtbot: QtBot):
    page = open_run(stage, is_first_start=True)
    qtbot.mouseClick(page.card.demo, Qt.MouseButton.LeftButton)
    assert not page.card.isVisible()
    assert stage.context.panel.is_first_start
    qtbot.mouseClick(page.bar.choose, Qt.MouseButton.LeftButton)
    assert page.card.isVisible()
    assert not page.bar.choose.isVisible()


def test_a_chosen_server_needs_no_card(stage: Stage):
    page = open_run(stage, DEMO)
    assert not page.card.isVisible()
    assert not page.bar.choose.isVisible()
