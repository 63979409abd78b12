import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.nvml import NOT_SUPPORTED, TIMEOUT, FakeNvml, h100, rtx2080s_on_windows, rtx5090
from wan22.gpu.nvml import NvmlSource
from wan22.schema.gpu import GpuInfo, GpuInventory

MIB = 1024 * 1024


def inventory() -> GpuInventory:
    source = NvmlSource(FakeClock(), gentle=True)
    try:
        return source.inventory()
    finally:
        source.close()


def test_an_h100(nvml: FakeNvml):
    found = inventory()
    assert (found.source, found.simulated) == ("nvml", False)
    assert (found.driver_version, found.cuda_version, found.nvml_version) == ("580.159.04", "13.0", "13.580.159.04")
    assert found.gpus == (
        GpuInfo(
            gpu=0,
            uuid="GPU-00000000-1111-2222-3333-444444444444",
            name="NVIDIA H100 80GB HBM3",
            architecture="Hopper",
            compute_capability=(9, 0),
            pci_bus_id="00000000:01:00.0",
            memory_total_bytes=85520809984,
            memory_reserved_bytes=480 * MIB,
            bar1_total_bytes=137438953472,
            power_default_w=700.0,
            power_min_w=200.0,
            power_max_w=700.0,
            power_enforced_w=700.0,
            power_requested_w=700.0,
            power_source="ac",
            temperature_shutdown_c=95.0,
            temperature_slowdown_c=89.0,
            temperature_max_operating_c=87.0,
            temperature_target_c=None,
            temperature_memory_max_c=95.0,
            tlimit_shutdown_c=-8.0,
            tlimit_slowdown_c=-2.0,
            tlimit_max_operating_c=0.0,
            tlimit_memory_max_c=0.0,
            sm_clock_max_mhz=1980,
            memory_clock_max_mhz=2619,
            pcie_generation_max=5,
            pcie_width_max=16,
            pcie_generation_card_max=5,
            ecc_enabled=True,
            mig_enabled=False,
            driver_model=None,
            performance_counters=True,
        ),
    )


def test_distances_give_the_same_thresholds_as_the_absolute_form(nvml: FakeNvml):
    absolute = inventory().gpus[0]
    for number in range(8):
        nvml.gpus[0].answers.pop(("nvmlDeviceGetTemperatureThreshold", number), None)
    computed = inventory().gpus[0]
    for name in ("temperature_shutdown_c", "temperature_slowdown_c", "temperature_max_operating_c"):
        assert getattr(computed, name) == getattr(absolute, name)
    assert computed.temperature_memory_max_c is None, "the memory's distance is not from the chip's temperature"


def test_an_rtx_5090_has_distances_only_and_no_target(nvml: FakeNvml):
    nvml.gpus = [rtx5090()]
    board = inventory().gpus[0]
    assert (board.power_min_w, board.power_default_w, board.power_max_w) == (400.0, 575.0, 575.0)
    assert (board.temperature_max_operating_c, board.temperature_slowdown_c, board.temperature_shutdown_c) == (
        90.0,
        92.0,
        95.0,
    )
    assert board.temperature_target_c is None
    assert board.ecc_enabled is None
    assert board.architecture == "Blackwell"
    assert board.compute_capability == (12, 0)
    assert board.memory_total_bytes == 32607 * MIB
    assert board.memory_reserved_bytes == 487 * MIB
    assert board.bar1_total_bytes is not None
    assert board.bar1_total_bytes >= board.memory_total_bytes, "resizable BAR is on"


def test_turing_on_windows_has_absolute_thresholds_with_a_target(nvml: FakeNvml):
    nvml.gpus = [rtx2080s_on_windows()]
    board = inventory().gpus[0]
    assert (
        board.temperature_shutdown_c,
        board.temperature_slowdown_c,
        board.temperature_max_operating_c,
        board.temperature_target_c,
    ) == (100.0, 97.0, 89.0, 84.0)
    assert board.tlimit_shutdown_c is None
    assert board.driver_model == "wddm"
    assert board.performance_counters is False


@pytest.mark.parametrize(("answer", "expected"), [(0, "ac"), (1, "battery"), (2, "undersized"), (9, None)])
def test_power_source(nvml: FakeNvml, answer: int, expected: str | None):
    nvml.gpus[0].answers["nvmlDeviceGetPowerSource"] = answer
    assert inventory().gpus[0].power_source == expected


def test_a_slot_below_the_card(nvml: FakeNvml):
    nvml.gpus[0].answers |= {"nvmlDeviceGetMaxPcieLinkGeneration": 4, "nvmlDeviceGetMaxPcieLinkWidth": 8}
    board = inventory().gpus[0]
    assert (board.pcie_generation_max, board.pcie_width_max, board.pcie_generation_card_max) == (4, 8, 5)


def test_a_driver_that_says_almost_nothing_leaves_almost_everything_unknown(nvml: FakeNvml):
    board = h100()
    kept = {name: board.answers[name] for name in ("nvmlDeviceGetName", "nvmlDeviceGetMemoryInfo")}
    board.answers, board.fields, board.counters = kept, {}, None
    nvml.gpus = [board]
    nvml.missing |= {"nvmlSystemGetCudaDriverVersion_v2", "nvmlGpmQueryDeviceSupport"}
    nvml.errors["nvmlSystemGetNVMLVersion"] = TIMEOUT
    found = inventory()
    assert found.cuda_version is None
    assert found.nvml_version is None
    assert found.gpus == (GpuInfo(gpu=0, name="NVIDIA H100 80GB HBM3", memory_total_bytes=85520809984),)


def test_a_threshold_of_zero_is_no_threshold(nvml: FakeNvml):
    nvml.gpus[0].answers[("nvmlDeviceGetTemperatureThreshold", 5)] = 0
    nvml.errors["nvmlDeviceGetFieldValues"] = NOT_SUPPORTED
    board = inventory().gpus[0]
    assert board.temperature_target_c is None
    assert board.tlimit_slowdown_c is None
