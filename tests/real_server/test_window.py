"""The window with the true ComfyUI behind it: a video, previews, stopping at every stage, a killed server."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.real_server.conftest import comfyui_processes
from tests.ui.stage import close_panel
from wan22 import wiring
from wan22.job.expectation import RunJudged
from wan22.runs.state import Phase
from wan22.schema.events import PreviewReceived, ProblemFound, PromptOutcome
from wan22.schema.panel_fact import Activity
from wan22.schema.request import GenerationRequest
from wan22.schema.settings import Settings
from wan22.system.settings_file import save_settings
from wan22.ui.app import Panel, WindowOptions

START_MS = 120_000


class Window:
    """The panel on a configured ComfyUI, and everything that it was told."""

    def __init__(self, qtbot: QtBot, qapp: QApplication) -> None:
        self.qtbot = qtbot
        self.panel = Panel(qapp, WindowOptions())
        self.panel.window.show()
        qtbot.waitUntil(lambda: self.panel.window.page_key is not None, timeout=20_000)
        self.context = self.panel._shared()
        self.facts: list[object] = []
        self.context.bridge.drained.connect(self.facts.extend)

    def generate(self, **values: object) -> None:
        asked = {"image": wiring.sample_image(), "width": 64, "height": 64, "length": 5, **values}
        self.context.generate(GenerationRequest.model_validate(asked))

    def judged(self) -> list[RunJudged]:
        return [fact for fact in self.facts if isinstance(fact, RunJudged)]

    def wait_judged(self, count: int = 1) -> RunJudged:
        self.qtbot.waitUntil(lambda: len(self.judged()) >= count, timeout=START_MS)
        return self.judged()[count - 1]

    def wait_idle(self) -> None:
        self.qtbot.waitUntil(lambda: self.context.panel.activity is Activity.idle, timeout=30_000)

    def codes(self) -> list[str]:
        return [fact.problem.code for fact in self.facts if isinstance(fact, ProblemFound)]


@pytest.fixture
def window(
    qtbot: QtBot, qapp: QApplication, comfyui: Path, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Window]:
    home = tmp_path / "Ünï home"
    monkeypatch.setenv("WAN22_HOME", str(home))
    save_settings(home / "config" / "settings.toml", Settings(comfyui=comfyui, port=port, profile="cpu"))
    made = Window(qtbot, qapp)
    yield made
    if made.panel.window.isVisible():
        made.context.disconnect_server()
        qtbot.waitUntil(lambda: made.context.panel.server is None and not made.context.desk.is_busy, timeout=60_000)
        close_panel(qtbot, made.panel)


def test_two_videos_with_one_server_and_previews(window: Window, port: int):
    window.generate(previews=True, seed=1)
    window.generate(previews=True, seed=2)
    first, second = window.wait_judged(1), window.wait_judged(2)
    for result in (first, second):
        assert result.summary.outcome is PromptOutcome.success
        assert not result.manifest.simulated
        assert [Path(name).suffix for name in result.outputs] == [".mp4"]
    assert len(comfyui_processes(port)) == 1
    assert any(isinstance(fact, PreviewReceived) and fact.image for fact in window.facts)
    assert window.context.run.state.server.claims
    assert first.summary.startup_s is not None
    assert second.summary.startup_s is None
    print("totals:", first.summary.total_s, second.summary.total_s)


@pytest.mark.parametrize("phase", [Phase.starting, Phase.running])
def test_stopping_in_each_stage_and_going_on(window: Window, port: int, phase: Phase):
    window.generate(length=33)
    window.qtbot.waitUntil(lambda: window.context.run.state.phase is phase, timeout=START_MS)
    window.context.stop_job()
    stopped = window.wait_judged()
    assert stopped.manifest.outcome is PromptOutcome.cancelled
    window.wait_idle()
    assert len(comfyui_processes(port)) == (0 if phase is Phase.starting else 1)
    window.generate()
    assert window.wait_judged(2).summary.outcome is PromptOutcome.success


def test_a_killed_server_is_named_and_started_again(window: Window, port: int):
    window.generate(length=33)
    window.qtbot.waitUntil(lambda: window.context.run.state.phase is Phase.running, timeout=START_MS)
    (process,) = comfyui_processes(port)
    process.kill()
    psutil.wait_procs([process], timeout=10)
    assert window.wait_judged().manifest.outcome is PromptOutcome.error
    assert "server_crashed" in window.codes() or "server_killed" in window.codes()
    window.wait_idle()
    assert window.context.panel.server is None
    window.generate()
    assert window.wait_judged(2).summary.outcome is PromptOutcome.success


def test_a_file_that_is_no_picture_is_said_and_nothing_starts(window: Window, tmp_path: Path, port: int):
    text = tmp_path / "nö picture.png"
    text.write_text("hello", encoding="utf-8")
    window.generate(image=text)
    window.qtbot.waitUntil(window.panel.window.problem.isVisible, timeout=30_000)
    assert "nö picture.png" in window.panel.window.problem.message.text()
    assert comfyui_processes(port) == []
