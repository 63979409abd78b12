from typing import Any

from tests.fakes.clock import FakeClock
from wan22.job.live_sampler import LiveSampler
from wan22.schema.gpu import GpuInventory, GpuSampled
from wan22.schema.panel_fact import GpuFound, GpuUnavailable
from wan22.schema.problem import problem
from wan22.system.bus import Bus


class Made:
    def __init__(self, log: list[str], source: str, *tell: Any) -> None:
        self.log, self.source = log, source
        self.sampled, self.failed, self.found = tell

    def start(self) -> None:
        self.log.append(f"start {self.source}")

    def stop(self) -> None:
        self.log.append(f"stop {self.source}")


class Scene:
    def __init__(self) -> None:
        self.clock = FakeClock(start_s=100.0)
        self.bus = Bus(self.clock)
        self.facts: list[Any] = []
        self.bus.subscribe(self.facts.append)
        self.log: list[str] = []
        self.made: list[Made] = []
        self.live = LiveSampler(self._make, self.bus, self.clock)
        self.heard: list[Any] = []
        self.job = self.live.share(self.heard.append, self.heard.append, self.heard.append)

    def _make(self, source: str, *tell: Any) -> Made:
        made = Made(self.log, source, *tell)
        self.made.append(made)
        return made


READING = GpuSampled(time_s=101.0, readings=())
BOARDS = GpuInventory(source="nvml")
LOST = problem("driver_missing", "No driver.")


def test_one_source_at_a_time():
    scene = Scene()
    scene.live.read_from("nvml")
    scene.live.read_from("nvml")
    scene.live.read_from("simulated:http://a")
    scene.live.stop()
    assert scene.log == ["start nvml", "stop nvml", "start simulated:http://a", "stop simulated:http://a"]
    assert scene.live.source is None


def test_readings_are_on_the_bus_whether_a_job_listens_or_not():
    scene = Scene()
    scene.live.read_from("nvml")
    scene.made[0].found(BOARDS)
    scene.made[0].sampled(READING)
    assert scene.heard == []
    scene.job.start()
    scene.made[0].sampled(READING)
    scene.job.stop()
    scene.made[0].sampled(READING)
    assert [type(fact) for fact in scene.facts] == [GpuFound, GpuSampled, GpuSampled, GpuSampled]
    assert scene.heard == [BOARDS, READING]


def test_a_job_hears_of_a_missing_driver_that_was_found_missing_before():
    scene = Scene()
    scene.live.read_from("nvml")
    scene.made[0].failed(LOST)
    scene.job.start()
    assert scene.heard == [LOST]
    assert [type(fact) for fact in scene.facts] == [GpuUnavailable]


def test_another_source_is_not_mixed_up_with_the_one_before():
    scene = Scene()
    scene.live.read_from("nvml")
    scene.made[0].found(BOARDS)
    scene.live.read_from("simulated:http://a")
    scene.job.start()
    assert scene.heard == []
