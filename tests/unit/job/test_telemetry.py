from collections.abc import Callable

import pytest

from tests.unit.job.scripted_client import ScriptedClient
from wan22.job.server import ServerHandle
from wan22.job.telemetry import JobTelemetry
from wan22.schema.events import TelemetryStatus
from wan22.schema.gpu import GpuInfo, GpuInventory, GpuProcess, GpuReading, GpuSampled
from wan22.schema.problem import Problem, problem
from wan22.schema.server import DeviceInfo, SystemInfo, SystemStats
from wan22.system.bus import Bus

H100 = "NVIDIA H100 80GB HBM3"
PID = 4242


class Sampler:
    """Says at `start` what a sampler child would say."""

    def __init__(self, story: Callable[["Sampler"], None]) -> None:
        self.story = story
        self.running = False

    def make(self, publish: Callable, on_problem: Callable, on_inventory: Callable) -> "Sampler":
        self.publish, self.on_problem, self.on_inventory = publish, on_problem, on_inventory
        return self

    def start(self) -> None:
        self.running = True
        self.story(self)

    def stop(self) -> None:
        self.running = False


class Case:
    def __init__(self, story: Callable[[Sampler], None] | None) -> None:
        client = ScriptedClient()
        bus = Bus(client.clock)
        self.facts: list = []
        bus.subscribe(self.facts.append)
        self.sampler = Sampler(story) if story is not None else None
        make = self.sampler.make if self.sampler is not None else None
        self.telemetry = JobTelemetry(make, bus, client.clock, 0.2)
        self.client = client
        self.telemetry.start()

    def identify(self, *, local: bool = True, cuda: bool = True, environment: dict[str, str] | None = None):
        device = DeviceInfo(name=f"cuda:0 {H100} : cudaMallocAsync", type="cuda", index=0)
        devices = (device,) if cuda else (DeviceInfo(name="cpu", type="cpu"),)
        stats = SystemStats(system=SystemInfo(), devices=devices)
        handle = ServerHandle(client=self.client, stats=stats, owned=True, local=local, pid=PID)
        return self.telemetry.identify(handle, environment or {})

    @property
    def status(self) -> TelemetryStatus:
        return [fact for fact in self.facts if isinstance(fact, TelemetryStatus)][-1]


def boards(*names: str) -> GpuInventory:
    gpus = tuple(GpuInfo(gpu=number, uuid=f"GPU-{number}", name=name) for number, name in enumerate(names))
    return GpuInventory(source="nvml", gpus=gpus)


def sampled(**processes: int) -> GpuSampled:
    listed = tuple((int(gpu[1:]), (GpuProcess(pid=pid, kind="compute+graphics"),)) for gpu, pid in processes.items())
    return GpuSampled(time_s=1.0, readings=(GpuReading(time_s=1.0, gpu=0),), processes=listed)


def test_the_one_board_with_that_name_is_sure():
    case = Case(lambda sampler: sampler.on_inventory(boards(H100)))
    identity, board = case.identify()
    assert board is not None
    assert identity.gpu_uuid == "GPU-0"
    assert case.status.available


def test_among_equal_boards_the_process_list_decides():
    def story(sampler: Sampler) -> None:
        sampler.on_inventory(boards(H100, H100))
        sampler.publish(sampled(g1=PID))

    case = Case(story)
    identity, _ = case.identify()
    assert identity.gpu_uuid == "GPU-1"
    assert any(isinstance(fact, GpuSampled) for fact in case.facts)


def test_among_equal_boards_nothing_is_guessed():
    case = Case(lambda sampler: sampler.on_inventory(boards(H100, H100)))
    identity, board = case.identify()
    assert board is None
    assert identity.gpu_uuid is None
    assert "not sure" in case.status.reason


def test_another_board_is_never_taken():
    case = Case(lambda sampler: sampler.on_inventory(boards("NVIDIA GeForce RTX 5090")))
    _, board = case.identify()
    assert board is None
    assert H100 in case.status.reason


def test_a_server_elsewhere_gets_no_readings_of_ours():
    case = Case(lambda sampler: sampler.on_inventory(boards(H100)))
    identity, board = case.identify(local=False)
    assert board is None
    assert "another machine" in identity.reason
    assert case.sampler is not None
    assert not case.sampler.running


@pytest.mark.parametrize(
    ("story", "words"),
    [
        (None, "switched off"),
        (lambda sampler: sampler.on_problem(found), "No NVIDIA driver"),
        (lambda sampler: sampler.on_inventory(boards(H100)), "does not use a GPU"),
    ],
)
def test_no_telemetry_says_why(story: Callable[[Sampler], None] | None, words: str):
    case = Case(story)
    identity, board = case.identify(
        cuda=story is not None and "inventory" not in words and words != "does not use a GPU"
    )
    assert board is None
    assert words in identity.reason
    assert not case.status.available


found: Problem = problem("driver_missing", "No NVIDIA driver was found on this machine.")
