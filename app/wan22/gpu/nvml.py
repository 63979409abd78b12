"""The GPUs of this machine, read through NVIDIA's own library."""

import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any

from wan22.gpu.metric import MetricCost
from wan22.gpu.nvml_call import NeverAnswersError, NotNowError, call, start_driver, stop_driver
from wan22.gpu.nvml_device import NvmlDevice
from wan22.gpu.nvml_inventory import read_inventory
from wan22.gpu.nvml_pcie import PcieThroughput
from wan22.schema.gpu import GpuInventory, GpuSampled
from wan22.schema.problem import AppError, app_error
from wan22.system.clock import Clock

_log = logging.getLogger(__name__)


class NvmlSource:
    """Implements `GpuSource`.

    `gentle` reads little and seldom, for a machine where something else must not stutter: no PCIe throughput, the
    rest of the slow values every ten seconds. `process_name` turns a process id into a name. `performance_counters`
    adds true activity where the board has it; it disturbs other tools that use the same counters. `timer` measures
    what the calls cost.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        gentle: bool = False,
        process_name: Callable[[int], str | None] | None = None,
        performance_counters: bool = False,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Start the driver's library. Raises AppError `driver_missing`, `driver_mismatch` or `driver_lost`."""
        self._clock = clock
        self._timer = timer
        self._pcie: PcieThroughput | None = None
        self._devices: list[NvmlDevice] = []
        self._silent: dict[int, AppError] = {}
        self._open = True
        start_driver()
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(self.close)
            for gpu in range(_count()):
                self._add(gpu, process_name, gentle=gentle, performance_counters=performance_counters)
            if self._silent and not self._devices:
                raise next(iter(self._silent.values()))
            asked = {device.gpu: device.handle for device in self._devices if not device.has_counters}
            if asked and not gentle:
                self._pcie = PcieThroughput(asked, clock, timer)
            on_failure.pop_all()

    def inventory(self) -> GpuInventory:
        """The driver and its boards; a board that does not answer is listed without a name."""
        handles: dict[int, Any] = dict.fromkeys(self._silent)
        handles.update({device.gpu: device.handle for device in self._devices})
        return read_inventory(dict(sorted(handles.items())))

    def read(self) -> GpuSampled:
        """One tick; see `GpuSource.read`."""
        readings = []
        processes = []
        tick_s = self._clock.now()
        for device in self._devices:
            extra = self._pcie.take(device.gpu) if self._pcie is not None else {}
            readings.append(device.read(self._clock.now(), self._clock.monotonic(), extra))
            listed = device.processes()
            if listed is not None:
                processes.append((device.gpu, listed))
        return GpuSampled(time_s=tick_s, readings=tuple(readings), processes=tuple(processes))

    def costs(self) -> tuple[MetricCost, ...]:
        """What every value costs to read, per board."""
        found = [cost for device in self._devices for cost in device.costs()]
        return (*found, *(self._pcie.costs() if self._pcie is not None else ()))

    def close(self) -> None:
        """Let go of the driver. A thread that is stuck inside it keeps the library open: closing it would crash."""
        if not self._open:
            return
        self._open = False
        stopped = self._pcie is None or self._pcie.stop()
        for device in self._devices:
            device.close()
        if stopped:
            stop_driver()

    def _add(
        self, gpu: int, process_name: Callable[[int], str | None] | None, *, gentle: bool, performance_counters: bool
    ) -> None:
        try:
            handle = call("nvmlDeviceGetHandleByIndex", gpu)
            device = NvmlDevice(
                gpu, handle, self._timer, process_name, gentle=gentle, performance_counters=performance_counters
            )
            device.probe()
        except AppError as error:
            if error.problem.code != "driver_lost":
                raise
            silent = error
        except (NeverAnswersError, NotNowError) as error:
            silent = app_error("driver_lost", f"GPU {gpu} does not answer ({error}).")
        else:
            self._devices.append(device)
            return
        _log.warning("GPU %d is left out: %s", gpu, silent.problem.message)
        self._silent[gpu] = silent


def _count() -> int:
    """How many boards the driver lists. Raises AppError `driver_missing` when there are none."""
    try:
        count = int(call("nvmlDeviceGetCount"))
    except (NeverAnswersError, NotNowError) as error:
        raise app_error("driver_lost", f"The NVIDIA driver does not list its GPUs ({error}).") from error
    if count == 0:
        raise app_error("driver_missing", "The NVIDIA driver is loaded, but it finds no GPU in this machine.")
    return count
