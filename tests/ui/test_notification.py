from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QSystemTrayIcon
from pytestqt.qtbot import QtBot

from tests.ui.stage import Stage
from wan22.schema.model_file import ModelFetchEnded
from wan22.schema.panel_fact import QueueChanged
from wan22.schema.problem import problem
from wan22.schema.queue import JobState, QueuedJob
from wan22.schema.request import GenerationRequest
from wan22.schema.settings import Settings
from wan22.ui.notification import Notification, TrayNotifier
from wan22.ui.state.notice_log import BATCH_S, Notice, NoticeLog
from wan22.ui.theme import Theme
from wan22.wiring.desk import ServerChoice


class FakeNotifier:
    def __init__(self) -> None:
        self.shown: list[Notice] = []
        self.is_closed = False

    def show(self, notice: Notice) -> None:
        self.shown.append(notice)

    def close(self) -> None:
        self.is_closed = True


def job(number: int, state: JobState, **update: object) -> QueuedJob:
    plain = QueuedJob(
        job_id=number,
        position=float(number),
        state=state,
        request=GenerationRequest(image=Path(f"boat {number}.png")),
        created_s=0.0,
        started_s=10.0,
        finished_s=168.0,
    )
    return plain.model_copy(update=update)


def queue(*jobs: QueuedJob) -> QueueChanged:
    return QueueChanged(time_s=0.0, jobs=jobs)


def told(*facts: object, now_s: float = 100.0) -> Notice | None:
    log = NoticeLog()
    log.take(facts)
    return log.due(now_s)


def test_one_job_with_its_time_and_the_empty_queue():
    notice = told(queue(job(1, JobState.running)), queue(job(1, JobState.done)))
    assert notice is not None
    assert (notice.title, notice.mark) == ("The video is ready", "✓")
    assert notice.text == "boat 1.png after 2 min 38 s. Nothing waits in the queue."


def test_why_a_job_failed():
    fault = problem("out_of_memory", "The GPU has no memory left.")
    ended = job(1, JobState.failed, problem=fault)
    notice = told(queue(job(1, JobState.running), job(2, JobState.waiting)), queue(ended, job(2, JobState.running)))
    assert notice is not None
    assert (notice.title, notice.mark, notice.short) == ("The job failed", "✕", "failed")
    assert notice.text == "boat 1.png: The GPU has no memory left."


def test_several_within_a_moment_are_one_notice():
    log = NoticeLog()
    log.take([queue(*(job(n, JobState.running) for n in range(3)))])
    log.take([queue(job(0, JobState.done), job(1, JobState.done), job(2, JobState.failed))])
    notice = log.due(100.0)
    assert notice is not None
    assert notice.title == "1 of 3 jobs failed"
    assert notice.text == "2 videos are ready, 1 job failed. Nothing waits in the queue."
    log.take([ModelFetchEnded(time_s=0.0, fetched=2, failed=0)])
    assert log.due(100.0 + BATCH_S - 0.1) is None
    later = log.due(100.0 + BATCH_S)
    assert later is not None
    assert (later.title, later.text) == ("Model files are there", "2 files fetched.")
    assert len(log.notices) == 2


def test_what_ended_before_or_was_taken_away_is_no_news():
    assert told(queue(job(1, JobState.done))) is None
    assert told(queue(job(1, JobState.waiting)), queue(job(1, JobState.cancelled))) is None
    assert told(queue(job(1, JobState.done)), queue(job(1, JobState.done))) is None


def test_a_fetch_that_failed_says_why():
    notice = told(ModelFetchEnded(time_s=0.0, fetched=1, failed=2, problem=problem("disk_full", "The disk is full.")))
    assert notice is not None
    assert notice.title == "Model files could not be fetched"
    assert notice.text == "1 file fetched, 2 failed. The disk is full."


def happen(stage: Stage, facts: list[QueueChanged | ModelFetchEnded]) -> None:
    for fact in facts:
        stage.bus.publish(fact)
    stage.settle()


@pytest.fixture
def stage(theme: Theme, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(theme, tmp_path / "stage")
    made.window.show()
    yield made
    made.close()


@pytest.fixture
def behind(stage: Stage) -> FakeNotifier:
    """The window is open, but something else is in front."""
    stage.context.notification.is_in_front = lambda: False
    fake = FakeNotifier()
    stage.context.notification._notifier = fake
    return fake


def test_the_window_says_it_until_it_is_in_front(stage: Stage, behind: FakeNotifier):
    happen(stage, [queue(job(1, JobState.running)), queue(job(1, JobState.done))])
    assert [one.title for one in behind.shown] == ["The video is ready"]
    assert stage.window.windowTitle() == "✓ done · Wan 2.2 control panel"
    stage.window.show_simulated(True)
    assert stage.window.windowTitle() == "✓ done · SIMULATED · Wan 2.2 control panel"
    QApplication.sendEvent(stage.window, QEvent(QEvent.Type.WindowActivate))
    assert stage.window.windowTitle() == "SIMULATED · Wan 2.2 control panel"


def test_nothing_is_shown_in_front_of_the_user_or_against_his_will(stage: Stage, behind: FakeNotifier):
    stage.context.notification.is_in_front = lambda: True
    happen(stage, [queue(job(1, JobState.running)), queue(job(1, JobState.done))])
    stage.context.notification.is_in_front = lambda: False
    stage.context.panel.choose(ServerChoice(Settings(notifications=False)))
    stage.clock.advance(BATCH_S)
    happen(stage, [queue(job(2, JobState.running)), queue(job(2, JobState.done))])
    assert behind.shown == []
    assert stage.window.windowTitle() == "Wan 2.2 control panel"
    assert len(stage.context.notification.log.notices) == 2


def test_a_second_notice_waits_its_turn(qtbot: QtBot, stage: Stage, behind: FakeNotifier):
    happen(stage, [queue(job(1, JobState.running)), queue(job(1, JobState.done))])
    happen(stage, [ModelFetchEnded(time_s=0.0, fetched=1, failed=0)])
    assert len(behind.shown) == 1
    stage.clock.advance(BATCH_S)
    stage.context.notification._later.setInterval(1)
    qtbot.waitUntil(lambda: len(behind.shown) == 2)


def test_closing_leaves_nothing_behind(stage: Stage):
    fake = FakeNotifier()
    made = Notification(stage.window, fake, stage.clock.now, lambda: True)
    made.close()
    assert fake.is_closed


def test_a_system_without_a_tray_is_left_alone(stage: Stage):
    tray = TrayNotifier(stage.window, stage.window.come_to_front)
    tray.show(Notice(0.0, "x", "y", is_good=True, short="done"))
    tray.close()
    assert QSystemTrayIcon.isSystemTrayAvailable() is False
