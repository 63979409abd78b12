"""What does not change while a GPU works: names, limits, thresholds, the slot it sits in. Read once."""

from typing import Any

from wan22.gpu.nvml_call import FieldSet, NeverAnswersError, NotNowError, answer_or_none
from wan22.gpu.nvml_counters import counters_supported
from wan22.gpu.nvml_groups import memory_v2
from wan22.schema.gpu import GpuInfo, GpuInventory

_ARCHITECTURES = {
    2: "Kepler",
    3: "Maxwell",
    4: "Pascal",
    5: "Volta",
    6: "Turing",
    7: "Ampere",
    8: "Ada",
    9: "Hopper",
    10: "Blackwell",
    13: "Rubin",
}
_POWER_SOURCES = {0: "ac", 1: "battery", 2: "undersized"}
_DRIVER_MODELS = {0: "wddm", 1: "tcc", 2: "mcdm"}
_THRESHOLDS = {
    "temperature_shutdown_c": 0,
    "temperature_slowdown_c": 1,
    "temperature_memory_max_c": 2,
    "temperature_max_operating_c": 3,
    "temperature_target_c": 5,
}
_TLIMITS = {
    193: "tlimit_shutdown_c",
    194: "tlimit_slowdown_c",
    195: "tlimit_memory_max_c",
    196: "tlimit_max_operating_c",
}
_FROM_TLIMIT = {
    "temperature_shutdown_c": "tlimit_shutdown_c",
    "temperature_slowdown_c": "tlimit_slowdown_c",
    "temperature_max_operating_c": "tlimit_max_operating_c",
}
_SM_CLOCK = 1
_MEMORY_CLOCK = 2
_GPU_SENSOR = 0


def read_inventory(handles: dict[int, Any]) -> GpuInventory:
    """The driver and all boards; `handles` maps index → handle, None for a board that does not answer.

    Raises AppError `driver_lost` or `driver_mismatch`.
    """
    cuda = answer_or_none("nvmlSystemGetCudaDriverVersion_v2")
    return GpuInventory(
        source="nvml",
        driver_version=answer_or_none("nvmlSystemGetDriverVersion"),
        cuda_version=None if not cuda else f"{cuda // 1000}.{cuda % 1000 // 10}",
        nvml_version=answer_or_none("nvmlSystemGetNVMLVersion"),
        gpus=tuple(
            GpuInfo(gpu=gpu) if handle is None else read_gpu_info(gpu, handle) for gpu, handle in handles.items()
        ),
    )


def read_gpu_info(gpu: int, handle: Any) -> GpuInfo:
    """Everything about one board that the driver tells; the rest is None."""
    pci = answer_or_none("nvmlDeviceGetPciInfo_v3", handle)
    capability = answer_or_none("nvmlDeviceGetCudaComputeCapability", handle)
    architecture = answer_or_none("nvmlDeviceGetArchitecture", handle)
    bar1 = answer_or_none("nvmlDeviceGetBAR1MemoryInfo", handle)
    ecc = answer_or_none("nvmlDeviceGetEccMode", handle)
    mig = answer_or_none("nvmlDeviceGetMigMode", handle)
    values: dict[str, Any] = {
        "uuid": answer_or_none("nvmlDeviceGetUUID", handle),
        "architecture": _ARCHITECTURES.get(architecture) if architecture is not None else None,
        "compute_capability": None if capability is None else tuple(capability),
        "pci_bus_id": None if pci is None else str(pci.busId),
        "bar1_total_bytes": None if bar1 is None else int(bar1.bar1Total),
        "sm_clock_max_mhz": answer_or_none("nvmlDeviceGetMaxClockInfo", handle, _SM_CLOCK),
        "memory_clock_max_mhz": answer_or_none("nvmlDeviceGetMaxClockInfo", handle, _MEMORY_CLOCK),
        "pcie_generation_max": answer_or_none("nvmlDeviceGetMaxPcieLinkGeneration", handle),
        "pcie_width_max": answer_or_none("nvmlDeviceGetMaxPcieLinkWidth", handle),
        "pcie_generation_card_max": answer_or_none("nvmlDeviceGetGpuMaxPcieLinkGeneration", handle),
        "ecc_enabled": None if ecc is None else bool(ecc[0]),
        "mig_enabled": None if mig is None else bool(mig[0]),
        "driver_model": _driver_model(handle),
        "power_source": _POWER_SOURCES.get(answer_or_none("nvmlDeviceGetPowerSource", handle)),
        "performance_counters": counters_supported(handle),
        **_memory(handle),
        **_power(handle),
        **_thresholds(handle),
    }
    name = answer_or_none("nvmlDeviceGetName", handle)
    if name:
        values["name"] = name
    return GpuInfo(gpu=gpu, **values)


def _driver_model(handle: Any) -> str | None:
    model = answer_or_none("nvmlDeviceGetDriverModel_v2", handle) or answer_or_none(
        "nvmlDeviceGetDriverModel_v1", handle
    )
    return None if model is None else _DRIVER_MODELS.get(model[0])


def _memory(handle: Any) -> dict[str, int]:
    try:
        memory = memory_v2(handle)
    except (NeverAnswersError, NotNowError):
        memory = answer_or_none("nvmlDeviceGetMemoryInfo", handle)
        return {} if memory is None else {"memory_total_bytes": int(memory.total)}
    return {"memory_total_bytes": int(memory.total), "memory_reserved_bytes": int(memory.reserved)}


def _power(handle: Any) -> dict[str, float]:
    limits = answer_or_none("nvmlDeviceGetPowerManagementLimitConstraints", handle) or (None, None)
    milliwatts = {
        "power_default_w": answer_or_none("nvmlDeviceGetPowerManagementDefaultLimit", handle),
        "power_min_w": limits[0],
        "power_max_w": limits[1],
        "power_enforced_w": answer_or_none("nvmlDeviceGetEnforcedPowerLimit", handle),
        "power_requested_w": answer_or_none("nvmlDeviceGetPowerManagementLimit", handle),
    }
    return {name: value / 1000.0 for name, value in milliwatts.items() if value is not None}


def _thresholds(handle: Any) -> dict[str, float]:
    """Absolute thresholds, T.Limit distances, or both; absolute ones are computed where only distances are known."""
    found: dict[str, float] = {}
    for name, number in _THRESHOLDS.items():
        celsius = answer_or_none("nvmlDeviceGetTemperatureThreshold", handle, number)
        if celsius:  # 0 is how some drivers say that there is none
            found[name] = float(celsius)
    try:
        distances = FieldSet(handle, tuple(_TLIMITS)).read()
    except (NeverAnswersError, NotNowError):
        return found
    found.update({_TLIMITS[number]: float(value) for number, value in distances.items()})
    missing = {name: source for name, source in _FROM_TLIMIT.items() if name not in found and source in found}
    zero_c = _temperature_of_no_margin(handle) if missing else None
    if zero_c is not None:
        found.update({name: zero_c - found[source] for name, source in missing.items()})
    return found


def _temperature_of_no_margin(handle: Any) -> float | None:
    """The temperature at which the margin is 0: what the board shows now plus what it has left."""
    temperature = answer_or_none("nvmlDeviceGetTemperatureV", handle, _GPU_SENSOR)
    if temperature is None:
        temperature = answer_or_none("nvmlDeviceGetTemperature", handle, _GPU_SENSOR)
    margin = answer_or_none("nvmlDeviceGetMarginTemperature", handle)
    return None if temperature is None or margin is None else float(temperature + margin)
