"""The simulated board as a program sees it, and as a source of readings."""

import json
from dataclasses import fields

import pytest

from tests.fakes.clock import FakeClock
from wan22.demo.gpu_model import Load
from wan22.demo.scenario import Neighbour, Scenario
from wan22.demo.simulated_gpu import SimulatedGpu, inventory
from wan22.schema.gpu import LIMITERS, GpuReading

FULL = Load(busy=1.0, compute=1.0, dram=0.3, memory_bytes=20 * 2**30, has_context=True)


def test_the_document_is_json_with_every_column_known():
    clock = FakeClock()
    gpu = SimulatedGpu(Scenario(), clock, 1.0, pid=77)
    gpu.set_load(FULL)
    clock.advance(20)
    document = json.loads(json.dumps(gpu.document()))
    reading = GpuReading(**document["reading"])
    assert {field.name for field in fields(GpuReading)} == set(document["reading"])
    assert reading.utilization_pct == 100
    assert reading.power_w == pytest.approx(575, rel=0.03)
    assert reading.pcie_generation == 5
    assert all(getattr(reading, column) is not None for column in LIMITERS.values())
    assert document["inventory"]["simulated"] is True
    assert [(one["pid"], one["kind"]) for one in document["processes"]] == [(77, "compute")]


def test_energy_is_the_integral_of_power():
    clock = FakeClock()
    gpu = SimulatedGpu(Scenario(), clock, 1.0)
    gpu.set_load(FULL)
    clock.advance(30)
    before = gpu.state()
    clock.advance(60)
    assert gpu.state().energy_j - before.energy_j == pytest.approx(575 * 60, rel=0.03)


def test_idle_link_and_neighbour():
    clock = FakeClock()
    gpu = SimulatedGpu(Scenario(neighbours=(Neighbour(name="browser", memory_gib=2),)), clock, 1.0)
    clock.advance(10)
    document = gpu.document()
    assert document["reading"]["pcie_generation"] == 1
    assert document["reading"]["pstate"] == 8
    assert document["processes"][0]["name"] == "browser"
    assert gpu.memory_free_bytes() < 30.5 * 2**30


def test_speed_makes_heat_faster_and_counters_true():
    clock = FakeClock()
    gpu = SimulatedGpu(Scenario(), clock, 20.0)
    gpu.set_load(FULL)
    clock.advance(5)
    state = gpu.state()
    assert state.temperature_c > 60
    assert state.counters_ns["power_cap"] <= 5.0e9 + 1000


def test_a_throttled_board_is_slow():
    clock = FakeClock()
    capped = Scenario.model_validate({"limits": {"power_w": 400}})
    gpu = SimulatedGpu(capped, clock, 1.0)
    gpu.set_load(FULL)
    clock.advance(10)
    assert gpu.slowdown() > 1.1


def test_a_neighbour_that_works_takes_its_share():
    clock = FakeClock()
    shared = Scenario(neighbours=(Neighbour(name="game", load=0.4),))
    gpu = SimulatedGpu(shared, clock, 1.0)
    gpu.set_load(FULL)
    clock.advance(10)
    assert gpu.slowdown() == pytest.approx(1 / 0.6, rel=0.05)


def test_boards_of_different_scenarios_are_different():
    first = inventory(Scenario()).gpus[0]
    assert first.uuid != inventory(Scenario(name="other")).gpus[0].uuid
    assert first.name == "NVIDIA GeForce RTX 5090 (SIMULATED)"
