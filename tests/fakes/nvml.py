"""NVIDIA's library without a GPU: the real binding calls it as it would call the driver's.

`FakeNvml` stands in for the loaded library (`pynvml.nvmlLib`); boards are built from what real ones said.
"""

import ctypes
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pynvml

if TYPE_CHECKING:
    from collections.abc import Callable

PROBE = Path(__file__).parents[1] / "data" / "gpu" / "h100_probe.json"

SUCCESS = 0
INVALID_ARGUMENT = 2
NOT_SUPPORTED = 3
NO_PERMISSION = 4
INSUFFICIENT_SIZE = 7
DRIVER_NOT_LOADED = 9
TIMEOUT = 10
GPU_IS_LOST = 15
VERSION_MISMATCH = 18
DEPRECATED = 26
UNKNOWN = 999

DOUBLE, UNSIGNED, UNSIGNED_LONG_LONG, SIGNED = 0, 1, 3, 5
_MEMBERS = {DOUBLE: "dVal", UNSIGNED: "uiVal", UNSIGNED_LONG_LONG: "ullVal", SIGNED: "siVal"}
_NO_MEMORY_VALUE = 0xFFFFFFFFFFFFFFFF


@dataclass(frozen=True)
class Refusal:
    """An NVML return code instead of an answer."""

    code: int


@dataclass
class FakeGpu:
    """One board. `answers`: function, or (function, selector), → number, tuple, text or struct as a dict.

    What has no answer is not supported. `fields`: field id → (type tag, number) or a Refusal. Processes are
    (pid, bytes or None).
    """

    answers: dict[Any, Any]
    fields: dict[int, tuple[int, float] | Refusal]
    compute: list[tuple[int, int | None]] = field(default_factory=list)
    graphics: list[tuple[int, int | None]] = field(default_factory=list)
    counters: dict[int, float] | None = None


class FakeNvml:
    """The library. Everything about it can be changed while it is in use.

    `missing`: functions that this driver does not export. `errors`: function, or (gpu, function), → code instead of
    an answer. `lost`: code that every call on a board returns. `delays`: function → seconds that its call takes, by
    `sleep`. `crashes`: functions that end in an access violation. `calls` counts.
    """

    def __init__(self, *gpus: FakeGpu, driver: str = "580.159.04", cuda: int = 13000) -> None:
        self.gpus = list(gpus)
        self.driver = driver
        self.cuda = cuda
        self.init_code = SUCCESS
        self.missing: set[str] = set()
        self.errors: dict[Any, int] = {}
        self.lost: int | None = None
        self.delays: dict[str, float] = {}
        self.crashes: set[str] = set()
        self.sleep: Callable[[float], None] = time.sleep
        self.calls: Counter[str] = Counter()
        self.asked_fields: Counter[int] = Counter()
        self.open = 0

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("nvml") or name in self.missing:
            raise AttributeError(name)
        return partial(self._call, name)

    def _call(self, name: str, *arguments: Any) -> Any:
        self.calls[name] += 1
        if name in self.delays:
            self.sleep(self.delays[name])
        if name in self.crashes:
            raise OSError("exception: access violation reading 0x0000000000000000")
        special = getattr(self, f"_{name}", None)
        if name in ("nvmlInitWithFlags", "nvmlShutdown", "nvmlErrorString"):
            return special(*arguments)
        if name in self.errors:
            return self.errors[name]
        if special is not None and not name.startswith(("nvmlDevice", "nvmlGpmQuery", "nvmlGpmSampleGet")):
            return special(*arguments)
        if name in ("nvmlDeviceGetCount_v2", "nvmlDeviceGetHandleByIndex_v2"):
            return special(*arguments)
        gpu = _number(arguments[0]) - 1
        refusal = self.lost if self.lost is not None else self.errors.get((gpu, name))
        if refusal is not None:
            return refusal
        if special is not None:
            return special(self.gpus[gpu], *arguments[1:])
        return self._answer(self.gpus[gpu], name, arguments[1:])

    @staticmethod
    def _answer(gpu: FakeGpu, name: str, arguments: tuple[Any, ...]) -> int:
        outs = [argument._obj for argument in arguments if hasattr(argument, "_obj")]
        texts = [argument for argument in arguments if isinstance(argument, ctypes.Array)]
        selectors = [_plain(argument) for argument in arguments if not hasattr(argument, "_obj")]
        key = (name, *selectors) if selectors and not texts else name
        answer = gpu.answers.get(key)
        if answer is None:
            return NOT_SUPPORTED
        if isinstance(answer, Refusal):
            return answer.code
        if isinstance(answer, dict):
            for member, value in answer.items():
                setattr(outs[0], member, value)
        elif isinstance(answer, str):
            texts[0].value = answer.encode()
        else:
            for out, value in zip(outs, answer if isinstance(answer, tuple) else (answer,), strict=True):
                out.value = value
        return SUCCESS

    def _nvmlInitWithFlags(self, _flags: int) -> int:
        self.open += self.init_code == SUCCESS
        return self.init_code

    def _nvmlShutdown(self) -> int:
        self.open -= 1
        return SUCCESS

    @staticmethod
    def _nvmlErrorString(code: int) -> bytes:
        return f"error number {code}".encode()

    def _nvmlSystemGetDriverVersion(self, text: Any, _size: Any) -> int:
        text.value = self.driver.encode()
        return SUCCESS

    def _nvmlSystemGetNVMLVersion(self, text: Any, _size: Any) -> int:
        text.value = f"13.{self.driver}".encode()
        return SUCCESS

    def _nvmlSystemGetCudaDriverVersion_v2(self, out: Any) -> int:
        out._obj.value = self.cuda
        return SUCCESS

    def _nvmlDeviceGetCount_v2(self, out: Any) -> int:
        out._obj.value = len(self.gpus)
        return SUCCESS

    def _nvmlDeviceGetHandleByIndex_v2(self, index: Any, out: Any) -> int:
        refusal = self.errors.get((index.value, "nvmlDeviceGetHandleByIndex_v2"))
        if refusal is not None:
            return refusal
        _point(out._obj, index.value + 1)
        return SUCCESS

    def _nvmlDeviceGetTemperatureV(self, gpu: FakeGpu, out: Any) -> int:
        answer = gpu.answers.get(("nvmlDeviceGetTemperatureV", out._obj.sensorType))
        if answer is None:
            return INVALID_ARGUMENT
        out._obj.temperature = answer
        return SUCCESS

    def _nvmlDeviceGetFieldValues(self, gpu: FakeGpu, count: Any, out: Any) -> int:
        values = out._obj
        for index in range(count.value):
            number = values[index].fieldId
            self.asked_fields[number] += 1
            answer = gpu.fields.get(number, Refusal(NOT_SUPPORTED))
            if isinstance(answer, Refusal):
                values[index].nvmlReturn = answer.code
                continue
            tag, value = answer
            values[index].nvmlReturn = SUCCESS
            values[index].valueType = tag
            setattr(values[index].value, _MEMBERS[tag], value)
        return SUCCESS

    def _nvmlDeviceGetComputeRunningProcesses_v3(self, gpu: FakeGpu, count: Any, out: Any) -> int:
        return _processes(gpu.compute, count, out)

    def _nvmlDeviceGetGraphicsRunningProcesses_v3(self, gpu: FakeGpu, count: Any, out: Any) -> int:
        return _processes(gpu.graphics, count, out)

    def _nvmlGpmQueryDeviceSupport(self, gpu: FakeGpu, out: Any) -> int:
        out._obj.isSupportedDevice = gpu.counters is not None
        return SUCCESS

    def _nvmlGpmSampleAlloc(self, out: Any) -> int:
        _point(out._obj, 1000 + self.calls["nvmlGpmSampleAlloc"])
        return SUCCESS

    def _nvmlGpmSampleFree(self, _sample: Any) -> int:
        return SUCCESS

    def _nvmlGpmSampleGet(self, _gpu: FakeGpu, _sample: Any) -> int:
        return SUCCESS

    def _nvmlGpmMetricsGet(self, out: Any) -> int:
        question = out._obj
        counters = next(gpu.counters for gpu in self.gpus if gpu.counters is not None)
        for index in range(question.numMetrics):
            metric = question.metrics[index]
            metric.nvmlReturn = SUCCESS if metric.metricId in counters else NOT_SUPPORTED
            metric.value = counters.get(metric.metricId, 0.0)
        return SUCCESS


def install(fake: FakeNvml | None) -> None:
    """Make the binding use `fake`. Touches two private names of it; a test pins them."""
    pynvml.nvmlLib = fake
    pynvml._nvmlGetFunctionPointer_cache.clear()


def h100(gpu: int = 0) -> FakeGpu:
    """An idle H100 80GB HBM3: what a real one said."""
    probe = json.loads(PROBE.read_text(encoding="utf-8"))
    answers: dict[Any, Any] = {}
    for name, answer in probe.items():
        if name.startswith("nvmlDevice") and not (isinstance(answer, str) and answer.startswith("!")):
            answers[name] = tuple(answer) if isinstance(answer, list) else answer
    thresholds = {"SHUTDOWN": 0, "SLOWDOWN": 1, "MEM_MAX": 2, "GPU_MAX": 3}
    for name, number in thresholds.items():
        answers[("nvmlDeviceGetTemperatureThreshold", number)] = probe[f"NVML_TEMPERATURE_THRESHOLD_{name}"]
    for name, number in {"SM": 1, "MEM": 2}.items():
        answers[("nvmlDeviceGetClockInfo", number)] = probe[f"clock_{name}"]
        answers[("nvmlDeviceGetMaxClockInfo", number)] = probe[f"maxclock_{name}"]
    for name, number in {"TX": 0, "RX": 1}.items():
        answers[("nvmlDeviceGetPcieThroughput", number)] = probe[f"pcie_{name}"]
    memory = answers["nvmlDeviceGetMemoryInfo"]
    reserved = 480 * 1024 * 1024
    answers["nvmlDeviceGetMemoryInfo_v2"] = {**memory, "reserved": reserved, "used": memory["used"] - reserved}
    answers[("nvmlDeviceGetTemperatureV", 0)] = answers[("nvmlDeviceGetTemperature", 0)] = 36
    answers[("nvmlDeviceGetTotalEccErrors", 1, 0)] = 0
    answers["nvmlDeviceGetMarginTemperature"] = {"marginTemperature": answers["nvmlDeviceGetMarginTemperature"]}
    answers |= _identity(gpu)
    fields: dict[int, tuple[int, float] | Refusal] = {
        getattr(pynvml, name): (UNSIGNED_LONG_LONG if "REASON" in name or "POLICY" in name else UNSIGNED, number)
        for name, number in probe["fields"].items()
    }
    fields |= {193: (SIGNED, -8), 194: (SIGNED, -2), 195: (SIGNED, 0), 196: (SIGNED, 0)}
    counters = {2: 27.0, 5: 26.0, 10: 12.0, 20: 100.0, 21: 34000.0}
    return FakeGpu(answers, fields, counters=counters)


def rtx5090(gpu: int = 0) -> FakeGpu:
    """An idle RTX 5090 that shows the power cap bit at 24 W; thresholds only as distances, no memory temperature."""
    board = h100(gpu)
    answers = board.answers
    mib = 1024 * 1024
    answers |= {
        "nvmlDeviceGetName": "NVIDIA GeForce RTX 5090",
        "nvmlDeviceGetArchitecture": 10,
        "nvmlDeviceGetCudaComputeCapability": (12, 0),
        "nvmlDeviceGetMemoryInfo": {"total": 32607 * mib, "free": 32118 * mib, "used": 489 * mib},
        "nvmlDeviceGetMemoryInfo_v2": {
            "total": 32607 * mib,
            "free": 32118 * mib,
            "used": 2 * mib,
            "reserved": 487 * mib,
        },
        "nvmlDeviceGetBAR1MemoryInfo": {"bar1Total": 32768 * mib, "bar1Free": 32767 * mib, "bar1Used": mib},
        "nvmlDeviceGetPowerManagementLimitConstraints": (400000, 575000),
        "nvmlDeviceGetPowerManagementDefaultLimit": 575000,
        "nvmlDeviceGetPowerManagementLimit": 575000,
        "nvmlDeviceGetEnforcedPowerLimit": 575000,
        "nvmlDeviceGetPowerUsage": 24000,
        "nvmlDeviceGetCurrentClocksEventReasons": 0x4,
        "nvmlDeviceGetCurrentClocksThrottleReasons": 0x4,
        "nvmlDeviceGetPerformanceState": 8,
        "nvmlDeviceGetPowerState": 8,
        "nvmlDeviceGetCurrPcieLinkGeneration": 1,
        "nvmlDeviceGetNumFans": 2,
        ("nvmlDeviceGetFanSpeed_v2", 0): 0,
        ("nvmlDeviceGetFanSpeed_v2", 1): 30,
        ("nvmlDeviceGetTemperatureV", 0): 31,
        ("nvmlDeviceGetTemperature", 0): 31,
        "nvmlDeviceGetMarginTemperature": {"marginTemperature": 59},
        ("nvmlDeviceGetMaxClockInfo", 1): 3090,
        ("nvmlDeviceGetMaxClockInfo", 2): 14001,
    }
    for number in range(8):
        answers.pop(("nvmlDeviceGetTemperatureThreshold", number), None)
    answers.pop("nvmlDeviceGetEccMode")
    answers.pop(("nvmlDeviceGetTotalEccErrors", 1, 0))
    board.fields |= {193: (SIGNED, -5), 194: (SIGNED, -2), 196: (SIGNED, 0)}
    board.fields |= {185: (UNSIGNED, 24010), 186: (UNSIGNED, 23870), 190: (UNSIGNED, 575000)}
    for number in (82, 195):
        del board.fields[number]
    return board


def rtx2080s_on_windows(gpu: int = 0) -> FakeGpu:
    """A Turing GeForce under WDDM: no average power, absolute thresholds with a target, no memory per process."""
    board = h100(gpu)
    board.answers |= {
        "nvmlDeviceGetName": "NVIDIA GeForce RTX 2080 SUPER",
        "nvmlDeviceGetArchitecture": 6,
        "nvmlDeviceGetCudaComputeCapability": (7, 5),
        "nvmlDeviceGetDriverModel_v2": (0, 0),
        ("nvmlDeviceGetTemperatureThreshold", 0): 100,
        ("nvmlDeviceGetTemperatureThreshold", 1): 97,
        ("nvmlDeviceGetTemperatureThreshold", 3): 89,
        ("nvmlDeviceGetTemperatureThreshold", 5): 84,
    }
    del board.answers[("nvmlDeviceGetTemperatureThreshold", 2)]
    for number in (82, 185, 193, 194, 195, 196):
        del board.fields[number]
    board.counters = None
    board.compute = [(4100, None)]
    board.graphics = [(900, None), (4100, None)]
    return board


def _identity(gpu: int) -> dict[Any, Any]:
    return {
        "nvmlDeviceGetUUID": f"GPU-0000000{gpu}-1111-2222-3333-444444444444",
        "nvmlDeviceGetPciInfo_v3": {"busId": f"00000000:{gpu + 1:02X}:00.0".encode()},
    }


def _processes(listed: list[tuple[int, int | None]], count: Any, out: Any) -> int:
    room, count._obj.value = count._obj.value, len(listed)
    if not listed:
        return SUCCESS
    if out is None or room < len(listed):
        return INSUFFICIENT_SIZE
    for index, (pid, memory_bytes) in enumerate(listed):
        out[index].pid = pid
        out[index].usedGpuMemory = _NO_MEMORY_VALUE if memory_bytes is None else memory_bytes
    return SUCCESS


def _plain(argument: Any) -> Any:
    return argument.value if hasattr(argument, "value") else argument


def _number(handle: Any) -> int:
    return int(ctypes.cast(handle, ctypes.c_void_p).value or 0)


def _point(pointer: Any, number: int) -> None:
    """Let an opaque pointer point to `number`."""
    target = ctypes.c_void_p(number)
    ctypes.memmove(ctypes.byref(pointer), ctypes.byref(target), ctypes.sizeof(target))
