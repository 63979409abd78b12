"""PCIe throughput: the driver counts for 20 ms inside each call, so it is asked for on a thread of its own.

It counts what goes over the link, packet headers included: 8 to 10 % more than the bytes that a program copies
(measured on an H100, with a kilobyte of 1000 bytes).
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from wan22.gpu.metric import FAST_S, Metric, MetricCost, MetricTrack, Values
from wan22.gpu.nvml_call import call
from wan22.schema.problem import AppError
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock
from wan22.system.threads import Worker

NAME = "pcie_throughput"

_BYTES_A_KILOBYTE = 1000.0
_TX = 0
_RX = 1
_STOP_LIMIT_S = 2.0


class PcieThroughput:
    """Asks every GPU in turn, once a second; a result is handed out once."""

    def __init__(self, handles: Mapping[int, Any], clock: Clock, timer: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._found: dict[int, Values] = {}
        self._lost: AppError | None = None
        self._tracks = {
            gpu: MetricTrack(Metric(NAME, FAST_S, _reader(handle), slow_s=float("inf")), timer)
            for gpu, handle in handles.items()
        }
        self._worker = Worker("gpu-pcie", self._work).start()

    def take(self, gpu: int) -> Values:
        """New values for that GPU, or none. Raises AppError `driver_lost` if the driver was lost meanwhile."""
        with self._lock:
            if self._lost is not None:
                raise self._lost
            return self._found.pop(gpu, {})

    def costs(self) -> tuple[MetricCost, ...]:
        """What the calls took on their thread."""
        with self._lock:
            return tuple(track.cost(gpu) for gpu, track in self._tracks.items())

    def stop(self) -> bool:
        """End the thread; False if it is stuck inside the driver."""
        return self._worker.stop(_STOP_LIMIT_S)

    def _work(self, cancel: CancelToken) -> None:
        asked = dict(self._tracks)
        while asked and not cancel.is_set:
            for gpu, track in asked.items():
                if cancel.wait(0):
                    return
                values: Values = {}
                try:
                    track.take(self._clock.monotonic(), values)
                except AppError as error:
                    with self._lock:
                        self._lost = error
                    return
                with self._lock:
                    self._found[gpu] = values
            asked = {gpu: track for gpu, track in asked.items() if track.answers}
            if asked:
                self._clock.sleep(FAST_S, cancel)


def _reader(handle: Any) -> Callable[[Values], None]:
    def read(values: Values) -> None:
        values["pcie_tx_bytes_per_s"] = call("nvmlDeviceGetPcieThroughput", handle, _TX) * _BYTES_A_KILOBYTE
        values["pcie_rx_bytes_per_s"] = call("nvmlDeviceGetPcieThroughput", handle, _RX) * _BYTES_A_KILOBYTE

    return read
