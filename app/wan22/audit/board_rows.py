"""Lines about the driver and each board."""

from wan22.audit.fact_row import RowList, gibibytes, with_unit
from wan22.schema.audit import AuditSnapshot, BoardFacts, ChangeWeight
from wan22.schema.gpu import GpuInfo

_ON_OFF = {True: "on", False: "off"}
_THRESHOLDS = (
    ("temperature_target_c", "", "Target temperature"),
    ("temperature_max_operating_c", "tlimit_max_operating_c", "Highest working temperature"),
    ("temperature_slowdown_c", "tlimit_slowdown_c", "Slows down at"),
    ("temperature_shutdown_c", "tlimit_shutdown_c", "Shuts down at"),
    ("temperature_memory_max_c", "tlimit_memory_max_c", "Highest memory temperature"),
)
"""Threshold, the same as a distance, and how it is called."""


def gpu_rows(snapshot: AuditSnapshot, rows: RowList) -> None:
    """The driver, then board by board."""
    facts = snapshot.gpu
    assert facts is not None
    rows.add("driver_version", "Driver", facts.driver_version, weight=ChangeWeight.decisive)
    rows.add(
        "cuda_version",
        "CUDA of the driver",
        facts.cuda_version,
        subject="The driver's CUDA",
        weight=ChangeWeight.strong,
    )
    if facts.nvml_version is not None:
        rows.add("nvml_version", "NVML", facts.nvml_version, is_detail=True)
    for number, board in enumerate(facts.boards):
        _board(rows, number, board)


def _board(rows: RowList, number: int, board: BoardFacts) -> None:
    info = board.info
    key = info.uuid or f"index-{info.gpu}"
    name = f"GPU {info.gpu}"
    group = f"{name} · {info.name}"
    below = _Below(rows, number, key, name, group)
    capability = (
        "" if info.compute_capability is None else f", sm_{info.compute_capability[0]}{info.compute_capability[1]}"
    )
    text = f"{info.name}, {info.architecture}{capability}" if info.architecture else f"{info.name}{capability}"
    rows.add(
        key, "Board", info.name, text, group=group, subject=name, weight=ChangeWeight.decisive, comes_and_goes=True
    )
    below.add("info.uuid", "Identity", info.uuid)
    total = info.memory_total_bytes
    below.add("info.memory_total_bytes", "Memory", total, gibibytes(total), weight=ChangeWeight.decisive)
    below.add("vbios_version", "vBIOS", board.vbios_version, weight=ChangeWeight.strong)
    _power(below, info)
    for field, distance, label in _THRESHOLDS:
        value = getattr(info, field)
        if value is not None:
            # Where the driver tells distances, the threshold is computed from the temperature of the moment.
            told = getattr(info, distance) if distance else None
            below.add(f"info.{field}", label, value if told is None else told, with_unit(value, "°C"))
    _slot(below, board)
    _switches(below, board)


def _power(below: "_Below", info: GpuInfo) -> None:
    heavy = ChangeWeight.decisive
    enforced, default = info.power_enforced_w, info.power_default_w
    below.add("info.power_enforced_w", "Power limit", enforced, with_unit(enforced, "W"), weight=heavy)
    below.add(
        "info.power_default_w", "Default power limit", default, with_unit(default, "W"), weight=ChangeWeight.strong
    )
    low, high = info.power_min_w, info.power_max_w
    if low is not None and high is not None:
        below.add("info.power_max_w", "Limit can be set", (low, high), f"{low:g} to {high:g} W")
    if info.power_source is not None:
        source = {"ac": "mains", "undersized": "a power supply that is too weak"}.get(
            info.power_source, info.power_source
        )
        below.add("info.power_source", "Board's power from", source, weight=ChangeWeight.strong)


def _slot(below: "_Below", board: BoardFacts) -> None:
    info = board.info
    most = (info.pcie_generation_max, info.pcie_width_max)
    text = None if None in most else f"gen {most[0]} x{most[1]}"
    value = None if None in most else most
    below.add("info.pcie_generation_max", "PCIe link at most", value, text, weight=ChangeWeight.decisive)
    card = info.pcie_generation_card_max
    if card is not None and card != info.pcie_generation_max:
        below.add("info.pcie_generation_card_max", "PCIe of the card alone", card, f"gen {card}")
    now = (board.pcie_generation_now, board.pcie_width_now)
    text = None if None in now else f"gen {now[0]} x{now[1]} (an idle link is slower)"
    value = None if None in now else now
    below.add("pcie_generation_now", "PCIe link now", value, text, weight=ChangeWeight.passing)
    bar1, total = info.bar1_total_bytes, info.memory_total_bytes
    text = gibibytes(bar1)
    if bar1 is not None and total is not None:
        text = f"{text}: Resizable BAR is {'on' if bar1 >= total else 'off'}"
    below.add("info.bar1_total_bytes", "BAR1", bar1, text, weight=ChangeWeight.strong)


def _switches(below: "_Below", board: BoardFacts) -> None:
    info, strong = board.info, ChangeWeight.strong
    ecc = _ON_OFF.get(info.ecc_enabled) if info.ecc_enabled is not None else None
    if board.ecc_pending is not None and board.ecc_pending != info.ecc_enabled:
        ecc = f"{ecc}, {_ON_OFF[board.ecc_pending]} after a restart"
    below.add("info.ecc_enabled", "ECC", ecc, weight=strong)
    mig = _ON_OFF.get(info.mig_enabled) if info.mig_enabled is not None else None
    below.add("info.mig_enabled", "MIG", mig, weight=ChangeWeight.decisive)
    below.add("persistence", "Persistence mode", None if board.persistence is None else _ON_OFF[board.persistence])
    if info.driver_model is not None:
        below.add("info.driver_model", "Driver model", info.driver_model.upper(), weight=strong)


class _Below:
    """Adds lines below one board."""

    def __init__(self, rows: RowList, number: int, key: str, name: str, group: str) -> None:
        self._rows, self._number, self._key, self._name, self._group = rows, number, key, name, group

    def add(
        self,
        path: str,
        label: str,
        value: object,
        text: str | None = None,
        *,
        weight: ChangeWeight = ChangeWeight.minor,
        is_detail: bool = False,
    ) -> None:
        """`path` below the board; the key is made of the board's identity and the last word of it."""
        self._rows.add(
            f"{self._key}.{path.rpartition('.')[2]}",
            label,
            value,
            text,
            path=f"boards.{self._number}.{path}",
            group=self._group,
            subject=f"{label} of {self._name}",
            parent=self._key,
            weight=weight,
            is_detail=is_detail,
        )
