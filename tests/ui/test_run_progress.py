from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt, QUrl
from PySide6.QtWidgets import QApplication, QProgressBar
from pytestqt.qtbot import QtBot

from tests.ui import run_scenes
from tests.ui.page_check import cut_off, texts, without_name
from tests.ui.stage import Stage
from wan22.schema.events import (
    LaunchProved,
    PreviewReceived,
    ProblemFound,
    PromptOutcome,
    RunFinished,
    RunStarted,
    ServerStarting,
    SocketRestored,
)
from wan22.schema.panel_fact import Activity
from wan22.schema.problem import problem
from wan22.schema.server import LaunchClaim, Proof
from wan22.ui.pages.run_progress import RunProgress
from wan22.ui.theme import Theme


@pytest.fixture
def stage(qtbot: QtBot, theme: Theme, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(theme, tmp_path)
    yield made
    made.close()


@pytest.fixture
def progress(qtbot: QtBot, stage: Stage) -> RunProgress:
    made = RunProgress(stage.context)
    made.setParent(stage.window)
    made.resize(800, 780)
    stage.window.resize(1440, 900)
    stage.window.show()
    made.move(QPoint(300, 40))
    made.show()
    return made


def scene(name: str, stage: Stage, progress: RunProgress, work: Path) -> list[str]:
    """The visible texts after a scene."""
    run_scenes.SCENES[name](stage, work)
    stage.settle()
    progress.refresh()
    stage.settle()
    return texts(progress)


@pytest.mark.parametrize(
    ("name", "title", "others"),
    [
        ("idle", "No job yet", ["Launch proof", "Preview", "Stages"]),
        ("ready", "Ready", ["✓ 6 of 6 seen", "Stages"]),
        ("starting", "Starting ComfyUI", ["ComfyUI loads its own parts.", "8 s", "so far", "Stop"]),
        ("queued", "Waiting at the server", ["Stop"]),
        ("pass_1", "10\u201325 s left", ["17 s", "of about ", "Stop", "no target for this job"]),
        ("running", "7 s left", ["31 s", "of about 38 s", "Stop", "about 2 s"]),
        ("decode", "Time left unknown", ["Decode is running · how long decode and save take is not known yet"]),
        ("lost", "Running", ["! no live connection", "Stop"]),
        ("stopping", "Stopping …", ["ComfyUI stops between two steps; a long step ends first."]),
        ("done", "Done in 40 s", ["Result", "Again", "Open folder", "Copy path", "? no target for this job"]),
        ("out_of_memory", "Out of memory in pass 1", ["out_of_memory", "Again", "Copy details"]),
        ("interrupted", "Interrupted at the server", ["Again", "Pass 2 · low noise"]),
        ("cancelled", "Stopped", ["After 19 s, in pass 1 · ended at", "Again"]),
        ("died", "ComfyUI ended in pass 2", ["ComfyUI ended by itself with exit code 1.", "server_crashed", "Again"]),
    ],
)
def test_every_phase_says_itself(
    stage: Stage, progress: RunProgress, tmp_path: Path, name: str, title: str, others: list[str]
):
    said = scene(name, stage, progress, tmp_path)
    assert progress.head.title.text() == title
    assert [text for text in others if not any(one.startswith(text) for one in said)] == []
    assert cut_off(progress) == []
    assert without_name(progress) == []


def test_a_narrow_column_holds_everything_as_well(stage: Stage, progress: RunProgress, tmp_path: Path):
    progress.resize(436, 1400)
    scene("running", stage, progress, tmp_path)
    assert cut_off(progress) == []
    assert progress.proof.y() > progress.preview.y()
    progress.resize(800, 780)
    stage.settle()
    assert progress.proof.y() == progress.preview.y()


@pytest.mark.parametrize("width", [400, 436, 700, 800])
def test_all_verdicts_of_a_run_have_room_at_every_width(
    stage: Stage, progress: RunProgress, tmp_path: Path, width: int
):
    progress.resize(width, 1400)
    scene("judged", stage, progress, tmp_path)
    chips = [chip for chip in progress.head._chips if chip.isVisible()]
    assert [chip.text().split(" ", 1)[1] for chip in chips] == [
        "SIMULATED",
        "pass 1 excellent",
        "pass 2 good",
        "both passes excellent",
    ]
    assert progress.minimumSizeHint().width() <= width
    assert cut_off(progress) == []
    for chip in chips:
        assert progress.head.rect().contains(QRect(chip.mapTo(progress.head, QPoint(0, 0)), chip.size()))


def test_stages_fill_while_the_job_runs(stage: Stage, progress: RunProgress, tmp_path: Path):
    said = scene("running", stage, progress, tmp_path)
    assert {"7.58 s", "2.77 s", "12.9 s", "about 3 s"} <= set(said)
    before = progress.head.bar.value()
    stage.clock.advance(1.0)
    progress.refresh()
    assert progress.head.bar.value() > before


def test_stop_asks_the_desk_and_says_so_at_once(
    stage: Stage, progress: RunProgress, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    asked: list[bool] = []
    monkeypatch.setattr(stage.desk, "cancel_job", lambda: asked.append(True))
    for name in ("starting", "pass_1"):
        scene(name, stage, progress, tmp_path / name)
        button = progress.head.button
        assert button.isEnabled()
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert (button.text(), button.isEnabled()) == ("Stopping …", False)
    assert asked == [True, True]


def test_without_a_job_there_is_nothing_to_stop(stage: Stage, progress: RunProgress, tmp_path: Path):
    for name in ("idle", "done", "died", "cancelled"):
        scene(name, stage, progress, tmp_path / name)
        assert "Stop" not in texts(progress)
        assert not progress.head.bar.isVisible()


def test_the_usual_start_time_is_learned_and_shown(stage: Stage, progress: RunProgress, tmp_path: Path):
    scene("ready", stage, progress, tmp_path)
    run_scenes.desk(stage, Activity.connecting, None, None)
    now_s = stage.clock.now()
    stage.bus.publish(ServerStarting(time_s=now_s, argv=("python",), folder="ComfyUI", url=run_scenes.URL, pid=4712))
    stage.clock.advance(3.0)
    stage.settle()
    progress.refresh()
    assert (progress.head.time.text(), progress.head.rest.text()) == ("3 s", "of usually about 12 s")
    assert progress.head.bar.value() == 250


def test_a_preview_is_decoded_elsewhere_and_only_the_newest_shows(
    stage: Stage, progress: RunProgress, tmp_path: Path, qtbot: QtBot
):
    scene("running", stage, progress, tmp_path)
    qtbot.waitUntil(lambda: progress.preview.picture.has_picture, timeout=10_000)
    assert progress.preview.caption.text() == "after step 1 of 2 · 2 s ago"
    assert "low-resolution guess from the unfinished frames" in texts(progress)
    broken = PreviewReceived(time_s=stage.clock.now(), image_format="jpeg", byte_count=3, image=b"abc")
    stage.bus.publish(broken)
    qtbot.waitUntil(lambda: "could not be read" in progress.preview.picture.text, timeout=10_000)


def test_a_job_without_previews_says_so(stage: Stage, progress: RunProgress, tmp_path: Path):
    scene("pass_1", stage, progress, tmp_path)
    assert "first preview comes with the first step" in progress.preview.picture.text
    ticket = replace(run_scenes.TICKET, request=run_scenes.TICKET.request.model_copy(update={"previews": False}))
    run_scenes.desk(stage, Activity.working, ticket)
    stage.settle()
    progress.refresh()
    assert "Previews are off for this job" in progress.preview.picture.text


def test_the_finished_video_plays_in_place(
    stage: Stage, progress: RunProgress, tmp_path: Path, qtbot: QtBot, qapp, monkeypatch: pytest.MonkeyPatch
):
    opened: list[QUrl] = []
    monkeypatch.setattr("wan22.ui.context.QDesktopServices.openUrl", opened.append)
    scene("done", stage, progress, tmp_path)
    player = progress.preview.player
    assert player is not None
    qtbot.waitUntil(lambda: player.clip is not None, timeout=20_000)
    bar = progress.preview.bar
    assert bar.name.whole == "clip_rife425_32.mp4"
    qtbot.mouseClick(bar.copy_button, Qt.MouseButton.LeftButton)
    assert Path(qapp.clipboard().text()) == run_scenes.CLIP / "clip_rife425_32.mp4"
    with qtbot.waitSignal(progress.again_wanted):
        qtbot.mouseClick(bar.again_button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(bar.folder_button, Qt.MouseButton.LeftButton)
    assert [url.toLocalFile() for url in opened] == [str(run_scenes.CLIP)]
    run_scenes.desk(stage, Activity.working, replace(run_scenes.TICKET, number=2))
    stage.bus.publish(RunStarted(time_s=stage.clock.now(), run_id="next"))
    stage.settle()
    progress.refresh()
    assert player.clip is None
    assert progress.preview.title.text() == "Preview"


def test_a_failure_can_be_copied_and_repeated(stage: Stage, progress: RunProgress, tmp_path: Path, qtbot: QtBot, qapp):
    scene("out_of_memory", stage, progress, tmp_path)
    note = progress.head.problem
    assert note.message.text().startswith("The GPU ran out of memory in KSamplerAdvanced (node 57)")
    qtbot.mouseClick(note.copy_button, Qt.MouseButton.LeftButton)
    assert qapp.clipboard().text().startswith("[out_of_memory]")
    with qtbot.waitSignal(progress.again_wanted):
        qtbot.mouseClick(note.again_button, Qt.MouseButton.LeftButton)


def test_a_job_that_could_not_begin_is_said(stage: Stage, progress: RunProgress):
    run_scenes.desk(stage, Activity.connecting)
    stage.settle()
    progress.refresh()
    assert progress.head.title.text() == "Getting ready"
    found = problem("image_unreadable", "The picture lake.png cannot be read.")
    stage.bus.publish(ProblemFound(time_s=stage.clock.now(), problem=found))
    run_scenes.desk(stage, Activity.idle, None)
    stage.settle()
    progress.refresh()
    said = texts(progress)
    assert "The job could not begin" in said
    assert stage.context.frame.is_on_run_page(found)
    assert "The picture lake.png cannot be read." in said


def test_a_restored_connection_goes_on_counting(stage: Stage, progress: RunProgress, tmp_path: Path):
    scene("lost", stage, progress, tmp_path)
    stage.clock.advance(2.0)
    stage.bus.publish(SocketRestored(time_s=stage.clock.now(), missed_s=2.0))
    stage.settle()
    progress.refresh()
    assert "! no live connection" in texts(progress)  # until the next node begins nothing is seen


def test_the_proof_can_be_read_by_keyboard(stage: Stage, progress: RunProgress, tmp_path: Path, qtbot: QtBot):
    scene("ready", stage, progress, tmp_path)
    card = progress.proof
    claims = (
        LaunchClaim(name="attention", expected="sage", found="pytorch", proof=Proof.refuted, reason="It fell back."),
        LaunchClaim(
            name="VRAM state", expected="NORMAL_VRAM", found="not visible", proof=Proof.unknown, reason="No log."
        ),
        *run_scenes.CLAIMS,
    )
    stage.bus.publish(LaunchProved(time_s=stage.clock.now(), claims=claims))
    stage.settle()
    progress.refresh()
    assert card.chip.text() == "✕ 6 of 8 seen, 1 not so"
    assert card.details.text() == "Not visible: VRAM state. No log."
    first = card._rows[0]
    assert first.accessibleName().startswith("Attention: not so. Expected sage, found pytorch.")
    first.setFocus()
    qtbot.keyClick(first, Qt.Key.Key_Space)
    assert card.details.text().endswith("It fell back.")
    qtbot.keyClick(first, Qt.Key.Key_Down)
    assert QApplication.focusWidget() is card._rows[1] or card._group.checkedId() == 1


def test_nothing_moves_while_nobody_looks(stage: Stage, progress: RunProgress, tmp_path: Path):
    scene("running", stage, progress, tmp_path)
    assert progress._live.isActive()
    progress.hide()
    assert not progress._live.isActive()
    stage.bus.publish(RunStarted(time_s=stage.clock.now(), run_id="another"))
    stage.settle()
    assert not progress._soon.isActive()
    assert isinstance(progress.head.bar, QProgressBar)


def test_stopping_a_server_that_did_not_obey_is_said(stage: Stage, progress: RunProgress, tmp_path: Path):
    scene("pass_1", stage, progress, tmp_path)
    found = problem("cancelled", "The server did not stop the job within 20 s.", hint="Look at its queue.")
    now_s = stage.clock.now()
    stage.bus.publish(ProblemFound(time_s=now_s, problem=found, fatal=True))
    stage.bus.publish(RunFinished(time_s=now_s, outcome=PromptOutcome.cancelled))
    run_scenes.desk(stage, Activity.idle, None)
    stage.settle()
    progress.refresh()
    assert "! The server did not stop the job within 20 s. Look at its queue." in texts(progress)


def test_the_state_line_leads_to_the_page_of_the_server(
    stage: Stage, progress: RunProgress, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    opened: list[QUrl] = []
    monkeypatch.setattr("wan22.ui.context.QDesktopServices.openUrl", opened.append)
    line = stage.window.state_line
    assert not line.open_button.isVisible()
    scene("running", stage, progress, tmp_path)
    assert {"profile", "h100", "queue", "1", "Open ComfyUI"} <= set(texts(line))
    assert without_name(line) == []
    line.open_button.setFocus()
    qtbot.keyClick(line.open_button, Qt.Key.Key_Space)
    assert [url.toString() for url in opened] == [run_scenes.URL]
    qtbot.waitUntil(lambda: "disk free" in texts(line), timeout=10_000)
    scene("died", stage, progress, tmp_path / "died")
    assert not line.open_button.isVisible()
