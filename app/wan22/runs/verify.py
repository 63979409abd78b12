"""Whether a run folder holds together; every fault is one problem, and what can be read stays readable."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import PurePosixPath

import numpy as np

from wan22.runs.layout import RunFolder
from wan22.runs.reader import TORN_LINE, UNKNOWN_KINDS, StoredRun, open_run
from wan22.runs.stages import stage_timings
from wan22.runs.state import RunState, reduce_all
from wan22.runs.summary import cached_summary, summary_of
from wan22.runs.telemetry import TORN_ROW, Telemetry
from wan22.schema.events import JobRecovered, OutputSaved, PromptOutcome, Role, RunFinished, RunStarted, TelemetryStatus
from wan22.schema.problem import AppError, Problem, Severity, problem
from wan22.schema.summary import RunSummary
from wan22.system.files import sha256_of

GAP_S = 2.0
_BACKWARDS_S = 1.0
_CORE_COLUMNS = ("utilization_pct", "temperature_c", "power_w", "sm_clock_mhz", "memory_used_bytes")
"""Others may be missing: an older version did not know them yet."""
_SHOWN_GAPS = 5
_STAGE_ORDER = (Role.pass_1, Role.pass_2, Role.decode, Role.save)


def verify_run(folder: RunFolder) -> list[Problem]:
    """Check everything about a run; an empty list means that all fits. Warnings say what is missing but explained."""
    try:
        run = open_run(folder)
        telemetry = run.telemetry
    except AppError as error:
        return [error.problem]
    state = reduce_all(run.events)
    return [
        *_closing(run),
        *_log(run),
        *_order(state),
        *_outputs(run, state),
        *_telemetry(run, telemetry),
        *_cache(run),
    ]


def _fault(message: str, folder: RunFolder, *, detail: str = "") -> Problem:
    return problem("run_inconsistent", message, detail=detail, run=folder.run_id)


def _doubt(code: str, message: str, folder: RunFolder) -> Problem:
    return problem(code, message, Severity.warning, run=folder.run_id)


def _closing(run: StoredRun) -> Iterator[Problem]:
    manifest = run.manifest
    if manifest.outcome is None:
        yield _doubt("run_incomplete", f"The run '{run.folder.run_id}' was not closed properly.", run.folder)
    elif manifest.incomplete:
        yield _doubt("run_incomplete", f"Not all of the run '{run.folder.run_id}' could be written.", run.folder)
    if manifest.run_id != run.folder.run_id:
        yield _doubt(
            "run_inconsistent",
            f"The folder is named '{run.folder.run_id}', but its manifest says '{manifest.run_id}'.",
            run.folder,
        )
    if manifest.finished_s is not None and manifest.finished_s < manifest.started_s:
        yield _fault(f"The run ends {manifest.started_s - manifest.finished_s:.1f} s before it starts.", run.folder)


def _log(run: StoredRun) -> Iterator[Problem]:
    """What the reader could not read, and a log whose ends do not fit the manifest."""
    for note in run.log_notes:
        if note.endswith(UNKNOWN_KINDS):  # a newer version wrote them, which is no fault
            yield _doubt("run_inconsistent", note, run.folder)
            continue
        torn = (note == TORN_LINE and run.manifest.outcome is None) or run.manifest.recovered
        yield _doubt("run_incomplete", note, run.folder) if torn else _fault(note, run.folder)
    starts = [event for event in run.events if isinstance(event, RunStarted)]
    ends = [event for event in run.events if isinstance(event, RunFinished)]
    copied = run.manifest.origin == "imported"  # under a free name, its log being that of the original
    if not copied and any(event.run_id != run.manifest.run_id for event in starts):
        yield _doubt("run_inconsistent", "The log begins with the id of another run.", run.folder)
    recoveries = sum(isinstance(event, JobRecovered) for event in run.events)  # each may follow an end of its own
    if len(starts) > 1 or len(ends) > 1 + recoveries:
        yield _fault(f"The log has {len(starts)} beginnings and {len(ends)} ends.", run.folder)
    if ends and run.manifest.outcome not in (None, ends[-1].outcome):
        yield _fault(
            f"The log ends with '{ends[-1].outcome.value}', but the manifest says '{_outcome(run)}'.", run.folder
        )
    if run.manifest.outcome is not None and not run.manifest.incomplete and run.events and not ends:
        yield _fault("The run is closed, but its log has no end.", run.folder)


def _outcome(run: StoredRun) -> str:
    return run.manifest.outcome.value if run.manifest.outcome is not None else "not closed"


def _order(state: RunState) -> Iterator[Problem]:
    """Marks of the job in order, and the stages in the only order in which a video can be made."""
    marks = [
        ("queued", state.queued_s),
        ("started", state.started_s),
        ("first node", state.starts[0].time_s if state.starts else None),
        ("end", state.end.time_s if state.end is not None else None),
    ]
    known = [(name, time_s) for name, time_s in marks if time_s is not None]
    for (name, time_s), (later_name, later_s) in pairwise(known):
        if later_s < time_s - _BACKWARDS_S:
            text = f"'{later_name}' lies {time_s - later_s:.1f} s before '{name}'."
            yield problem("run_inconsistent", text)
    began = {stage.role: stage.started_s for stage in stage_timings(state)}
    stages = [(role, first_s) for role in _STAGE_ORDER if (first_s := began.get(role)) is not None]
    for (role, began_s), (later_role, later_s) in pairwise(stages):
        if later_s < began_s:
            text = f"The stage '{later_role.value}' began before '{role.value}'."
            yield problem("run_inconsistent", text)


def _outputs(run: StoredRun, state: RunState) -> Iterator[Problem]:
    for output in state.outputs:
        yield from _output(run.folder, output)
    succeeded = run.manifest.outcome is PromptOutcome.success and run.manifest.origin == "generated"
    if succeeded and not state.outputs:
        yield problem("output_missing", "The run succeeded, but no file of it was saved.", run=run.folder.run_id)


def _output(folder: RunFolder, output: OutputSaved) -> Iterator[Problem]:
    relative = PurePosixPath(output.path.replace("\\", "/"))
    if relative.is_absolute() or ".." in relative.parts or ":" in relative.parts[0]:
        yield _fault(f"The output '{output.path}' lies outside of the run folder.", folder)
        return
    path = folder.path.joinpath(*relative.parts)
    try:
        size = path.stat().st_size
    except OSError:
        yield problem("output_missing", f"The output '{output.path}' is missing.", file=path)
        return
    if size != output.byte_count:
        yield _fault(f"The output '{output.path}' has {size} bytes; {output.byte_count} were saved.", folder)
        return
    try:
        digest = sha256_of(path) if output.sha256 is not None else None
    except AppError as error:
        yield error.problem
        return
    if digest != output.sha256:
        yield _fault(f"The output '{output.path}' was changed: its SHA-256 is another one.", folder)


def _telemetry(run: StoredRun, telemetry: Telemetry) -> Iterator[Problem]:
    missing = [name for name in _CORE_COLUMNS if name not in telemetry.columns]
    if len(telemetry) and run.manifest.origin == "generated" and missing:
        yield _doubt("run_inconsistent", f"The telemetry lacks the columns {', '.join(missing)}.", run.folder)
    for note in telemetry.notes:
        torn = note == TORN_ROW and run.manifest.outcome is None
        yield _doubt("run_incomplete", note, run.folder) if torn else _fault(note, run.folder)
    status = [event for event in run.events if isinstance(event, TelemetryStatus)]
    if status and status[-1].available and not len(telemetry):
        yield _fault("Readings were announced, but there are none.", run.folder)
    for gpu in telemetry.gpus:
        yield from _gaps(run.folder, telemetry.of_gpu(gpu), gpu)


def _gaps(folder: RunFolder, board: Telemetry, gpu: int) -> Iterator[Problem]:
    """Times without readings, the first few by name."""
    time_s = np.sort(board.column("time_s"))
    pauses = np.diff(time_s)
    places = np.nonzero(pauses > GAP_S)[0]
    for place in places[:_SHOWN_GAPS]:
        after_s = float(time_s[place] - time_s[0])
        text = f"GPU {gpu} has no readings for {float(pauses[place]):.1f} s, {after_s:.1f} s after the first one."
        yield _doubt("telemetry_gap", text, folder)
    if len(places) > _SHOWN_GAPS:
        yield _doubt("telemetry_gap", f"GPU {gpu} has {len(places) - _SHOWN_GAPS} more such gaps.", folder)


def _cache(run: StoredRun) -> Iterator[Problem]:
    """The cached summary against a new one, as far as both are of the same version."""
    if not run.folder.summary.exists():
        return
    cached, fresh = cached_summary(run.folder), summary_of(run)
    if cached is None:
        yield _doubt("run_inconsistent", "The cached summary cannot be read; it may be deleted.", run.folder)
    elif cached.app_version == fresh.app_version and _bare(cached) != _bare(fresh):
        differing = ", ".join(_differing(cached, fresh))
        yield _fault(f"The cached summary differs from the run in: {differing}.", run.folder)


def _bare(summary: RunSummary) -> RunSummary:
    return summary.model_copy(update={"verdicts": ()})


def _differing(cached: RunSummary, fresh: RunSummary) -> Iterable[str]:
    return (
        name for name in RunSummary.model_fields if name != "verdicts" and getattr(cached, name) != getattr(fresh, name)
    )
