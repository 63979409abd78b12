"""One board of this machine, read through NVML."""

from collections.abc import Callable
from typing import Any

from wan22.gpu.metric import FAST_S, SLOW_S, Metric, MetricCost, MetricTrack, Values
from wan22.gpu.nvml_call import UNKNOWN_ERROR, NeverAnswersError, NotNowError, UnknownAnswerError, call, driver_lost
from wan22.gpu.nvml_counters import PerformanceCounters, counters_supported
from wan22.gpu.nvml_groups import second_metrics, slow_metrics, tick_metrics
from wan22.gpu.nvml_processes import ProcessList
from wan22.schema.gpu import GpuProcess, GpuReading

_PROBE = "nvmlDeviceGetMemoryInfo"


class NvmlDevice:
    """Reads what is due; keeps what each value costs."""

    def __init__(
        self,
        gpu: int,
        handle: Any,
        timer: Callable[[], float],
        process_name: Callable[[int], str | None] | None,
        *,
        gentle: bool,
        performance_counters: bool,
    ) -> None:
        self.gpu = gpu
        self.handle = handle
        self._timer = timer
        self._processes = ProcessList(handle, process_name)
        self._counters = PerformanceCounters(handle) if performance_counters and counters_supported(handle) else None
        once_a_second = SLOW_S if gentle else FAST_S
        metrics = [*tick_metrics(handle), Metric("processes", once_a_second, self._processes.read)]
        if self._counters is not None:
            metrics.append(Metric("performance_counters", once_a_second, self._counters.read))
        metrics += [*slow_metrics(handle), *second_metrics(handle, once_a_second)]
        self._tracks = [MetricTrack(metric, timer) for metric in metrics]
        self._asked = list(self._tracks)

    @property
    def has_counters(self) -> bool:
        """Whether PCIe throughput comes from the performance counters."""
        return self._counters is not None

    def read(self, time_s: float, now_s: float, extra: Values) -> GpuReading:
        """What is due at `now_s` (monotonic), stamped `time_s`, with `extra` values that were found elsewhere.

        Raises AppError `driver_lost` or `driver_mismatch`.
        """
        started_s = self._timer()
        values: Values = dict(extra)
        for track in self._asked:
            if track.is_due(now_s) and not track.take(now_s, values):
                self.probe()
        if not all(track.answers for track in self._asked):
            self._asked = [track for track in self._asked if track.answers]
        values["read_cost_s"] = self._timer() - started_s
        return GpuReading(time_s=time_s, gpu=self.gpu, **values)

    def processes(self) -> tuple[GpuProcess, ...] | None:
        """The process list if it was read since the last call, else None."""
        return self._processes.take()

    def costs(self) -> tuple[MetricCost, ...]:
        """What every metric has cost so far, given-up ones included."""
        return tuple(track.cost(self.gpu) for track in self._tracks)

    def probe(self) -> None:
        """Ask something that every living board answers; raises AppError `driver_lost` if this one does not.

        Any clear answer counts as life, a refusal (a board cut into MIG slices) too.
        """
        try:
            call(_PROBE, self.handle)
        except UnknownAnswerError as error:
            raise driver_lost(UNKNOWN_ERROR, _PROBE) from error
        except (NeverAnswersError, NotNowError):
            return

    def close(self) -> None:
        """Give back what the driver lent."""
        if self._counters is not None:
            self._counters.close()
