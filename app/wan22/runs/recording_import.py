"""Recordings and run folders from elsewhere become run folders here.

How messages and graphs are understood is given by the caller (`Conversions`): this package does not know ComfyUI.
"""

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import wan22
from wan22.runs.layout import RunFolder, new_run_folder, new_run_path
from wan22.runs.reader import open_run
from wan22.runs.recording import (
    MESSAGES_SUFFIX,
    Graph,
    RecordedMessage,
    Recording,
    log_with_duration,
    read_recording,
    recording_name,
    recording_names,
)
from wan22.runs.summary import RECORDING_SOURCE
from wan22.runs.telemetry import header_row, reading_row
from wan22.runs.verdict import job_key
from wan22.runs.writer import event_line, write_manifest
from wan22.schema.events import (
    AnyEvent,
    ProblemFound,
    PromptFinished,
    PromptOutcome,
    PromptQueued,
    Role,
    RunFinished,
    RunStarted,
    ServerSaid,
    TelemetryStatus,
)
from wan22.schema.gpu import GpuInfo, GpuInventory
from wan22.schema.problem import Problem, app_error
from wan22.schema.run import JobParameters, RunManifest, ServerIdentity, TelemetryIdentity
from wan22.system.files import file_error, write_json_atomic

FactsFromMessage = Callable[[float, str, Mapping[str, Any]], Iterable[AnyEvent]]
"""(time_s, message type, its data) → facts about one prompt."""

_OUTCOMES = {
    "execution_success": PromptOutcome.success,
    "execution_error": PromptOutcome.error,
    "execution_interrupted": PromptOutcome.interrupted,
}


@dataclass(frozen=True, slots=True)
class Conversions:
    """What ComfyUI's messages and graphs mean. `fact_reader` makes a reader of messages for one prompt id."""

    fact_reader: Callable[[str], FactsFromMessage]
    roles_from_graph: Callable[[Graph], Mapping[str, Role]]
    steps_of_pass: Callable[[Graph, str], int | None]
    parameters_from_graph: Callable[[Graph, str, str], JobParameters]
    problem_from_error: Callable[[Mapping[str, Any], Graph], Problem]


def import_path(path: Path, destination: Path, conversions: Conversions) -> list[RunFolder]:
    """Import whatever lies there: a run folder, a folder of recordings, or one `NAME.messages.jsonl`.

    Errors: AppError `recording_invalid`, `run_invalid`, `run_too_new`, `bad_argument` (it is already there), and
    those of files.
    """
    if RunFolder(path).looks_like_run:
        return [import_run(RunFolder(path), destination)]
    name = recording_name(path)
    if name is not None and path.is_file():
        return import_recording(path.parent, name, destination, conversions)
    return import_recording(path, None, destination, conversions)


def import_recording(folder: Path, name: str | None, destination: Path, conversions: Conversions) -> list[RunFolder]:
    """Turn one recording of a folder (or all, with `name` None) into run folders with origin "imported".

    Nothing is written before all of them could be read.
    """
    names = recording_names(folder) if folder.is_dir() else ()
    if not names or (name is not None and name not in names):
        found = f"it holds {', '.join(names)}" if names else _nothing_in(folder)
        wanted = "" if name is None else f"there is no recording '{name}'; "
        raise app_error("recording_invalid", f"'{folder}' cannot be imported: {wanted}{found}.", file=folder)
    recordings = [read_recording(folder, one) for one in names if name in (None, one)]
    return [_write(recording, destination, conversions) for recording in recordings]


def import_run(source: RunFolder, destination: Path) -> RunFolder:
    """Copy a run folder of ours; it must be readable. Links inside of it are left out."""
    open_run(source)
    if source.path.resolve().parent == destination.resolve():
        raise app_error("bad_argument", f"The run '{source.run_id}' is already in '{destination}'.", run=source.run_id)
    target = new_run_path(destination, source.path.resolve().name)
    faults: list[OSError] = []

    def copy(file: str, to: str) -> None:
        try:
            shutil.copy2(file, to)
        except OSError as error:
            faults.append(error)  # copytree goes on, and raises texts in the end
            raise

    try:
        destination.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source.path, target.path, ignore=_links, copy_function=copy)
    except OSError as error:
        _remove(target)
        raise file_error(faults[0] if faults else error, target.path, writing=True) from error
    document = json.loads(target.manifest.read_text(encoding="utf-8"))
    write_json_atomic(target.manifest, {**document, "run_id": target.run_id, "origin": "imported"})
    return target


def _nothing_in(path: Path) -> str:
    if path.is_dir():
        return f"it is no run folder, and no file in it ends with {MESSAGES_SUFFIX}"
    return "it is neither a folder nor a recording" if path.exists() else "it does not exist"


def _links(folder: str, names: list[str]) -> list[str]:
    """What stays behind: links, and the lock of whoever writes there."""
    return [name for name in names if Path(folder, name).is_symlink() or name == RunFolder(Path(folder)).lock.name]


def _remove(folder: RunFolder) -> None:
    with contextlib.suppress(OSError):
        shutil.rmtree(folder.path)


def _write(recording: Recording, destination: Path, conversions: Conversions) -> RunFolder:
    folder = new_run_folder(destination, recording.posted_s, recording.name)
    manifest, events, log = _converted(recording, folder.run_id, conversions)
    try:
        folder.events.write_bytes(b"".join(event_line(event) for event in events))
        rows = [header_row(), *(reading_row(reading) for reading in recording.readings)]
        folder.telemetry.write_text("".join(rows), encoding="utf-8", newline="\n")
        if log is not None:
            shutil.copyfile(log, folder.server_log)
    except OSError as error:
        _remove(folder)
        raise file_error(error, folder.path, writing=True) from error
    if recording.graph:
        write_json_atomic(folder.workflow, recording.graph)
    write_manifest(folder, manifest)
    return folder


def _converted(
    recording: Recording, run_id: str, conversions: Conversions
) -> tuple[RunManifest, list[AnyEvent], Path | None]:
    facts = list(_job_facts(recording, conversions))
    end = next((fact for fact in facts if isinstance(fact, PromptFinished)), None)
    outcome = end.outcome if end is not None else PromptOutcome.lost
    times_s = [reading.time_s for reading in recording.readings]
    first_s = min([recording.posted_s, *times_s])
    last_s = max([facts[-1].time_s, *times_s])
    said = _said(recording, end)
    events: list[AnyEvent] = [
        RunStarted(time_s=first_s, run_id=run_id, title=recording.name),
        TelemetryStatus(
            time_s=first_s,
            available=bool(recording.readings),
            source=RECORDING_SOURCE if recording.readings else "none",
            reason="" if recording.readings else "the recording has no readings",
        ),
        *facts,
        *([said[1]] if said is not None else []),
        *_problems(recording, conversions),
        RunFinished(time_s=last_s, outcome=outcome),
    ]
    return _manifest(recording, run_id, outcome, (first_s, last_s), conversions), events, said[0] if said else None


def _job_facts(recording: Recording, conversions: Conversions) -> Iterator[AnyEvent]:
    graph = recording.graph
    roles = dict(conversions.roles_from_graph(graph)) if graph else {}
    passes = [node for node, role in roles.items() if role in (Role.pass_1, Role.pass_2)]
    counts = {node: conversions.steps_of_pass(graph, node) for node in passes}
    yield PromptQueued(
        time_s=recording.posted_s,
        prompt_id=recording.prompt_id,
        roles=roles,
        titles={node: _title(item) for node, item in graph.items()},
        steps={node: count for node, count in counts.items() if count is not None},
        seed=_parameters(recording, conversions).seed,
    )
    facts_from_message = conversions.fact_reader(recording.prompt_id)
    has_end = False
    for message in recording.messages:
        time_s = recording.posted_s + message.t_s
        for fact in facts_from_message(time_s, message.type, message.data):
            has_end = has_end or isinstance(fact, PromptFinished)
            yield fact
    if not has_end:
        yield from _end(recording)


def _title(node: Mapping[str, Any]) -> str:
    meta = node.get("_meta")
    title = meta.get("title") if isinstance(meta, Mapping) else None
    return str(title or node.get("class_type", "?"))


def _end(recording: Recording) -> Iterator[PromptFinished]:
    """The end of the job: the end mark if it was recorded, else the last message that tells how it went."""
    told = _last_word(recording)
    if told is None:
        return
    mark = next((message for message in recording.messages if _is_end_mark(message, recording.prompt_id)), told)
    stamps = {
        message.type: round(message.data["timestamp"])
        for message in recording.messages
        if isinstance(message.data.get("timestamp"), int | float)
    }
    node = told.data.get("node_id")
    yield PromptFinished(
        time_s=recording.posted_s + mark.t_s,
        prompt_id=recording.prompt_id,
        outcome=_OUTCOMES[told.type],
        node=None if node is None else str(node),
        server_started_ms=stamps.get("execution_start"),
        server_ended_ms=stamps.get(told.type),
    )


def _last_word(recording: Recording) -> RecordedMessage | None:
    hits = [message for message in recording.messages if message.type in _OUTCOMES]
    return hits[-1] if hits else None


def _is_end_mark(message: RecordedMessage, prompt_id: str) -> bool:
    return (
        message.type == "executing" and message.data.get("node") is None and message.data.get("prompt_id") == prompt_id
    )


def _problems(recording: Recording, conversions: Conversions) -> Iterator[ProblemFound]:
    told = _last_word(recording)
    if told is not None and told.type == "execution_error":
        found = conversions.problem_from_error(told.data, recording.graph)
        yield ProblemFound(time_s=recording.posted_s + told.t_s, problem=found, fatal=True)


def _said(recording: Recording, end: PromptFinished | None) -> tuple[Path, ServerSaid] | None:
    """The server's own line about this job, told from others by its duration."""
    if end is None or end.server_started_ms is None or end.server_ended_ms is None:
        return None
    hit = log_with_duration(recording.folder, (end.server_ended_ms - end.server_started_ms) / 1000.0)
    return None if hit is None else (hit[0], ServerSaid(time_s=end.time_s, line=hit[1]))


def _parameters(recording: Recording, conversions: Conversions) -> JobParameters:
    """What the graph would make; without a graph only the recording's name is known."""
    if not recording.graph:
        return JobParameters(workflow=recording.name, workflow_sha256="")
    text = json.dumps(recording.graph, sort_keys=True, separators=(",", ":"))
    return conversions.parameters_from_graph(
        recording.graph, recording.name, hashlib.sha256(text.encode("utf-8")).hexdigest()
    )


def _manifest(
    recording: Recording, run_id: str, outcome: PromptOutcome, span: tuple[float, float], conversions: Conversions
) -> RunManifest:
    stats = recording.stats
    boards = [device for device in stats.devices if device.type == "cuda"] if stats is not None else []
    inventory = GpuInventory(
        source=RECORDING_SOURCE,
        gpus=tuple(GpuInfo(gpu=0, name=device.gpu_name, memory_total_bytes=device.vram_total) for device in boards[:1]),
    )
    manifest = RunManifest(
        app_version=wan22.__version__,
        run_id=run_id,
        title=recording.name,
        created_at=datetime.fromtimestamp(recording.posted_s, UTC).isoformat(timespec="seconds"),
        started_s=span[0],
        finished_s=span[1],
        outcome=outcome,
        origin="imported",
        parameters=_parameters(recording, conversions),
        server=ServerIdentity(url="", owned=False, local=False, stats=stats),
        inventory=inventory if boards else None,
        telemetry=TelemetryIdentity(source=RECORDING_SOURCE if recording.readings else "none"),
    )
    return manifest.model_copy(update={"target_key": job_key(manifest)})
