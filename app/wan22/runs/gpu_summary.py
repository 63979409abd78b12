"""What the readings of one board say about a job: medians, peaks, energy and limiters. Pure."""

from collections.abc import Sequence

import numpy as np

from wan22.runs.telemetry import FloatArray, Telemetry
from wan22.schema.gpu import LIMITERS
from wan22.schema.summary import GpuSummary

Span = tuple[float, float]
"""From and to, seconds since the epoch."""

EDGE_S = 1.5
HOLE_S = 6.0
_JOULES_A_WH = 3600.0
_BITS = {
    "power_cap": 0x4,
    "hw_slowdown": 0x8,
    "thermal": 0x20,
    "hw_thermal": 0x40,
    "power_brake": 0x80,
    "board": 0x200,
    "reliability": 0x400,
}


def gpu_summary(board: Telemetry, sampling: Sequence[Span], job: Span | None) -> GpuSummary | None:
    """Summarise the rows of one board; None without rows.

    `sampling` are the times of both passes, `job` the time from the job's start to its end.
    """
    if not len(board):
        return None
    phase = _within(board, sampling)
    whole = _within(board, [job]) if job is not None else board
    sampling_j, source = _energy_j(board, sampling)
    job_j, _ = _energy_j(board, [job] if job is not None else [], only=source)
    shares, limiter_source = _limiters(board, phase, sampling)
    power_name = "power_w" if _has(phase, "power_w") else "power_instant_w"
    return GpuSummary(
        sample_count=len(board),
        sampling_count=len(phase),
        utilization_median_pct=_median(phase, "utilization_pct"),
        power_median_w=_median(phase, power_name),
        power_limit_w=_median(phase, "power_limit_w"),
        power_peak_w=_peak(phase, power_name),
        temperature_peak_c=_peak(whole, "temperature_c"),
        sm_clock_median_mhz=_median(phase, "sm_clock_mhz"),
        memory_peak_bytes=_peak(whole, "memory_used_bytes"),
        memory_before_bytes=_before(board, job),
        energy_wh=None if sampling_j is None else sampling_j / _JOULES_A_WH,
        energy_job_wh=None if job_j is None else job_j / _JOULES_A_WH,
        energy_source=source,
        limiter_source=limiter_source,
        limiter_share=shares,
    )


def _within(board: Telemetry, spans: Sequence[Span]) -> Telemetry:
    time_s = board.column("time_s")
    chosen = np.zeros(len(board), dtype=np.bool_)
    for first_s, last_s in spans:
        chosen |= (time_s >= first_s) & (time_s <= last_s)
    return board.where(chosen)


def _has(rows: Telemetry, name: str) -> bool:
    return bool(np.isfinite(rows.column(name)).any())


def _median(rows: Telemetry, name: str) -> float | None:
    return float(np.nanmedian(rows.column(name))) if _has(rows, name) else None


def _peak(rows: Telemetry, name: str) -> float | None:
    return float(np.nanmax(rows.column(name))) if _has(rows, name) else None


def _before(board: Telemetry, job: Span | None) -> float | None:
    """Memory in use at the last reading before the job."""
    if job is None:
        return None
    earlier = board.between(-np.inf, job[0])
    values = earlier.column("memory_used_bytes")
    known = values[np.isfinite(values)]
    return float(known[-1]) if known.size else None


def _energy_j(board: Telemetry, spans: Sequence[Span], only: str = "") -> tuple[float | None, str]:
    """Joules used in `spans` and how they were found: the driver's counter, else power summed over time."""
    if only in ("", "counter"):
        counted = _counter_growth(board, "energy_j", spans)
        if counted is not None or only:
            return counted, "counter" if counted is not None else only
    name = "power_w" if _has(board, "power_w") else "power_instant_w"
    summed = _integral(*_known(board, name), spans)
    return summed, "integral" if summed is not None else ""


def _limiters(board: Telemetry, phase: Telemetry, spans: Sequence[Span]) -> tuple[dict[str, float], str]:
    """Share of the sampling time that each limiter was at work, 0 to 1, and where that was read."""
    duration_ns = sum(last_s - first_s for first_s, last_s in spans) * 1e9
    if duration_ns > 0:
        growth = {name: _counter_growth(board, column, spans) for name, column in LIMITERS.items()}
        shares = {name: min(1.0, ns / duration_ns) for name, ns in growth.items() if ns is not None}
        if shares:
            return shares, "counters"
    reasons = phase.column("clocks_event_reasons")
    masks = reasons[np.isfinite(reasons)].astype(np.int64)
    if not masks.size:
        return {}, ""
    return {name: float(np.mean((masks & bit) != 0)) for name, bit in _BITS.items()}, "samples"


def _known(board: Telemetry, name: str) -> tuple[FloatArray, FloatArray]:
    """Times and values of one column where it was read, in order of time."""
    time_s, values = board.column("time_s"), board.column(name)
    order = np.argsort(time_s, kind="stable")
    time_s, values = time_s[order], values[order]
    there = np.isfinite(values) & np.isfinite(time_s)
    return time_s[there], values[there]


def _covered(time_s: FloatArray, spans: Sequence[Span]) -> bool:
    """Whether readings reach (nearly) over every span, so that nothing has to be made up at its edges."""
    return (
        time_s.size >= 2
        and bool(spans)
        and all(time_s[0] <= first_s + EDGE_S and time_s[-1] >= last_s - EDGE_S for first_s, last_s in spans)
    )


def _counter_growth(board: Telemetry, name: str, spans: Sequence[Span]) -> float | None:
    """How much a counter grew in all spans together; None if it was not read there or was set back meanwhile."""
    time_s, values = _known(board, name)
    if not _covered(time_s, spans) or bool((np.diff(values) < 0).any()):
        return None
    edges = np.interp(np.array(spans, dtype=np.float64), time_s, values)
    return float((edges[:, 1] - edges[:, 0]).sum())


def _integral(time_s: FloatArray, values: FloatArray, spans: Sequence[Span]) -> float | None:
    """Values summed over time in all spans together, straight lines between the readings; None over a hole."""
    if not _covered(time_s, spans):
        return None
    total = 0.0
    for first_s, last_s in spans:
        inside = (time_s > first_s) & (time_s < last_s)
        at_s = np.concatenate(([first_s], time_s[inside], [last_s]))
        around = time_s[max(0, int(np.searchsorted(time_s, first_s, "right")) - 1) : _after(time_s, last_s)]
        if around.size > 1 and float(np.diff(around).max()) > HOLE_S:
            return None
        total += float(np.trapezoid(np.interp(at_s, time_s, values), at_s))
    return total


def _after(time_s: FloatArray, moment_s: float) -> int:
    """Index behind the first reading at or after a moment."""
    return int(np.searchsorted(time_s, moment_s, "left")) + 1
