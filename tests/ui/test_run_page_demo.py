"""From the first click to the video: a real desk, and the stand-in as a real process."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from wan22.schema.events import PromptOutcome
from wan22.ui.app import Panel, WindowOptions
from wan22.ui.pages.run_page import RunPage

LIMIT_MS = 60_000


@pytest.fixture
def panel(qtbot: QtBot, qapp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    made = Panel(qapp, WindowOptions(demo="healthy", demo_speed=100.0))
    made.window.show()
    yield made
    made.close()
    made.window.may_close = lambda: True
    made.window.close()
    for one in (made.window, made.theme, made):
        one.deleteLater()


def test_one_click_makes_a_video_in_the_demo(panel: Panel, qtbot: QtBot):
    window = panel.window
    qtbot.waitUntil(lambda: window.page_key == "run", timeout=LIMIT_MS)
    page = window.stack.currentWidget()
    assert isinstance(page, RunPage)
    qtbot.waitUntil(page.bar.generate.isEnabled, timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: page.image.look is not None and page.form.facts is not None, timeout=LIMIT_MS)
    page.form.set_size("draft")
    page.form.set_length(17)
    qtbot.mouseClick(page.bar.generate, Qt.MouseButton.LeftButton)
    shared = panel._shared().panel
    qtbot.waitUntil(lambda: page.bar.generate.text() == "Add to queue", timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: shared.judged is not None, timeout=LIMIT_MS)
    judged = shared.judged
    assert judged is not None
    assert judged.manifest.outcome is PromptOutcome.success
    assert judged.manifest.simulated
    assert (judged.manifest.parameters.width, judged.manifest.parameters.length) == (512, 17)
    assert judged.manifest.parameters.seed == page.form.seed
    videos = [Path(name) for name in judged.outputs if name.endswith(".mp4")]
    assert len(videos) == 1
    assert videos[0].stat().st_size > 1000
    qtbot.waitUntil(lambda: page.bar.generate.text() == "Generate", timeout=LIMIT_MS)
    assert page.bar.server.text() == "Stop server"
    qtbot.waitUntil(lambda: page.fields.profile.currentText() == "automatic: rtx5090", timeout=LIMIT_MS)
    assert not window.problem.isVisible()
    qtbot.mouseClick(page.bar.server, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: shared.server is None and page.bar.server.text() == "Start server", timeout=LIMIT_MS)
