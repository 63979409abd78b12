"""The simulated source over a given answer."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.fakes.clock import FakeClock
from wan22.gpu.simulated import SimulatedSource
from wan22.schema.problem import AppError, app_error
from wan22.system.cancel import CancelToken

DOCUMENT: Mapping[str, Any] = {
    "inventory": {"source": "nvml", "simulated": False, "gpus": [{"gpu": 0, "name": "A (SIMULATED)"}]},
    "reading": {"time_s": 1.0, "gpu": 0, "power_w": 500.0, "energy_j": 7.0, "limiter_power_cap_ns": 3, "later": 1},
    "processes": [{"pid": 5, "memory_bytes": 10}],
}


def test_it_is_always_marked():
    found = SimulatedSource(lambda: DOCUMENT, FakeClock()).inventory()
    assert (found.source, found.simulated, found.gpus[0].name) == ("simulated", True, "A (SIMULATED)")


def test_slow_values_once_a_second():
    clock = FakeClock(start_s=100.0)
    source = SimulatedSource(lambda: DOCUMENT, clock)
    first, second = source.read(), source.read()
    clock.advance(1.0)
    third = source.read()
    assert [one.readings[0].energy_j for one in (first, second, third)] == [7.0, None, 7.0]
    assert [one.readings[0].power_w for one in (first, second, third)] == [500.0] * 3
    assert [bool(one.processes) for one in (first, second, third)] == [True, False, True]
    assert third.time_s == third.readings[0].time_s == clock.now()
    assert source.costs() == ()
    source.close()


def lost() -> Mapping[str, Any]:
    raise app_error("driver_lost", "Nobody answers.")


def test_it_waits_for_a_server_that_is_starting():
    clock = FakeClock(auto=True)
    calls = []

    def fetch() -> Mapping[str, Any]:
        calls.append(clock.monotonic())
        return DOCUMENT if len(calls) > 5 else lost()

    assert SimulatedSource(fetch, clock).inventory().simulated
    assert len(calls) == 6


def test_it_gives_up():
    clock = FakeClock(auto=True)
    began_s = clock.monotonic()
    with pytest.raises(AppError) as caught:
        SimulatedSource(lost, clock, wait_s=3.0).inventory()
    assert caught.value.problem.code == "driver_lost"
    assert clock.monotonic() - began_s == pytest.approx(3.0, abs=0.2)


def test_it_stops_waiting_on_request():
    clock, cancel = FakeClock(auto=True), CancelToken()
    began_s = clock.monotonic()

    def fetch() -> Mapping[str, Any]:
        cancel.set()
        return lost()

    with pytest.raises(AppError):
        SimulatedSource(fetch, clock, cancel=cancel).inventory()
    assert clock.monotonic() - began_s < 1.0


@pytest.mark.parametrize("document", [{}, {"reading": 3}, {"reading": {}}])
def test_an_answer_without_a_reading_is_a_lost_driver(document: Mapping[str, Any]):
    with pytest.raises(AppError) as caught:
        SimulatedSource(lambda: document, FakeClock()).read()
    assert caught.value.problem.code == "driver_lost"
