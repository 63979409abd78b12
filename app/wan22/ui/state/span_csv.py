"""The visible span of curves as a CSV file: one row a bucket and GPU."""

import math
from collections.abc import Sequence

from wan22.ui.state.gpu_history import GpuHistory, Series

_UNFOLDED = 10**9


def csv_of_span(history: GpuHistory, gpus: Sequence[int], span_s: float, end_s: float) -> str:
    """Rows `time_s,gpu,bucket_s,<series>_min,<series>_mean,<series>_max,…`, nan where nothing was read.

    `time_s`: middle of the bucket, seconds since the epoch.
    """
    names = [f"{series.name}_{part}" for series in Series for part in ("min", "mean", "max")]
    lines = [",".join(["time_s", "gpu", "bucket_s", *names])]
    for gpu in gpus:
        lines.extend(_rows(history, gpu, span_s, end_s))
    return "\n".join(lines) + "\n"


def _rows(history: GpuHistory, gpu: int, span_s: float, end_s: float) -> list[str]:
    store = history.store(gpu)
    if store is None:
        return []
    width = 3 * len(Series)
    cells: dict[float, list[float]] = {}
    step_s = 0.0
    for series in Series:
        found = store.slice_of(series, span_s, _UNFOLDED, end_s)
        step_s = found.step_s
        for time_s, low, mean, high in zip(found.time_s, found.low, found.mean, found.high, strict=True):
            row = cells.setdefault(round(float(time_s) + end_s, 3), [math.nan] * width)
            row[3 * series : 3 * series + 3] = [float(low), float(mean), float(high)]
    return [
        ",".join([f"{time_s:.3f}", str(gpu), f"{step_s:g}", *(_cell(value) for value in row)])
        for time_s, row in sorted(cells.items())
    ]


def _cell(value: float) -> str:
    return "nan" if math.isnan(value) else f"{value:.6g}"
