"""The Queue page with a real queue on disk behind it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QModelIndex, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from tests.ui.page_check import texts
from tests.ui.queue_scenes import job, open_queue, painted, pictures, tell
from tests.ui.run_stage import DEMO, open_run
from tests.ui.stage import Stage
from wan22.job.job_batch import MOST_JOBS, BatchOrder
from wan22.runs.queue_store import QueueStore
from wan22.schema.queue import JobState
from wan22.schema.request import GenerationRequest
from wan22.system.process_table import ProcessIdentity
from wan22.ui.theme import Theme


class Scene:
    def __init__(self, theme: Theme, folder: Path, qtbot: QtBot) -> None:
        self.stage = Stage(theme, folder)
        self.qtbot = qtbot
        self.images = pictures(folder / "Bilder ü")
        self.stage.window.show()
        self.page = open_queue(self.stage)
        self.queue = self.stage.desk.queue

    def add(self, *prompts: str, length: int | None = 81) -> None:
        self.queue.add([self.request(prompt, length) for prompt in prompts])
        self.settle()

    def request(self, prompt: str, length: int | None = 81) -> GenerationRequest:
        return GenerationRequest(image=self.images[0], prompt=prompt, seed=7, width=832, height=480, length=length)

    def settle(self) -> None:
        self.queue.flush()
        self.stage.settle()
        self.qtbot.waitUntil(lambda: not self.page._forecast._asking.is_asking)
        self.stage.settle()

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        self.press(key, modifier)
        self.settle()

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        self.stage.window.activateWindow()
        self.page.list.setFocus()
        self.qtbot.waitUntil(self.page.list.hasFocus)
        QTest.keyClick(self.page.list, key, modifier)

    def shown(self) -> str:
        model = self.page.model
        return " ".join(str(model.index(row).data()) for row in range(model.rowCount()))


@pytest.fixture
def scene(theme: Theme, tmp_path: Path, qtbot: QtBot) -> Iterator[Scene]:
    made = Scene(theme, tmp_path, qtbot)
    yield made
    made.stage.close()


def test_an_empty_queue_says_what_will_be_here(scene: Scene):
    assert scene.page.title.text() == "Nothing waits"
    assert scene.page.empty.isVisible()
    assert any("Ctrl+Enter on the Run page" in text for text in texts(scene.page))
    scene.add("a")
    assert scene.page.list.isVisible()
    assert not scene.page.empty.isVisible()


def test_the_answer_is_told_from_known_times(scene: Scene):
    scene.add("a", "b")
    assert scene.page.title.text().startswith("2 jobs, done at about ")
    assert "from 12 earlier runs" in scene.page.grounds.text().lower()
    scene.add("long", length=121)
    assert scene.page.title.text() == "3 jobs, at least 6\u20138 min left"
    assert "1 job of unknown length" in scene.page.grounds.text()


def test_keys_change_the_order_at_once_and_on_disk(scene: Scene):
    scene.add("a", "b", "c", "d")
    scene.page.list.choose([3, 4])
    scene.press(Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert scene.shown() == "a c d b"
    scene.key(Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert scene.shown() == "c d a b"
    assert [one.request.prompt for one in scene.stage.context.queue.jobs] == ["c", "d", "a", "b"]
    assert [one.job_id for one in scene.page.list.chosen] == [3, 4]
    scene.key(Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    scene.key(Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert scene.shown() == "a c d b"


def test_a_dragged_job_goes_where_it_is_dropped(scene: Scene):
    scene.add("a", "b", "c")
    model = scene.page.model
    data = model.mimeData([model.index(2)])
    assert not model.dropMimeData(data, Qt.DropAction.MoveAction, 0, 0, QModelIndex())
    scene.settle()
    assert scene.shown() == "c a b"
    model.dropMimeData(model.mimeData([model.index(0), model.index(1)]), Qt.DropAction.MoveAction, 3, 0, QModelIndex())
    scene.settle()
    assert scene.shown() == "b c a"
    assert model.flags(model.index(0)) & Qt.ItemFlag.ItemIsDragEnabled


def test_removing_can_be_undone(scene: Scene):
    scene.add("a", "b", "c")
    scene.page.list.choose([2])
    scene.key(Qt.Key.Key_Delete)
    assert scene.shown() == "a c"
    assert "Removed 1 job; the runs made of them stay." in texts(scene.page)
    assert "Undo" in texts(scene.page)
    scene.stage.context.queue_undo.undo()
    scene.settle()
    assert scene.shown() == "a b c"
    assert "Undo" not in texts(scene.page)


def test_duplicate_retry_and_clear(scene: Scene):
    scene.add("a", "b")
    claimed = scene.queue.claim()
    assert claimed is not None
    scene.queue.finish(claimed.job_id, JobState.cancelled)
    scene.settle()
    assert scene.shown() == "b a"
    scene.page.list.choose([2])
    assert not scene.page.deeds.actions_by_key["retry"].isEnabled()
    scene.key(Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert scene.shown() == "b b a"
    scene.page.list.choose([1])
    assert not scene.page.deeds.actions_by_key["edit"].isEnabled()
    scene.key(Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    assert scene.shown() == "b b a"
    assert all(one.state is JobState.waiting for one in scene.stage.context.queue.jobs)
    claimed = scene.queue.claim()
    assert claimed is not None
    scene.queue.finish(claimed.job_id, JobState.done)
    scene.settle()
    assert scene.page.clear_button.isVisible()
    scene.page.clear_finished()
    scene.settle()
    assert scene.shown() == "b a"


def test_pausing_and_going_on(scene: Scene):
    scene.add("a", "b")
    scene.page.toggle_pause()
    scene.settle()
    assert scene.page.title.text() == "Paused: 2 jobs wait"
    assert scene.queue.claim() is None
    assert scene.page.pause_button.property("kind") == "main"
    assert scene.page.many_button.property("kind") == ""
    scene.page.toggle_pause()
    scene.settle()
    assert scene.page.title.text().startswith("2 jobs, done at about")


def test_a_waiting_job_is_edited_in_its_place(scene: Scene):
    scene.add("a", "b")
    scene.page.list.choose([1])
    scene.key(Qt.Key.Key_F2)
    editor = scene.page.editor
    assert editor.isVisible()
    assert (editor.width_field.value(), editor.length.value()) == (832, 81)
    editor.prompt.setPlainText("a better boat\nwith ü")
    editor.width_field.setValue(0)
    editor.length.setValue(49)
    editor.seed.mode.chosen.emit(0)
    editor.save()
    scene.settle()
    changed = scene.stage.context.queue.job(1)
    assert changed is not None
    assert changed.request.prompt == "a better boat\nwith ü"
    assert (changed.request.width, changed.request.height) == (None, 480)
    assert (changed.request.length, changed.request.seed) == (49, None)
    assert not editor.isVisible()
    assert scene.shown().startswith("a better boat with ü")


def test_a_job_that_begins_while_it_is_edited_is_said(scene: Scene):
    scene.add("a")
    scene.page.list.choose([1])
    scene.page.edit()
    assert scene.queue.claim() is not None
    scene.settle()
    assert any("This job has begun" in text for text in texts(scene.page.editor))
    assert not scene.page.editor.save_button.isEnabled()
    QTest.keyClick(scene.page.editor.prompt, Qt.Key.Key_Escape)
    assert not scene.page.editor.isVisible()


def test_many_jobs_are_counted_and_timed_before_they_are_added(scene: Scene):
    page, batch = scene.page, scene.page.batch
    page.add_many([scene.images[0].parent])
    scene.qtbot.waitUntil(lambda: len(batch.pictures) == 3)
    batch.put("prompt_text", "one\n\ntwo\n")
    batch.put("random_seeds", 2)
    assert page.adder.sum.text().endswith("= 12 jobs")
    scene.qtbot.waitUntil(lambda: page.adder.time.text() == "About 37\u201344 min.")
    batch.put("is_random", False)
    batch.put("seed_text", "1, 2 x")
    assert any("x is no seed" in text for text in texts(page.adder))
    assert not page.adder.add_button.isEnabled()
    batch.put("seed_text", "1, 2; 2")
    batch.put("order", BatchOrder.prompt)
    page.adder.add_button.click()
    scene.settle()
    made = [(one.request.image.name, one.request.prompt, one.request.seed) for one in scene.stage.context.queue.jobs]
    names = [path.name for path in scene.images]
    assert made == [(name, prompt, seed) for prompt in ("one", "two") for name in names for seed in (1, 2)]
    shapes = {(one.request.width, one.request.height) for one in scene.stage.context.queue.jobs}
    assert shapes == {(1280, 720), (960, 960)}
    assert not page.adder.isVisible()


def test_too_many_and_no_pictures_are_said(scene: Scene):
    batch = scene.page.batch
    text = scene.images[0].parent / "notes.txt"
    text.write_text("no picture", encoding="utf-8")
    scene.page.add_many([text, scene.images[0].parent / "gone.png", scene.images[0]])
    scene.qtbot.waitUntil(lambda: not batch.is_reading)
    assert [one.origin for one in batch.pictures] == [scene.images[0]]
    refused = scene.page.adder.refused.text()
    assert "notes.txt" in refused
    assert "gone.png" in refused
    batch.put("prompt_text", "\n".join(str(number) for number in range(21)))
    batch.put("random_seeds", 100)
    assert f"This makes 2100 jobs; {MOST_JOBS} can be added at once." in scene.page.adder.doubt.text()
    assert batch.requests() == ()
    batch.drop([scene.images[0]])
    assert "Add pictures first" in scene.page.adder.doubt.text()


def test_dropped_files_open_the_panel(scene: Scene):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in scene.images])
    event = QDropEvent(
        QPointF(50, 50), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    scene.page.dropEvent(event)
    scene.qtbot.waitUntil(lambda: len(scene.page.batch.pictures) == 3)
    assert scene.page.adder.isVisible()


def test_pictures_are_painted_when_they_come(scene: Scene):
    tell(scene.stage, [job(scene.stage, number, JobState.waiting) for number in range(1, 4)])
    painted(scene.stage, scene.page, 3)
    assert all(not picture.isNull() for picture in scene.page.model._pictures.values())


def test_the_menu_holds_what_can_be_done(scene: Scene):
    scene.add("a")
    scene.page.list.choose([1])
    menu = scene.page.deeds.make_menu()
    assert [one.text() for one in menu.actions() if one.text()] == ["Edit", "Up", "Down", "Duplicate", "Remove"]
    menu.deleteLater()


@pytest.fixture
def again(theme: Theme, tmp_path: Path, qtbot: QtBot) -> Iterator[Scene]:
    """Opened after a program that died over its first job of three."""
    store = QueueStore(tmp_path / "data" / "queue.sqlite3", ProcessIdentity(2**22 + 17, 1.0), time.time)
    store.add([GenerationRequest(image=tmp_path / "a.png", prompt=letter) for letter in "abc"])
    assert store.claim() is not None
    store.close()
    made = Scene(theme, tmp_path, qtbot)
    made.queue.pause(False)  # the stage's window comes later than the first word of the queue
    made.settle()
    yield made
    made.stage.close()


def test_what_waits_from_last_time_is_offered_on_both_pages(again: Scene):
    assert again.page.title.text() == "3 jobs wait from last time, 1 of them was interrupted"
    run = open_run(again.stage, DEMO)
    assert any("from last time" in text for text in texts(run))
    assert {"Resume", "Clear"} <= set(texts(run))
    assert again.queue.claim() is None
    again.stage.context.resume_queue()
    again.settle()
    assert not any("from last time" in text for text in texts(run))
    assert again.shown() == "b c a"
    assert again.queue.claim() is not None


def test_clearing_what_waits_from_last_time_can_be_undone_and_begins_nothing(again: Scene):
    clear = next(one for one in again.page.findChildren(QPushButton) if one.text() == "Clear")
    clear.click()
    again.settle()
    assert again.shown() == ""
    undo = next(one for one in again.page.findChildren(QPushButton) if one.text() == "Undo")
    undo.click()
    again.settle()
    assert again.shown() == "b c a"
    assert again.page.title.text() == "3 jobs wait from last time, 1 of them was interrupted"
    assert again.queue.claim() is None


def test_thousands_of_jobs_are_shown_without_a_wait(scene: Scene):
    tell(scene.stage, [job(scene.stage, 1, JobState.waiting)])
    model_job = job(scene.stage, 1, JobState.waiting)
    jobs = [model_job.model_copy(update={"job_id": number, "position": float(number)}) for number in range(1, 5001)]
    began_s = time.perf_counter()
    tell(scene.stage, jobs)
    scene.page.list.grab()
    assert time.perf_counter() - began_s < 2.0
    scene.page.list.choose([4000])
    began_s = time.perf_counter()
    for _ in range(20):
        scene.page.list.verticalScrollBar().setValue(scene.page.list.verticalScrollBar().value() + 700)
        scene.page.list.grab()
    assert time.perf_counter() - began_s < 2.0
    tell(scene.stage, jobs[:-1])
    assert [one.job_id for one in scene.page.list.chosen] == [4000]
