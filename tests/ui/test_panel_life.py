"""The whole panel with real processes behind it: it opens in the demo, works, asks at the end, and leaves nothing."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.page_check import texts
from tests.ui.stage import close_panel
from wan22 import wiring
from wan22.job.expectation import RunJudged
from wan22.schema.events import PromptOutcome
from wan22.schema.request import GenerationRequest
from wan22.schema.settings import Settings
from wan22.system.process_table import is_port_free
from wan22.system.settings_file import load_settings, save_settings
from wan22.ui.app import Panel, WindowOptions
from wan22.ui.context import Context
from wan22.ui.theme import Scheme
from wan22.ui.widgets.close_dialog import CloseDialog

FAST = WindowOptions(demo="healthy", demo_speed=100.0)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "Ünï code home"
    monkeypatch.setenv("WAN22_HOME", str(folder))
    for name in ("WAN22_COMFYUI", "WAN22_URL", "WAN22_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def children() -> Iterator[None]:
    """Nothing that a test started may outlive it."""
    yield
    found = psutil.Process().children(recursive=True)
    # Whatever was left running is ours to collect only because both panels of the test are one process.
    assert [child.pid for child in found if child.status() != psutil.STATUS_ZOMBIE] == []


def opened(qtbot: QtBot, qapp: QApplication, options: WindowOptions) -> tuple[Panel, Context]:
    panel = Panel(qapp, options)
    panel.window.show()
    qtbot.waitUntil(lambda: panel.window.page_key is not None, timeout=20_000)
    return panel, panel._shared()


def dialog_of(panel: Panel) -> CloseDialog:
    (dialog,) = [item for item in panel.window.findChildren(CloseDialog) if item.isVisible()]
    return dialog


def serving(context: Context) -> bool:
    return context.panel.server is not None and context.history.newest_s is not None


@pytest.mark.usefixtures("children")
def test_nothing_configured_opens_the_demo_and_makes_a_video(qtbot: QtBot, qapp: QApplication):
    panel, context = opened(qtbot, qapp, WindowOptions())
    assert context.panel.is_first_start
    assert context.panel.is_demo
    context.use_demo(wiring.Demo("healthy", 100.0))
    qtbot.waitUntil(lambda: serving(context), timeout=30_000)
    assert not panel.window.band.isHidden()
    assert panel.window.windowTitle().startswith("SIMULATED")
    told: list[RunJudged] = []
    context.bridge.drained.connect(lambda facts: told.extend(item for item in facts if isinstance(item, RunJudged)))
    context.generate(GenerationRequest(image=wiring.sample_image(), width=320, height=192, length=17))
    qtbot.waitUntil(lambda: bool(told), timeout=60_000)
    assert told[0].summary.outcome is PromptOutcome.success
    assert told[0].manifest.simulated
    assert [Path(name).suffix for name in told[0].outputs] == [".mp4"]
    assert context.panel.server is not None  # it stays for the next job
    url = context.panel.server.url

    panel.window.close()
    dialog = dialog_of(panel)
    assert "still running" in dialog.title.text()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert panel.window.isVisible()
    panel.window.close()
    with qtbot.waitSignal(panel.window.closed, timeout=30_000):
        qtbot.mouseClick(dialog_of(panel).stop, Qt.MouseButton.LeftButton)
    assert is_port_free("127.0.0.1", int(url.rpartition(":")[2]))
    for made in (panel.window, panel.theme, panel):
        made.deleteLater()


@pytest.mark.usefixtures("children")
def test_closing_in_the_middle_of_a_job_stops_it_and_keeps_the_run(qtbot: QtBot, qapp: QApplication):
    panel, context = opened(qtbot, qapp, WindowOptions(demo="healthy", demo_speed=5.0))
    context.generate(GenerationRequest(image=wiring.sample_image()))
    qtbot.waitUntil(lambda: context.run.state.started_s is not None, timeout=30_000)
    panel.window.close()
    dialog = dialog_of(panel)
    assert "still working on a video" in dialog.title.text()
    with qtbot.waitSignal(panel.window.closed, timeout=30_000):
        qtbot.mouseClick(dialog.stop, Qt.MouseButton.LeftButton)
    (folder,) = wiring.runs_folder().iterdir()
    assert '"outcome": "cancelled"' in (folder / "run.json").read_text(encoding="utf-8")
    for made in (panel.window, panel.theme, panel):
        made.deleteLater()


@pytest.mark.usefixtures("children")
def test_a_server_that_is_left_running_is_found_again(qtbot: QtBot, qapp: QApplication):
    panel, context = opened(qtbot, qapp, FAST)
    qtbot.waitUntil(lambda: serving(context), timeout=30_000)
    pid = context.run.state.server.pid
    panel.window.close()
    with qtbot.waitSignal(panel.window.closed, timeout=30_000):
        qtbot.mouseClick(dialog_of(panel).leave, Qt.MouseButton.LeftButton)
    for made in (panel.window, panel.theme, panel):
        made.deleteLater()
    assert pid is not None
    assert psutil.pid_exists(pid)

    again, context = opened(qtbot, qapp, FAST)
    qtbot.waitUntil(lambda: serving(context), timeout=30_000)
    assert context.panel.server is not None
    assert context.panel.server.found_again
    assert context.run.state.server.pid == pid
    told: list[RunJudged] = []
    context.bridge.drained.connect(lambda facts: told.extend(item for item in facts if isinstance(item, RunJudged)))
    context.generate(GenerationRequest(image=wiring.sample_image(), width=320, height=192, length=17))
    qtbot.waitUntil(lambda: bool(told), timeout=60_000)
    assert told[0].summary.outcome is PromptOutcome.success
    assert context.run.state.server.pid == pid
    again.window.close()
    with qtbot.waitSignal(again.window.closed, timeout=30_000):
        qtbot.mouseClick(dialog_of(again).stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not psutil.pid_exists(pid), timeout=10_000)
    for made in (again.window, again.theme, again):
        made.deleteLater()


def test_a_configured_address_is_not_the_demo(qtbot: QtBot, qapp: QApplication, home: Path):
    save_settings(home / "config" / "settings.toml", Settings(url="http://127.0.0.1:9"))
    panel, context = opened(qtbot, qapp, WindowOptions())
    assert not context.panel.is_demo
    assert not context.panel.is_first_start
    assert panel.window.band.isHidden()
    context.connect_server()
    qtbot.waitUntil(lambda: any("127.0.0.1:9" in text for text in texts(panel.window)), timeout=20_000)
    close_panel(qtbot, panel)


def test_a_broken_settings_file_is_said_and_the_window_opens(qtbot: QtBot, qapp: QApplication, home: Path):
    path = home / "config" / "settings.toml"
    path.parent.mkdir(parents=True)
    path.write_text("comfyui = 'unfinished", encoding="utf-8")
    panel, context = opened(qtbot, qapp, WindowOptions())
    qtbot.waitUntil(panel.window.problem.isVisible, timeout=20_000)
    assert "settings.toml" in panel.window.problem.message.text()
    assert context.panel.is_demo
    with qtbot.waitSignal(panel.window.closed, timeout=30_000):
        panel.window.close()
        if panel.window.isVisible():
            dialog_of(panel).stop.click()
    for made in (panel.window, panel.theme, panel):
        made.deleteLater()


def test_new_settings_are_kept_and_end_the_demo_of_a_first_start(qtbot: QtBot, qapp: QApplication, home: Path):
    panel, context = opened(qtbot, qapp, WindowOptions())
    context.use_settings(context.panel.settings.model_copy(update={"url": "http://127.0.0.1:9"}))
    assert not context.panel.is_demo
    assert not context.panel.is_first_start
    path = home / "config" / "settings.toml"
    qtbot.waitUntil(path.exists, timeout=10_000)
    qtbot.waitUntil(lambda: not context.desk.is_busy and context.panel.server is None, timeout=30_000)
    assert load_settings(path).url == "http://127.0.0.1:9"
    close_panel(qtbot, panel)


def test_the_theme_is_remembered(qtbot: QtBot, qapp: QApplication, home: Path):
    panel, _ = opened(qtbot, qapp, WindowOptions(show="none"))
    panel.theme.choose(Scheme.light)
    close_panel(qtbot, panel)
    again, _ = opened(qtbot, qapp, WindowOptions(show="none"))
    assert again.theme.scheme is Scheme.light
    close_panel(qtbot, again)
    assert (home / "config" / "window.ini").exists()
