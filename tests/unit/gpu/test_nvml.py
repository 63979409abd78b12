import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.nvml import (
    DEPRECATED,
    GPU_IS_LOST,
    NO_PERMISSION,
    NOT_SUPPORTED,
    TIMEOUT,
    UNKNOWN,
    VERSION_MISMATCH,
    FakeNvml,
    Refusal,
    h100,
    rtx2080s_on_windows,
    rtx5090,
)
from wan22.gpu.metric import MetricCost
from wan22.gpu.nvml import NvmlSource
from wan22.schema.gpu import GpuReading
from wan22.schema.problem import AppError

MakeSource = Callable[..., NvmlSource]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def make_source(nvml: FakeNvml, clock: FakeClock) -> Iterator[MakeSource]:
    made: list[NvmlSource] = []

    def make(**options) -> NvmlSource:
        nvml.sleep = clock.advance
        options.setdefault("gentle", True)
        source = NvmlSource(clock, timer=clock.monotonic, **options)
        made.append(source)
        return source

    yield make
    for source in made:
        source.close()


def only(source: NvmlSource) -> GpuReading:
    (reading,) = source.read().readings
    return reading


def cost_of(source: NvmlSource, name: str) -> MetricCost:
    return next(cost for cost in source.costs() if cost.name == name)


def test_everything_an_idle_h100_tells(make_source: MakeSource, clock: FakeClock):
    reading = only(make_source())
    assert reading == GpuReading(
        time_s=clock.now(),
        gpu=0,
        utilization_pct=0,
        memory_utilization_pct=0,
        temperature_c=36,
        power_w=73.213,
        power_instant_w=73.412,
        power_limit_w=700.0,
        sm_clock_mhz=345,
        memory_clock_mhz=2619,
        memory_used_bytes=503316480,
        memory_total_bytes=85520809984,
        clocks_event_reasons=1,
        pstate=0,
        pcie_generation=5,
        pcie_width=16,
        encoder_pct=0,
        decoder_pct=0,
        temperature_margin_c=51,
        hot_spot_c=None,
        memory_temperature_c=38,
        energy_j=3003.641,
        limiter_power_cap_ns=0,
        limiter_thermal_ns=0,
        limiter_hw_thermal_ns=0,
        limiter_power_brake_ns=0,
        limiter_board_ns=0,
        limiter_low_utilization_ns=27979336032,
        limiter_reliability_ns=0,
        limiter_below_base_ns=18554429376,
        fan_pct=None,
        pcie_replay_count=0,
        ecc_uncorrected_count=0,
        recovery_action=0,
        read_cost_s=0.0,
    )


def test_slow_values_come_once_a_second(make_source: MakeSource, clock: FakeClock, nvml: FakeNvml):
    source = make_source(gentle=False)
    seen = []
    for _ in range(20):
        seen.append(only(source))
        clock.advance(0.2)
    assert sum(reading.utilization_pct is not None for reading in seen) == 20
    assert sum(reading.energy_j is not None for reading in seen) == 4
    assert sum(reading.limiter_power_cap_ns is not None for reading in seen) == 4
    assert sum(reading.recovery_action is not None for reading in seen) == 1
    assert nvml.calls["nvmlDeviceGetTotalEnergyConsumption"] == 4


def test_gentle_asks_for_slow_values_every_ten_seconds_and_never_for_pcie(
    make_source: MakeSource, clock: FakeClock, nvml: FakeNvml
):
    source = make_source()
    for _ in range(30):
        source.read()
        clock.advance(1.0)
    assert nvml.calls["nvmlDeviceGetTotalEnergyConsumption"] == 3
    assert nvml.calls["nvmlDeviceGetPcieThroughput"] == 0
    assert nvml.calls["nvmlDeviceGetUtilizationRates"] == 30


def test_what_a_board_does_not_have_is_none_and_asked_for_once(
    make_source: MakeSource, clock: FakeClock, nvml: FakeNvml
):
    nvml.gpus = [rtx5090()]
    source = make_source()
    readings = []
    for _ in range(3):
        readings.append(only(source))
        clock.advance(10.0)
    assert {reading.memory_temperature_c for reading in readings} == {None}
    assert {reading.hot_spot_c for reading in readings} == {None}
    assert nvml.asked_fields[82] == 1
    assert nvml.calls["nvmlDeviceGetTotalEccErrors"] == 1
    assert readings[-1].fan_pct == 30
    assert readings[-1].clocks_event_reasons == 4
    assert readings[-1].pcie_generation == 1
    assert not cost_of(source, "memory_temperature").answers


def test_turing_has_no_average_power_and_none_is_made_up(make_source: MakeSource, nvml: FakeNvml):
    nvml.gpus = [rtx2080s_on_windows()]
    reading = only(make_source())
    assert reading.power_w is None
    assert reading.power_instant_w == 73.412
    assert reading.power_limit_w == 700.0
    assert nvml.calls["nvmlDeviceGetPowerUsage"] == 0


def test_a_driver_without_field_values_has_single_calls(make_source: MakeSource, nvml: FakeNvml):
    nvml.missing.add("nvmlDeviceGetFieldValues")
    reading = only(make_source())
    assert (reading.power_w, reading.power_instant_w, reading.power_limit_w) == (73.194, None, 700.0)
    assert reading.limiter_power_cap_ns is None


def test_a_single_missing_power_field_is_filled_from_its_call(make_source: MakeSource, nvml: FakeNvml):
    nvml.gpus[0].fields[190] = Refusal(NOT_SUPPORTED)
    nvml.gpus[0].answers["nvmlDeviceGetEnforcedPowerLimit"] = 650000
    reading = only(make_source())
    assert (reading.power_w, reading.power_limit_w) == (73.213, 650.0)


def test_a_board_that_tells_no_power_at_all(make_source: MakeSource, clock: FakeClock, nvml: FakeNvml):
    nvml.missing |= {"nvmlDeviceGetFieldValues", "nvmlDeviceGetPowerUsage", "nvmlDeviceGetEnforcedPowerLimit"}
    source = make_source()
    assert only(source).power_w is None
    assert not cost_of(source, "power").answers


@pytest.mark.parametrize("how", ["missing", "deprecated"])
def test_older_and_newer_names_of_the_same_thing(make_source: MakeSource, nvml: FakeNvml, how: str):
    names = {
        "nvmlDeviceGetTemperatureV",
        "nvmlDeviceGetCurrentClocksEventReasons",
        "nvmlDeviceGetPerformanceState",
        "nvmlDeviceGetMemoryInfo_v2",
        "nvmlDeviceGetPcieReplayCounter",
    }
    if how == "missing":
        nvml.missing |= names
    else:
        nvml.errors |= dict.fromkeys(names, DEPRECATED)
    nvml.gpus[0].fields[94] = (1, 12)
    reading = only(make_source())
    assert reading.temperature_c == 36
    assert reading.clocks_event_reasons == 1
    assert reading.pstate == 0
    assert reading.memory_used_bytes == 503316480
    assert reading.pcie_replay_count == 12


def test_drivers_before_the_thermal_counter_have_the_policy_counter(make_source: MakeSource, nvml: FakeNvml):
    for number in (269, 270, 271):
        del nvml.gpus[0].fields[number]
    nvml.gpus[0].fields[75] = (3, 5_000_000)
    reading = only(make_source())
    assert reading.limiter_thermal_ns == 5_000_000
    assert reading.limiter_hw_thermal_ns is None


def test_an_unknown_pstate_is_none(make_source: MakeSource, nvml: FakeNvml):
    nvml.gpus[0].answers["nvmlDeviceGetPerformanceState"] = 32
    assert only(make_source()).pstate is None


def test_one_failing_value_leaves_the_others_alone(make_source: MakeSource, clock: FakeClock, nvml: FakeNvml):
    nvml.errors["nvmlDeviceGetUtilizationRates"] = TIMEOUT
    source = make_source()
    reading = only(source)
    assert reading.utilization_pct is None
    assert reading.temperature_c == 36
    nvml.errors.clear()
    clock.advance(0.2)
    assert only(source).utilization_pct == 0


def test_mig_has_no_utilization(make_source: MakeSource, nvml: FakeNvml):
    nvml.gpus[0].answers["nvmlDeviceGetMigMode"] = (1, 1)
    nvml.errors["nvmlDeviceGetUtilizationRates"] = NOT_SUPPORTED
    nvml.errors["nvmlDeviceGetMemoryInfo"] = NO_PERMISSION
    source = make_source()
    assert source.inventory().gpus[0].mig_enabled is True
    assert only(source).utilization_pct is None
    assert only(source).power_w == 73.213


def test_several_gpus(make_source: MakeSource, nvml: FakeNvml):
    nvml.gpus = [h100(0), rtx5090(1)]
    nvml.gpus[1].compute = [(77, 1024)]
    source = make_source(process_name=lambda pid: f"program-{pid}")
    sampled = source.read()
    assert [reading.gpu for reading in sampled.readings] == [0, 1]
    assert [reading.power_limit_w for reading in sampled.readings] == [700.0, 575.0]
    assert [(gpu, [process.pid for process in listed]) for gpu, listed in sampled.processes] == [(0, []), (1, [77])]
    assert [info.uuid for info in source.inventory().gpus] == [
        "GPU-00000000-1111-2222-3333-444444444444",
        "GPU-00000001-1111-2222-3333-444444444444",
    ]


def test_processes_have_names_kinds_and_memory(make_source: MakeSource, clock: FakeClock, nvml: FakeNvml):
    asked: list[int] = []

    def process_name(pid: int) -> str | None:
        asked.append(pid)
        return None if pid == 9 else f"program-{pid}"

    board = nvml.gpus[0]
    board.compute = [(4242, 1000), (7, 50)]
    board.graphics = [(9, 20), (7, 60)]
    source = make_source(process_name=process_name)
    ((_gpu, listed),) = source.read().processes
    assert [(item.pid, item.name, item.kind, item.memory_bytes) for item in listed] == [
        (7, "program-7", "compute+graphics", 60),
        (9, None, "graphics", 20),
        (4242, "program-4242", "compute", 1000),
    ]
    clock.advance(0.5)
    assert source.read().processes == ()
    board.compute = []
    board.graphics = [(9, 20)]
    clock.advance(10.0)
    assert [item.pid for item in source.read().processes[0][1]] == [9]
    board.compute = [(7, 1)]
    clock.advance(10.0)
    source.read()
    assert asked == [4242, 7, 9, 7], "a name is asked for when a process appears, not on every look"


def test_windows_hides_the_memory_of_processes(make_source: MakeSource, nvml: FakeNvml):
    nvml.gpus = [rtx2080s_on_windows()]
    ((_gpu, listed),) = make_source().read().processes
    assert [(item.pid, item.kind, item.memory_bytes) for item in listed] == [
        (900, "graphics", None),
        (4100, "compute+graphics", None),
    ]


def test_a_driver_that_lists_no_processes_is_silent_about_them(make_source: MakeSource, nvml: FakeNvml):
    nvml.errors["nvmlDeviceGetComputeRunningProcesses_v3"] = NOT_SUPPORTED
    nvml.errors["nvmlDeviceGetGraphicsRunningProcesses_v3"] = NOT_SUPPORTED
    source = make_source()
    assert source.read().processes == ()
    assert not cost_of(source, "processes").answers


@pytest.mark.parametrize("code", [9, GPU_IS_LOST, 16])
def test_a_lost_driver_ends_the_reading(make_source: MakeSource, clock: FakeClock, nvml: FakeNvml, code: int):
    source = make_source()
    source.read()
    nvml.lost = code
    clock.advance(0.2)
    with pytest.raises(AppError) as caught:
        source.read()
    assert caught.value.problem.code == "driver_lost"


def test_a_mismatch_while_reading(make_source: MakeSource, nvml: FakeNvml):
    source = make_source()
    nvml.lost = VERSION_MISMATCH
    with pytest.raises(AppError) as caught:
        source.read()
    assert caught.value.problem.code == "driver_mismatch"


def test_unknown_error_of_one_value_is_only_that(make_source: MakeSource, nvml: FakeNvml):
    nvml.errors["nvmlDeviceGetMarginTemperature"] = UNKNOWN
    reading = only(make_source())
    assert reading.temperature_margin_c is None
    assert reading.temperature_c == 36


def test_unknown_error_of_everything_is_a_lost_driver(make_source: MakeSource, nvml: FakeNvml):
    source = make_source()
    nvml.lost = UNKNOWN
    with pytest.raises(AppError) as caught:
        source.read()
    assert caught.value.problem.code == "driver_lost"


def test_a_crash_inside_the_library_is_a_lost_driver(make_source: MakeSource, nvml: FakeNvml):
    source = make_source()
    nvml.crashes.add("nvmlDeviceGetClockInfo")
    with pytest.raises(AppError) as caught:
        source.read()
    assert caught.value.problem.code == "driver_lost"


def test_a_dead_board_is_left_out_and_the_others_go_on(make_source: MakeSource, nvml: FakeNvml):
    nvml.gpus = [h100(0), h100(1), rtx5090(2)]
    nvml.errors[(0, "nvmlDeviceGetHandleByIndex_v2")] = GPU_IS_LOST
    nvml.errors[(1, "nvmlDeviceGetMemoryInfo")] = UNKNOWN
    source = make_source()
    assert [reading.gpu for reading in source.read().readings] == [2]
    assert [(info.gpu, info.name) for info in source.inventory().gpus] == [
        (0, "unknown GPU"),
        (1, "unknown GPU"),
        (2, "NVIDIA GeForce RTX 5090"),
    ]


def test_when_all_boards_are_dead_the_driver_is_lost(make_source: MakeSource, nvml: FakeNvml):
    nvml.errors[(0, "nvmlDeviceGetHandleByIndex_v2")] = GPU_IS_LOST
    with pytest.raises(AppError) as caught:
        make_source()
    assert caught.value.problem.code == "driver_lost"
    assert nvml.open == 0


def test_a_driver_without_boards_counts_as_missing(make_source: MakeSource, nvml: FakeNvml):
    nvml.gpus = []
    with pytest.raises(AppError, match="finds no GPU") as caught:
        make_source()
    assert caught.value.problem.code == "driver_missing"
    assert nvml.open == 0


def test_reading_goes_on_after_the_driver_came_back(make_source: MakeSource, clock: FakeClock, nvml: FakeNvml):
    source = make_source()
    nvml.lost = GPU_IS_LOST
    with pytest.raises(AppError):
        source.read()
    source.close()
    nvml.lost = None
    assert only(make_source()).temperature_c == 36


def test_a_value_that_got_slow_is_read_less_often(make_source: MakeSource, clock: FakeClock, nvml: FakeNvml):
    source = make_source()
    nvml.delays["nvmlDeviceGetUtilizationRates"] = 0.008
    for _ in range(5):
        assert only(source).utilization_pct == 0
        clock.advance(0.2)
    cost = cost_of(source, "utilization")
    assert (cost.moved, cost.period_s) == (True, 1.0)
    before = nvml.calls["nvmlDeviceGetUtilizationRates"]
    for _ in range(10):
        source.read()
        clock.advance(0.2)
    assert nvml.calls["nvmlDeviceGetUtilizationRates"] - before == 2


def test_energy_and_limiters_are_allowed_to_take_their_time(make_source: MakeSource, clock: FakeClock, nvml: FakeNvml):
    source = make_source(gentle=False)
    nvml.delays["nvmlDeviceGetTotalEnergyConsumption"] = 0.018
    nvml.delays["nvmlDeviceGetFieldValues"] = 0.004
    for _ in range(10):
        source.read()
        clock.advance(1.0)
    assert not cost_of(source, "energy").moved
    assert not cost_of(source, "limiters").moved


def test_each_reading_says_what_it_cost(make_source: MakeSource, nvml: FakeNvml):
    nvml.delays["nvmlDeviceGetUtilizationRates"] = 0.25
    assert only(make_source()).read_cost_s == pytest.approx(0.25)


def wait_for_pcie(source: NvmlSource, clock: FakeClock) -> GpuReading:
    clock.wait_for_sleepers(1)
    return only(source)


def test_pcie_throughput_comes_from_a_thread_of_its_own(make_source: MakeSource, clock: FakeClock, nvml: FakeNvml):
    source = make_source(gentle=False)
    reading = wait_for_pcie(source, clock)
    assert (reading.pcie_tx_bytes_per_s, reading.pcie_rx_bytes_per_s) == (717_000.0, 584_000.0)
    assert only(source).pcie_rx_bytes_per_s is None, "handed out once"
    nvml.gpus[0].answers[("nvmlDeviceGetPcieThroughput", 1)] = 56_700_000
    clock.advance(1.0)
    assert wait_for_pcie(source, clock).pcie_rx_bytes_per_s == 56.7e9
    assert cost_of(source, "pcie_throughput").reads == 2


def test_a_board_without_pcie_throughput_ends_that_thread(make_source: MakeSource, nvml: FakeNvml):
    nvml.errors["nvmlDeviceGetPcieThroughput"] = NOT_SUPPORTED
    source = make_source(gentle=False)
    assert source._pcie is not None
    source._pcie._worker.join(5.0)
    assert nvml.calls["nvmlDeviceGetPcieThroughput"] == 1
    assert only(source).pcie_rx_bytes_per_s is None


def test_a_driver_lost_on_that_thread_is_noticed(make_source: MakeSource, nvml: FakeNvml):
    nvml.errors["nvmlDeviceGetPcieThroughput"] = GPU_IS_LOST
    source = make_source(gentle=False)
    assert source._pcie is not None
    source._pcie._worker.join(5.0)
    with pytest.raises(AppError) as caught:
        source.read()
    assert caught.value.problem.code == "driver_lost"


def test_performance_counters_where_asked_for(make_source: MakeSource, clock: FakeClock, nvml: FakeNvml):
    source = make_source(gentle=False, performance_counters=True)
    assert only(source).sm_active_pct is None, "one sample is no difference"
    clock.advance(1.0)
    reading = only(source)
    assert (reading.sm_active_pct, reading.tensor_active_pct, reading.dram_active_pct) == (27.0, 26.0, 12.0)
    assert reading.pcie_rx_bytes_per_s == 34000 * 1024 * 1024
    assert nvml.calls["nvmlDeviceGetPcieThroughput"] == 0
    source.close()
    assert nvml.calls["nvmlGpmSampleFree"] == 2


def test_a_failed_counter_sample_is_not_compared(make_source: MakeSource, clock: FakeClock, nvml: FakeNvml):
    source = make_source(gentle=False, performance_counters=True)
    source.read()
    nvml.errors[(0, "nvmlGpmSampleGet")] = TIMEOUT
    clock.advance(1.0)
    assert only(source).sm_active_pct is None
    nvml.errors.clear()
    clock.advance(1.0)
    assert only(source).sm_active_pct is None
    clock.advance(1.0)
    assert only(source).sm_active_pct == 27.0


def test_performance_counters_of_a_board_without_them(make_source: MakeSource, nvml: FakeNvml):
    nvml.gpus = [rtx2080s_on_windows()]
    source = make_source(performance_counters=True)
    assert only(source).sm_active_pct is None
    assert nvml.calls["nvmlGpmSampleAlloc"] == 0


def test_closing_twice_is_harmless(make_source: MakeSource, nvml: FakeNvml):
    source = make_source()
    source.close()
    source.close()
    assert nvml.calls["nvmlShutdown"] == 1


def test_importing_does_not_touch_the_driver():
    script = "import pynvml, wan22.gpu.nvml\nassert pynvml.nvmlLib is None and pynvml._nvmlLib_refcount == 0\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
