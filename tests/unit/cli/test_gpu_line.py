from wan22.cli.gpu_line import gpu_description, gpu_line, held_back, inventory_line
from wan22.schema.gpu import GpuInfo, GpuInventory, GpuReading

GIB = 1024.0**3
INFO = GpuInfo(gpu=0, name="NVIDIA GeForce RTX 5090")


def test_a_busy_gpu():
    reading = GpuReading(
        time_s=0.0,
        gpu=0,
        utilization_pct=98.0,
        power_w=561.4,
        power_limit_w=575.0,
        temperature_c=71.0,
        temperature_margin_c=19.0,
        sm_clock_mhz=2617.0,
        memory_used_bytes=29.5 * GIB,
        memory_total_bytes=31.84 * GIB,
        clocks_event_reasons=0x24,
        pcie_generation=5,
        pcie_width=16,
    )
    assert gpu_line(INFO, reading) == (
        "GPU 0 NVIDIA GeForce RTX 5090 · 98 % · 561 / 575 W · 71 °C (19 to the limit) · 2617 MHz · "
        "29.5 / 31.8 GiB · PCIe gen 5 x16 · sw power cap · sw thermal"
    )


def test_what_is_not_known_is_not_available():
    assert gpu_line(None, GpuReading(time_s=0.0, gpu=3)) == (
        "GPU 3 · N/A · N/A / N/A W · N/A · N/A · N/A / N/A GiB · PCIe N/A xN/A"
    )


def test_instant_power_where_there_is_no_average():
    assert "73 / 250 W" in gpu_line(INFO, GpuReading(time_s=0.0, gpu=0, power_instant_w=73.4, power_limit_w=250.0))


def test_an_idle_gpu_is_not_held_back():
    """A real idle RTX 5090 shows the power cap bit at 24 W."""
    assert held_back(GpuReading(time_s=0.0, gpu=0, utilization_pct=0.0, clocks_event_reasons=0x4)) == []
    assert held_back(GpuReading(time_s=0.0, gpu=0, clocks_event_reasons=0x4)) == []
    assert held_back(GpuReading(time_s=0.0, gpu=0, utilization_pct=99.0, clocks_event_reasons=0x400)) == []


def test_where_readings_come_from():
    assert inventory_line(GpuInventory(source="nvml", driver_version="580.1", cuda_version="13.0")) == (
        "Driver 580.1 · CUDA 13.0"
    )
    assert inventory_line(GpuInventory(source="replay", simulated=True)) == (
        "SIMULATED · replay · Driver N/A · CUDA N/A"
    )


def test_what_a_board_is_and_may_do():
    board = INFO.model_copy(
        update={
            "memory_total_bytes": int(31.84 * GIB),
            "power_enforced_w": 575.0,
            "power_min_w": 400.0,
            "power_max_w": 575.0,
            "pcie_generation_max": 5,
            "pcie_width_max": 16,
            "driver_model": "wddm",
            "uuid": "GPU-1",
        }
    )
    assert gpu_description(board) == [
        "GPU 0  NVIDIA GeForce RTX 5090",
        "       31.8 GiB · power limit 575 W (allowed: 400 to 575 W) · PCIe gen 5 x16 · wddm",
        "       GPU-1",
    ]
    assert gpu_description(GpuInfo(gpu=1)) == [
        "GPU 1  unknown GPU",
        "       N/A · power limit N/A · PCIe N/A xN/A",
        "       N/A",
    ]
