"""The true driver of this machine: what must hold on any board."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from wan22.gpu.latest import merged_reading
from wan22.gpu.nvml import NvmlSource
from wan22.gpu.sampler import Sampler
from wan22.gpu.sampler_child import SamplerChild
from wan22.gpu.throttle_reasons import limiter_shares
from wan22.schema.gpu import GpuInventory, GpuReading, GpuSampled
from wan22.schema.problem import AppError, Problem
from wan22.system.cancel import CancelToken
from wan22.system.child_command import child_environment, self_command
from wan22.system.clock import SystemClock

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module", autouse=True)
def _driver() -> None:
    try:
        NvmlSource(SystemClock(), gentle=True).close()
    except AppError as error:
        pytest.skip(f"no NVIDIA driver: {error.problem.message}")


@pytest.fixture
def source() -> Iterator[NvmlSource]:
    made = NvmlSource(SystemClock())
    yield made
    made.close()


def sampled_for(source: NvmlSource, seconds: float, interval_s: float = 0.2) -> list[GpuSampled]:
    seen = []
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        seen.append(source.read())
        time.sleep(interval_s)
    return seen


def latest(seen: list[GpuSampled], gpu: int) -> GpuReading:
    merged = None
    for sampled in seen:
        for reading in sampled.readings:
            if reading.gpu == gpu:
                merged = merged_reading(merged, reading)
    assert merged is not None
    return merged


def test_the_inventory_makes_sense(source: NvmlSource):
    inventory = source.inventory()
    assert inventory.source == "nvml"
    assert inventory.driver_version
    assert inventory.gpus
    for board in inventory.gpus:
        assert board.name != "unknown GPU"
        assert board.uuid is not None
        assert board.uuid.startswith("GPU-")
        assert board.pci_bus_id is not None
        assert board.memory_total_bytes is not None
        assert board.memory_total_bytes > 1024**3
        if board.power_min_w is not None and board.power_max_w is not None:
            assert board.power_enforced_w is not None
            assert 0.0 < board.power_min_w <= board.power_enforced_w <= board.power_max_w + 1.0
        thresholds = (board.temperature_max_operating_c, board.temperature_slowdown_c, board.temperature_shutdown_c)
        known = [threshold for threshold in thresholds if threshold is not None]
        assert known == sorted(known)
        assert all(50.0 <= threshold <= 130.0 for threshold in known)
        for offset in (board.tlimit_shutdown_c, board.tlimit_slowdown_c, board.tlimit_max_operating_c):
            assert offset is None or -40.0 <= offset <= 40.0, "signed, or a wrong type tag"


def test_two_seconds_of_readings_make_sense(source: NvmlSource):
    inventory = source.inventory()
    seen = sampled_for(source, 2.5)
    for board in inventory.gpus:
        reading = latest(seen, board.gpu)
        assert reading.memory_total_bytes == board.memory_total_bytes
        assert reading.memory_used_bytes is not None
        assert 0 <= reading.memory_used_bytes <= (board.memory_total_bytes or 0)
        assert reading.temperature_c is not None
        assert 5 <= reading.temperature_c <= 110
        if not board.mig_enabled:
            assert reading.utilization_pct is not None
            assert 0 <= reading.utilization_pct <= 100
        power_w = reading.power_w if reading.power_w is not None else reading.power_instant_w
        assert power_w is None or 0.0 < power_w < 2000.0
        assert reading.clocks_event_reasons is None or reading.clocks_event_reasons >= 0
        for name in ("pcie_rx_bytes_per_s", "pcie_tx_bytes_per_s"):
            value = getattr(reading, name)
            assert value is None or 0.0 <= value < 200e9


def test_energy_agrees_with_power(source: NvmlSource):
    seen = [reading for sampled in sampled_for(source, 5.0) for reading in sampled.readings if reading.gpu == 0]
    counted = [reading for reading in seen if reading.energy_j is not None]
    if len(counted) < 3:
        pytest.skip("this board has no energy counter")
    mean_w = ((counted[-1].energy_j or 0.0) - (counted[0].energy_j or 0.0)) / (counted[-1].time_s - counted[0].time_s)
    powers = [reading.power_instant_w or reading.power_w for reading in seen]
    known = [power for power in powers if power is not None]
    assert mean_w == pytest.approx(sum(known) / len(known), rel=0.25)


def test_limiters_are_shares(source: NvmlSource):
    seen = [reading for sampled in sampled_for(source, 3.0) for reading in sampled.readings if reading.gpu == 0]
    counted = [reading for reading in seen if reading.limiter_power_cap_ns is not None]
    if len(counted) < 2:
        pytest.skip("this board has no limiter counters")
    shares = limiter_shares(counted[0], counted[-1])
    assert "power_cap" in shares
    assert all(0.0 <= share <= 1.0 for share in shares.values())


def test_a_fast_tick_is_cheap(source: NvmlSource):
    source.read()
    seen = [reading for sampled in sampled_for(source, 3.0) for reading in sampled.readings if reading.gpu == 0]
    costs = sorted(reading.read_cost_s or 0.0 for reading in seen)
    assert costs[len(costs) // 2] < 0.01


def test_performance_counters_where_the_board_has_them():
    clock = SystemClock()
    source = NvmlSource(clock, performance_counters=True)
    try:
        boards = [board.gpu for board in source.inventory().gpus if board.performance_counters]
        if not boards:
            pytest.skip("no board here has them")
        reading = latest(sampled_for(source, 2.5), boards[0])
    finally:
        source.close()
    assert reading.sm_active_pct is not None
    assert 0.0 <= reading.sm_active_pct <= 100.0


def test_opened_and_closed_again_and_again():
    for _ in range(5):
        source = NvmlSource(SystemClock())
        assert source.read().readings
        source.close()


def test_the_loop_keeps_its_pace():
    cancel = CancelToken()
    published: list[GpuSampled] = []

    def publish(sampled: GpuSampled) -> None:
        published.append(sampled)
        if len(published) == 30:
            cancel.set()

    clock = SystemClock()
    sampler = Sampler(lambda: NvmlSource(clock), publish, clock, 0.1, cancel)
    sampler.run()
    cost = sampler.cost()
    elapsed_s = published[-1].time_s - published[0].time_s
    assert elapsed_s == pytest.approx(2.9, abs=0.15)
    assert cost.skipped == 0
    assert cost.cpu_share is not None
    assert cost.cpu_share < 0.2


def test_the_child_process_reads_the_same_board():
    published: list[GpuSampled] = []
    problems: list[Problem] = []
    inventories: list[GpuInventory] = []
    clock = SystemClock()
    sampler = SamplerChild(
        self_command("monitor", "--json", "--hz", "10"),
        published.append,
        clock,
        on_problem=problems.append,
        on_inventory=inventories.append,
        environment=child_environment(),
    )
    sampler.start()
    give_up = time.monotonic() + 20.0
    while len(published) < 15 and time.monotonic() < give_up:
        time.sleep(0.05)
    now_s = clock.now()
    sampler.stop()
    assert problems == []
    assert len(published) >= 15
    assert abs(now_s - published[-1].time_s) < 1.0
    offset = sampler.clock_offset
    assert offset is not None
    assert offset.uncertainty_s is not None
    assert offset.uncertainty_s < 0.05
    own = NvmlSource(clock, gentle=True)
    try:
        mine = own.inventory()
    finally:
        own.close()
    varying = {"power_enforced_w": None, "power_requested_w": None}
    assert [board.model_copy(update=varying) for board in inventories[0].gpus] == [
        board.model_copy(update=varying) for board in mine.gpus
    ]


def test_the_command_tells_what_nvidia_smi_tells():
    try:
        smi = subprocess.run(
            ["nvidia-smi", "--query-gpu=uuid,name,memory.total,power.max_limit", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=60,
        )
    except OSError:
        pytest.skip("there is no nvidia-smi")
    if smi.returncode != 0:
        pytest.skip(f"nvidia-smi failed: {smi.stdout}")
    listed = subprocess.run(
        [sys.executable, "-m", "wan22", "monitor", "--list", "--json"], capture_output=True, text=True, timeout=60
    )
    boards = {gpu["uuid"]: gpu for gpu in json.loads(listed.stdout)["inventory"]["gpus"]}
    for line in smi.stdout.splitlines():
        uuid, name, memory_mib, power_w = (part.strip() for part in line.split(","))
        board = boards[uuid]
        assert board["name"] == name
        assert round(board["memory_total_bytes"] / 1024**2) == int(memory_mib)
        if board["power_max_w"] is not None:
            assert board["power_max_w"] == pytest.approx(float(power_w), abs=1.0)


def test_what_one_tick_costs_is_told_with_it(source: NvmlSource):
    (first, *_others) = source.read().readings
    assert first.read_cost_s is not None
    assert first.read_cost_s > 0.0
    assert replace(first, read_cost_s=None).read_cost_s is None
    told = {cost.name for cost in source.costs() if cost.reads}
    assert {"utilization", "power", "temperature", "memory"} <= told
