"""What the chip's own performance counters say (Hopper; GeForce since RTX 50): true activity, not "was busy"."""

import contextlib
from typing import Any

import pynvml

from wan22.gpu.metric import Values
from wan22.gpu.nvml_call import answer_or_none, call
from wan22.schema.problem import AppError

_BYTES_A_MEBIBYTE = 1024.0 * 1024.0
_METRICS: dict[int, tuple[str, float]] = {
    2: ("sm_active_pct", 1.0),
    5: ("tensor_active_pct", 1.0),
    10: ("dram_active_pct", 1.0),
    20: ("pcie_tx_bytes_per_s", _BYTES_A_MEBIBYTE),
    21: ("pcie_rx_bytes_per_s", _BYTES_A_MEBIBYTE),
}


def counters_supported(handle: Any) -> bool | None:
    """Whether the board and driver offer these counters; None if the driver does not know the question."""
    support = answer_or_none("nvmlGpmQueryDeviceSupport", handle)
    return None if support is None else bool(support.isSupportedDevice)


class PerformanceCounters:
    """Two samples taken in turn; every reading compares the newest with the one before."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._samples: list[Any] = []
        self._taken = 0

    def read(self, values: Values) -> None:
        """Put the activity since the last reading into `values`; nothing on the first."""
        while len(self._samples) < 2:
            self._samples.append(call("nvmlGpmSampleAlloc"))
        self._samples.reverse()
        older, newer = self._samples
        taken, self._taken = self._taken, 0
        call("nvmlGpmSampleGet", self._handle, newer)
        self._taken = min(taken + 1, 2)
        if self._taken < 2:
            return
        question = pynvml.c_nvmlGpmMetricsGet_t()
        question.version = pynvml.NVML_GPM_METRICS_GET_VERSION
        question.numMetrics = len(_METRICS)
        question.sample1, question.sample2 = older, newer
        for index, number in enumerate(_METRICS):
            question.metrics[index].metricId = number
        call("nvmlGpmMetricsGet", question)
        for index, (name, scale) in enumerate(_METRICS.values()):
            if question.metrics[index].nvmlReturn == 0:
                values[name] = question.metrics[index].value * scale

    def close(self) -> None:
        """Give the samples back to the driver."""
        for sample in self._samples:
            with contextlib.suppress(AppError):  # with a driver that is gone its memory is gone as well
                answer_or_none("nvmlGpmSampleFree", sample)
        self._samples = []
