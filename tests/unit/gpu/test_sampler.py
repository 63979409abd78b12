from typing import TYPE_CHECKING

import pytest

from tests.fakes.clock import FakeClock
from wan22.gpu.metric import MetricCost
from wan22.gpu.sampler import Sampler, SamplerState, SamplerStatus
from wan22.gpu.source import EndOfReadings
from wan22.schema.gpu import GpuInventory, GpuReading, GpuSampled
from wan22.schema.problem import AppError, app_error
from wan22.system.cancel import CancelToken

if TYPE_CHECKING:
    from collections.abc import Callable

INVENTORY = GpuInventory(source="nvml")


class ScriptedSource:
    """Implements `GpuSource`: each item of the script is what one read does (seconds it takes, or an error)."""

    def __init__(self, clock: FakeClock, script: list[float | Exception], closed: list[str]) -> None:
        self._clock = clock
        self._script = list(script)
        self._closed = closed

    def inventory(self) -> GpuInventory:
        return INVENTORY

    def read(self) -> GpuSampled:
        if not self._script:
            raise EndOfReadings
        item = self._script.pop(0)
        now_s = self._clock.now()
        if isinstance(item, Exception):
            raise item
        self._clock.advance(item)
        return GpuSampled(now_s, (GpuReading(time_s=now_s, gpu=0),))

    def costs(self) -> tuple[MetricCost, ...]:
        return (MetricCost(0, "power", 0.0, 1, 0.001, 0.001),)

    def close(self) -> None:
        self._closed.append("closed")


class Setup:
    def __init__(self, *scripts: list[float | Exception] | Exception, interval_s: float = 1.0) -> None:
        self.clock = FakeClock(start_s=0.0, auto=True)
        self.cancel = CancelToken()
        self.published: list[GpuSampled] = []
        self.statuses: list[SamplerStatus] = []
        self.closed: list[str] = []
        self.on_publish: Callable[[], None] = lambda: None
        self._scripts = list(scripts)
        self.sampler = Sampler(
            self._make_source,
            self._publish,
            self.clock,
            interval_s,
            self.cancel,
            self.statuses.append,
            timer=self.clock.monotonic,
            cpu_time=lambda: self.clock.monotonic() / 4.0,
        )

    def _make_source(self) -> ScriptedSource:
        script = self._scripts.pop(0)
        if isinstance(script, Exception):
            raise script
        return ScriptedSource(self.clock, script, self.closed)

    def _publish(self, sampled: GpuSampled) -> None:
        self.published.append(sampled)
        self.on_publish()

    @property
    def times(self) -> list[float]:
        return [round(sampled.time_s, 6) for sampled in self.published]


def lost() -> AppError:
    return app_error("driver_lost", "The NVIDIA driver stopped answering.")


def test_ticks_lie_on_a_schedule_however_long_a_read_takes():
    setup = Setup([0.0, 0.3, 0.7, 0.1, 0.0])
    setup.sampler.run()
    assert setup.times == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert setup.sampler.cost().skipped == 0


def test_missed_ticks_are_counted_and_left_out():
    setup = Setup([0.0, 3.2, 0.0, 0.0])
    setup.sampler.run()
    assert setup.times == [0.0, 1.0, 4.2, 5.0]
    assert setup.sampler.cost().skipped == 2


def test_long_sleep_of_the_machine_makes_no_burst():
    setup = Setup([0.0, 1000.5, 0.0, 0.0, 0.0])
    setup.sampler.run()
    assert setup.times == [0.0, 1.0, 1001.5, 1002.0, 1003.0]
    assert setup.sampler.cost().skipped == 999


def test_status_from_start_to_end():
    setup = Setup([0.0])
    setup.sampler.run()
    assert setup.statuses == [
        SamplerStatus(SamplerState.running, inventory=INVENTORY),
        SamplerStatus(SamplerState.ended),
    ]
    assert setup.closed == ["closed"]


def test_cancel_ends_it_after_the_tick():
    setup = Setup([0.0] * 100)
    setup.on_publish = lambda: setup.cancel.set() if len(setup.published) == 3 else None
    setup.sampler.run()
    assert len(setup.published) == 3
    assert setup.closed == ["closed"]
    assert setup.statuses[-1].state is SamplerState.stopped


def test_cancelled_before_it_began():
    setup = Setup([0.0])
    setup.cancel.set()
    setup.sampler.run()
    assert setup.published == []
    assert setup.statuses == [SamplerStatus(SamplerState.stopped)]


def test_a_lost_driver_is_tried_again_with_growing_pauses():
    setup = Setup([0.0, lost()], lost(), lost(), lost(), lost(), lost(), lost(), [0.0, lost()], [0.0])
    setup.sampler.run()
    pauses = [status.retry_s for status in setup.statuses if status.state is SamplerState.lost]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 1.0]
    assert [status.problem.code for status in setup.statuses if status.problem] == ["driver_lost"] * 8
    assert sum(status.state is SamplerState.running for status in setup.statuses) == 3
    assert setup.closed == ["closed"] * 3
    assert len(setup.published) == 3


def test_no_driver_to_begin_with_is_said_once():
    setup = Setup(app_error("driver_missing", "No NVIDIA driver."))
    with pytest.raises(AppError) as caught:
        setup.sampler.run()
    assert caught.value.problem.code == "driver_missing"
    assert setup.statuses == []


def test_a_driver_that_is_being_updated_comes_back():
    setup = Setup([0.0, lost()], app_error("driver_missing", "not loaded"), [0.0])
    setup.sampler.run()
    assert len(setup.published) == 2


def test_a_mismatch_needs_a_person():
    setup = Setup([0.0, lost()], app_error("driver_mismatch", "different versions"))
    with pytest.raises(AppError) as caught:
        setup.sampler.run()
    assert caught.value.problem.code == "driver_mismatch"


def test_a_driver_lost_at_the_very_start_is_tried_again():
    setup = Setup(lost(), [0.0])
    setup.sampler.run()
    assert len(setup.published) == 1


def test_cancel_during_the_pause():
    setup = Setup([lost()], [0.0])
    setup.clock.sleep = lambda seconds, cancel=None: setup.cancel.set() or True  # type: ignore[method-assign]
    setup.sampler.run()
    assert setup.published == []
    assert setup.statuses[-1].state is SamplerState.stopped


def test_a_tick_without_anything_new_is_not_published():
    setup = Setup()

    class Empty(ScriptedSource):
        def read(self) -> GpuSampled:
            sampled = super().read()
            return GpuSampled(sampled.time_s, ())

    sampler = Sampler(
        lambda: Empty(setup.clock, [0.0, 0.0], setup.closed), setup.published.append, setup.clock, 1.0, setup.cancel
    )
    sampler.run()
    assert setup.published == []
    assert sampler.cost().ticks == 2


def test_own_cost():
    setup = Setup([0.1, 0.2, 0.3, 0.4] * 5)
    assert setup.sampler.cost().median_s is None
    setup.sampler.run()
    cost = setup.sampler.cost()
    assert cost.ticks == 20
    assert cost.median_s == pytest.approx(0.25)
    assert cost.p95_s == pytest.approx(0.4)
    assert cost.cpu_share == pytest.approx(0.25)
    assert setup.sampler.metric_costs()[0].name == "power"


def test_a_pace_of_nothing_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        Setup(interval_s=0.0)
