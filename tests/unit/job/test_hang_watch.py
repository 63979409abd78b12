"""The watch with a clock that is moved by hand and a process whose work is set by the test."""

import pytest

from tests.fakes.clock import FakeClock
from wan22.comfy.http import HttpComfyClient
from wan22.job.hang_watch import HangWatch, WatchedServer, watched_server
from wan22.job.server import ServerHandle
from wan22.job.stall_text import hung_problem, stall_sentence
from wan22.schema.events import JobStalled, Liveness, NodeStarted, Role
from wan22.schema.gpu import GpuInfo, GpuReading, GpuSampled
from wan22.schema.server import DeviceInfo, SystemInfo, SystemStats
from wan22.system.bus import Bus
from wan22.system.process_work import ProcessWork

OURS = WatchedServer(owned=True, pid=77, gpu=0, uses_gpu=True)
GIB = 2**30


class Watched:
    """A job that decodes, silent from the start; `wait` lets time pass as the follower would."""

    def __init__(self, server: WatchedServer = OURS, *, gpu_read: bool = True) -> None:
        self.clock = FakeClock()
        self.bus = Bus(self.clock)
        self.work: ProcessWork | None = ProcessWork(100.0, 5 * GIB, 20 * GIB, 1)
        self.cpu_per_s = 0.01
        self.bytes_per_s = 0
        self.gpu_pct = 0.0
        self.gpu_read = gpu_read
        self.answers = True
        self.is_blind = False
        self.watch = HangWatch(server, self.bus, self.clock, work=lambda _pid: self.work)
        self.watch.begin("p", {"4": Role.decode})
        self.begin()

    def begin(self) -> None:
        self.watch.accept(NodeStarted(time_s=self.clock.now(), prompt_id="p", node="4"))

    def wait(self, seconds: float) -> list[JobStalled]:
        told = []
        for _ in range(round(seconds)):
            self.clock.advance(1.0)
            if self.work is not None:
                moved = self.work.moved_bytes + self.bytes_per_s
                self.work = ProcessWork(self.work.cpu_s + self.cpu_per_s, moved, self.work.memory_bytes, 1)
            if self.gpu_read:
                reading = GpuReading(
                    time_s=self.clock.now(), gpu=0, utilization_pct=self.gpu_pct, memory_used_bytes=14.0 * GIB
                )
                self.bus.publish(GpuSampled(time_s=self.clock.now(), readings=(reading,)))
            fact = self.watch.look(answers=self.answers, is_blind=self.is_blind)
            if fact is not None:
                told.append(fact)
        return told


def test_nothing_is_said_while_silence_is_usual():
    assert Watched().wait(299) == []


def test_a_server_that_stands_still_but_answers():
    watched = Watched()
    (fact,) = watched.wait(600)
    assert fact.verdict is Liveness.dead
    assert (fact.node, fact.role, fact.answers, fact.gpu_utilization_pct) == ("4", Role.decode, True, 0.0)
    assert 470 <= fact.silent_s <= 490
    assert fact.quiet_s is not None
    assert fact.quiet_s >= 180
    text = stall_sentence(fact)
    assert text.startswith("No progress in decode for 8 min")
    assert "ComfyUI stands still: it answers, its process takes 1 % of a core" in text
    assert hung_problem(fact).code == "server_hung"


def test_a_silent_server_is_looked_at_before_its_time():
    watched = Watched()
    watched.wait(10)
    watched.answers = False
    (fact,) = watched.wait(200)
    assert fact.verdict is Liveness.dead
    assert fact.silent_s <= 140


@pytest.mark.parametrize("work", ["cpu", "file", "gpu"])
def test_a_server_at_work_is_waited_for_and_told_again(work: str):
    watched = Watched()
    watched.cpu_per_s = 1.0 if work == "cpu" else 0.01
    watched.bytes_per_s = 30 * 2**20 if work == "file" else 0
    watched.gpu_pct = 97.0 if work == "gpu" else 0.0
    told = watched.wait(1000)
    assert [fact.verdict for fact in told] == [Liveness.busy] * 3
    assert "at work all the same" in stall_sentence(told[0])
    assert 280 <= told[1].time_s - told[0].time_s <= 320


def test_work_that_stops_becomes_a_hang():
    watched = Watched()
    watched.cpu_per_s = 1.0
    assert [fact.verdict for fact in watched.wait(400)] == [Liveness.busy]
    watched.cpu_per_s = 0.0
    assert [fact.verdict for fact in watched.wait(250)] == [Liveness.dead]


def test_progress_ends_the_suspicion():
    watched = Watched()
    watched.cpu_per_s = 1.0
    assert len(watched.wait(400)) == 1
    watched.begin()
    assert watched.wait(290) == []
    assert len(watched.wait(60)) == 1


def test_another_machine_is_told_and_never_judged():
    watched = Watched(WatchedServer(owned=False, pid=None, gpu=None, uses_gpu=True), gpu_read=False)
    assert not watched.watch.decides_alone
    (fact,) = watched.wait(400)
    assert fact.verdict is Liveness.unknown
    assert (fact.cpu_share, fact.gpu_utilization_pct) == (None, None)
    assert "cannot be told from here: it answers, its process is not seen, the GPU is not read" in stall_sentence(fact)


def test_readings_that_end_are_no_evidence():
    watched = Watched()
    watched.wait(290)
    watched.gpu_read = False
    assert [fact.verdict for fact in watched.wait(400)][-1] is Liveness.unknown


def test_a_job_in_line_is_not_suspected():
    watched = Watched()
    watched.watch.begin("q", {})
    for _ in range(50):
        watched.watch.waits_in_line()
        assert watched.wait(20) == []
    assert [fact.verdict for fact in watched.wait(400)] == [Liveness.dead]


def test_without_a_connection_only_long_silence_counts():
    watched = Watched()
    watched.is_blind = True
    assert watched.wait(899) == []
    assert len(watched.wait(300)) == 1


def test_after_the_end_nothing_is_heard():
    watched = Watched()
    watched.watch.end()
    watched.watch.end()
    assert watched.bus._subscribers == []


def test_a_simulated_server_says_how_fast_it_is():
    clock = FakeClock()
    client = HttpComfyClient("http://127.0.0.1:1", clock=clock)
    board = GpuInfo(gpu=3, uuid="GPU-1", name="NVIDIA GeForce RTX 5090")

    def watched(argv: tuple[str, ...], *, local: bool = True, simulated: bool = True) -> WatchedServer:
        system = SystemInfo(argv=argv, deploy_environment="simulated" if simulated else None)
        stats = SystemStats(system=system, devices=(DeviceInfo(name="cuda:0 x", type="cuda"),))
        return watched_server(ServerHandle(client, stats, owned=True, local=local, pid=5), board)

    assert watched(("main.py", "--demo-speed", "40")) == WatchedServer(True, 5, 3, True, 40.0)
    assert watched(("main.py", "--demo-speed")).pace == 1.0
    assert watched(("main.py", "--demo-speed", "fast")).pace == 1.0
    assert watched(("main.py", "--demo-speed", "40"), simulated=False).pace == 1.0
    assert watched((), local=False).pid is None
