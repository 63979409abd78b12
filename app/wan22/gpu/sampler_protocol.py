"""The JSON lines of `wan22 monitor --json`: what a sampler says to whoever started it, here or on another machine.

    {"kind": "monitor_hello", "format": 1, "clock_s": …, "pid": …, "inventory": {…}, "interval_s": …, "simulated": …}
    {"kind": "gpu_sampled", "time_s": …, "readings": [{…}], "processes": [{"gpu": 0, "processes": [{…}]}]}
    {"kind": "monitor_problem", "time_s": …, "problem": {…}}
    {"kind": "monitor_status", "time_s": …, "state": …, "retry_s": …, "cost": {…}}
    {"kind": "clock", "echo": 7}                  to the sampler, on its standard input
    {"kind": "monitor_clock", "echo": 7, "clock_s": …}      its answer

A hello comes first and again after the driver was lost and found. A reading holds only what was read; there is no
NaN. `format` is raised when a reader of the old one would go wrong; unknown kinds and fields are skipped.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, Literal, TypeGuard, get_args

from pydantic import ValidationError

from wan22.gpu.metric import MetricCost
from wan22.gpu.sampler import SamplerCost, SamplerState
from wan22.schema.frozen import Tolerant
from wan22.schema.gpu import GpuInventory, GpuProcess, GpuReading, GpuSampled
from wan22.schema.problem import Problem

FORMAT = 1

Document = dict[str, Any]

_INTEGER_FIELDS = frozenset(field.name for field in fields(GpuReading) if int in (field.type, *get_args(field.type)))
_READING_FIELDS = tuple(field.name for field in fields(GpuReading))


class MonitorHello(Tolerant):
    """Who samples what, and its clock at this moment (epoch seconds)."""

    kind: Literal["monitor_hello"] = "monitor_hello"
    format: int
    clock_s: float
    pid: int
    inventory: GpuInventory
    interval_s: float
    simulated: bool = False


class MonitorProblem(Tolerant):
    """Something went wrong at the sampler."""

    kind: Literal["monitor_problem"] = "monitor_problem"
    time_s: float
    problem: Problem


class MonitorStatus(Tolerant):
    """The sampler's state and what it costs. `retry_s`: wait until the next try when the driver is lost."""

    kind: Literal["monitor_status"] = "monitor_status"
    time_s: float
    state: str
    retry_s: float | None = None
    cost: Mapping[str, Any] | None = None


class MonitorClock(Tolerant):
    """The sampler's clock when it heard `echo`."""

    kind: Literal["monitor_clock"] = "monitor_clock"
    echo: int
    clock_s: float


class ClockRequest(Tolerant):
    """Asks for the sampler's clock."""

    kind: Literal["clock"] = "clock"
    echo: int


Line = MonitorHello | MonitorProblem | MonitorStatus | MonitorClock | ClockRequest | GpuSampled
_MODELS: dict[str, type[MonitorHello | MonitorProblem | MonitorStatus | MonitorClock | ClockRequest]] = {
    "monitor_hello": MonitorHello,
    "monitor_problem": MonitorProblem,
    "monitor_status": MonitorStatus,
    "monitor_clock": MonitorClock,
    "clock": ClockRequest,
}


def document_of(line: Line) -> Document:
    """The JSON document for a line; None, NaN and infinities are left out."""
    if isinstance(line, GpuSampled):
        return _sampled_document(line)
    plain: Document = line.model_dump(mode="json", exclude_none=True)
    return {key: _finite(value) for key, value in plain.items()}


def encode(line: Line) -> str:
    """One line of ASCII text without its line end."""
    return json.dumps(document_of(line), ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def decode(text: str) -> Line | None:
    """The line in `text`; None for an unknown kind, a line of another program or one that is torn."""
    try:
        document = json.loads(text, parse_constant=lambda _name: None)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    kind = document.get("kind")
    if kind == "gpu_sampled":
        return _sampled(document)
    model = _MODELS.get(kind) if isinstance(kind, str) else None
    if model is None:
        return None
    try:
        return model.model_validate(document)
    except ValidationError:
        return None


def status_line(
    time_s: float,
    state: SamplerState,
    retry_s: float | None = None,
    cost: SamplerCost | None = None,
    metrics: Sequence[MetricCost] = (),
) -> MonitorStatus:
    """A status with what sampling costs, and which values were moved to a slower pace because they are slow."""
    told: Document | None = None
    if cost is not None:
        told = {**asdict(cost), "metrics": [asdict(metric) for metric in metrics]}
    return MonitorStatus(time_s=time_s, state=state.value, retry_s=retry_s, cost=told)


def _sampled_document(sampled: GpuSampled) -> Document:
    readings = [
        {name: value for name in _READING_FIELDS if _is_number(value := getattr(reading, name))}
        for reading in sampled.readings
    ]
    document: Document = {"kind": "gpu_sampled", "time_s": sampled.time_s, "readings": readings}
    if sampled.processes:
        document["processes"] = [
            {"gpu": gpu, "processes": [item.model_dump(mode="json", exclude_none=True) for item in listed]}
            for gpu, listed in sampled.processes
        ]
    return document


def _sampled(document: Document) -> GpuSampled | None:
    readings = [reading for item in _list(document.get("readings")) if (reading := _reading(item)) is not None]
    processes = [pair for item in _list(document.get("processes")) if (pair := _processes(item)) is not None]
    time_s = document.get("time_s")
    if not _is_number(time_s):
        return None
    return GpuSampled(time_s=float(time_s), readings=tuple(readings), processes=tuple(processes))


def _reading(item: object) -> GpuReading | None:
    """A reading of the fields that are known and hold numbers; None without a time and a GPU."""
    if not isinstance(item, dict):
        return None
    values: Document = {}
    for name in _READING_FIELDS:
        value = item.get(name)
        if _is_number(value):
            values[name] = int(value) if name in _INTEGER_FIELDS else value
    return GpuReading(**values) if "time_s" in values and "gpu" in values else None


def _processes(item: object) -> tuple[int, tuple[GpuProcess, ...]] | None:
    if not isinstance(item, dict) or not isinstance(item.get("gpu"), int):
        return None
    try:
        return item["gpu"], tuple(GpuProcess.model_validate(one) for one in _list(item.get("processes")))
    except ValidationError:
        return None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_number(value: Any) -> TypeGuard[float]:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _finite(value: Any) -> Any:
    """`value` with None in place of every NaN and infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value
