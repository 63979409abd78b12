import pytest

from tests.fakes.clock import FakeClock
from wan22.gpu.metric import EVERY_TICK_S, FAST_S, RARE_S, SLOW_S, Metric, MetricTrack
from wan22.gpu.nvml_call import NeverAnswersError, NotNowError, UnknownAnswerError
from wan22.schema.problem import AppError, app_error


def track_of(clock: FakeClock, period_s: float, cost_s: float = 0.0, error: Exception | None = None) -> MetricTrack:
    def read(values):
        clock.advance(cost_s)
        if error is not None:
            raise error
        values["power_w"] = 1.0

    return MetricTrack(Metric("power", period_s, read), clock.monotonic)


def reads(track: MetricTrack, clock: FakeClock, ticks: int, interval_s: float) -> int:
    count = 0
    for _ in range(ticks):
        now_s = clock.monotonic()
        if track.is_due(now_s):
            track.take(now_s, {})
            count += 1
        clock.advance(interval_s)
    return count


@pytest.mark.parametrize(("period_s", "expected"), [(EVERY_TICK_S, 100), (FAST_S, 20), (SLOW_S, 2), (RARE_S, 1)])
def test_pace(period_s: float, expected: int):
    clock = FakeClock()
    assert reads(track_of(clock, period_s), clock, ticks=100, interval_s=0.2) == expected


def test_jitter_does_not_lower_the_pace():
    clock = FakeClock()
    track = track_of(clock, FAST_S)
    count = 0
    for tick in range(100):
        clock.advance(0.19 if tick % 2 else 0.21)
        if track.is_due(clock.monotonic()):
            track.take(clock.monotonic(), {})
            count += 1
    assert count == pytest.approx(20, abs=1)


def test_a_pause_is_not_made_up_for():
    clock = FakeClock()
    track = track_of(clock, FAST_S)
    track.take(clock.monotonic(), {})
    clock.advance(100.0)
    assert reads(track, clock, ticks=10, interval_s=0.2) == 2


def test_a_slow_call_moves_to_slower_paces_and_says_so():
    clock = FakeClock()
    track = track_of(clock, EVERY_TICK_S, cost_s=0.006)
    for _ in range(4):
        track.take(clock.monotonic(), {})
    assert not track.cost(0).moved
    track.take(clock.monotonic(), {})
    cost = track.cost(3)
    assert (cost.gpu, cost.name, cost.period_s, cost.moved, cost.reads) == (3, "power", FAST_S, True, 5)
    assert cost.median_s == pytest.approx(0.006)
    for period_s in (SLOW_S, RARE_S, RARE_S):
        for _ in range(5):
            track.take(clock.monotonic(), {})
        assert track.cost(0).period_s == period_s


def test_single_slow_calls_are_forgiven():
    clock = FakeClock()
    costs = iter([0.006, 0.006, 0.006, 0.006, 0.001] * 5)

    def read(_values):
        clock.advance(next(costs))

    track = MetricTrack(Metric("margin", EVERY_TICK_S, read), clock.monotonic)
    for _ in range(25):
        track.take(clock.monotonic(), {})
    assert track.cost(0).period_s == EVERY_TICK_S
    assert not track.cost(0).moved


def test_failures_leave_nothing_and_only_never_is_final():
    clock = FakeClock()
    values: dict[str, float] = {}
    passing = track_of(clock, EVERY_TICK_S, error=NotNowError())
    assert passing.take(0.0, values)
    assert passing.answers
    doubtful = track_of(clock, EVERY_TICK_S, error=UnknownAnswerError())
    assert not doubtful.take(0.0, values)
    never = track_of(clock, EVERY_TICK_S, error=NeverAnswersError())
    assert never.take(0.0, values)
    assert not never.answers
    assert not never.cost(0).answers
    assert values == {}
    with pytest.raises(AppError):
        track_of(clock, EVERY_TICK_S, error=app_error("driver_lost", "gone")).take(0.0, values)


def test_a_metric_without_a_read_has_no_cost():
    cost = track_of(FakeClock(), FAST_S).cost(0)
    assert (cost.reads, cost.median_s, cost.worst_s) == (0, None, None)
