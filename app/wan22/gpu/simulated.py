"""The simulated board of the ComfyUI look-alike as a source of readings. Marked SIMULATED wherever it is shown."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

from pydantic import ValidationError

from wan22.gpu.metric import MetricCost
from wan22.schema.gpu import GpuInventory, GpuProcess, GpuReading, GpuSampled
from wan22.schema.problem import AppError, app_error
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock

Fetch = Callable[[], Mapping[str, Any]]

_LOOK_S = 0.1
_LOST = "The simulated GPU does not answer any more."
_SLOW_EVERY_S = 1.0
_SLOW_FIELDS = frozenset(
    field.name
    for field in fields(GpuReading)
    if field.name.startswith(
        ("limiter_", "temperature_margin", "energy", "sm_active", "tensor_", "dram_", "pcie_rx", "pcie_tx")
    )
    or field.name in ("fan_pct", "pcie_replay_count", "recovery_action")
)


class SimulatedSource:
    """Implements `GpuSource` over `fetch`, which asks the look-alike for its `/demo/gpu` document.

    `fetch` raises AppError `driver_lost` when nobody answers. The look-alike may still be starting: `inventory` waits
    up to `wait_s` for its first answer, unless `cancel` is set.
    """

    def __init__(self, fetch: Fetch, clock: Clock, wait_s: float = 40.0, cancel: CancelToken | None = None) -> None:
        self._fetch = fetch
        self._clock = clock
        self._wait_s = wait_s
        self._cancel = cancel
        self._slow_due_s = clock.monotonic()

    def inventory(self) -> GpuInventory:
        """The simulated board. Raises AppError `driver_lost` when no look-alike answers in time."""
        give_up_s = self._clock.monotonic() + self._wait_s
        while True:
            try:
                return _inventory(self._fetch())
            except AppError:
                if self._clock.monotonic() >= give_up_s or (self._cancel is not None and self._cancel.is_set):
                    raise
            self._clock.sleep(_LOOK_S, self._cancel)

    def read(self) -> GpuSampled:
        """One reading, stamped on arrival; slow values and processes once a second, as with a real driver."""
        document = self._fetch()
        now_s, monotonic_s = self._clock.now(), self._clock.monotonic()
        is_slow = monotonic_s >= self._slow_due_s
        reading = replace(_reading(document), time_s=now_s)
        if not is_slow:
            nothing: dict[str, Any] = dict.fromkeys(_SLOW_FIELDS)
            return GpuSampled(time_s=now_s, readings=(replace(reading, **nothing),))
        self._slow_due_s = monotonic_s + _SLOW_EVERY_S
        return GpuSampled(time_s=now_s, readings=(reading,), processes=((reading.gpu, _processes(document)),))

    def costs(self) -> tuple[MetricCost, ...]:
        """What it costs to ask a look-alike says nothing about a driver."""
        return ()

    def close(self) -> None:
        """Nothing is held open."""


def _inventory(document: Mapping[str, Any]) -> GpuInventory:
    try:
        found = GpuInventory.model_validate(document.get("inventory"))
    except ValidationError as error:
        raise app_error("driver_lost", _LOST, detail=str(error)) from error
    return found.model_copy(update={"source": "simulated", "simulated": True})


def _reading(document: Mapping[str, Any]) -> GpuReading:
    told = document.get("reading")
    if not isinstance(told, Mapping) or "gpu" not in told:
        raise app_error("driver_lost", _LOST, detail="its answer holds no reading")
    known = {field.name for field in fields(GpuReading)}
    return GpuReading(**{name: value for name, value in told.items() if name in known} | {"time_s": 0.0})


def _processes(document: Mapping[str, Any]) -> tuple[GpuProcess, ...]:
    told = document.get("processes")
    return tuple(GpuProcess.model_validate(one) for one in told) if isinstance(told, list) else ()
