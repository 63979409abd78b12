"""The Queue page over a real desk and the stand-in as a real process, with the command line on the same queue."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.run_stage import picture_file
from wan22.cli.main import run
from wan22.schema.queue import JobState
from wan22.ui.app import Panel, WindowOptions
from wan22.ui.pages.queue_page import QueuePage
from wan22.wiring import runs_folder
from wan22.wiring.queue_times import QueueTimes

LIMIT_MS = 60_000


@pytest.fixture
def panel(qtbot: QtBot, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Panel]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WAN22_HOME", str(tmp_path / "Ünï home"))
    made = Panel(qapp, WindowOptions(demo="healthy", demo_speed=100.0))
    made.window.show()
    qtbot.waitUntil(lambda: made.window.page_key is not None, timeout=LIMIT_MS)
    yield made
    made.close()
    made.window.may_close = lambda: True
    made.window.close()
    for one in (made.window, made.theme, made):
        one.deleteLater()


def test_jobs_of_the_command_line_are_made_by_the_window(
    panel: Panel, qtbot: QtBot, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    page = panel.window.open_page("queue")
    assert isinstance(page, QueuePage)
    context = panel._shared()
    image = picture_file(tmp_path / "start ü.png", 320, 192)
    assert run(["queue", "pause"]) == 0
    words = ["--image", str(image), "--prompt", "one", "--prompt", "two", "--size", "320x192", "--length", "17"]
    assert run(["queue", "add", *words]) == 0
    qtbot.waitUntil(lambda: page.title.text() == "Paused: 2 jobs wait", timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: page._forecast.is_known, timeout=LIMIT_MS)
    page.list.choose([2])
    page.step(-1)
    page.toggle_pause()

    def is_done() -> bool:
        return [job.state for job in context.queue.jobs] == [JobState.done] * 2

    qtbot.waitUntil(is_done, timeout=LIMIT_MS)
    assert [job.request.prompt for job in context.queue.jobs] == ["one", "two"]  # the newest end first
    runs = [str(job.run_id) for job in context.queue.jobs]
    assert all((runs_folder() / name / "run.json").is_file() for name in runs)
    qtbot.waitUntil(lambda: page.title.text() == "Nothing waits", timeout=LIMIT_MS)
    assert "2 done" in page.grounds.text()
    page.list.choose([2])
    page._show_in_history()
    assert panel.window.page_key == "history"
    panel.window.open_page("queue")
    page.deeds.actions_by_key["duplicate"].trigger()
    qtbot.waitUntil(lambda: len(context.queue.jobs) == 3, timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: [job.state for job in context.queue.jobs] == [JobState.done] * 3, timeout=LIMIT_MS)
    capsys.readouterr()
    assert run(["queue", "list"]) == 0
    assert capsys.readouterr().out.count("✓ done") == 3
    assert os.environ["WAN22_HOME"] in str(runs_folder())
    again = context.queue.jobs[0]
    choice = context.panel.choice
    (told,) = QueueTimes(context.parts).expected([(again.request, again.profile)], choice.settings, choice.demo, [])
    assert told is not None
    assert 0.0 < told.low_s <= told.high_s
