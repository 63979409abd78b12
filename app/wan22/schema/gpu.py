"""Shapes of GPU readings. A missing reading is None in Python, nan in files, N/A on the screen."""

from dataclasses import dataclass, fields

from wan22.schema.frozen import Tolerant


@dataclass(frozen=True, slots=True)
class GpuReading:
    """One look at one GPU. Fast values are there every time, slow ones only on the ticks that read them.

    `time_s` is seconds since the epoch on the clock that does not jump (`system.clock`). Limiter counters are
    nanoseconds since the driver was loaded, summed by the driver while that limiter was active.
    """

    time_s: float
    gpu: int  # index in the driver's own order (PCI bus)
    utilization_pct: float | None = None
    memory_utilization_pct: float | None = None
    temperature_c: float | None = None
    power_w: float | None = None
    power_instant_w: float | None = None
    power_limit_w: float | None = None
    sm_clock_mhz: float | None = None
    memory_clock_mhz: float | None = None
    memory_used_bytes: float | None = None  # with what the driver keeps for itself: total minus free
    memory_total_bytes: float | None = None
    clocks_event_reasons: int | None = None
    pstate: int | None = None
    pcie_generation: int | None = None
    pcie_width: int | None = None
    encoder_pct: float | None = None
    decoder_pct: float | None = None
    # once a second
    temperature_margin_c: float | None = None
    hot_spot_c: float | None = None
    memory_temperature_c: float | None = None
    energy_j: float | None = None
    limiter_power_cap_ns: int | None = None
    limiter_thermal_ns: int | None = None
    limiter_hw_thermal_ns: int | None = None
    limiter_power_brake_ns: int | None = None
    limiter_board_ns: int | None = None
    limiter_low_utilization_ns: int | None = None
    limiter_reliability_ns: int | None = None
    limiter_below_base_ns: int | None = None
    sm_active_pct: float | None = None
    tensor_active_pct: float | None = None
    dram_active_pct: float | None = None
    pcie_rx_bytes_per_s: float | None = None
    pcie_tx_bytes_per_s: float | None = None
    # every ten seconds
    fan_pct: float | None = None
    pcie_replay_count: int | None = None
    ecc_uncorrected_count: int | None = None  # since the driver was loaded
    recovery_action: int | None = None  # 0 none, 1 reset, 2 restart the machine, 3 drain, 4 drain and reset
    # what this look itself cost
    read_cost_s: float | None = None


READING_COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(GpuReading))


LIMITERS: dict[str, str] = {
    "power_cap": "limiter_power_cap_ns",
    "thermal": "limiter_thermal_ns",
    "hw_thermal": "limiter_hw_thermal_ns",
    "power_brake": "limiter_power_brake_ns",
    "board": "limiter_board_ns",
    "low_utilization": "limiter_low_utilization_ns",
    "reliability": "limiter_reliability_ns",
    "below_base": "limiter_below_base_ns",
}
"""Name of a limiter → field of `GpuReading` with its counter."""


class GpuProcess(Tolerant):
    """A process that holds GPU memory. `memory_bytes` is None where the driver hides it (Windows WDDM).

    `kind` is compute, graphics or compute+graphics.
    """

    pid: int
    name: str | None = None
    kind: str = "compute"
    memory_bytes: int | None = None


class GpuInfo(Tolerant):
    """What does not change while a GPU works. Unknown stays None.

    Boards since Ada state their thresholds as distances (`tlimit_…`): the margin (`temperature_margin_c` of a
    reading) at which the driver acts. Where only those are known, the absolute ones are computed from them.
    """

    gpu: int
    uuid: str | None = None
    name: str = "unknown GPU"
    architecture: str | None = None
    compute_capability: tuple[int, int] | None = None
    pci_bus_id: str | None = None
    memory_total_bytes: int | None = None
    memory_reserved_bytes: int | None = None
    bar1_total_bytes: int | None = None
    power_default_w: float | None = None
    power_min_w: float | None = None
    power_max_w: float | None = None
    power_enforced_w: float | None = None
    power_requested_w: float | None = None
    power_source: str | None = None
    temperature_shutdown_c: float | None = None
    temperature_slowdown_c: float | None = None
    temperature_max_operating_c: float | None = None
    temperature_target_c: float | None = None
    temperature_memory_max_c: float | None = None
    tlimit_shutdown_c: float | None = None
    tlimit_slowdown_c: float | None = None
    tlimit_max_operating_c: float | None = None
    tlimit_memory_max_c: float | None = None
    sm_clock_max_mhz: float | None = None
    memory_clock_max_mhz: float | None = None
    pcie_generation_max: int | None = None
    pcie_width_max: int | None = None
    pcie_generation_card_max: int | None = None
    ecc_enabled: bool | None = None
    mig_enabled: bool | None = None
    driver_model: str | None = None
    performance_counters: bool | None = None


class GpuInventory(Tolerant):
    """The GPUs of one machine and its driver. `source` is nvml, replay or simulated."""

    source: str
    simulated: bool = False
    driver_version: str | None = None
    cuda_version: str | None = None
    nvml_version: str | None = None
    gpus: tuple[GpuInfo, ...] = ()


@dataclass(frozen=True, slots=True)
class GpuSampled:
    """Bus fact: one tick of the sampler, one reading a GPU; `processes` only on ticks that listed them."""

    time_s: float
    readings: tuple[GpuReading, ...]
    processes: tuple[tuple[int, tuple[GpuProcess, ...]], ...] = ()
