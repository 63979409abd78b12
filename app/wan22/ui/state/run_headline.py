"""The one answer at the head of the Run page: what goes on, how long it still takes, how it ended. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from wan22.runs.stages import PASSES
from wan22.runs.state import Phase, RunState
from wan22.schema.error_codes import ERROR_CODES
from wan22.schema.events import PromptOutcome, Role
from wan22.schema.panel_fact import Activity
from wan22.schema.problem import Problem, Severity
from wan22.ui.number_text import rough
from wan22.ui.state.job_watch import JobWatch
from wan22.ui.state.panel_state import PanelState
from wan22.ui.state.run_end import ChipText, end_chips, end_detail, end_title, ended_s
from wan22.ui.state.run_state import LiveRun
from wan22.ui.state.stage_rows import STAGE_NAMES
from wan22.ui.state.time_left import TargetText, left_of, left_text, ready_text, target_text
from wan22.ui.verdict_word import Tone

if TYPE_CHECKING:
    from wan22.runs.own_band import Usual

NOTES = 3
SO_FAR = "so far"
UNKNOWN = "Time left unknown"
NOT_TIMED = "how long decode and save take is not known yet"
STARTUP_WORDS: Mapping[str, str] = {
    "process": "The process has started; Python loads PyTorch",
    "torch": "PyTorch is loaded; it looks for the GPU",
    "device": "The GPU is found",
    "attention": "The attention kernel is chosen",
    "version": "ComfyUI loads its own parts",
    "custom_nodes": "The custom nodes are loaded",
    "database": "The database is open",
    "listening": "It listens; its first answer is awaited",
}
"""What the log shows by now, for each stage of `launch.startup_stages`."""


class HeadAction(Enum):
    """What can be done about it, as a button beside it."""

    none = "none"
    stop_job = "stop job"
    stopping = "stopping"
    again = "again"


@dataclass(frozen=True, slots=True)
class Headline:
    """`title` answers first. `time_text` and `time_rest`: how long so far, and of what. `progress`: 0 to 1."""

    title: str
    detail: str = ""
    time_text: str = ""
    time_rest: str = ""
    target: TargetText | None = None
    progress: float | None = None
    chips: tuple[ChipText, ...] = ()
    problem: Problem | None = None
    notes: tuple[str, ...] = ()
    action: HeadAction = HeadAction.none


def headline(
    run: LiveRun, panel: PanelState, watch: JobWatch, now_s: float, usual_start_s: float | None = None
) -> Headline:
    """All of it, for now. `usual_start_s`: how long ComfyUI usually takes to start."""
    if panel.activity in (Activity.stopping, Activity.disconnecting):
        return _stopping(run.state, panel)
    is_before_run = panel.current is not None and not watch.has_run
    has_ended = run.state.phase is Phase.finished
    if panel.activity is Activity.connecting and panel.current is None:
        return replace(_connecting(run.state, panel, watch, now_s, usual_start_s), action=HeadAction.stop_job)
    if is_before_run or (panel.current is None and run.state.run_id is None) or watch.refused is not None:
        return _outside(panel, watch, is_before_run=is_before_run)
    if has_ended:
        return _ended(run.state, panel)
    found = _going_on(run, panel, watch, now_s, usual_start_s)
    notes = _notes(run.state)
    action = HeadAction.none if panel.activity is Activity.idle else HeadAction.stop_job
    return replace(found, notes=notes, action=action)


def is_live(panel: PanelState, state: RunState) -> bool:
    """Whether something goes on that is worth looking at more than once."""
    return panel.activity is not Activity.idle or (state.run_id is not None and state.phase is not Phase.finished)


def _stopping(state: RunState, panel: PanelState) -> Headline:
    if panel.activity is Activity.disconnecting:
        return Headline("Ending ComfyUI …", "It gets a few seconds to end by itself.", action=HeadAction.stopping)
    if state.phase is Phase.running:
        detail = "ComfyUI stops between two steps; a long step ends first."
    elif not state.server.ready:
        detail = "The start of ComfyUI is broken off."
    else:
        detail = "The job is taken back."
    return Headline("Stopping …", detail, action=HeadAction.stopping)


def _outside(panel: PanelState, watch: JobWatch, *, is_before_run: bool) -> Headline:
    """No run belongs to what is done now."""
    if is_before_run:
        return Headline("Getting ready", "The image and the workflow are read.", action=HeadAction.stop_job)
    if watch.refused is not None:
        title = "ComfyUI did not start" if panel.server is None else "The job could not begin"
        return Headline(title, "Nothing was made.", problem=watch.refused)
    if panel.server is not None:
        detail = "Choose a start image, say what shall happen, and add the job to the queue."
        return Headline("Ready", detail)
    if panel.choice.is_made:
        detail = "Choose a start image and add a job to the queue: ComfyUI is started for it by itself."
        return Headline("No job yet", detail)
    return Headline("No ComfyUI yet", "Choose its folder or its address under Setup, or try the demo.")


def _connecting(state: RunState, panel: PanelState, watch: JobWatch, now_s: float, usual_s: float | None) -> Headline:
    since_s = watch.starting_since_s
    if since_s is None:
        url = panel.settings.url
        if url is not None and not panel.is_demo:
            return Headline("Connecting", f"ComfyUI at {url} is asked for its state.")
        return Headline("Starting ComfyUI", "Its folder, Python and flags are checked.")
    elapsed_s = max(0.0, now_s - since_s)
    stage = STARTUP_WORDS.get(state.server.stage or "process", STARTUP_WORDS["process"])
    rest = f"of usually about {rough(usual_s)}" if usual_s is not None else SO_FAR
    if usual_s is not None and elapsed_s > usual_s:
        rest = f"; usually about {rough(usual_s)}"
    progress = min(1.0, elapsed_s / usual_s) if usual_s else None
    return Headline("Starting ComfyUI", f"{stage}.", _whole(elapsed_s), rest, progress=progress)


def _going_on(run: LiveRun, panel: PanelState, watch: JobWatch, now_s: float, usual_start_s: float | None) -> Headline:
    state = run.state
    if state.phase is Phase.collecting:
        return Headline("Almost done", "The result is copied into the folder of the run.", progress=1.0)
    if state.phase is Phase.running:
        return _running(run, panel, now_s)
    if state.phase is Phase.queued:
        waited_s = max(0.0, now_s - state.queued_s) if state.queued_s is not None else 0.0
        detail = "ComfyUI has the job and begins with it when the jobs before it are done."
        return Headline("Waiting at the server", detail, _whole(waited_s), "in its queue")
    if not state.server.ready:
        return _connecting(state, panel, watch, now_s, usual_start_s)
    return Headline("Preparing the job", "The workflow is checked against the server; then the image is sent.")


def _running(run: LiveRun, panel: PanelState, now_s: float) -> Headline:
    state, stages, current = run.state, run.stages(now_s), run.role
    usual: Mapping[Role, Usual] = panel.expected.usual if panel.expected is not None else {}
    first_s = state.started_s if state.started_s is not None else state.queued_s
    elapsed_s = max(0.0, now_s - first_s) if first_s is not None else 0.0
    target = None
    if panel.expected is not None:
        target = target_text(panel.expected.verdicts(stages), stages, usual, elapsed_s, current)
    doing = _doing(run, now_s)
    if state.is_blind:
        chip = ChipText(
            Tone.slow, "no live connection", "The server goes on with the job; queue and history are asked."
        )
        return Headline("Running", doing, _whole(elapsed_s), SO_FAR, target, _steps_share(run, now_s), (chip,))
    left = left_of(stages, current, usual)
    title = left_text(left) if left is not None else None
    if left is None or title is None:
        has_pass = any(stage.role in PASSES and not stage.complete for stage in stages)
        why = "known when the first steps are done" if has_pass else NOT_TIMED
        detail = f"{doing} · {why}"
        return Headline(UNKNOWN, detail, _whole(elapsed_s), SO_FAR, target, _steps_share(run, now_s))
    middle_s = (left.low_s + left.high_s) / 2
    is_known = left.complete and left.high_s > 0.0
    parts = [doing, ready_text(left, now_s)]
    if not left.complete:
        parts.append(NOT_TIMED)
    return Headline(
        title,
        " · ".join(part for part in parts if part),
        _whole(elapsed_s),
        f"of about {rough(elapsed_s + middle_s)}" if is_known else SO_FAR,
        target,
        elapsed_s / (elapsed_s + middle_s) if is_known and elapsed_s + middle_s > 0 else _steps_share(run, now_s),
    )


def _doing(run: LiveRun, now_s: float) -> str:
    """`Pass 2 of 2, step 3 of 4 is running`, `Decode is running`."""
    if run.state.is_blind:
        return "ComfyUI goes on; what it works on is not seen until the connection is back"
    role = run.role
    if role is None:
        return "ComfyUI begins with the job"
    stages = run.stages(now_s)
    stage = next((one for one in stages if one.role is role), None)
    if role not in PASSES or stage is None:
        return "ComfyUI works" if role is Role.other else f"{STAGE_NAMES[role]} is running"
    passes = [one.role for one in stages if one.role in PASSES]
    name = f"Pass {passes.index(role) + 1} of {len(passes)}"
    if stage.steps_total is None:
        return f"{name} is running"
    if stage.steps_done >= stage.steps_total:
        return f"{name}, all {stage.steps_total} steps are done"
    return f"{name}, step {stage.steps_done + 1} of {stage.steps_total} is running"


def _steps_share(run: LiveRun, now_s: float) -> float | None:
    """Share of the steps of all passes: what the bar shows while no time can be said; None when all are done."""
    stages = [stage for stage in run.stages(now_s) if stage.role in PASSES and stage.steps_total]
    total = sum(stage.steps_total or 0 for stage in stages)
    done = sum(min(stage.steps_done, stage.steps_total or 0) for stage in stages)
    return done / total if done < total else None


def _ended(state: RunState, panel: PanelState) -> Headline:
    summary = panel.judged.summary if panel.judged is not None else None
    seconds = ended_s(state, summary)
    is_problem = state.fatal is not None and state.fatal.code != "cancelled"
    can_repeat = state.outcome is not PromptOutcome.success and not is_problem
    return Headline(
        title=end_title(state, seconds),
        detail=end_detail(state, summary, seconds),
        chips=end_chips(state, summary),
        problem=state.fatal if is_problem else None,
        notes=(*_left_over(state.fatal), *_notes(state)),
        action=HeadAction.again if can_repeat else HeadAction.none,
    )


def _left_over(fatal: Problem | None) -> tuple[str, ...]:
    """What is said when a server did not obey: it may still be working on a job that was stopped here."""
    if fatal is None or fatal.code != "cancelled" or fatal.hint == ERROR_CODES["cancelled"].hint:
        return ()
    return (f"{fatal.message} {fatal.hint}".strip(),)


def _notes(state: RunState) -> tuple[str, ...]:
    """Doubts about the job, each once; what is too much is counted."""
    doubts = [*state.warnings, *(found for found in state.problems if found.severity is Severity.warning)]
    notes = list(dict.fromkeys(doubt.message for doubt in doubts))
    if len(notes) > NOTES:
        notes[NOTES - 1 :] = [f"{len(notes) - NOTES + 1} more doubts are in the folder of the run."]
    return tuple(notes)


def _whole(seconds: float) -> str:
    """A time that counts up: whole seconds, so that it does not flicker."""
    return rough(float(round(seconds))) if seconds >= 0.5 else "0 s"
