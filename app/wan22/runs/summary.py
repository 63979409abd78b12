"""What a run comes to: times of its stages and what the GPU did meanwhile. Pure, except for the cache on disk."""

import math
from collections.abc import Iterable
from statistics import median

from pydantic import ValidationError

import wan22
from wan22.runs.gpu_summary import gpu_summary
from wan22.runs.layout import RunFolder
from wan22.runs.reader import StoredRun, open_run
from wan22.runs.stages import (
    PASSES,
    NodeInterval,
    end_s,
    node_intervals,
    server_duration_s,
    stage_timings,
    total_s,
    was_watched,
)
from wan22.runs.state import RunState, reduce_all
from wan22.runs.telemetry import Telemetry
from wan22.schema.events import AnyEvent, PromptOutcome, Role
from wan22.schema.run import RunManifest
from wan22.schema.summary import RunSummary, StageTiming
from wan22.system.files import write_text_atomic

RECORDING_SOURCE = "recording"
"""Telemetry source of imported recordings, which are of one GPU and know no uuid."""

CACHED_PASS = "A pass was not done: the server had its result from an earlier job. Another seed makes it work anew."

_LINE_EARLY_S = 1.0
_DISAGREE_S = 0.2


def summary_from_run(
    manifest: RunManifest,
    events: Iterable[AnyEvent],
    telemetry: Telemetry,
    server_log_seconds: float | None = None,
    notes: Iterable[str] = (),
) -> RunSummary:
    """Compute the summary; verdicts are added by `verdict.verdicts`, since they depend on more than the run.

    `server_log_seconds`: the server's "Prompt executed in", where it is known from elsewhere than the facts.
    """
    state = reduce_all(events)
    stages = stage_timings(state)
    total = total_s(state)
    said_s = server_log_seconds if server_log_seconds is not None else _executed_s(state)
    server_s = said_s if said_s is not None else server_duration_s(state)
    board = board_telemetry(manifest, telemetry)
    found = [*notes, *telemetry.notes, *_notes(state, stages, total, server_s)]
    if board is None and len(telemetry):
        found.append("Which GPU did the work is not known, so its readings were not summed up.")
    return RunSummary(
        run_id=manifest.run_id,
        app_version=wan22.__version__,
        outcome=manifest.outcome or state.outcome,
        simulated=manifest.simulated,
        total_s=total,
        server_total_s=server_s,
        queue_wait_s=_difference(state.queued_s, state.started_s),
        startup_s=state.server.startup_s,
        stages=stages,
        gpu=gpu_summary(board, _sampling(state), _job(state)) if board is not None else None,
        outputs=tuple(output.path for output in state.outputs),
        notes=tuple(dict.fromkeys(found)),
    )


def summary_of(run: StoredRun) -> RunSummary:
    """The summary of a run as read from disk, without verdicts."""
    return summary_from_run(run.manifest, run.events, run.telemetry, notes=run.notes)


def load_summary(folder: RunFolder) -> RunSummary:
    """The summary from the cache if it is younger than the run and of this version, else computed anew.

    Errors: as `reader.open_run` and `telemetry.read_telemetry`.
    """
    cached = cached_summary(folder)
    if cached is not None and cached.app_version == wan22.__version__ and _is_fresh(folder):
        return cached
    return summary_of(open_run(folder))


def cached_summary(folder: RunFolder) -> RunSummary | None:
    """What `summary.json` says, whatever its age; None when it is missing or not readable."""
    try:
        return RunSummary.model_validate_json(folder.summary.read_bytes())
    except (OSError, ValidationError):
        return None


def write_summary(folder: RunFolder, summary: RunSummary) -> None:
    """Write the cache, without verdicts: those depend on profiles and other runs. AppError as for any file."""
    text = summary.model_copy(update={"verdicts": ()}).model_dump_json(indent=2)
    write_text_atomic(folder.summary, text + "\n")


def board_telemetry(manifest: RunManifest, telemetry: Telemetry) -> Telemetry | None:
    """Rows of the board that did the work, matched by uuid; None when that board is not known.

    Readings of this machine say nothing about a server elsewhere: without a match there is no guess.
    """
    identity = manifest.telemetry
    if identity.gpu_uuid is not None and manifest.inventory is not None:
        for info in manifest.inventory.gpus:
            if info.uuid == identity.gpu_uuid:
                return telemetry.of_gpu(info.gpu)
    if identity.source == RECORDING_SOURCE and len(telemetry.gpus) == 1:
        return telemetry
    return None


def board_name(manifest: RunManifest) -> str | None:
    """Name of the board that did the work: by uuid, else as the server names it."""
    if manifest.inventory is not None:
        for info in manifest.inventory.gpus:
            if info.uuid is not None and info.uuid == manifest.telemetry.gpu_uuid:
                return info.name
    stats = manifest.server.stats if manifest.server is not None else None
    names = [device.gpu_name for device in stats.devices if device.type == "cuda"] if stats is not None else []
    return names[0] if names else None


def stage_of(summary: RunSummary, role: Role) -> StageTiming | None:
    """The stage with that role, if the run has it."""
    return next((stage for stage in summary.stages if stage.role is role), None)


def _is_fresh(folder: RunFolder) -> bool:
    try:
        age = folder.summary.stat().st_mtime_ns
        parts = [
            path.stat().st_mtime_ns for path in (folder.manifest, folder.events, folder.telemetry) if path.exists()
        ]
    except OSError:
        return False
    return all(part <= age for part in parts)


def _executed_s(state: RunState) -> float | None:
    """The server's own line for this job: the first one at or after its end (it follows the end mark)."""
    if state.end is None:
        return None
    first_s = max((end_s(state) or state.end.time_s) - _LINE_EARLY_S, state.started_s or 0.0)
    return next((seconds for time_s, seconds in state.executed_lines if time_s >= first_s), None)


def _difference(first_s: float | None, last_s: float | None) -> float | None:
    return None if first_s is None or last_s is None else max(0.0, last_s - first_s)


def _pass_intervals(state: RunState) -> list[NodeInterval]:
    return [interval for interval in node_intervals(state) if state.roles.get(interval.node) in PASSES]


def _sampling(state: RunState) -> list[tuple[float, float]]:
    return [
        (interval.started_s, interval.finished_s)
        for interval in _pass_intervals(state)
        if interval.finished_s is not None and interval.seconds is not None
    ]


def _job(state: RunState) -> tuple[float, float] | None:
    finished_s = end_s(state)
    return None if state.started_s is None or finished_s is None else (state.started_s, finished_s)


def _notes(
    state: RunState, stages: tuple[StageTiming, ...], total: float | None, server_s: float | None
) -> Iterable[str]:
    if not was_watched(state):
        yield "The live connection was lost meanwhile: times of the stages that it hid are unknown."
    if state.end is not None and state.end.from_history:
        yield "The end of the job was read from the server's history."
    if state.end is not None and state.end.outcome is not PromptOutcome.success and stages:
        yield f"The job ended with '{state.end.outcome.value}': stages after that are missing."
    if total is not None and server_s is not None and not math.isclose(total, server_s, abs_tol=_allowed_s(server_s)):
        yield f"The measured total of {total:.2f} s differs from the server's own {server_s:.2f} s."
    if any(stage.role in PASSES and stage.cached for stage in stages):
        yield CACHED_PASS
    for stage in stages:
        if stage.role in PASSES and len(stage.step_s) >= 3 and max(stage.step_s) > 2 * median(stage.step_s):
            name = stage.role.value.replace("_", " ")
            yield f"One step of {name} took {max(stage.step_s):.1f} s; the median is {median(stage.step_s):.1f} s."


def _allowed_s(server_s: float) -> float:
    """Difference that means nothing; above ten minutes the server's line knows only whole seconds."""
    return _DISAGREE_S if server_s < 600 else 1.0 + _DISAGREE_S
