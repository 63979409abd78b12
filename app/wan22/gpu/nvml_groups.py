"""What is read of one GPU at which pace: each tick, once a second, every ten seconds.

The paces follow what the driver's calls cost and how often it refreshes the values (every 100 ms at best).
"""

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

from wan22.gpu.metric import EVERY_TICK_S, FAST_S, SLOW_S, Metric, Values
from wan22.gpu.nvml_call import FieldSet, Ladder, NeverAnswersError, call

_GPU_SENSOR = 0
_HOT_SPOT_SENSOR = 1
_SM_CLOCK = 1
_MEMORY_CLOCK = 2
_PSTATE_UNKNOWN = 32
_MEMORY_V2 = 0x02000028
_UNCORRECTED = 1
_SINCE_LOAD = 0

_POWER_AVERAGE = 185
_POWER_INSTANT = 186
_POWER_ENFORCED = 190
_MEMORY_TEMPERATURE = 82
_REPLAY_COUNT = 94
_RECOVERY_ACTION = 230

_THERMAL_POLICY = 75
_SW_THERMAL = 269
_LIMITER_FIELDS = {
    74: "limiter_power_cap_ns",
    _SW_THERMAL: "limiter_thermal_ns",
    270: "limiter_hw_thermal_ns",
    271: "limiter_power_brake_ns",
    77: "limiter_board_ns",
    78: "limiter_low_utilization_ns",
    79: "limiter_reliability_ns",
    81: "limiter_below_base_ns",
}

# Energy takes the driver 3 to 20 ms, the limiter counters 1 to 4: that is usual, and both are needed once a second.
_ENERGY_SLOW_S = 0.03
_LIMITERS_SLOW_S = 0.015


def tick_metrics(handle: Any) -> list[Metric]:
    """Served from a page that the driver keeps: microseconds each."""
    return [
        Metric("utilization", EVERY_TICK_S, partial(_utilization, handle)),
        Metric("power", EVERY_TICK_S, _Power(handle).read),
        Metric("temperature", EVERY_TICK_S, _single("temperature_c", _temperature(handle))),
        Metric("sm_clock", EVERY_TICK_S, _clock("sm_clock_mhz", handle, _SM_CLOCK)),
        Metric("memory_clock", EVERY_TICK_S, _clock("memory_clock_mhz", handle, _MEMORY_CLOCK)),
        Metric("clocks_event_reasons", EVERY_TICK_S, _single("clocks_event_reasons", _reasons(handle))),
        Metric("pstate", EVERY_TICK_S, _pstate(handle)),
        Metric("memory", EVERY_TICK_S, _memory(handle)),
        Metric(
            "pcie_generation",
            EVERY_TICK_S,
            _from_call("pcie_generation", "nvmlDeviceGetCurrPcieLinkGeneration", handle),
        ),
        Metric("pcie_width", EVERY_TICK_S, _from_call("pcie_width", "nvmlDeviceGetCurrPcieLinkWidth", handle)),
    ]


def second_metrics(handle: Any, period_s: float = FAST_S) -> list[Metric]:
    """Up to a millisecond each, energy more; energy comes last so that it delays none of the others."""
    return [
        Metric("limiters", period_s, _limiters(handle), slow_s=_LIMITERS_SLOW_S),
        Metric("margin", period_s, _from_call("temperature_margin_c", "nvmlDeviceGetMarginTemperature", handle)),
        Metric("hot_spot", period_s, _hot_spot(handle)),
        Metric("memory_temperature", period_s, _field("memory_temperature_c", handle, _MEMORY_TEMPERATURE)),
        Metric("encoder", period_s, _engine("encoder_pct", "nvmlDeviceGetEncoderUtilization", handle)),
        Metric("decoder", period_s, _engine("decoder_pct", "nvmlDeviceGetDecoderUtilization", handle)),
        Metric("energy", period_s, partial(_energy, handle), slow_s=_ENERGY_SLOW_S),
    ]


def slow_metrics(handle: Any) -> list[Metric]:
    """What hardly changes."""
    return [
        Metric("fan", SLOW_S, _fan(handle)),
        Metric("pcie_replay", SLOW_S, _replay(handle)),
        Metric("ecc", SLOW_S, _ecc(handle)),
        Metric("recovery_action", SLOW_S, _field("recovery_action", handle, _RECOVERY_ACTION)),
    ]


def _single(name: str, way: Callable[[], float | None]) -> Callable[[Values], None]:
    def read(values: Values) -> None:
        values[name] = way()

    return read


def _from_call(name: str, function: str, *arguments: Any) -> Callable[[Values], None]:
    return _single(name, partial(call, function, *arguments))


def _clock(name: str, handle: Any, which: int) -> Callable[[Values], None]:
    return _from_call(name, "nvmlDeviceGetClockInfo", handle, which)


def _field(name: str, handle: Any, field: int) -> Callable[[Values], None]:
    fields = FieldSet(handle, (field,))

    def read(values: Values) -> None:
        values[name] = fields.read().get(field)

    return read


def _utilization(handle: Any, values: Values) -> None:
    rates = call("nvmlDeviceGetUtilizationRates", handle)
    values["utilization_pct"] = rates.gpu
    values["memory_utilization_pct"] = rates.memory


class _Power:
    """All three values from one field call; for fields that a driver lacks there are single calls."""

    _NAMES: ClassVar = {_POWER_AVERAGE: "power_w", _POWER_INSTANT: "power_instant_w", _POWER_ENFORCED: "power_limit_w"}

    def __init__(self, handle: Any) -> None:
        self._fields = FieldSet(handle, tuple(self._NAMES))
        self._usage = Ladder(partial(call, "nvmlDeviceGetPowerUsage", handle))
        self._enforced = Ladder(partial(call, "nvmlDeviceGetEnforcedPowerLimit", handle))

    def read(self, values: Values) -> None:
        """Watts. Without an average but with an instant value there is no average: it is not made up."""
        with contextlib.suppress(NeverAnswersError):
            for number, milliwatts in self._fields.read().items():
                values[self._NAMES[number]] = milliwatts / 1000.0
        ids = self._fields.ids
        singles: dict[str, Ladder] = {}
        if _POWER_AVERAGE not in ids and _POWER_INSTANT not in ids:
            singles["power_w"] = self._usage
        if _POWER_ENFORCED not in ids:
            singles["power_limit_w"] = self._enforced
        never = 0
        for name, ladder in singles.items():
            try:
                values[name] = ladder() / 1000.0
            except NeverAnswersError:
                never += 1
        if not ids and never == len(singles):
            raise NeverAnswersError("the board does not tell its power")


def _temperature(handle: Any) -> Ladder:
    return Ladder(
        partial(call, "nvmlDeviceGetTemperatureV", handle, _GPU_SENSOR),
        partial(call, "nvmlDeviceGetTemperature", handle, _GPU_SENSOR),
    )


def _hot_spot(handle: Any) -> Callable[[Values], None]:
    return _from_call("hot_spot_c", "nvmlDeviceGetTemperatureV", handle, _HOT_SPOT_SENSOR)


def _reasons(handle: Any) -> Ladder:
    return Ladder(
        partial(call, "nvmlDeviceGetCurrentClocksEventReasons", handle),
        partial(call, "nvmlDeviceGetCurrentClocksThrottleReasons", handle),
    )


def _pstate(handle: Any) -> Callable[[Values], None]:
    ladder = Ladder(
        partial(call, "nvmlDeviceGetPerformanceState", handle), partial(call, "nvmlDeviceGetPowerState", handle)
    )

    def read(values: Values) -> None:
        state = ladder()
        values["pstate"] = None if state == _PSTATE_UNKNOWN else state

    return read


def memory_v2(handle: Any) -> Any:
    """Memory with the driver's own share told apart."""
    return call("nvmlDeviceGetMemoryInfo", handle, version=_MEMORY_V2)


def _memory(handle: Any) -> Callable[[Values], None]:
    """Used = total minus free, so that both versions of the call mean the same (v2 has the reserved part apart)."""
    ladder = Ladder(partial(memory_v2, handle), partial(call, "nvmlDeviceGetMemoryInfo", handle))

    def read(values: Values) -> None:
        memory = ladder()
        values["memory_total_bytes"] = memory.total
        values["memory_used_bytes"] = memory.total - memory.free

    return read


def _limiters(handle: Any) -> Callable[[Values], None]:
    fields = FieldSet(handle, (*_LIMITER_FIELDS, _THERMAL_POLICY))

    def read(values: Values) -> None:
        found = fields.read()
        for number, name in _LIMITER_FIELDS.items():
            if number in found:
                values[name] = int(found[number])
        if _SW_THERMAL not in fields.ids and _THERMAL_POLICY in found:  # drivers before the separate counters
            values["limiter_thermal_ns"] = int(found[_THERMAL_POLICY])

    return read


def _engine(name: str, function: str, handle: Any) -> Callable[[Values], None]:
    def read(values: Values) -> None:
        percent, _period_us = call(function, handle)
        values[name] = percent

    return read


def _energy(handle: Any, values: Values) -> None:
    values["energy_j"] = call("nvmlDeviceGetTotalEnergyConsumption", handle) / 1000.0


def _fan(handle: Any) -> Callable[[Values], None]:
    """The fastest fan: what the driver asks of it, not a measured speed."""

    def each() -> float:
        count = call("nvmlDeviceGetNumFans", handle)
        speeds: Sequence[float] = [call("nvmlDeviceGetFanSpeed_v2", handle, fan) for fan in range(count)]
        if not speeds:
            raise NeverAnswersError("the board has no fan of its own")
        return max(speeds)

    return _single("fan_pct", Ladder(each, partial(call, "nvmlDeviceGetFanSpeed", handle)))


def _replay(handle: Any) -> Callable[[Values], None]:
    fields = FieldSet(handle, (_REPLAY_COUNT,))
    return _single(
        "pcie_replay_count",
        Ladder(partial(call, "nvmlDeviceGetPcieReplayCounter", handle), lambda: fields.read().get(_REPLAY_COUNT)),
    )


def _ecc(handle: Any) -> Callable[[Values], None]:
    return _from_call("ecc_uncorrected_count", "nvmlDeviceGetTotalEccErrors", handle, _UNCORRECTED, _SINCE_LOAD)
