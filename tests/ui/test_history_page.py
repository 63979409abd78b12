import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog
from pytestqt.qtbot import QtBot

from tests.ui import history_scenes
from tests.ui.history_scenes import fill, job_of, made_run, use_folder, wait_quiet, with_clip
from tests.ui.page_check import cut_off, faults_of, texts
from tests.ui.run_stage import wait_for
from tests.ui.stage import Stage
from tests.unit.runs.facts import KEY, cold_job, stored_run, warm_job
from wan22.comfy.workflow import load_workflow
from wan22.job.expectation import RunJudged
from wan22.runs.layout import RunFolder
from wan22.runs.reader import open_run, read_manifest
from wan22.runs.run_export import export_run
from wan22.runs.run_notes import read_notes, set_note
from wan22.runs.run_privacy import LeftOut
from wan22.runs.summary import summary_of
from wan22.schema.problem import problem
from wan22.system.paths import data_folder
from wan22.ui.pages.history_page import HistoryPage
from wan22.ui.pages.monitor_page import MonitorPage
from wan22.ui.theme import Scheme, Theme
from wan22.ui.widgets.history_question import HistoryExportQuestion, HistoryQuestion


@pytest.fixture
def stage(qtbot: QtBot, theme: Theme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WAN22_HOME", str(tmp_path / "home"))
    made = Stage(theme, tmp_path)
    made.window.resize(1440, 900)
    made.window.show()
    yield made
    made.close()


def opened(stage: Stage) -> HistoryPage:
    page = stage.window.open_page("history")
    assert isinstance(page, HistoryPage)
    return page


def root_of(stage: Stage) -> Path:
    return stage.context.parts.folders.data / "Läufe und Videos"


def with_runs(stage: Stage, count: int = 3) -> HistoryPage:
    """A page with some runs, the last one is the newest."""
    root = root_of(stage)
    for number in range(count):
        made_run(root, f"run-{number}", stage.clock.now() - 1000.0 * (count - number), warm_job(0.0, 70.0 + number))
    page = opened(stage)
    use_folder(stage, page, root)
    wait_quiet(stage, page)
    return page


def shown(page: HistoryPage) -> list[str]:
    return [row.run_id for row in page.rows.shown]


def dialog_of(page: HistoryPage, kind: type[QDialog]) -> QDialog:
    found = [one for one in page.findChildren(kind) if one.isVisible()]
    assert len(found) == 1
    return found[0]


def until(is_so: Callable[[], bool]) -> None:
    wait_for(is_so)


def idle(page: HistoryPage) -> bool:
    return not page.actions_of_run.task.is_busy and not page.rows.is_reading


def test_without_runs_the_page_offers_the_first_step(stage: Stage, qtbot: QtBot):
    page = opened(stage)
    use_folder(stage, page, root_of(stage))
    assert page.title.text() == "No videos yet"
    assert page.empty.isVisible()
    assert "Make the first video" in texts(page)
    assert faults_of(stage.window) == []
    qtbot.mouseClick(page.empty.first, Qt.MouseButton.LeftButton)
    assert stage.window.page_key == "run"


def test_it_opens_with_the_answer_and_the_newest_run(stage: Stage):
    page = opened(stage)
    fill(root_of(stage), stage.clock.now())
    use_folder(stage, page, root_of(stage))
    wait_quiet(stage, page)
    assert page.title.text() == "Last video: done in 2 min 25 s · 21 runs, 2 failed"
    assert page.panel.run_id == "dusk"
    assert page.panel.player.clip is not None
    assert page.panel.title.whole == "dusk · lighthouse.png"
    assert [chip.text() for chip in page.panel._chips if chip.isVisible()] == [
        "✓ pass 1 excellent",
        "✓ pass 2 excellent",
        "✓ both passes excellent",
    ]
    assert page.panel.proof.isVisible()
    assert page.panel.stage_card.isVisible()
    assert faults_of(stage.window) == []
    stage.window.resize(1080, 680)
    stage.settle()
    assert cut_off(stage.window) == []


@pytest.mark.parametrize("scheme", [Scheme.dark, Scheme.light])
def test_both_themes_can_be_read(stage: Stage, theme: Theme, scheme: Scheme):
    theme.choose(scheme)
    page = opened(stage)
    history_scenes.STATES["failed"](stage, page)
    assert faults_of(stage.window) == []


def test_filters_search_and_order(stage: Stage, qtbot: QtBot):
    page = opened(stage)
    fill(root_of(stage), stage.clock.now())
    use_folder(stage, page, root_of(stage))
    page.filter_bar.search.setFocus()
    qtbot.keyClicks(page.filter_bar.search, "drifts too")
    until(lambda: shown(page) == ["evening"])
    assert page.panel.run_id == "dusk", "typing does not take away what is looked at"
    assert page.grounds.text() == "1 of 21 shown · newest first"
    qtbot.keyClicks(page.filter_bar.search, " nothing")
    until(lambda: shown(page) == [])
    assert page.none_fits.text() == "None of the 21 runs fits the filter."
    qtbot.mouseClick(page.all_button, Qt.MouseButton.LeftButton)
    assert len(shown(page)) == 21
    qtbot.mouseClick(page.filter_bar.starred, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    assert shown(page) == ["dusk"]
    page.filter_bar.show_all()
    qtbot.mouseClick(page.filter_bar.simulated, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    assert "first look" not in shown(page)
    page.filter_bar.show_all()
    bar = page.filter_bar
    bar.period.setCurrentIndex(1)
    bar.period.picked.emit("today")
    assert shown(page) == ["dusk"]
    bar.show_all()
    bar.board.setCurrentIndex(bar.board.findData("H100 80GB HBM3"))
    bar.board.picked.emit("H100 80GB HBM3")
    assert [page.rows.row(run_id).board for run_id in shown(page)] == ["H100 80GB HBM3"]  # type: ignore[union-attr]
    bar.show_all()
    bar.order.setCurrentIndex(bar.order.findData("fastest-pass"))
    bar.order.picked.emit("fastest-pass")
    assert shown(page)[:2] == ["2026-11-23_15-08-00_sample", "first look"]


def test_pictures_come_by_themselves_and_only_for_what_is_seen(stage: Stage):
    root = root_of(stage)
    for number in range(60):
        made_run(root, f"plain-{number:02}", stage.clock.now() - 100.0 * number, cold_job(0.0)[:3])
    last = with_clip(made_run(root, "old", stage.clock.now() - 1e6, warm_job(0.0, 70.0)), (0, 0, 640, 360))
    first = with_clip(made_run(root, "new", stage.clock.now() - 1.0, warm_job(0.0, 70.0)), (0, 0, 640, 360))
    page = opened(stage)
    use_folder(stage, page, root)
    wait_quiet(stage, page)
    assert not page.model._pictures[first.run_id].isNull()
    assert last.run_id not in page.model._pictures
    page.list.scrollToBottom()
    stage.settle()
    until(lambda: last.run_id in page.model._pictures)
    made = list((stage.context.parts.folders.cache / "thumbnails").iterdir())
    assert len(made) == 2


def test_s_stars_at_once_and_on_disk(stage: Stage, qtbot: QtBot):
    page = with_runs(stage)
    folder = page.rows.history.folder("run-2")
    qtbot.keyClick(page.list, Qt.Key.Key_S)
    assert page.rows.row("run-2").starred  # type: ignore[union-attr]
    assert page.panel.star.text() == "★ Starred"
    until(lambda: read_notes(folder).starred)
    for _ in range(4):
        qtbot.keyClick(page.list, Qt.Key.Key_S)
    qtbot.keyClick(page.list, Qt.Key.Key_S)
    until(lambda: not page.rows._pending)
    assert not read_notes(folder).starred
    star = page.list._painter.star_at(page.list.visualRect(page.model.place("run-0")))
    qtbot.mouseClick(page.list.viewport(), Qt.MouseButton.LeftButton, pos=star.center())
    assert page.rows.row("run-0").starred  # type: ignore[union-attr]
    assert page.panel.run_id == "run-2"
    until(lambda: read_notes(page.rows.history.folder("run-0")).starred)


def test_a_note_is_written_in_place(stage: Stage, qtbot: QtBot):
    page = with_runs(stage)
    before = page.rows.history.folder("run-2").manifest.read_bytes()
    page.panel.note.setFocus()
    qtbot.keyClicks(page.panel.note, "sails well")
    qtbot.keyClick(page.panel.note, Qt.Key.Key_S)
    until(lambda: read_notes(page.rows.history.folder("run-2")).note == "sails wells")
    assert not page.rows.row("run-2").starred  # type: ignore[union-attr]
    qtbot.keyClicks(page.panel.note, " and fast")
    page.choose("run-1")
    until(lambda: read_notes(page.rows.history.folder("run-2")).note == "sails wells and fast")
    assert page.panel.note.toPlainText() == ""
    assert page.rows.history.folder("run-2").manifest.read_bytes() == before


def test_what_is_not_on_disk_yet_survives_a_look_at_the_folder(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    page = with_runs(stage)
    page.rows._disk_lock.acquire()
    try:
        page.rows.star("run-2", True)
        page.rows.refresh()
        until(lambda: not page.rows.is_reading)
        assert page.rows.row("run-2").starred  # type: ignore[union-attr]
    finally:
        page.rows._disk_lock.release()
    until(lambda: not page.rows._pending)
    page.rows.refresh()
    until(lambda: not page.rows.is_reading)
    assert page.rows.row("run-2").starred  # type: ignore[union-attr]


def test_a_star_that_cannot_be_kept_goes_away_again(stage: Stage):
    page = with_runs(stage)
    folder = page.rows.history.folder("run-2")
    folder.manifest.unlink()
    folder.events.unlink()
    page.rows.star("run-2", True)
    until(lambda: page.rows.row("run-2") is None)
    assert stage.window.problem.isVisible()


def test_a_new_run_appears_when_it_is_judged(stage: Stage):
    page = with_runs(stage)
    folder = made_run(root_of(stage), "fresh", stage.clock.now() - 10.0, warm_job(0.0, 70.0))
    stored = open_run(folder)
    fact = RunJudged(
        time_s=stage.clock.now(), folder=str(folder.path), manifest=stored.manifest, summary=summary_of(stored)
    )
    stage.bus.publish(fact)
    until(lambda: len(shown(page)) == 4)
    assert shown(page)[0] == "fresh"
    assert page.panel.run_id == "run-2", "what is looked at stays"


def test_show_and_replay_in_the_monitor(stage: Stage, qtbot: QtBot):
    page = opened(stage)
    history_scenes.STATES["recorded"](stage, page)
    (run_id,) = shown(page)
    qtbot.mouseClick(page.panel.show_button, Qt.MouseButton.LeftButton)
    until(lambda: stage.window.page_key == "monitor" and stage.context.monitor is not stage.context.live)
    monitor = stage.window.open_page("monitor")
    assert isinstance(monitor, MonitorPage)
    assert monitor.source is stage.context.monitor
    assert monitor.view.is_stored
    assert "640x640x81-cold" in monitor.source.title.replace("×", "x")  # noqa: RUF001 - as people write sizes
    page.panel.replay_wanted.emit(30.0)
    until(lambda: monitor.source.is_replay)
    assert monitor.live.isVisible()
    for _ in range(40):
        stage.clock.advance(1.0)
        stage.settle()
    until(lambda: monitor.source.run.state.run_id is not None)
    assert stage.context.run.state.run_id is None, "the live run knows nothing of it"
    assert stage.context.live.history.newest_s is None
    qtbot.mouseClick(monitor.live, Qt.MouseButton.LeftButton)
    assert monitor.source is stage.context.live
    assert not monitor.live.isVisible()
    assert run_id


def workflow_run(stage: Stage, *, with_image: bool) -> HistoryPage:
    known = load_workflow("wan22_i2v_two_pass", (data_folder() / "workflows",))
    job = job_of(77, 640, 640).model_copy(update={"workflow_sha256": known.sha256})
    folder = made_run(root_of(stage), "again", stage.clock.now() - 60.0, warm_job(0.0, 70.0), parameters=job)
    if with_image:
        folder.input.mkdir()
        (folder.input / "lighthouse.png").write_bytes((data_folder() / "resources" / "start_image.png").read_bytes())
    page = opened(stage)
    use_folder(stage, page, root_of(stage))
    wait_quiet(stage, page)
    return page


def test_repeat_queues_the_same_job(stage: Stage, qtbot: QtBot):
    page = workflow_run(stage, with_image=True)
    page.panel.repeat.menu().actions()[0].trigger()
    until(page.line.isVisible)
    assert page.line.text.text() == "Added to the queue with seed 77."
    stage.desk.queue.flush()
    stage.settle()
    (ticket,) = stage.context.panel.waiting
    assert (ticket.request.seed, ticket.request.width) == (77, 640)
    assert ticket.request.image == page.rows.history.folder("again").input / "lighthouse.png"
    page.panel.repeat.menu().actions()[1].trigger()
    until(lambda: "new seed" in page.line.text.text())
    stage.desk.queue.flush()
    stage.settle()
    assert stage.context.panel.waiting[1].request.seed != 77
    qtbot.mouseClick(page.line.action, Qt.MouseButton.LeftButton)
    assert stage.window.page_key == "run"


def test_repeat_without_the_image_asks_for_one(stage: Stage):
    page = workflow_run(stage, with_image=False)
    page.panel.repeat_wanted.emit(False)
    until(lambda: any(one.isVisible() for one in page.findChildren(HistoryQuestion)))
    question = dialog_of(page, HistoryQuestion)
    assert isinstance(question, HistoryQuestion)
    assert any("is not on this machine" in text for text in texts(question))
    question.yes.click()
    until(lambda: any(one.isVisible() for one in page.findChildren(QFileDialog)))
    dialog = dialog_of(page, QFileDialog)
    assert isinstance(dialog, QFileDialog)
    dialog.fileSelected.emit(str(data_folder() / "resources" / "start_image.png"))
    dialog.reject()
    stage.desk.queue.flush()
    stage.settle()
    assert stage.context.panel.waiting[0].request.image.name == "start_image.png"


def test_export_asks_what_travels_and_says_where_it_went(stage: Stage, tmp_path: Path):
    page = with_runs(stage)
    page.panel.export_wanted.emit()
    question = dialog_of(page, HistoryExportQuestion)
    assert isinstance(question, HistoryExportQuestion)
    assert question.left_out.is_nothing
    assert question.no.hasFocus() or not question.isActiveWindow()
    question.paths.click()
    assert question.left_out == LeftOut(paths=True)
    question.yes.click()
    until(lambda: any(one.isVisible() for one in page.findChildren(QFileDialog)))
    dialog = dialog_of(page, QFileDialog)
    assert isinstance(dialog, QFileDialog)
    target = tmp_path / "to" / "a.wan22run"
    dialog.fileSelected.emit(str(target))
    dialog.reject()
    until(lambda: target.exists() and idle(page))
    assert page.line.text.text().startswith("Exported to a.wan22run")
    assert faults_of(stage.window) == []


def drop(page: HistoryPage, path: Path) -> QDropEvent:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(10, 10), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    page.dropEvent(event)
    return event


def test_a_dropped_file_is_imported_and_looked_at(stage: Stage, tmp_path: Path):
    page = with_runs(stage)
    other = stored_run(tmp_path / "elsewhere", "2025-01-01_other", cold_job(100.0), title="from a friend")
    export_run(other, tmp_path / "einer.wan22run")
    drop(page, tmp_path / "einer.wan22run")
    until(lambda: "2025-01-01_other" in shown(page) and idle(page))
    until(lambda: page.panel.run_id == "2025-01-01_other")
    assert "imported" in page.panel.when.text()
    assert page.line.text.text().startswith("Imported: 2025-01-01_other.")
    assert read_manifest(page.rows.history.folder("2025-01-01_other")).origin == "imported"


def test_a_hostile_file_is_refused_in_words(stage: Stage, tmp_path: Path):
    page = with_runs(stage)
    bad = tmp_path / "bad.wan22run"
    bad.write_bytes(b"MZ this is a program")
    drop(page, bad)
    until(lambda: page.line.isVisible() and idle(page))
    assert "is no exported run" in page.line.text.text()
    assert len(shown(page)) == 3
    drop(page, tmp_path / "picture.png")
    assert not page.actions_of_run.task.is_busy


def test_delete_asks_first_and_for_good_only_with_a_second_word(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    from wan22.runs import run_delete
    from wan22.schema.problem import AppError

    def no_trash(path: Path) -> None:
        raise AppError(problem("trash_unavailable", f"{path.name} lies on a drive that has no recycle bin."))

    monkeypatch.setattr(run_delete, "move_to_trash", no_trash)
    page = with_runs(stage)
    folder = page.rows.history.folder("run-2")
    page.list.delete_wanted.emit("run-2")
    question = dialog_of(page, HistoryQuestion)
    assert isinstance(question, HistoryQuestion)
    question.no.click()
    assert folder.manifest.is_file()
    page.panel.delete_wanted.emit()
    dialog = dialog_of(page, HistoryQuestion)
    assert isinstance(dialog, HistoryQuestion)
    dialog.yes.click()
    until(lambda: any(one.isVisible() for one in page.findChildren(HistoryQuestion)))
    again = dialog_of(page, HistoryQuestion)
    assert isinstance(again, HistoryQuestion)
    assert again.windowTitle() == "Delete it for good?"
    assert folder.manifest.is_file()
    again.yes.click()
    until(lambda: not folder.path.exists() and idle(page))
    until(lambda: shown(page) == ["run-1", "run-0"])
    assert page.panel.run_id == "run-1"


def test_an_action_can_be_stopped(stage: Stage):
    page = with_runs(stage)
    began: list[bool] = []

    def action(cancel: object, progress: Callable[[int, int], None]) -> None:
        began.append(True)
        progress(1, 4)
        cancel.wait(10.0)  # type: ignore[attr-defined]
        cancel.raise_if_set()  # type: ignore[attr-defined]

    page.actions_of_run._begin("Waiting …", action, lambda _answer: None)
    until(lambda: bool(began) and page.line.bar.value() == 250)
    assert page.line.stop.isVisible()
    page.line.stop.click()
    until(lambda: idle(page))
    assert page.line.text.text() == "Stopped; nothing was changed."


def test_a_run_that_cannot_be_read_says_why(stage: Stage):
    page = opened(stage)
    folder = stored_run(root_of(stage), "torn", cold_job(100.0))
    set_note(folder, "poor thing")
    folder.manifest.write_text("{", encoding="utf-8")
    use_folder(stage, page, root_of(stage))
    assert page.title.text() == "Last video: cannot be read · 1 run, 1 failed"
    assert not page.panel.repeat.isEnabled()
    assert not page.panel.export.isEnabled()
    assert page.panel.delete.isEnabled()
    assert page.panel.note.toPlainText() == "poor thing"


def test_another_folder_for_runs_shows_other_runs(stage: Stage, tmp_path: Path):
    page = with_runs(stage)
    other = tmp_path / "other"
    made_run(other, "elsewhere", stage.clock.now(), warm_job(0.0, 70.0))
    use_folder(stage, page, other)
    assert shown(page) == ["elsewhere"]
    assert page.panel.run_id == "elsewhere"


def test_thousands_of_runs_scroll_without_being_read_again(stage: Stage, qtbot: QtBot):
    root = root_of(stage)
    template = stored_run(root, "2026-01-01-0000", warm_job(0.0, 70.0), target_key=KEY, parameters=job_of(7))
    document = json.loads(template.manifest.read_text(encoding="utf-8"))
    events = template.events.read_bytes()
    for number in range(1, 1500):
        folder = RunFolder(root / f"2026-01-01-{number:04}")
        folder.path.mkdir()
        folder.manifest.write_text(json.dumps({**document, "started_s": 1000.0 * number}), encoding="utf-8")
        folder.events.write_bytes(events)
    page = opened(stage)
    use_folder(stage, page, root)
    wait_quiet(stage, page)
    assert len(shown(page)) == 1500
    bar = page.list.verticalScrollBar()
    slowest_s = 0.0
    for step in range(20):
        began_s = time.perf_counter()
        bar.setValue(bar.maximum() * step // 19)
        QApplication.processEvents()
        slowest_s = max(slowest_s, time.perf_counter() - began_s)
    assert slowest_s < 0.5
    began_s = time.perf_counter()
    page.filter_bar.search.setText("lighthouse 1499")
    page.filter_bar.changed.emit()
    assert time.perf_counter() - began_s < 1.0


def test_leaving_the_page_lets_go_of_nothing_that_was_written(stage: Stage, qtbot: QtBot):
    page = with_runs(stage)
    page.panel.note.setFocus()
    qtbot.keyClicks(page.panel.note, "quick")
    stage.window.open_page("monitor")
    until(lambda: read_notes(page.rows.history.folder("run-2")).note == "quick")
