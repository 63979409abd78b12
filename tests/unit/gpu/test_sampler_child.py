"""The parent's side: with scripted children for the decisions, with real ones for everything about processes."""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import pytest

from tests.fakes.clock import FakeClock
from wan22.gpu.sampler import SamplerState
from wan22.gpu.sampler_child import SamplerChild
from wan22.gpu.sampler_process import PipedProcess
from wan22.gpu.sampler_protocol import (
    ClockRequest,
    Line,
    MonitorClock,
    MonitorHello,
    MonitorProblem,
    decode,
    encode,
    status_line,
)
from wan22.schema.gpu import GpuInfo, GpuInventory, GpuReading, GpuSampled
from wan22.schema.problem import Problem, app_error, problem
from wan22.system.child_command import child_environment
from wan22.system.clock import Clock, SystemClock

FAKE_MONITOR = Path(__file__).parents[2] / "fakes" / "fake_monitor.py"
INVENTORY = GpuInventory(source="nvml", gpus=(GpuInfo(gpu=0, name="NVIDIA H100 80GB HBM3"),))
SHIFT_S = -500.0


class ScriptedChild:
    """A child that says lines and answers clock questions with a shifted clock; `answers=False`: it does not."""

    def __init__(self, clock: Clock, on_line, on_exit, *, answers: bool = True) -> None:
        self._clock = clock
        self._on_line = on_line
        self._on_exit = on_exit
        self._answers = answers
        self.questions: list[int] = []
        self.stopped: list[float] = []
        self.ended = False

    def say(self, *lines: Line | str) -> None:
        for line in lines:
            self._on_line(line if isinstance(line, str) else encode(line))

    def hello(self, version: int = 1) -> None:
        clock_s = self._clock.now() + SHIFT_S
        self.say(MonitorHello(format=version, clock_s=clock_s, pid=1, inventory=INVENTORY, interval_s=0.2))

    def tick(self) -> None:
        now_s = self._clock.now() + SHIFT_S
        self.say(GpuSampled(now_s, (GpuReading(time_s=now_s + 0.001, gpu=0, power_w=5.0),)))

    def end(self, exit_code: int) -> None:
        if not self.ended:
            self.ended = True
            self._on_exit(exit_code)

    def write_line(self, text: str) -> None:
        request = decode(text)
        assert isinstance(request, ClockRequest)
        self.questions.append(request.echo)
        if self._answers:
            self.say(MonitorClock(echo=request.echo, clock_s=self._clock.now() + SHIFT_S))

    def stop(self, grace_s: float) -> None:
        self.stopped.append(grace_s)
        self.end(0)


class Family:
    """Starts scripted children; `life(child, number)` is what each does, in a thread of its own."""

    def __init__(self, life: Callable[[ScriptedChild, int], None], *, answers: bool = True, **options) -> None:
        self.clock = FakeClock(start_s=10_000.0)
        self.children: list[ScriptedChild] = []
        self.published: list[GpuSampled] = []
        self.problems: list[Problem] = []
        self.inventories: list[GpuInventory] = []
        self.started = threading.Semaphore(0)
        self._life = life
        self._answers = answers
        self._threads: list[threading.Thread] = []
        self.sampler = SamplerChild(
            ["monitor"],
            self.published.append,
            self.clock,
            on_problem=self.problems.append,
            on_inventory=self.inventories.append,
            environment={},
            start=self._start,
            **options,
        )

    def _start(
        self, _argv: Sequence[str], _environment: Mapping[str, str], on_line, on_exit, _on_problem
    ) -> ScriptedChild:
        child = ScriptedChild(self.clock, on_line, on_exit, answers=self._answers)
        self.children.append(child)
        thread = threading.Thread(target=self._life, args=(child, len(self.children)))
        self._threads.append(thread)
        thread.start()
        self.started.release()
        return child

    def __enter__(self) -> Self:
        self.sampler.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.sampler.stop()
        for thread in self._threads:
            thread.join(5.0)

    def wait_for_end(self) -> None:
        assert self.sampler._worker.join(10.0)

    def wait_for_start(self, count: int) -> None:
        for _ in range(count):
            assert self.started.acquire(timeout=10.0)


def wait_until(condition: Callable[[], bool], limit_s: float = 10.0) -> None:
    give_up = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.01)


def test_readings_come_with_our_time():
    def life(child: ScriptedChild, _number: int) -> None:
        child.hello()
        child.tick()

    with Family(life) as family:
        wait_until(lambda: len(family.published) == 1)
        offset = family.sampler.clock_offset
    assert family.inventories == [INVENTORY]
    assert family.published[0].time_s == pytest.approx(10_000.0)
    assert family.published[0].readings[0].time_s == pytest.approx(10_000.001)
    assert offset is not None
    assert (offset.offset_s, offset.uncertainty_s) == (pytest.approx(SHIFT_S), 0.0)
    assert family.children[0].questions == [1, 2, 3, 4, 5]
    assert family.children[0].stopped == [2.0]
    assert family.problems == []


def test_readings_before_the_answers_wait_a_little_and_no_longer():
    def life(child: ScriptedChild, _number: int) -> None:
        child.hello()
        child.tick()
        child.tick()

    with Family(life, answers=False) as family:
        wait_until(lambda: len(family.published) == 2)
    assert family.published[0].time_s == pytest.approx(10_000.0), "by the clock in the greeting"


def test_a_second_greeting_only_renews_the_inventory():
    def life(child: ScriptedChild, _number: int) -> None:
        child.hello()
        child.hello()
        child.tick()

    with Family(life) as family:
        wait_until(lambda: len(family.published) == 1)
    assert len(family.inventories) == 2
    assert family.children[0].questions == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("code", ["driver_missing", "driver_mismatch", "run_not_found"])
def test_without_a_driver_there_is_one_problem_and_no_second_try(code: str):
    def life(child: ScriptedChild, _number: int) -> None:
        child.say(MonitorProblem(time_s=1.0, problem=problem(code, "It is not there.")))
        child.end(9)

    with Family(life) as family:
        family.wait_for_end()
    assert [found.code for found in family.problems] == [code]
    assert len(family.children) == 1
    assert family.sampler.restarts == 0


def test_a_child_that_dies_is_started_again_with_growing_pauses():
    def life(child: ScriptedChild, number: int) -> None:
        child.hello()
        child.tick()
        if number < 8:
            child.say("Fatal Python error: Segmentation fault")
            child.end(-11)

    with Family(life) as family:
        pauses = []
        for _ in range(7):
            family.clock.wait_for_sleepers(1)
            pauses.append(family.clock.slept[-1])
            family.clock.advance(30.0)
        wait_until(lambda: len(family.published) == 8)
        assert family.sampler.restarts == 7
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert {found.code for found in family.problems} == {"driver_lost"}
    assert "exit code -11" in family.problems[0].message
    assert family.problems[0].detail == "Fatal Python error: Segmentation fault"


def test_after_a_long_good_time_the_pause_is_short_again():
    def life(child: ScriptedChild, number: int) -> None:
        child.hello()
        child.tick()
        if number == 4:
            family.clock.advance(61.0)
        if number < 5:
            child.end(1)

    family = Family(life)
    with family:
        for _ in range(4):
            family.clock.wait_for_sleepers(1)
            family.clock.advance(30.0)
        family.wait_for_start(5)
    assert family.clock.slept[:4] == [1.0, 2.0, 4.0, 1.0]


def test_a_child_that_never_reads_anything_is_given_up():
    def life(child: ScriptedChild, _number: int) -> None:
        child.say("wan22: No such option: --json")
        child.end(2)

    with Family(life) as family:
        for _ in range(4):
            family.clock.wait_for_sleepers(1)
            family.clock.advance(30.0)
        family.wait_for_end()
    assert len(family.children) == 5
    assert family.problems[-1].code == "telemetry_unavailable"
    assert "started 5 times" in family.problems[-1].message
    assert "No such option" in family.problems[-1].detail


def test_a_child_that_falls_silent_is_ended_and_started_again():
    def life(child: ScriptedChild, number: int) -> None:
        child.hello()
        child.tick()
        if number == 1:
            wait_until(lambda: len(family.published) == 1)
            family.clock.advance(46.0)

    family = Family(life)
    with family:
        family.clock.wait_for_sleepers(1)
        family.clock.advance(1.0)
        family.wait_for_start(2)
    assert family.children[0].stopped == [0.0]
    assert "does not answer" in family.problems[0].message


def test_the_same_loss_is_told_once_until_readings_return():
    gone = MonitorProblem(time_s=1.0, problem=problem("driver_lost", "Gone."))

    def life(child: ScriptedChild, _number: int) -> None:
        child.hello()
        child.say(gone, gone, gone)
        child.tick()
        child.say(gone)
        child.tick()

    with Family(life) as family:
        wait_until(lambda: len(family.published) == 2)
    assert [found.code for found in family.problems] == ["driver_lost", "driver_lost"]


def test_a_source_that_came_to_its_end_is_not_started_again():
    def life(child: ScriptedChild, _number: int) -> None:
        child.hello()
        child.tick()
        child.say(status_line(1.0, SamplerState.ended))
        child.end(0)

    with Family(life) as family:
        family.wait_for_end()
    assert family.problems == []
    assert len(family.published) == 1


def test_a_child_that_somebody_else_stopped_is_started_again():
    def life(child: ScriptedChild, number: int) -> None:
        child.hello()
        child.tick()
        if number == 1:
            child.say(status_line(1.0, SamplerState.stopped))
            child.end(0)

    with Family(life) as family:
        family.clock.wait_for_sleepers(1)
        family.clock.advance(1.0)
        wait_until(lambda: len(family.published) == 2)
    assert "exit code 0" in family.problems[0].message


def test_a_newer_format_is_refused_in_words():
    def life(child: ScriptedChild, _number: int) -> None:
        child.hello(version=2)
        child.tick()
        child.end(0)

    with Family(life) as family:
        family.wait_for_end()
    assert [found.code for found in family.problems] == ["telemetry_unavailable"]
    assert "format 2" in family.problems[0].message
    assert family.published == []


def test_a_child_that_cannot_be_started():
    problems: list[Problem] = []

    def start(*_arguments: object) -> PipedProcess:
        raise app_error("process_start_failed", "It could not be started.")

    sampler = SamplerChild(["x"], lambda _s: None, FakeClock(), problems.append, lambda _i: None, {}, start)
    sampler.start()
    assert sampler._worker.join(5.0)
    sampler.stop()
    assert [found.code for found in problems] == ["process_start_failed"]


class RealFamily:
    """A real child with a fake driver."""

    def __init__(self, scenario: str, *arguments: str, **options) -> None:
        self.clock = SystemClock()
        self.published: list[GpuSampled] = []
        self.problems: list[Problem] = []
        self.inventories: list[GpuInventory] = []
        self.first = threading.Event()
        argv = [sys.executable, str(FAKE_MONITOR), scenario, "monitor", "--json", "--hz", "10", *arguments]
        self.sampler = SamplerChild(
            argv,
            self._publish,
            self.clock,
            on_problem=self.problems.append,
            on_inventory=self.inventories.append,
            environment=child_environment(),
            **options,
        )

    def _publish(self, sampled: GpuSampled) -> None:
        self.published.append(sampled)
        self.first.set()


@pytest.fixture
def real() -> Iterator[Callable[..., RealFamily]]:
    made: list[RealFamily] = []

    def make(scenario: str, *arguments: str, **options) -> RealFamily:
        family = RealFamily(scenario, *arguments, **options)
        made.append(family)
        family.sampler.start()
        return family

    yield make
    for family in made:
        family.sampler.stop()


def test_a_real_child_reads_soon_and_stops_at_once(real):
    began_s = time.monotonic()
    family = real("two")
    assert family.first.wait(10.0)
    first_s = time.monotonic() - began_s
    wait_until(lambda: len(family.published) >= 4)
    stopping_s = time.monotonic()
    family.sampler.stop()
    assert time.monotonic() - stopping_s < 2.0
    assert first_s < 5.0, "1.5 s on a machine with nothing else to do"
    count = len(family.published)
    now_s = family.clock.now()
    assert [info.name for info in family.inventories[0].gpus] == ["NVIDIA H100 80GB HBM3", "NVIDIA GeForce RTX 5090"]
    assert [reading.gpu for reading in family.published[0].readings] == [0, 1]
    assert 0.0 <= now_s - family.published[-1].time_s < 5.0
    gaps = [later.time_s - sooner.time_s for sooner, later in zip(family.published, family.published[1:], strict=False)]
    assert min(gaps) > 0.0
    assert family.problems == []
    time.sleep(0.2)
    assert len(family.published) == count


def test_a_real_child_with_another_clock_is_mapped_to_ours(real):
    family = real("later_clock")
    assert family.first.wait(10.0)
    assert abs(family.published[0].time_s - family.clock.now()) < 5.0
    offset = family.sampler.clock_offset
    assert offset is not None
    assert offset.uncertainty_s is not None
    assert offset.offset_s == pytest.approx(1000.0, abs=offset.uncertainty_s + 0.01)


def test_a_real_child_without_a_driver(real):
    family = real("missing")
    assert family.sampler._worker.join(15.0)
    assert [found.code for found in family.problems] == ["driver_missing"]
    assert family.sampler.restarts == 0


def test_a_real_child_that_loses_its_driver_goes_on(real):
    family = real("lost")
    wait_until(lambda: len(family.inventories) == 2, 15.0)
    seen = len(family.published)
    wait_until(lambda: len(family.published) > seen)
    assert [found.code for found in family.problems] == ["driver_lost"]
    assert family.sampler.restarts == 0


def test_a_real_child_that_dies_is_started_again(real):
    family = real("dies")
    wait_until(lambda: len(family.inventories) == 2, 15.0)
    assert "exit code 7" in family.problems[0].message
    assert family.sampler.restarts == 1


def test_a_real_child_that_hangs_in_the_driver_is_ended(real):
    family = real("hangs", longest_silence_s=1.0)
    wait_until(lambda: len(family.problems) == 1, 15.0)
    assert "does not answer" in family.problems[0].message
