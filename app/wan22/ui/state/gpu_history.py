"""Readings of all GPUs: the newest of each, and a day of them to draw."""

import math
from collections.abc import Iterable, Mapping
from enum import IntEnum

from PySide6.QtCore import QObject, Signal

from wan22.gpu.latest import merged_reading
from wan22.gpu.throttle_reasons import limiter_shares
from wan22.schema.gpu import LIMITERS, GpuInfo, GpuInventory, GpuReading, GpuSampled
from wan22.ui.state.telemetry_store import TelemetryStore

GIB = 2.0**30
MIB = 2.0**20


class Series(IntEnum):
    """Row of a series in a GPU's store. Memory in GiB, PCIe in MiB/s, limiters as a share from 0 to 1."""

    utilisation_pct = 0
    temperature_c = 1
    power_w = 2
    memory_gib = 3
    sm_clock_mhz = 4
    memory_clock_mhz = 5
    pcie_rx_mib_per_s = 6
    pcie_tx_mib_per_s = 7
    power_cap_share = 8
    heat_share = 9
    brake_share = 10
    idle_share = 11


_LANES: Mapping[Series, tuple[tuple[str, ...], int]] = {
    Series.power_cap_share: (("power_cap",), 0x004),
    Series.heat_share: (("thermal", "hw_thermal"), 0x060),
    Series.brake_share: (("power_brake", "board"), 0x280),
    Series.idle_share: (("low_utilization",), 0x001),
}
"""Series of a limiter: the driver's counters that stand for it, and the bits of the mask where those are missing."""


class GpuHistory(QObject):
    """Written by `apply` and `set_inventory` alone; `changed` is said once a batch."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.latest: dict[int, GpuReading] = {}
        self.infos: dict[int, GpuInfo] = {}
        self.simulated = False
        self.driver_version: str | None = None
        self._stores: dict[int, TelemetryStore] = {}
        self._counted: dict[int, GpuReading] = {}

    @property
    def gpus(self) -> tuple[int, ...]:
        """Numbers of the GPUs that are known or have readings."""
        return tuple(sorted(set(self.infos) | set(self._stores)))

    @property
    def newest_s(self) -> float | None:
        """Time of the newest reading of any GPU."""
        return max((store.newest_s for store in self._stores.values() if store.newest_s is not None), default=None)

    @property
    def oldest_s(self) -> float | None:
        """Time of the first reading of any GPU."""
        return min((store.oldest_s for store in self._stores.values() if store.oldest_s is not None), default=None)

    def store(self, gpu: int) -> TelemetryStore | None:
        """What was read of one GPU; None before its first reading."""
        return self._stores.get(gpu)

    def name(self, gpu: int) -> str:
        """Name of the board without its maker; empty when it is not known."""
        info = self.infos.get(gpu)
        return info.name.removeprefix("NVIDIA ").removeprefix("GeForce ") if info is not None else ""

    def set_inventory(self, inventory: GpuInventory) -> None:
        """What the boards are; told by whoever starts the sampler or opens a run."""
        self.infos = {info.gpu: info for info in inventory.gpus}
        self.simulated = inventory.simulated
        self.driver_version = inventory.driver_version
        self.changed.emit()

    def apply(self, facts: Iterable[object]) -> None:
        """Take the readings out of a batch of facts."""
        touched = False
        for fact in facts:
            if isinstance(fact, GpuSampled):
                for reading in fact.readings:
                    self._take(reading)
                touched = touched or bool(fact.readings)
        if touched:
            self.changed.emit()

    def _take(self, reading: GpuReading) -> None:
        gpu = reading.gpu
        store = self._stores.get(gpu)
        if store is None:  # not `setdefault`: a store is 15 MB to make
            store = self._stores[gpu] = TelemetryStore(len(Series))
        before = self.latest.get(gpu)
        if before is None or reading.time_s >= before.time_s:
            self.latest[gpu] = merged_reading(before, reading)
        values = row_of_reading(reading)
        for series, share in self._shares(reading).items():
            values[series] = share
        store.append(reading.time_s, values)

    def _shares(self, reading: GpuReading) -> dict[Series, float]:
        """Shares since the last look at the driver's counters; without counters what the mask says now."""
        if any(getattr(reading, column) is not None for column in LIMITERS.values()):
            before = self._counted.get(reading.gpu)
            self._counted[reading.gpu] = reading
            shares = limiter_shares(before, reading) if before is not None else {}
            found = {}
            for series, (names, _) in _LANES.items():
                known = [shares[name] for name in names if name in shares]
                if known:
                    found[series] = max(known)
            return found
        if reading.gpu in self._counted or reading.clocks_event_reasons is None:
            return {}
        mask = reading.clocks_event_reasons
        return {series: float(bool(mask & bits)) for series, (_, bits) in _LANES.items()}


def row_of_reading(reading: GpuReading) -> list[float]:
    """Values of a reading in the order of `Series`, nan where there is none; limiters are left nan."""
    power_w = reading.power_w if reading.power_w is not None else reading.power_instant_w
    values = {
        Series.utilisation_pct: reading.utilization_pct,
        Series.temperature_c: reading.temperature_c,
        Series.power_w: power_w,
        Series.memory_gib: _scaled(reading.memory_used_bytes, GIB),
        Series.sm_clock_mhz: reading.sm_clock_mhz,
        Series.memory_clock_mhz: reading.memory_clock_mhz,
        Series.pcie_rx_mib_per_s: _scaled(reading.pcie_rx_bytes_per_s, MIB),
        Series.pcie_tx_mib_per_s: _scaled(reading.pcie_tx_bytes_per_s, MIB),
    }
    row = [math.nan] * len(Series)
    for series, value in values.items():
        if value is not None:
            row[series] = value
    return row


def _scaled(value: float | None, unit: float) -> float | None:
    return None if value is None else value / unit
