"""The desk with servers and jobs that do as the test says; the real ones are in tests/end_to_end."""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from wan22.job.desk import LOOK_S, Desk, Workplace
from wan22.job.job_queue import JobQueue
from wan22.job.live_sampler import LiveSampler
from wan22.runs.queue_store import QueueStore
from wan22.schema.events import LaunchProved, ProblemFound, PromptOutcome, ServerStopped
from wan22.schema.panel_fact import Activity, DeskChanged, QueueChanged
from wan22.schema.problem import app_error, problem
from wan22.schema.queue import QueuedJob
from wan22.schema.request import GenerationRequest
from wan22.system.bus import Bus
from wan22.system.cancel import CancelToken
from wan22.system.clock import SystemClock
from wan22.system.process_table import ProcessIdentity


class Provider:
    def __init__(self, log: list[str], name: str) -> None:
        self.log, self.name = log, name
        self.is_running = False

    def acquire(self, cancel: CancelToken) -> Any:
        cancel.raise_if_set()
        if not self.is_running:
            self.log.append(f"start {self.name}")
        self.is_running = True
        return object()

    def release(self, handle: object) -> None: ...

    def stop(self) -> None:
        if self.is_running:
            self.log.append(f"stop {self.name}")
        self.is_running = False

    def leave_running(self) -> None:
        self.log.append(f"leave {self.name}")
        self.is_running = False


class Job:
    """Waits until the test lets it end or it is cancelled."""

    def __init__(self, log: list[str], provider: Any, gate: threading.Event) -> None:
        self.log, self.provider, self.gate = log, provider, gate

    def run(self, request: GenerationRequest, cancel: CancelToken, *, opened: Callable[[str], None]) -> Any:
        opened(f"run-{request.prompt}")
        self.provider.acquire(cancel)
        self.log.append(f"job {request.prompt}")
        cancel.on_set(self.gate.set)
        self.gate.wait(10)
        outcome, found = PromptOutcome.success, None
        if cancel.is_set:
            self.log.append("left" if cancel.is_leaving else "cancelled")
            outcome = PromptOutcome.lost if cancel.is_leaving else PromptOutcome.cancelled
            found = problem("job_left_running", "Left.") if cancel.is_leaving else problem("cancelled", "Stopped.")
        if request.prompt == "fault":
            raise RuntimeError("a fault in the program")
        return SimpleNamespace(name=request.prompt, manifest=SimpleNamespace(outcome=outcome), problem=found)


class Sampler:
    def __init__(self, log: list[str], source: str) -> None:
        self.log, self.source = log, source

    def start(self) -> None:
        self.log.append(f"read {self.source}")

    def stop(self) -> None:
        self.log.append(f"unread {self.source}")


class Scene:
    """A job's profile names the place of its server; `chosen` is the one for the server alone."""

    def __init__(self, folder: Path) -> None:
        clock = SystemClock()
        self.places: dict[str, Callable[[], Workplace]] = {}
        self.chosen = "one"
        self.log: list[str] = []
        self.facts: list[Any] = []
        self.results: list[Any] = []
        self.gate = threading.Event()
        bus = self.bus = Bus(clock)
        bus.subscribe(self.facts.append)
        live = LiveSampler(lambda source, *_: Sampler(self.log, source), bus, clock)
        us = ProcessIdentity(1, 1.0)
        queue = JobQueue(lambda: QueueStore(folder / "queue.sqlite3", us, clock.now), bus, clock)
        self.desk = Desk(bus, clock, live, queue, self._prepare, lambda result: self.results.append(result.name))
        self.desk.start()

    def _prepare(self, job: QueuedJob | None) -> Workplace:
        return self.places[(job.profile if job is not None else None) or self.chosen]()

    def submit(self, prompt: str, place: str = "one") -> None:
        """Queue a job and wait until it is in the queue or begun."""
        count = len(self.jobs())
        self.places.setdefault(place, self.place(place))
        self.desk.submit([request(prompt)], place)
        self.until(lambda: len(self.jobs()) > count)

    def connect(self, place: str, **values: Any) -> None:
        self.chosen = place
        self.places[place] = self.place(place, **values)
        self.desk.connect()

    def jobs(self) -> tuple[QueuedJob, ...]:
        told = [fact for fact in self.facts if isinstance(fact, QueueChanged)]
        return told[-1].jobs if told else ()

    def states(self) -> dict[str, str]:
        return {job.request.prompt or "": job.state.value for job in self.jobs()}

    def place(self, name: str, **values: Any) -> Callable[[], Workplace]:
        identity: Hashable = values.pop("identity", name)
        owned = values.get("ping") is None
        return lambda: Workplace(
            identity=identity,
            provider=Provider(self.log, name),
            url=f"http://{name}:8188",
            owned=owned,
            simulated=False,
            profile="rtx5090",
            source=f"simulated:{name}",
            make_job=lambda provider: Job(self.log, provider, self.gate),  # type: ignore[arg-type,return-value]
            prove=lambda _handle: (),
            **values,
        )

    def until(self, done: Callable[[], bool]) -> None:
        end_s = time.monotonic() + 10
        while not done():
            assert time.monotonic() < end_s, (self.log, self.changes()[-3:])
            time.sleep(0.005)

    def changes(self) -> list[DeskChanged]:
        return [fact for fact in self.facts if isinstance(fact, DeskChanged)]

    def is_idle(self) -> bool:
        return bool(self.changes()) and self.changes()[-1].activity is Activity.idle and not self.desk.is_busy

    def codes(self) -> list[str]:
        return [fact.problem.code for fact in self.facts if isinstance(fact, ProblemFound)]


def request(prompt: str) -> GenerationRequest:
    return GenerationRequest(image=Path("a.png"), prompt=prompt)


@pytest.fixture
def scene(tmp_path: Path):
    made = Scene(tmp_path)
    yield made
    made.gate.set()
    made.desk.close()


def servers(scene: Scene) -> list[str]:
    return [line for line in scene.log if "read" not in line]


def test_jobs_share_a_server_and_come_in_order(scene: Scene):
    scene.gate.set()
    scene.submit("a")
    scene.submit("b")
    scene.until(lambda: len(scene.results) == 2 and scene.is_idle())
    assert scene.results == ["a", "b"]
    assert scene.log == ["read nvml", "unread nvml", "read simulated:one", "start one", "job a", "job b"]
    assert scene.desk.presence is not None
    assert scene.desk.presence.url == "http://one:8188"
    scene.until(lambda: scene.states() == {"a": "done", "b": "done"})
    assert {job.run_id for job in scene.jobs()} == {"run-a", "run-b"}


def test_another_choice_brings_another_server(scene: Scene):
    scene.gate.set()
    scene.submit("a", "one")
    scene.submit("b", "two")
    scene.until(lambda: len(scene.results) == 2)
    assert servers(scene) == ["start one", "job a", "stop one", "start two", "job b"]


def test_what_is_done_and_what_waits_is_told(scene: Scene):
    for name in ("a", "b", "c"):
        scene.submit(name)
    scene.until(lambda: "job a" in scene.log)
    assert scene.desk.is_busy
    scene.until(lambda: [ticket.number for ticket in scene.changes()[-1].waiting] == [2, 3])
    last = scene.changes()[-1]
    assert (last.activity, last.current and last.current.number) == (Activity.working, 1)
    scene.desk.queue.remove([2])
    scene.until(lambda: [ticket.number for ticket in scene.changes()[-1].waiting] == [3])
    scene.gate.set()
    scene.until(scene.is_idle)
    assert scene.results == ["a", "c"]


def test_a_paused_queue_begins_nothing_and_goes_on_later(scene: Scene):
    scene.gate.set()
    scene.desk.queue.pause(True)
    scene.submit("a")
    assert not scene.desk.is_busy
    scene.desk.queue.pause(False)
    scene.until(lambda: scene.results == ["a"])


def test_cancel_stops_the_job_at_work_only(scene: Scene):
    scene.submit("a")
    scene.until(lambda: "job a" in scene.log)
    scene.desk.cancel_job()
    assert scene.changes()[-1].activity is Activity.stopping
    scene.until(scene.is_idle)
    assert "cancelled" in scene.log
    assert "stop one" not in scene.log
    scene.until(lambda: scene.states() == {"a": "cancelled"})
    scene.desk.cancel_job()
    assert scene.is_idle()


def test_a_server_alone_is_started_proved_and_stopped(scene: Scene):
    scene.connect("one")
    scene.until(lambda: scene.desk.presence is not None and scene.is_idle())
    assert any(isinstance(fact, LaunchProved) for fact in scene.facts)
    scene.desk.disconnect()
    scene.until(lambda: "stop one" in scene.log and scene.is_idle())
    assert scene.desk.presence is None
    assert scene.log[-1] == "read nvml"


def test_disconnecting_stops_the_job_and_holds_back_what_waits(scene: Scene):
    for name in ("a", "b"):
        scene.submit(name)
    scene.until(lambda: "job a" in scene.log)
    scene.desk.disconnect()
    scene.until(lambda: "stop one" in scene.log and scene.is_idle())
    assert "job b" not in scene.log
    assert not scene.desk.is_busy
    scene.until(lambda: scene.states() == {"a": "cancelled", "b": "waiting"})
    scene.gate.set()
    scene.desk.queue.resume()
    scene.until(lambda: "b" in scene.results)


def test_what_cannot_begin_is_a_problem_and_the_next_job_goes_on(scene: Scene):
    def broken() -> Workplace:
        raise app_error("comfyui_not_found", "The folder is gone.")

    scene.gate.set()
    scene.places["broken"] = broken
    scene.submit("a", "broken")
    scene.submit("b")
    scene.until(lambda: scene.results == ["b"])
    assert scene.codes() == ["comfyui_not_found"]
    scene.until(lambda: scene.states() == {"a": "failed", "b": "done"})
    failed = next(job for job in scene.jobs() if job.request.prompt == "a")
    assert failed.problem is not None
    assert failed.problem.code == "comfyui_not_found"


def test_a_fault_in_a_job_is_told_and_the_desk_goes_on(scene: Scene):
    scene.gate.set()
    scene.submit("fault")
    scene.submit("b")
    scene.until(lambda: scene.results == ["b"])
    assert scene.codes() == ["internal_error"]
    scene.until(lambda: scene.states() == {"fault": "failed", "b": "done"})


def test_closing_stops_everything_and_keeps_what_waits(scene: Scene, tmp_path: Path):
    scene.submit("a")
    scene.submit("b")
    scene.until(lambda: "job a" in scene.log)
    scene.desk.close()
    assert scene.log[-3:] == ["cancelled", "stop one", "unread simulated:one"]
    again = Scene(tmp_path)
    again.until(lambda: again.states() == {"a": "cancelled", "b": "waiting"})
    assert not again.desk.is_busy
    again.desk.close()


def test_closing_can_leave_job_and_server_at_work(scene: Scene):
    scene.submit("a")
    scene.until(lambda: "job a" in scene.log)
    scene.desk.close(leave_running=True)
    assert scene.log[-3:] == ["left", "leave one", "unread simulated:one"]
    assert scene.states() == {"a": "interrupted"}


def test_a_job_is_connecting_until_its_server_is_there_and_works_from_then_on(scene: Scene):
    scene.submit("a")
    scene.until(lambda: "job a" in scene.log)
    told = [(fact.activity, fact.server is not None) for fact in scene.changes() if fact.current is not None]
    assert (Activity.working, False) not in told
    assert told[-1] == (Activity.working, True)
    assert (Activity.connecting, False) in told


def test_a_stop_stays_told_when_the_server_comes_after_it(scene: Scene):
    release = threading.Event()

    class SlowProvider(Provider):
        def acquire(self, cancel: CancelToken) -> Any:
            self.log.append("starts")
            release.wait(5)
            self.is_running = True
            return object()

    scene.places["slow"] = lambda: replace(scene.place("slow")(), provider=SlowProvider(scene.log, "slow"))
    scene.submit("a", "slow")
    scene.until(lambda: "starts" in scene.log)
    scene.desk.cancel_job()
    release.set()
    scene.until(lambda: scene.states() == {"a": "cancelled"})
    assert Activity.working not in {fact.activity for fact in scene.changes()}


def test_a_server_of_ours_that_ends_by_itself_is_told_at_once(scene: Scene):
    scene.connect("one")
    scene.until(lambda: scene.desk.presence is not None and scene.is_idle())
    held = scene.desk._held
    assert held is not None
    held.provider.stop()
    began_s = time.monotonic()
    scene.bus.publish(ServerStopped(time_s=1.0, exit_code=-9, expected=False))
    scene.until(lambda: scene.changes()[-1].server is None)
    assert time.monotonic() - began_s < LOOK_S / 2


def test_an_attached_server_that_goes_away_is_told(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("wan22.job.desk.LOOK_S", 0.01)

    def ping() -> None:
        raise app_error("server_unreachable", "Nobody answers.")

    scene.connect("far", ping=ping)
    scene.until(lambda: any(isinstance(fact, ServerStopped) for fact in scene.facts))
    scene.until(lambda: scene.desk.presence is None)
    assert scene.codes() == []


def test_a_server_that_was_left_running_is_taken_up_and_used(scene: Scene):
    left = scene.place("left", identity="same", found_again=True)
    scene.desk.adopt(left, or_connect=False)
    scene.until(lambda: scene.desk.presence is not None and scene.is_idle())
    assert scene.desk.presence is not None
    assert scene.desk.presence.found_again
    scene.gate.set()
    scene.places["other"] = scene.place("other", identity="same")
    scene.submit("a", "other")
    scene.until(lambda: scene.results == ["a"])
    assert servers(scene) == ["start left", "job a"]


def test_without_a_left_server_the_other_one_is_started_or_none(scene: Scene):
    scene.chosen = "new"
    scene.places["new"] = scene.place("new")
    scene.desk.adopt(lambda: None, or_connect=False)
    scene.desk.adopt(lambda: None, or_connect=True)
    scene.until(lambda: scene.desk.presence is not None and scene.is_idle())
    assert servers(scene) == ["start new"]


def test_a_left_server_that_has_ended_meanwhile_is_replaced(scene: Scene):
    places: list[Workplace] = []

    def left() -> Workplace:
        places.append(scene.place("left", identity="same", found_again=True)())
        return places[0]

    scene.desk.adopt(left, or_connect=False)
    scene.until(lambda: scene.desk.presence is not None and scene.is_idle())
    places[0].provider.is_running = False  # type: ignore[misc]
    scene.gate.set()
    scene.places["new"] = scene.place("new", identity="same")
    scene.submit("a", "new")
    scene.until(lambda: scene.results == ["a"])
    assert servers(scene) == ["start left", "start new", "job a"]
