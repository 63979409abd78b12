"""Recordings of other clients, as files: `NAME.messages.jsonl` and what lies beside it.

`NAME.messages.jsonl` holds websocket messages with `t`, seconds since the prompt was posted; `NAME.history.json` the
answer of `/history/{id}` (it may be `{}`, or missing); `NAME.telemetry.csv` readings of one GPU on the same
clock; `*.log` the server's output; `system_stats.json` what the server is; `NAME.workflow.api.json` or
`workflow.api.json` the graph, where the history has none. Each may also be packed, with `.gz` behind its name.
"""

import csv
import gzip
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wan22.runs.executed_line import executed_seconds
from wan22.schema.gpu import GpuReading
from wan22.schema.problem import AppError, app_error
from wan22.schema.server import SystemStats
from wan22.system.files import file_error, read_text

Graph = dict[str, dict[str, Any]]

MESSAGES_SUFFIX = ".messages.jsonl"
_COLUMNS: Mapping[str, tuple[str, float]] = {
    "gpu_util_pct": ("utilization_pct", 1.0),
    "mem_util_pct": ("memory_utilization_pct", 1.0),
    "vram_used_bytes": ("memory_used_bytes", 1.0),
    "vram_total_bytes": ("memory_total_bytes", 1.0),
    "temperature_c": ("temperature_c", 1.0),
    "power_avg_mw": ("power_w", 1e3),
    "power_instant_mw": ("power_instant_w", 1e3),
    "sm_clock_mhz": ("sm_clock_mhz", 1.0),
    "mem_clock_mhz": ("memory_clock_mhz", 1.0),
    "clocks_event_reasons": ("clocks_event_reasons", 1.0),
    "pstate": ("pstate", 1.0),
    "pcie_gen": ("pcie_generation", 1.0),
    "pcie_width": ("pcie_width", 1.0),
    "energy_mj": ("energy_j", 1e3),
    "read_cost_us": ("read_cost_s", 1e6),
}
"""Column of a recording: its name here, and how many of its units make one of ours."""
_INTEGERS = {"clocks_event_reasons", "pstate", "pcie_generation", "pcie_width"}


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """One websocket message; `t_s` counts from the posting of the prompt."""

    t_s: float
    type: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Recording:
    """Everything recorded of one prompt. `posted_s`: seconds since the epoch at t = 0."""

    name: str
    folder: Path
    prompt_id: str
    posted_s: float
    messages: tuple[RecordedMessage, ...]
    history: Mapping[str, Any]
    graph: Graph
    readings: tuple[GpuReading, ...]
    stats: SystemStats | None


def recording_name(path: Path) -> str | None:
    """The recording's name if this is its file of messages, packed or not; else None."""
    plain = path.name.removesuffix(".gz")
    return plain.removesuffix(MESSAGES_SUFFIX) if plain.endswith(MESSAGES_SUFFIX) else None


def recording_names(folder: Path) -> tuple[str, ...]:
    """Names of the recordings in a folder, sorted."""
    try:
        names = {recording_name(path) for path in folder.iterdir()}
    except OSError as error:
        raise file_error(error, folder, writing=False) from error
    return tuple(sorted(name for name in names if name is not None))


def read_recording(folder: Path, name: str) -> Recording:
    """Read one recording. Errors: AppError `recording_invalid`, `file_unreadable`."""
    messages = tuple(_messages(folder / f"{name}{MESSAGES_SUFFIX}"))
    start = next((message for message in messages if message.type == "execution_start"), None)
    if start is None or not isinstance(start.data.get("timestamp"), int | float):
        raise _invalid(folder, f"'{name}' has no execution_start with a time stamp, so it cannot be dated")
    prompt_id = str(start.data.get("prompt_id", ""))
    posted_s = float(start.data["timestamp"]) / 1000.0 - start.t_s
    history = _history(folder / f"{name}.history.json", prompt_id)
    return Recording(
        name=name,
        folder=folder,
        prompt_id=prompt_id,
        posted_s=posted_s,
        messages=messages,
        history=history,
        graph=_graph(folder, name, history),
        readings=tuple(_readings(folder, name, posted_s)),
        stats=_stats(folder / "system_stats.json"),
    )


def log_with_duration(folder: Path, duration_s: float, *, within_s: float = 0.05) -> tuple[Path, str] | None:
    """The log and the line that tells this duration ("Prompt executed in …"), if exactly one line does."""
    hits: list[tuple[Path, str]] = []
    for path in sorted(folder.glob("*.log")):
        for line in read_text(path).splitlines():
            seconds = executed_seconds(line)
            if seconds is not None and abs(seconds - duration_s) <= within_s:
                hits.append((path, f"Prompt executed in {seconds:.2f} seconds"))
    return hits[0] if len(hits) == 1 else None


def _invalid(folder: Path, reason: str) -> AppError:
    return app_error("recording_invalid", f"'{folder}' cannot be imported: {reason}.", file=folder)


def _messages(path: Path) -> Iterator[RecordedMessage]:
    lines = (_text(path) or "").splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            document = json.loads(line)
            data = document.get("data")
            message = RecordedMessage(
                float(document["t"]), str(document["type"]), data if isinstance(data, dict) else {}
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if number == len(lines):
                return
            raise _invalid(path.parent, f"line {number} of '{path.name}' is no recorded message") from error
        yield message


def _text(path: Path) -> str | None:
    """The text of a file or of its packed twin; None when there is neither."""
    packed = path.with_name(path.name + ".gz")
    if path.is_file() or not packed.is_file():
        return read_text(path) if path.is_file() else None
    try:
        return gzip.decompress(packed.read_bytes()).decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise _invalid(path.parent, f"'{packed.name}' cannot be unpacked") from error


def _json(path: Path) -> Any:
    """The document in a file; None when there is no such file."""
    text = _text(path)
    try:
        return None if text is None else json.loads(text)
    except ValueError as error:
        raise _invalid(path.parent, f"'{path.name}' is not valid JSON") from error


def _history(path: Path, prompt_id: str) -> Mapping[str, Any]:
    """The entry of this prompt; empty when the server did not have it yet, as right after the end."""
    document = _json(path)
    entry = document.get(prompt_id) if isinstance(document, dict) else None
    return entry if isinstance(entry, dict) else {}


def _graph(folder: Path, name: str, history: Mapping[str, Any]) -> Graph:
    """The graph that ran, from the history or a file; empty when it is not known."""
    queued = history.get("prompt")
    if isinstance(queued, list) and len(queued) > 2 and _is_graph(queued[2]):
        return dict(queued[2])
    for path in (folder / f"{name}.workflow.api.json", folder / "workflow.api.json"):
        document = _json(path)
        if _is_graph(document):
            return dict(document)
    return {}


def _is_graph(document: object) -> bool:
    return isinstance(document, dict) and all(
        isinstance(node, dict) and "class_type" in node for node in document.values()
    )


def _stats(path: Path) -> SystemStats | None:
    document = _json(path)
    try:
        return SystemStats.model_validate(document) if document is not None else None
    except ValidationError as error:
        raise _invalid(path.parent, f"'{path.name}' is not what /system_stats answers") from error


def _readings(folder: Path, name: str, posted_s: float) -> Iterator[GpuReading]:
    text = _text(folder / f"{name}.telemetry.csv")
    if text is None:
        return
    rows = csv.reader(io.StringIO(text))
    header = next(rows, [])
    if "t_s" not in header:
        raise _invalid(folder, f"the telemetry of '{name}' has no column t_s")
    for row in rows:
        if len(row) == len(header):
            yield _reading(header, row, posted_s)


def _reading(header: Sequence[str], row: Sequence[str], posted_s: float) -> GpuReading:
    values: dict[str, Any] = {}
    for column, cell in zip(header, row, strict=True):
        if column in _COLUMNS:
            own_name, units = _COLUMNS[column]
            number = _number(cell)
            if number is not None:
                values[own_name] = int(number) if own_name in _INTEGERS else number / units
    t_s = _number(row[header.index("t_s")])
    return GpuReading(time_s=posted_s + (t_s or 0.0), gpu=0, **values)


def _number(cell: str) -> float | None:
    """A cell as a number; None for empty cells, N/A and nan."""
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
