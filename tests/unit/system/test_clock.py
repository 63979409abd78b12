import time

import pytest

from tests.fakes.clock import FakeClock
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock, SystemClock
from wan22.system.threads import Worker


def test_system_clock_keeps_wall_time_by_the_monotonic_clock(monkeypatch: pytest.MonkeyPatch):
    clock = SystemClock()
    before = clock.now()
    assert abs(before - time.time()) < 1.0
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert clock.now() >= before


def test_system_clock_sleeps_and_wakes_on_cancel():
    clock = SystemClock()
    cancel = CancelToken()
    before = clock.monotonic()
    assert clock.sleep(0.02) is False
    assert clock.sleep(0.02, cancel) is False
    assert clock.monotonic() - before >= 0.04
    cancel.set()
    assert clock.sleep(60.0, cancel) is True
    assert clock.sleep(0.0, cancel) is True
    assert clock.sleep(-1.0) is False


def sleeper(clock: Clock, seconds: float, cancel: CancelToken | None = None) -> tuple[Worker, list[bool]]:
    answers: list[bool] = []
    worker = Worker("test-sleeper", lambda _cancel: answers.append(clock.sleep(seconds, cancel)))
    return worker.start(), answers


def test_fake_clock_starts_where_it_is_told_and_only_moves_when_told():
    clock = FakeClock(start_s=50.0, monotonic_s=7.0)
    assert (clock.now(), clock.monotonic()) == (50.0, 7.0)
    clock.advance(2.5)
    assert (clock.now(), clock.monotonic()) == (52.5, 9.5)
    with pytest.raises(ValueError, match="never goes back"):
        clock.advance(-1.0)


def test_advancing_wakes_only_those_whose_time_has_come():
    clock = FakeClock()
    early, early_answers = sleeper(clock, 1.0)
    late, late_answers = sleeper(clock, 3.0)
    clock.wait_for_sleepers(2)
    clock.advance(1.0)
    assert early.join(5.0)
    assert early_answers == [False]
    assert clock.sleepers == 1
    assert late_answers == []
    clock.advance(2.0)
    assert late.join(5.0)
    assert late_answers == [False]
    assert sorted(clock.slept) == [1.0, 3.0]


def test_cancel_wakes_a_sleeper_of_the_fake_clock():
    clock = FakeClock()
    cancel = CancelToken()
    worker, answers = sleeper(clock, 10.0, cancel)
    clock.wait_for_sleepers()
    cancel.set()
    assert worker.join(5.0)
    assert answers == [True]
    assert clock.now() == FakeClock().now()
    assert clock.sleep(10.0, cancel) is True


def test_automatic_fake_clock_moves_itself():
    clock = FakeClock(auto=True)
    before = clock.monotonic()
    assert clock.sleep(90.0) is False
    assert clock.monotonic() - before == 90.0


def test_nobody_moving_the_clock_is_an_error_and_no_hang():
    clock = FakeClock(patience_s=0.01)
    with pytest.raises(AssertionError, match="nobody moved the clock"):
        clock.sleep(1.0)
    with pytest.raises(AssertionError, match="0 threads sleep"):
        clock.wait_for_sleepers(1, timeout_s=0.01)
