"""The desk with servers and jobs that do as the test says; the real ones are in tests/end_to_end."""

import threading
import time
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

import pytest

from wan22.job.desk import Desk, Workplace
from wan22.job.live_sampler import LiveSampler
from wan22.schema.events import LaunchProved, ProblemFound, ServerStopped
from wan22.schema.panel_fact import Activity, DeskChanged
from wan22.schema.problem import app_error
from wan22.schema.request import GenerationRequest
from wan22.system.bus import Bus
from wan22.system.cancel import CancelToken
from wan22.system.clock import SystemClock


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

    def run(self, request: GenerationRequest, cancel: CancelToken) -> Any:
        self.provider.acquire(cancel)
        self.log.append(f"job {request.prompt}")
        cancel.on_set(self.gate.set)
        self.gate.wait(10)
        if cancel.is_set:
            self.log.append("left" if cancel.is_leaving else "cancelled")
        return request.prompt


class Sampler:
    def __init__(self, log: list[str], source: str) -> None:
        self.log, self.source = log, source

    def start(self) -> None:
        self.log.append(f"read {self.source}")

    def stop(self) -> None:
        self.log.append(f"unread {self.source}")


class Scene:
    def __init__(self) -> None:
        clock = SystemClock()
        self.log: list[str] = []
        self.facts: list[Any] = []
        self.results: list[Any] = []
        self.gate = threading.Event()
        bus = Bus(clock)
        bus.subscribe(self.facts.append)
        live = LiveSampler(lambda source, *_: Sampler(self.log, source), bus, clock)
        self.desk = Desk(bus, clock, live, self.results.append)
        self.desk.start()

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
def scene():
    made = Scene()
    yield made
    made.gate.set()
    made.desk.close()


def test_jobs_share_a_server_and_come_in_order(scene: Scene):
    scene.gate.set()
    tickets = [scene.desk.submit(request(name), scene.place("one")) for name in ("a", "b")]
    scene.until(lambda: len(scene.results) == 2 and scene.is_idle())
    assert [ticket.number for ticket in tickets] == [1, 2]
    assert scene.results == ["a", "b"]
    assert scene.log == ["read nvml", "unread nvml", "read simulated:one", "start one", "job a", "job b"]
    assert scene.desk.presence is not None
    assert scene.desk.presence.url == "http://one:8188"


def test_another_choice_brings_another_server(scene: Scene):
    scene.gate.set()
    scene.desk.submit(request("a"), scene.place("one"))
    scene.desk.submit(request("b"), scene.place("two"))
    scene.until(lambda: len(scene.results) == 2)
    assert [line for line in scene.log if "read" not in line] == [
        "start one",
        "job a",
        "stop one",
        "start two",
        "job b",
    ]


def test_what_is_done_and_what_waits_is_told(scene: Scene):
    for name in ("a", "b", "c"):
        scene.desk.submit(request(name), scene.place("one"))
    scene.until(lambda: "job a" in scene.log)
    assert scene.desk.is_busy
    last = scene.changes()[-1]
    assert (last.activity, last.current and last.current.number) == (Activity.working, 1)
    assert [ticket.number for ticket in last.waiting] == [2, 3]
    scene.desk.drop(2)
    assert [ticket.number for ticket in scene.changes()[-1].waiting] == [3]
    scene.gate.set()
    scene.until(scene.is_idle)
    assert scene.results == ["a", "c"]


def test_cancel_stops_the_job_at_work_only(scene: Scene):
    scene.desk.submit(request("a"), scene.place("one"))
    scene.until(lambda: "job a" in scene.log)
    scene.desk.cancel_job()
    assert scene.changes()[-1].activity is Activity.stopping
    scene.until(scene.is_idle)
    assert "cancelled" in scene.log
    assert "stop one" not in scene.log
    scene.desk.cancel_job()
    assert scene.is_idle()


def test_a_server_alone_is_started_proved_and_stopped(scene: Scene):
    scene.desk.connect(scene.place("one"))
    scene.until(lambda: scene.desk.presence is not None and scene.is_idle())
    assert any(isinstance(fact, LaunchProved) for fact in scene.facts)
    scene.desk.disconnect()
    scene.until(lambda: "stop one" in scene.log and scene.is_idle())
    assert scene.desk.presence is None
    assert scene.log[-1] == "read nvml"


def test_disconnecting_stops_the_job_and_drops_what_waits(scene: Scene):
    for name in ("a", "b"):
        scene.desk.submit(request(name), scene.place("one"))
    scene.until(lambda: "job a" in scene.log)
    scene.desk.disconnect()
    scene.until(lambda: "stop one" in scene.log and scene.is_idle())
    assert "job b" not in scene.log
    assert not scene.desk.is_busy


def test_what_cannot_begin_is_a_problem_and_the_next_job_goes_on(scene: Scene):
    def broken() -> Workplace:
        raise app_error("comfyui_not_found", "The folder is gone.")

    scene.gate.set()
    scene.desk.submit(request("a"), broken)
    scene.desk.submit(request("b"), scene.place("one"))
    scene.until(lambda: scene.results == ["b"])
    assert scene.codes() == ["comfyui_not_found"]


def test_closing_stops_everything(scene: Scene):
    scene.desk.submit(request("a"), scene.place("one"))
    scene.until(lambda: "job a" in scene.log)
    scene.desk.close()
    assert scene.log[-3:] == ["cancelled", "stop one", "unread simulated:one"]
    scene.desk.submit(request("b"), scene.place("one"))
    assert not scene.desk.is_busy


def test_closing_can_leave_job_and_server_at_work(scene: Scene):
    scene.desk.submit(request("a"), scene.place("one"))
    scene.until(lambda: "job a" in scene.log)
    scene.desk.close(leave_running=True)
    assert scene.log[-3:] == ["left", "leave one", "unread simulated:one"]


def test_an_attached_server_that_goes_away_is_told(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("wan22.job.desk.LOOK_S", 0.01)

    def ping() -> None:
        raise app_error("server_unreachable", "Nobody answers.")

    scene.desk.connect(scene.place("far", ping=ping))
    scene.until(lambda: any(isinstance(fact, ServerStopped) for fact in scene.facts))
    scene.until(lambda: scene.desk.presence is None)
    assert scene.codes() == []


def test_a_server_that_was_left_running_is_taken_up_and_used(scene: Scene):
    left = scene.place("left", identity="same", found_again=True)
    scene.desk.adopt(left, scene.place("new"))
    scene.until(lambda: scene.desk.presence is not None and scene.is_idle())
    assert scene.desk.presence is not None
    assert scene.desk.presence.found_again
    scene.gate.set()
    scene.desk.submit(request("a"), scene.place("other", identity="same"))
    scene.until(lambda: scene.results == ["a"])
    assert [line for line in scene.log if "read" not in line] == ["start left", "job a"]


def test_without_a_left_server_the_other_one_is_started_or_none(scene: Scene):
    scene.desk.adopt(lambda: None)
    scene.desk.adopt(lambda: None, scene.place("new"))
    scene.until(lambda: scene.desk.presence is not None and scene.is_idle())
    assert [line for line in scene.log if "read" not in line] == ["start new"]


def test_a_left_server_that_has_ended_meanwhile_is_replaced(scene: Scene):
    places: list[Workplace] = []

    def left() -> Workplace:
        places.append(scene.place("left", identity="same", found_again=True)())
        return places[0]

    scene.desk.adopt(left)
    scene.until(lambda: scene.desk.presence is not None and scene.is_idle())
    places[0].provider.is_running = False  # type: ignore[misc]
    scene.gate.set()
    scene.desk.submit(request("a"), scene.place("new", identity="same"))
    scene.until(lambda: scene.results == ["a"])
    assert [line for line in scene.log if "read" not in line] == ["start left", "start new", "job a"]
