"""The queue with a real file behind it."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from wan22.job.job_queue import JobQueue
from wan22.runs.queue_store import QueueStore
from wan22.schema.events import ProblemFound
from wan22.schema.panel_fact import QueueChanged
from wan22.schema.problem import problem
from wan22.schema.queue import JobState
from wan22.schema.request import GenerationRequest
from wan22.system.bus import Bus
from wan22.system.clock import SystemClock
from wan22.system.process_table import ProcessIdentity


class Scene:
    def __init__(self, path: Path, pid: int = 1) -> None:
        self.clock = SystemClock()
        self.bus = Bus(self.clock)
        self.facts: list[Any] = []
        self.bus.subscribe(self.facts.append)
        us = ProcessIdentity(pid, 1.0)
        self.queue = JobQueue(
            lambda: QueueStore(path, us, self.clock.now, is_alive=lambda _: False), self.bus, self.clock
        )
        self.woken = threading.Event()
        self.queue.wake = self.woken.set
        self.queue.start()
        self.until(lambda: bool(self.facts))

    def until(self, done: Callable[[], bool]) -> None:
        end_s = time.monotonic() + 10
        while not done():
            assert time.monotonic() < end_s, self.facts[-2:]
            time.sleep(0.002)

    @property
    def last(self) -> QueueChanged:
        told = [fact for fact in self.facts if isinstance(fact, QueueChanged)]
        return told[-1] if told else QueueChanged(time_s=0.0, jobs=())

    def shown(self) -> str:
        return " ".join(f"{job.request.prompt}:{job.state.value}" for job in self.last.jobs)

    def until_shown(self, text: str) -> None:
        self.until(lambda: self.shown() == text)

    def codes(self) -> list[str]:
        return [fact.problem.code for fact in self.facts if isinstance(fact, ProblemFound)]


def request(prompt: str) -> GenerationRequest:
    return GenerationRequest(image=Path("a.png"), prompt=prompt)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue.sqlite3"


@pytest.fixture
def scene(path: Path) -> Iterator[Scene]:
    made = Scene(path)
    yield made
    made.queue.close()


def test_a_jobs_life_is_told(scene: Scene):
    scene.queue.add([request("a"), request("b")], "rtx5090")
    scene.until_shown("a:waiting b:waiting")
    assert scene.woken.is_set()
    job = scene.queue.claim()
    assert job is not None
    assert scene.shown() == "a:running b:waiting"
    scene.queue.note_run(job.job_id, "run-1")
    scene.queue.finish(job.job_id, JobState.failed, problem("out_of_memory", "Too big."))
    scene.until_shown("b:waiting a:failed")
    assert scene.last.jobs[1].run_id == "run-1"
    scene.queue.retry([1])
    scene.until_shown("b:waiting a:waiting")
    scene.queue.order([1])
    scene.until_shown("a:waiting b:waiting")
    scene.queue.duplicate([2])
    scene.until_shown("a:waiting b:waiting b:waiting")
    assert scene.last.jobs[2].profile == "rtx5090"
    scene.queue.edit(3, request("z"))
    scene.until_shown("a:waiting b:waiting z:waiting")
    scene.queue.remove([2])
    scene.until_shown("a:waiting z:waiting")
    scene.queue.clear(JobState.waiting)
    scene.until_shown("")


def test_a_paused_queue_gives_nothing(scene: Scene):
    scene.queue.add([request("a")])
    scene.queue.pause(True)
    scene.until(lambda: scene.last.is_paused)
    assert scene.queue.claim() is None
    scene.queue.pause(False)
    scene.until(lambda: not scene.last.is_paused)
    assert scene.queue.claim() is not None


def test_what_waits_from_last_time_is_held_back_until_it_is_wanted(path: Path, scene: Scene):
    scene.queue.add([request("a"), request("b")])
    scene.until_shown("a:waiting b:waiting")
    assert scene.queue.claim() is not None
    scene.queue.close()
    again = Scene(path, pid=2)
    again.until_shown("b:waiting a:interrupted")
    assert again.last.held_back == {1, 2}
    assert again.queue.claim() is None
    again.queue.add([request("new")])
    again.until_shown("b:waiting new:waiting a:interrupted")
    job = again.queue.claim()
    assert job is not None
    assert job.request.prompt == "new"
    again.queue.finish(job.job_id, JobState.done)
    again.queue.resume()
    again.until(lambda: not again.last.held_back)
    assert again.shown() == "b:waiting a:waiting new:done"
    assert again.queue.claim() is not None
    again.queue.close()


def test_what_is_cleared_is_not_held_back_any_more(path: Path, scene: Scene):
    scene.queue.add([request("a")])
    scene.until_shown("a:waiting")
    scene.queue.close()
    again = Scene(path, pid=2)
    again.until(lambda: again.last.held_back == {1})
    again.queue.clear(JobState.waiting, JobState.interrupted)
    again.until(lambda: again.last.held_back == frozenset())
    again.queue.close()


def test_a_change_that_is_not_possible_is_a_problem(scene: Scene):
    scene.queue.add([request("a")])
    scene.until_shown("a:waiting")
    assert scene.queue.claim() is not None
    scene.queue.edit(1, request("b"))
    scene.until(lambda: scene.codes() == ["job_not_waiting"])
    assert scene.shown() == "a:running"


def test_a_file_that_cannot_be_opened_is_a_problem_and_no_more(tmp_path: Path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    scene = Scene(tmp_path / "file" / "queue.sqlite3")
    assert scene.codes() == ["queue_unusable"]
    scene.queue.add([request("a")])
    assert scene.queue.claim() is None
    scene.queue.close()


def test_a_damaged_file_is_said(path: Path):
    path.write_bytes(b"no database at all " * 300)
    scene = Scene(path)
    scene.until(lambda: scene.codes() == ["queue_unusable"])
    scene.queue.add([request("a")])
    scene.until_shown("a:waiting")
    scene.queue.close()


def test_what_was_removed_comes_back_held_as_before(path: Path, scene: Scene):
    scene.queue.add([request("a"), request("b")])
    scene.until_shown("a:waiting b:waiting")
    scene.queue.close()
    again = Scene(path, pid=2)
    again.until(lambda: again.last.held_back == {1, 2})
    gone = again.last.jobs
    again.queue.remove([1, 2])
    again.until_shown("")
    again.queue.put_back(gone, [1, 2])
    again.until_shown("a:waiting b:waiting")
    assert again.last.held_back == {1, 2}
    assert again.queue.claim() is None
    again.queue.close()


def test_what_another_program_does_is_told_here(path: Path, scene: Scene):
    us = ProcessIdentity(3, 3.0)
    other = QueueStore(path, us, scene.clock.now, is_alive=lambda _: True)
    other.add([request("theirs")])
    assert other.claim() is not None
    assert scene.queue.claim() is None
    scene.until_shown("theirs:interrupted")  # in this scene nobody else lives
    assert scene.last.held_back == {1}
    other.add([request("ours")])
    job = scene.queue.claim()
    assert job is not None
    assert job.request.prompt == "ours"
    other.add([request("later")])
    told = len(scene.facts)
    scene.queue.pause(True)
    scene.until(lambda: scene.last.is_paused)
    other.remove([3])
    assert scene.queue.claim() is None
    scene.until(lambda: len(scene.facts) > told + 1)
    assert "later" not in scene.shown()
    quiet = len(scene.facts)
    assert scene.queue.claim() is None
    assert len(scene.facts) == quiet
    other.close()


def test_it_is_idle_only_when_nothing_is_done_and_nothing_will_be(scene: Scene):
    assert scene.queue.is_idle
    scene.queue.add([request("a")])
    scene.until_shown("a:waiting")
    assert not scene.queue.is_idle
    assert scene.queue.claim() is not None
    assert scene.queue.ready == ()
    assert not scene.queue.is_idle
    scene.queue.finish(1, JobState.done)
    scene.until(lambda: scene.queue.is_idle)
    assert scene.shown() == "a:done"


def test_the_end_of_one_job_is_not_the_end_of_the_next(scene: Scene):
    scene.queue.add([request("a"), request("b")])
    scene.until_shown("a:waiting b:waiting")
    first, second = scene.queue.claim(), scene.queue.claim()
    assert first is not None
    assert second is not None
    scene.queue.finish(first.job_id, JobState.failed)
    scene.queue.flush()
    assert not scene.queue.is_idle
    scene.queue.finish(second.job_id, JobState.done)
    scene.queue.flush()
    assert scene.queue.is_idle
