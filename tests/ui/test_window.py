from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.page_check import cut_off, texts, without_name
from tests.ui.stage import Stage, close_panel, recorded_run, sample_run
from wan22.runs.state import RunState, ServerView
from wan22.schema.events import (
    ProblemFound,
    RunStarted,
    ServerReady,
    ServerSaid,
    ServerStageReached,
    ServerStarting,
    ServerStopped,
)
from wan22.schema.panel_fact import GpuUnavailable
from wan22.schema.problem import problem
from wan22.ui.frame_feed import server_text
from wan22.ui.main_window import MainWindow
from wan22.ui.pages.monitor_page import MonitorPage
from wan22.ui.theme import Scheme, Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.rail import PageEntry


@pytest.fixture
def stage(qtbot: QtBot, theme: Theme, tmp_path: Path):
    made = Stage(theme, tmp_path)
    made.window.show()
    yield made
    made.close()


def entry(key: str, *, is_apart: bool = False) -> PageEntry:
    return PageEntry(key, key.title(), "run", f"What is {key}?", QWidget, is_apart)


def memory_of(path: Path) -> QSettings:
    return QSettings(str(path / "window.ini"), QSettings.Format.IniFormat)


def test_only_pages_with_a_feature_are_shown(stage: Stage):
    said = [text.strip() for text in texts(stage.window.rail)]
    assert said[:2] == ["Wan 2.2", "Run"]
    assert said[-1] == "Setup"
    assert not {"Bench", "Doctor", "Compare"} & set(said)


def test_pages_are_built_on_the_first_visit(qtbot: QtBot, theme: Theme, tmp_path: Path):
    built: list[str] = []

    def build(key: str) -> QWidget:
        built.append(key)
        return QWidget()

    entries = [entry(key)._replace(build=lambda key=key: build(key)) for key in ("one", "two")]
    window = MainWindow(theme, entries, memory_of(tmp_path))
    qtbot.addWidget(window)
    assert built == []
    first = window.open_page("one")
    assert window.open_page("two") is not first
    assert window.open_page("one") is first
    assert built == ["one", "two"]
    with pytest.raises(KeyError):
        window.open_page("three")


def test_the_rail_opens_pages_by_mouse_and_by_key(qtbot: QtBot, theme: Theme, tmp_path: Path):
    window = MainWindow(theme, [entry("one"), entry("two"), entry("setup", is_apart=True)], memory_of(tmp_path))
    qtbot.addWidget(window)
    window.show()
    window.open_page("one")
    qtbot.mouseClick(window.rail._buttons["two"], Qt.MouseButton.LeftButton)
    assert window.page_key == "two"
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.page_key == "setup")


def test_the_window_comes_back_as_it_was(qtbot: QtBot, theme: Theme, tmp_path: Path):
    window = MainWindow(theme, [entry("one"), entry("two")], memory_of(tmp_path))
    assert window.first_page() == "one"
    window.resize(1200, 700)
    window.show()
    window.open_page("two")
    window.state_line.log_button.setChecked(True)
    window.close()
    again = MainWindow(theme, [entry("one"), entry("two")], memory_of(tmp_path))
    assert (again.first_page(), again.height()) == ("two", 700)  # the test's screen is too narrow for the width
    assert again.state_line.log_button.isChecked()
    for made in (window, again):
        made.deleteLater()


def test_the_first_paint_is_told_once(qtbot: QtBot, theme: Theme, tmp_path: Path):
    window = MainWindow(theme, [entry("one")], memory_of(tmp_path))
    qtbot.addWidget(window)
    told: list[int] = []
    window.painted.connect(lambda: told.append(1))
    with qtbot.waitSignal(window.painted):
        window.show()
    window.update()
    qtbot.wait(30)
    assert told == [1]


def test_simulated_cannot_be_closed(stage: Stage):
    assert stage.window.band.isHidden()
    stage.tell([RunStarted(time_s=1.0, run_id="a", simulated=True)])
    assert stage.window.band.isVisible()
    assert "SIMULATED" in texts(stage.window.band)
    assert "SIMULATED" in stage.window.windowTitle()
    stage.tell([RunStarted(time_s=2.0, run_id="b", simulated=False)])
    stage.window.show_simulated(False)
    assert stage.window.band.isVisible()
    assert any(text.startswith("The demo ran in this window before") for text in texts(stage.window.band))
    stage.tell([RunStarted(time_s=3.0, run_id="c", simulated=True)])
    assert any(text.startswith("Server and GPU are stand-ins") for text in texts(stage.window.band))
    assert without_name(stage.window.band) == []
    assert stage.window.band.findChildren(QWidget, "close") == []


def test_the_log_opens_over_the_page(stage: Stage, qtbot: QtBot):
    stage.tell([ServerSaid(time_s=float(number), line=f"line {number}") for number in range(3)])
    before = stage.window.stack.height()
    qtbot.mouseClick(stage.window.state_line.log_button, Qt.MouseButton.LeftButton)
    assert stage.window.log.isVisible()
    assert stage.window.log.text is not None
    assert stage.window.log.text.toPlainText() == "line 0\nline 1\nline 2"
    assert stage.window.stack.height() == before
    stage.tell([ServerSaid(time_s=9.0, line="later")])
    text = stage.window.log.text
    qtbot.waitUntil(lambda: text.toPlainText().endswith("later"))
    assert cut_off(stage.window) + without_name(stage.window) == []


def test_the_frame_shows_a_real_run(stage: Stage, tmp_path: Path):
    stage.tell_run(sample_run())
    strip = stage.window.gpu_strip
    assert strip.choice.isVisible()
    assert strip.choice.currentData() == 1
    said = " ".join(texts(strip))
    assert "%" in said
    assert "W" in said
    assert "GiB" in said
    assert "ComfyUI 0.3.64 stopped" in texts(stage.window.state_line)
    strip.gpu_chosen.emit(0)
    assert strip.choice.currentData() == 0
    assert "N/A" in texts(strip)


def test_old_readings_are_not_taken_for_news(stage: Stage):
    stage.tell_run(sample_run())
    stage.clock.advance(60.0)
    stage.context.frame.refresh()
    assert stage.window.gpu_strip.chip.text() == "? no new readings"


@pytest.mark.parametrize("scheme", [Scheme.dark, Scheme.light])
def test_everything_has_a_name_and_fits(stage: Stage, theme: Theme, tmp_path: Path, scheme: Scheme):
    theme.choose(scheme)
    stage.window.resize(1080, 680)
    stage.window.open_page("monitor")
    stage.tell_run(recorded_run("640x640x81-cold", tmp_path))
    stage.settle()
    assert without_name(stage.window) == []
    assert cut_off(stage.window) == []


def test_what_the_server_does_in_words():
    ready = ServerView(version="0.25.0", ready=True)
    assert server_text(RunState()) == ("No server yet", Tone.unknown)
    assert server_text(RunState(server=ready)) == ("ComfyUI 0.25.0 ready", Tone.good)
    assert server_text(RunState(server=ready, simulated=True)) == ("SIMULATED ComfyUI 0.25.0 ready", Tone.good)
    stopped = ServerView(version="0.25.0", ready=True, stopped=True, exit_code=1)
    assert server_text(RunState(server=stopped)) == ("ComfyUI 0.25.0 ended", Tone.bad)
    wanted = replace(stopped, stop_expected=True)
    assert server_text(RunState(server=wanted)) == ("ComfyUI 0.25.0 stopped", Tone.unknown)


def test_the_state_line_follows_the_server(stage: Stage):
    stage.tell([ServerStarting(time_s=1.0, argv=("python",), folder="x", url="http://127.0.0.1:8188")])
    assert "ComfyUI is starting: process started" in texts(stage.window.state_line)
    stage.tell([ServerStageReached(time_s=2.0, stage="custom_nodes")])
    assert "ComfyUI is starting: custom nodes" in texts(stage.window.state_line)
    stage.tell([ServerReady(time_s=3.0, url="http://127.0.0.1:8188", owned=True, version="0.25.0")])
    assert "ComfyUI 0.25.0 ready" in texts(stage.window.state_line)
    stage.tell([ServerStopped(time_s=4.0, exit_code=0)])
    assert "ComfyUI 0.25.0 stopped" in texts(stage.window.state_line)


def test_a_new_run_begins_afresh_and_the_server_stays(stage: Stage):
    stage.tell(
        [
            RunStarted(time_s=1.0, run_id="a", title="first"),
            ServerReady(time_s=2.0, url="http://127.0.0.1:8188", owned=True, version="0.25.0"),
            RunStarted(time_s=3.0, run_id="b", title="second"),
        ]
    )
    state = stage.context.run.state
    assert (state.run_id, state.title, state.server.ready, state.prompt_id) == ("b", "second", True, None)


def test_the_panel_comes_to_life_after_the_first_paint(qtbot: QtBot, qapp, tmp_path: Path):
    from tests.ui.stage import SAMPLE
    from wan22.ui.app import Panel, WindowOptions

    panel = Panel(qapp, WindowOptions(replay=str(SAMPLE), speed=50.0))
    assert panel.window.stack.count() == 0
    panel.window.show()
    qtbot.waitUntil(lambda: panel.window.page_key == "monitor", timeout=10_000)
    page = panel.window.stack.currentWidget()
    assert isinstance(page, MonitorPage)
    qtbot.waitUntil(lambda: panel._shared().history.gpus == (0, 1) and bool(page.drawing.drawn), timeout=10_000)
    close_panel(qtbot, panel)


def test_a_stored_run_is_shown(qtbot: QtBot, qapp, tmp_path: Path):
    from tests.ui.stage import SAMPLE
    from wan22.ui.app import Panel, WindowOptions

    panel = Panel(qapp, WindowOptions(show=str(SAMPLE)))
    panel.window.show()
    qtbot.waitUntil(lambda: panel.window.page_key == "monitor", timeout=10_000)
    page = panel.window.stack.currentWidget()
    assert isinstance(page, MonitorPage)
    assert "sample · example.png" in page.grounds.text()
    assert not page.spans.isVisible()
    close_panel(qtbot, panel)


def test_a_run_that_is_not_there_is_said_above_the_page(qtbot: QtBot, qapp):
    from wan22.ui.app import Panel, WindowOptions

    panel = Panel(qapp, WindowOptions(show="no-such-run"))
    panel.window.show()
    qtbot.waitUntil(lambda: panel.window.page_key == "monitor", timeout=10_000)
    banner = panel.window.problem
    qtbot.waitUntil(banner.isVisible, timeout=10_000)
    assert "no-such-run" in banner.message.text()
    assert without_name(banner) == []
    close_panel(qtbot, panel)


def test_a_problem_says_what_to_do_and_can_be_copied(stage: Stage, qtbot: QtBot, qapp):
    found = problem("server_crashed", "ComfyUI ended with exit code 1.", hint="Read the log.", detail="line 1", port=1)
    stage.tell([ProblemFound(time_s=1.0, problem=found)])
    banner = stage.window.problem
    assert {"✕ problem", "ComfyUI ended with exit code 1.", "Read the log."} <= set(texts(banner))
    buttons = {button.text(): button for button in banner.findChildren(QPushButton)}
    qtbot.mouseClick(buttons["Copy details"], Qt.MouseButton.LeftButton)
    assert "[server_crashed]" in qapp.clipboard().text()
    assert "port: 1" in qapp.clipboard().text()
    qtbot.mouseClick(buttons["Dismiss"], Qt.MouseButton.LeftButton)
    assert not banner.isVisible()


def test_a_simulated_server_is_marked_before_any_run(stage: Stage):
    stage.tell([ServerReady(time_s=1.0, url="http://127.0.0.1:8188", owned=False, simulated=True)])
    assert stage.window.band.isVisible()


def test_the_state_line_says_the_step_soon_after_it_is_done(stage: Stage, qtbot: QtBot):
    from wan22.schema.events import NodeStarted, PromptQueued, PromptStarted, Role, StepDone

    stage.tell(
        [
            ServerReady(time_s=1.0, url="http://127.0.0.1:8188", owned=True, version="0.25.0"),
            PromptQueued(time_s=2.0, prompt_id="p", roles={"7": Role.pass_1}),
            PromptStarted(time_s=2.1, prompt_id="p"),
            NodeStarted(time_s=3.0, prompt_id="p", node="7"),
        ]
    )
    said = "ComfyUI 0.25.0 works: pass 1 · high noise"
    assert said in texts(stage.window.state_line)
    stage.bus.publish(StepDone(time_s=4.0, prompt_id="p", node="7", value=1, maximum=2))
    qtbot.waitUntil(lambda: f"{said} · step 1 of 2" in texts(stage.window.state_line), timeout=500)


def test_a_machine_without_a_driver_says_so_in_the_strip(stage: Stage):
    missing = problem("driver_missing", "The NVIDIA driver was not found.", hint="Install it.")
    stage.bus.publish(GpuUnavailable(time_s=1.0, problem=missing))
    stage.settle()
    strip = stage.window.gpu_strip
    assert {"no NVIDIA GPU", "? no readings"} <= set(texts(strip))
    assert strip.name.toolTip() == "The NVIDIA driver was not found. Install it."


def test_a_first_window_fits_the_screen(qtbot: QtBot, theme: Theme, tmp_path: Path):
    window = MainWindow(theme, [entry("one")], memory_of(tmp_path))
    qtbot.addWidget(window)
    room = window.screen().availableSize()
    assert window.height() <= max(room.height(), window.minimumHeight())
    assert window.width() <= max(room.width(), window.minimumWidth())
