import pytest

from tests.fakes.clock import FakeClock
from tests.ui.stage import sample_run
from wan22.schema.events import ServerSaid
from wan22.schema.gpu import GpuReading, GpuSampled
from wan22.system.bus import Bus, Fact
from wan22.system.clock import SystemClock
from wan22.ui.replay_feed import ReplayFeed, shifted
from wan22.ui.state.stored_run import recorded_facts


def test_times_are_moved_and_shortened():
    facts: list[Fact] = [
        ServerSaid(time_s=100.0, line="a"),
        GpuSampled(104.0, (GpuReading(104.0, 0, limiter_power_cap_ns=4000, energy_j=8.0, power_w=5.0),)),
    ]
    moved = list(shifted(facts, 100.0, 1000.0, speed=2.0))
    assert [fact.time_s for fact in moved] == [1000.0, 1002.0]
    sample = moved[1]
    assert isinstance(sample, GpuSampled)
    reading = sample.readings[0]
    assert (reading.time_s, reading.limiter_power_cap_ns, reading.energy_j, reading.power_w) == (1002.0, 2000, 4.0, 5.0)


def test_a_run_is_told_again_in_full():
    clock = SystemClock()
    bus = Bus(clock)
    seen: list[Fact] = []
    bus.subscribe(seen.append)
    facts = recorded_facts(sample_run())
    feed = ReplayFeed(facts, bus, clock, speed=1000.0)
    feed.start()
    assert feed._worker.join(10.0)
    assert [type(fact) for fact in seen] == [type(fact) for fact in facts]
    assert seen[-1].time_s - seen[0].time_s == pytest.approx((facts[-1].time_s - facts[0].time_s) / 1000.0)


def test_it_stops_at_once():
    clock = FakeClock(start_s=0.0)
    feed = ReplayFeed(recorded_facts(sample_run()), Bus(clock), clock)
    feed.start()
    assert feed.stop()
    with pytest.raises(ValueError, match="speed"):
        ReplayFeed([], Bus(clock), clock, speed=0.0)
