"""One GPU on one line, for a person."""

from wan22.gpu.throttle_reasons import Treat, reasons_from_mask
from wan22.schema.gpu import GpuInfo, GpuInventory, GpuReading

_GIB = 1024.0**3
_BUSY_PCT = 50.0
_NOT_AVAILABLE = "N/A"


def gpu_line(info: GpuInfo | None, reading: GpuReading) -> str:
    """Name and present values; what is not known is N/A."""
    parts = [
        f"GPU {reading.gpu} {info.name if info is not None else ''}".rstrip(),
        _with(reading.utilization_pct, "{:.0f} %"),
        f"{_power(reading)} W",
        _temperature(reading),
        _with(reading.sm_clock_mhz, "{:.0f} MHz"),
        f"{_gib(reading.memory_used_bytes)} / {_gib(reading.memory_total_bytes)} GiB",
        f"PCIe {_with(reading.pcie_generation, 'gen {}')} x{_with(reading.pcie_width, '{}')}",
        *held_back(reading),
    ]
    return " · ".join(parts)


def held_back(reading: GpuReading) -> list[str]:
    """What holds the clocks back, worth a word only while the GPU is busy."""
    if reading.clocks_event_reasons is None or (reading.utilization_pct or 0.0) < _BUSY_PCT:
        return []
    reasons = reasons_from_mask(reading.clocks_event_reasons)
    return [reason.name.replace("_", " ") for reason in reasons if reason.treat is not Treat.benign]


def inventory_line(inventory: GpuInventory) -> str:
    """Where readings come from and under which driver."""
    parts = [f"Driver {inventory.driver_version or _NOT_AVAILABLE}", f"CUDA {inventory.cuda_version or _NOT_AVAILABLE}"]
    if inventory.source != "nvml":
        parts.insert(0, inventory.source)
    if inventory.simulated:
        parts.insert(0, "SIMULATED")
    return " · ".join(parts)


def gpu_description(info: GpuInfo) -> list[str]:
    """What a board is and may do, in a few lines."""
    memory = "" if info.memory_total_bytes is None else f"{info.memory_total_bytes / _GIB:.1f} GiB"
    power = f"power limit {_with(info.power_enforced_w, '{:.0f} W')}"
    if info.power_min_w is not None and info.power_max_w is not None:
        power += f" (allowed: {info.power_min_w:.0f} to {info.power_max_w:.0f} W)"
    link = f"PCIe {_with(info.pcie_generation_max, 'gen {}')} x{_with(info.pcie_width_max, '{}')}"
    facts = [memory or _NOT_AVAILABLE, power, link, info.driver_model or "", "MIG" if info.mig_enabled else ""]
    return [
        f"GPU {info.gpu}  {info.name}",
        "       " + " · ".join(fact for fact in facts if fact),
        f"       {info.uuid or _NOT_AVAILABLE}",
    ]


def _power(reading: GpuReading) -> str:
    power_w = reading.power_w if reading.power_w is not None else reading.power_instant_w
    return f"{_with(power_w, '{:.0f}')} / {_with(reading.power_limit_w, '{:.0f}')}"


def _temperature(reading: GpuReading) -> str:
    text = _with(reading.temperature_c, "{:.0f} °C")
    if reading.temperature_margin_c is not None:
        text += f" ({reading.temperature_margin_c:.0f} to the limit)"
    return text


def _gib(value: float | None) -> str:
    return _NOT_AVAILABLE if value is None else f"{value / _GIB:.1f}"


def _with(value: float | None, pattern: str) -> str:
    return _NOT_AVAILABLE if value is None else pattern.format(value)
