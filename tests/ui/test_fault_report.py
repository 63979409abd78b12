from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from tests.ui.stage import Stage
from wan22.audit.privacy import Privacy
from wan22.schema.events import NodeStarted, PromptFinished, PromptOutcome, Role, ServerSaid, ServerStarting
from wan22.schema.problem import problem
from wan22.ui.state.fault_report import LINES, fault_report
from wan22.ui.state.log_line import LogJudge
from wan22.ui.state.log_stage import BETWEEN, START, LogStage
from wan22.ui.theme import Theme


@pytest.fixture
def stage(theme: Theme, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(theme, tmp_path / "stage")
    made.window.resize(1440, 900)
    made.window.show()
    made.window.open_page("monitor")
    yield made
    made.close()


def test_a_report_has_versions_and_lines_and_no_secret():
    privacy = Privacy(PurePosixPath("/home/ada"), "adas-pc")
    text = fault_report("[x] /home/ada/run broke\ntoken=abc", ["HF_TOKEN=hf_12345678901", "got prompt"], privacy)
    assert text.startswith("[x] ~/run broke\ntoken=…\n")
    assert "wan22 " in text
    assert "PySide6 " in text
    assert text.endswith("[Last lines of the server]\nHF_TOKEN=…\ngot prompt\n")


def test_copy_details_of_the_banner_adds_what_a_report_needs(qtbot: QtBot, stage: Stage):
    stage.tell([ServerSaid(time_s=float(n), line=f"line {n} of {Path.home()}/x") for n in range(LINES + 10)])
    stage.context.tell_problem(problem("internal_error", "An unexpected fault: x", detail="Traceback password=hunter2"))
    banner = stage.window.problem
    qtbot.waitUntil(banner.isVisible)
    next(one for one in banner.findChildren(QPushButton) if one.text() == "Copy details").click()
    text = QApplication.clipboard().text()
    assert text.startswith("[internal_error]")
    assert f"line {LINES + 9} of ~/x" in text
    assert "line 9 of" not in text
    assert "hunter2" not in text
    assert str(Path.home()) not in text


def test_a_line_belongs_to_the_stage_that_it_came_in():
    follow, roles = LogStage(), {"7": Role.pass_1}
    names = []
    for fact in (
        ServerStarting(time_s=0.0, argv=(), folder="x", url="http://x"),
        NodeStarted(time_s=1.0, prompt_id="p", node="7"),
        NodeStarted(time_s=2.0, prompt_id="p", node="99"),
        PromptFinished(time_s=3.0, prompt_id="p", outcome=PromptOutcome.success),
    ):
        follow.take(fact, roles)
        names.append(follow.name)
    assert names == [START, "Pass 1", "Other", BETWEEN]
    assert LogJudge().judge("Traceback (most recent call last):", "Pass 1").stage == "Pass 1"


def test_the_log_shows_one_stage_and_finds_its_way_to_an_error_elsewhere(stage: Stage):
    log = stage.window.log
    log.append(["loading", "!!! Exception during processing"], "Load models")
    log.append(["step 1"], "Pass 1")
    assert log.last_lines(2) == ("!!! Exception during processing", "step 1")
    stage.window.state_line.log_button.setChecked(True)
    stage.settle()
    view = log.view
    assert view is not None
    assert [view.stages.itemText(number) for number in range(view.stages.count())] == [
        "All stages",
        "Load models",
        "Pass 1",
    ]
    view.show_stage("Pass 1")
    assert view.text.toPlainText() == "step 1"
    assert view.count.text() == "1 of 3 lines"
    view.go_to_first_error()
    assert view.stages.currentIndex() == 0
    assert view.text.textCursor().selectedText() == "!!! Exception during processing"
    view.show_stage("Load models")
    view._escape()
    assert view.stages.currentIndex() == 0
    assert log.last_lines(1) == ("step 1",)
