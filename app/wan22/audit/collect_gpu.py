"""The driver and its boards, once: versions, limits, thresholds, the slot, what can be switched."""

from typing import Any

from wan22.audit.source import AuditSources, Found
from wan22.gpu.nvml import NvmlSource
from wan22.gpu.nvml_call import answer_or_none
from wan22.schema.audit import BoardFacts, GpuFacts
from wan22.schema.gpu import GpuInventory
from wan22.system.cancel import CancelToken

_NOT_TOLD = "The driver does not tell it for this board."
_ONLY_WINDOWS = "Only Windows has driver models."
_MAY_BE_UNKNOWN = ("vbios_version", "pcie_generation_now", "pcie_width_now", "persistence")
_MAY_BE_UNKNOWN_IN_INFO = ("ecc_enabled", "mig_enabled", "power_enforced_w", "power_default_w", "bar1_total_bytes")


def collect_gpu(sources: AuditSources, _cancel: CancelToken) -> Found:
    """`GpuFacts`. AppError `driver_missing`, `driver_mismatch`, `driver_lost`."""
    if sources.inventory is not None:
        return _found(sources.inventory, {}, sources)
    source = NvmlSource(sources.clock, gentle=True)
    try:
        inventory = source.inventory()
        extras = {board.gpu: _extra(board.gpu) for board in inventory.gpus}
    finally:
        source.close()
    return _found(inventory, extras, sources)


def _extra(gpu: int) -> dict[str, Any]:
    """What the inventory of a run does not need."""
    handle = answer_or_none("nvmlDeviceGetHandleByIndex", gpu)
    if handle is None:
        return {}
    ecc = answer_or_none("nvmlDeviceGetEccMode", handle)
    persistence = answer_or_none("nvmlDeviceGetPersistenceMode", handle)
    return {
        "vbios_version": answer_or_none("nvmlDeviceGetVbiosVersion", handle),
        "pcie_generation_now": answer_or_none("nvmlDeviceGetCurrPcieLinkGeneration", handle),
        "pcie_width_now": answer_or_none("nvmlDeviceGetCurrPcieLinkWidth", handle),
        "ecc_pending": None if ecc is None else bool(ecc[1]),
        "persistence": None if persistence is None else bool(persistence),
    }


def _found(inventory: GpuInventory, extras: dict[int, dict[str, Any]], sources: AuditSources) -> Found:
    boards = tuple(BoardFacts(info=board, **extras.get(board.gpu, {})) for board in inventory.gpus)
    reasons: dict[str, str] = {}
    for number, board in enumerate(boards):
        for name in _MAY_BE_UNKNOWN:
            if getattr(board, name) is None:
                known_before = sources.inventory is not None
                reasons[f"boards.{number}.{name}"] = "Not asked during a run." if known_before else _NOT_TOLD
        for name in _MAY_BE_UNKNOWN_IN_INFO:
            if getattr(board.info, name) is None:
                reasons[f"boards.{number}.info.{name}"] = _NOT_TOLD
        if board.info.driver_model is None:
            reasons[f"boards.{number}.info.driver_model"] = _NOT_TOLD if sources.platform == "win32" else _ONLY_WINDOWS
    facts = GpuFacts(
        driver_version=inventory.driver_version,
        cuda_version=inventory.cuda_version,
        nvml_version=inventory.nvml_version,
        boards=boards,
    )
    return Found(facts, reasons)
