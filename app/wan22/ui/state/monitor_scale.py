"""Ranges and limit lines of the Monitor's strips, from what is known of a board. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from wan22.schema.gpu import GpuInfo, GpuReading
from wan22.ui.number_text import number, number_range
from wan22.ui.state.gpu_history import GIB, Series
from wan22.ui.state.gpu_use import GpuLimit
from wan22.ui.state.telemetry_store import LONGEST_SPAN_S, TelemetryStore


@dataclass(frozen=True, slots=True)
class LimitValue:
    """A line to draw: `is_limit` red and dashed, else grey and dotted."""

    value: float
    text: str
    is_limit: bool = True


@dataclass(frozen=True, slots=True)
class Scale:
    """The range of a strip, the same in words, and its lines."""

    low: float
    high: float
    text: str
    limits: tuple[LimitValue, ...] = ()


def limits_of(info: GpuInfo | None, reading: GpuReading | None) -> GpuLimit:
    """Power limit now in force, and the temperature at which the driver slows the board down."""
    power_w = reading.power_limit_w if reading is not None else None
    if power_w is None and info is not None:
        power_w = info.power_enforced_w
    return GpuLimit(power_w, _slowdown_c(info, reading))


def _slowdown_c(info: GpuInfo | None, reading: GpuReading | None) -> float | None:
    """Newer boards state a margin to the limit instead of the limit itself."""
    if info is not None:
        for value in (info.temperature_max_operating_c, info.temperature_slowdown_c):
            if value is not None:
                return value
    if reading is not None and reading.temperature_c is not None and reading.temperature_margin_c is not None:
        return reading.temperature_c + reading.temperature_margin_c
    return None


def scale_of(series: Series, info: GpuInfo | None, reading: GpuReading | None, store: TelemetryStore | None) -> Scale:
    """The scale of one strip. KeyError for a series that has no strip."""
    match series:
        case Series.utilisation_pct:
            return Scale(-2.0, 104.0, number_range(0, 100, "%"))
        case Series.temperature_c:
            return _temperature(info, reading, store)
        case Series.power_w:
            return _power(info, reading, store)
        case Series.memory_gib:
            return _memory(info, reading, store)
        case Series.sm_clock_mhz:
            top = info.sm_clock_max_mhz if info is not None else None
            lines = () if top is None else (LimitValue(top, f"highest {number(top)} MHz", is_limit=False),)
            return _from_zero(top, _seen(store, series), "MHz", lines)
        case _:
            raise KeyError(series)


def _temperature(info: GpuInfo | None, reading: GpuReading | None, store: TelemetryStore | None) -> Scale:
    limit_c = _slowdown_c(info, reading)
    target_c = info.temperature_target_c if info is not None else None
    lines = []
    if limit_c is not None:
        lines.append(LimitValue(limit_c, f"limit {number(limit_c)} °C"))
    if target_c is not None and target_c != limit_c:
        lines.append(LimitValue(target_c, f"target {number(target_c)} °C", is_limit=False))
    tops = [value for value in (limit_c, target_c, _seen(store, Series.temperature_c)) if value is not None]
    high = max(90.0, 10.0 * math.ceil((max(tops, default=0.0) + 2) / 10))
    return Scale(20.0, high, number_range(20.0, high, "°C"), tuple(lines))


def _power(info: GpuInfo | None, reading: GpuReading | None, store: TelemetryStore | None) -> Scale:
    limit_w = limits_of(info, reading).power_w
    default_w = info.power_default_w if info is not None else None
    lines = [] if limit_w is None else [LimitValue(limit_w, f"limit {number(limit_w)} W")]
    if default_w is not None and limit_w is not None and abs(default_w - limit_w) >= 1:
        lines.append(LimitValue(default_w, f"default {number(default_w)} W", is_limit=False))
    tops = [value for value in (limit_w, default_w) if value is not None]
    return _from_zero(max(tops, default=None), _seen(store, Series.power_w), "W", tuple(lines))


def _memory(info: GpuInfo | None, reading: GpuReading | None, store: TelemetryStore | None) -> Scale:
    total = reading.memory_total_bytes if reading is not None else None
    if total is None and info is not None:
        total = info.memory_total_bytes
    top = None if total is None else total / GIB
    lines = () if top is None else (LimitValue(top, f"card {number(top, 1)} GiB"),)
    return _from_zero(top, _seen(store, Series.memory_gib), "GiB", lines)


def _from_zero(top: float | None, seen: float | None, unit: str, lines: Sequence[LimitValue]) -> Scale:
    known = [value for value in (top, seen) if value is not None]
    if not known:
        return Scale(0.0, 1.0, "", tuple(lines))
    highest = max(known)
    high = highest * 1.08 if top is not None and highest == top else _round_up(highest * 1.05)
    return Scale(-0.02 * high, high, number_range(0, high, unit), tuple(lines))


def _round_up(value: float) -> float:
    """The next of 1, 2, 2.5, 4, 5, 6, 8 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(
        (step * power for step in (1, 2, 2.5, 4, 5, 6, 8, 10) if value <= step * power * (1 + 1e-9)), 10 * power
    )


def _seen(store: TelemetryStore | None, series: Series) -> float | None:
    """The largest value of the last day."""
    return None if store is None else store.statistics(series, LONGEST_SPAN_S).high
