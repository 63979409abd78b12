"""The simulated GPU holds together: no state that a real one could not be in."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wan22.demo.gpu_model import (
    HW_THERMAL,
    POWER_CAP,
    RELIABILITY,
    SW_THERMAL,
    GpuState,
    Load,
    clock_share,
    first_state,
    link_bytes_per_s,
    step,
)
from wan22.demo.scenario import Cooling, Limits, Neighbour, Noise, Scenario

FULL = Load(busy=1.0, compute=1.0, dram=0.3, memory_bytes=20 * 2**30, has_context=True)
QUIET = Scenario(noise=Noise(power=0, clock=0, step=0))


def course(
    scenario: Scenario, load: Load, seconds: float, state: GpuState | None = None, dt_s: float = 0.1, seed: int = 1
) -> list[GpuState]:
    rng = random.Random(seed)
    states = [first_state(scenario) if state is None else state]
    for _ in range(round(seconds / dt_s)):
        states.append(step(scenario, states[-1], load, dt_s, rng))
    return states


# Signatures measured on a real board: utilisation alone says little, power against its limit says more.
@pytest.mark.parametrize(
    ("load", "low", "high", "is_capped"),
    [
        pytest.param(Load(has_context=True), 0.0, 0.12, False, id="context open, idle"),
        pytest.param(Load(0.98, 1.0, 0.33), 0.96, 1.02, True, id="matrix products, healthy"),
        pytest.param(Load(0.99, 0.07, 1.0), 0.6, 0.8, False, id="memory-bound"),
        pytest.param(Load(0.30, 0.0, 0.0), 0.0, 0.2, False, id="tiny kernels"),
        pytest.param(Load(1.0, 0.01, 0.0), 0.0, 0.2, False, id="one thread spinning"),
        pytest.param(Load(0.31, 1.0, 0.35), 0.3, 0.6, False, id="starved by the host"),
        pytest.param(Load(0.99, 0.0, 0.02, 90e9), 0.0, 0.25, False, id="copies only"),
        pytest.param(Load(0.39, 0.0, 0.01, 16.7e9), 0.0, 0.2, False, id="pageable copies"),
        pytest.param(Load(0.99, 0.32, 0.12, 34e9), 0.35, 0.55, False, id="weights streamed, then used"),
    ],
)
def test_measured_signatures(load: Load, low: float, high: float, is_capped: bool):
    last = course(QUIET, load, 30)[-1]
    assert low <= last.power_w / 575 <= high
    assert bool(last.reasons & POWER_CAP) == is_capped
    assert last.utilization == load.busy


def test_idle_is_idle():
    last = course(Scenario(), Load(), 60)[-1]
    assert last.utilization == 0.0
    assert last.power_w == pytest.approx(24.0, rel=0.05)
    assert last.sm_clock_mhz == 180.0
    assert last.counters_ns["low_utilization"] == pytest.approx(60e9)
    assert last.temperature_c < 30


def test_full_load_of_a_healthy_board_is_held_by_its_power_limit():
    last = course(Scenario(), FULL, 120)[-1]
    assert 0.97 * 575 <= last.power_w <= 1.01 * 575
    assert last.reasons == POWER_CAP
    assert last.counters_ns["power_cap"] == pytest.approx(120e9)
    assert last.counters_ns["thermal"] == 0
    assert 65 < last.temperature_c < 80
    assert 2017 < last.sm_clock_mhz < 2850
    assert clock_share(Scenario(), last) == pytest.approx(1.0, abs=0.03)


def test_a_light_load_is_held_by_voltage_alone():
    last = course(QUIET, Load(busy=1.0, compute=0.5), 10)[-1]
    assert last.reasons == RELIABILITY
    assert last.sm_clock_mhz == 2850.0


def test_heat_lags_power():
    states = course(QUIET, FULL, 60)
    power = next(n for n, one in enumerate(states) if one.power_w > 0.9 * states[-1].power_w)
    rise = states[-1].temperature_c - states[0].temperature_c
    heat = next(n for n, one in enumerate(states) if one.temperature_c > states[0].temperature_c + 0.9 * rise)
    assert power < heat / 5


def test_a_hot_board_loses_clock_and_says_why():
    hot = Scenario(cooling=Cooling(resistance_c_per_w=0.16))
    last = course(hot, FULL, 300)[-1]
    assert last.reasons & SW_THERMAL
    assert last.power_w < 0.9 * 575
    assert last.temperature_c < 92
    assert last.counters_ns["thermal"] > 60e9
    assert clock_share(hot, last) < 0.95


def test_a_board_without_cooling_halves_its_clock():
    bare = Scenario(cooling=Cooling(resistance_c_per_w=0.3, time_constant_s=10, ambient_c=40))
    states = course(bare, FULL, 60)
    assert any(one.reasons & HW_THERMAL for one in states)
    assert states[-1].counters_ns["hw_thermal"] > 0
    assert max(one.temperature_c for one in states) < 100


def test_a_lower_limit_costs_clock():
    capped = Scenario(limits=Limits(power_w=400))
    last = course(capped, FULL, 30)[-1]
    assert last.power_w == pytest.approx(400, rel=0.03)
    assert clock_share(capped, last) < 0.9


def test_a_locked_clock_shows_no_reason():
    locked = Scenario(limits=Limits(lock_sm_mhz=1800), noise=Noise(power=0, clock=0, step=0))
    last = course(locked, FULL, 30)[-1]
    assert (last.sm_clock_mhz, last.reasons) == (1800.0, 0)
    assert last.counters_ns["below_base"] == pytest.approx(30e9)


def test_a_neighbour_is_seen():
    shared = Scenario(neighbours=(Neighbour(name="game", memory_gib=6, load=0.4),))
    last = course(shared, Load(), 30)[-1]
    assert last.utilization == pytest.approx(0.4)
    assert last.power_w > 100
    assert last.memory_bytes == pytest.approx((6 + 487 / 1024) * 2**30)


def test_copies_alone_read_busy_but_cold():
    copying = Load(busy=0.99, compute=0.0, dram=0.02, copy_in_bytes_per_s=90e9)
    last = course(QUIET, copying, 10)[-1]
    assert last.utilization == 0.99
    assert last.power_w < 0.25 * 575
    assert last.copy_in_bytes_per_s == pytest.approx(link_bytes_per_s(QUIET)) == pytest.approx(56.7e9, rel=0.01)


def test_after_work_it_rests_and_cools():
    hot = course(Scenario(), FULL, 60)[-1]
    soon = course(Scenario(), Load(has_context=True), 2, hot)[-1]
    late = course(Scenario(), Load(), 120, hot)[-1]
    assert (soon.sm_clock_mhz, late.sm_clock_mhz) == (2850.0, 180.0)
    assert soon.power_w < 200
    assert late.temperature_c < hot.temperature_c - 30


def test_the_same_seed_gives_the_same_again():
    assert course(Scenario(), FULL, 5, seed=7) == course(Scenario(), FULL, 5, seed=7)
    assert course(Scenario(), FULL, 5, seed=7) != course(Scenario(), FULL, 5, seed=8)


LOADS = st.builds(
    Load,
    busy=st.floats(0, 1),
    compute=st.floats(0, 1),
    dram=st.floats(0, 1),
    copy_in_bytes_per_s=st.floats(0, 1e11),
    memory_bytes=st.floats(0, 64 * 2**30),
)
SCENARIOS = st.builds(
    Scenario,
    limits=st.builds(Limits, power_w=st.floats(100, 900), lock_sm_mhz=st.none() | st.floats(300, 3000)),
    cooling=st.builds(Cooling, ambient_c=st.floats(0, 45), resistance_c_per_w=st.floats(0.02, 0.3)),
)


@settings(max_examples=40, deadline=None)
@given(SCENARIOS, st.lists(LOADS, min_size=1, max_size=4), st.floats(0.02, 0.3))
def test_no_impossible_state(scenario: Scenario, loads: list[Load], dt_s: float):
    state, passed_s = first_state(scenario), 0.0
    rng = random.Random(3)
    for load in loads:
        for _ in range(25):
            before, state = state, step(scenario, state, load, dt_s, rng)
            passed_s += dt_s
            assert 0.0 <= state.utilization <= 1.0
            assert state.power_w <= scenario.power_limit_w * 1.01 + 1e-9
            assert state.power_instant_w <= scenario.power_limit_w * 1.15
            assert state.energy_j >= before.energy_j
            assert scenario.board.sm_clock_idle_mhz <= state.sm_clock_mhz * 1.05
            assert state.sm_clock_mhz <= scenario.board.sm_clock_max_mhz
            assert state.memory_bytes < scenario.board.memory_mib * 2**20
            assert state.copy_in_bytes_per_s <= link_bytes_per_s(scenario)
            assert min(scenario.cooling.ambient_c, before.temperature_c) - 1e-9 <= state.temperature_c < 130
            for name, count in state.counters_ns.items():
                assert before.counters_ns[name] <= count <= passed_s * 1e9 + 1000
            capped = state.counters_ns["power_cap"] > before.counters_ns["power_cap"]
            assert capped == bool(state.reasons & POWER_CAP)
            if state.reasons & POWER_CAP:
                assert state.power_instant_w > 0.8 * scenario.power_limit_w or state.reasons & HW_THERMAL
