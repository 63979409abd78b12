"""A run that nobody closed, and what its server still knows of the job."""

import json
from dataclasses import dataclass
from enum import Enum

from wan22.comfy.client import ComfyClient, Graph, HistoryEntry
from wan22.job.prompt_plan import PromptPlan
from wan22.runs.layout import RunFolder
from wan22.runs.reader import StoredRun, open_run
from wan22.runs.state import RunState, reduce_all
from wan22.schema.events import PromptOutcome, PromptQueued
from wan22.schema.problem import AppError, Problem, problem
from wan22.schema.run import RunManifest
from wan22.system.files import read_text

LEFT_CODE = "job_left_running"


class Whereabouts(Enum):
    """Where a job is that was left: what can be done about it.

    `waiting` and `running`: it can be followed to its end. `finished`: its files can be collected. `unknown`: the
    server was restarted or forgot it. `never_sent`: the panel ended before. `closed`: there is nothing to recover.
    """

    waiting = "waiting"
    running = "running"
    finished = "finished"
    unknown = "unknown"
    never_sent = "never_sent"
    closed = "closed"


@dataclass(frozen=True, slots=True)
class LeftJob:
    """A run as it was left. `client_id`: under which the server tells about it. `last_s`: the time of its last fact."""

    stored: StoredRun
    state: RunState
    client_id: str | None
    last_s: float

    @property
    def folder(self) -> RunFolder:
        """Its run folder."""
        return self.stored.folder

    @property
    def manifest(self) -> RunManifest:
        """Its manifest as it was left."""
        return self.stored.manifest

    def plan(self) -> PromptPlan:
        """What was sent, as far as it is needed to follow it."""
        state = self.state
        return PromptPlan(
            graph=_graph(self.folder),
            roles=dict(state.roles),
            titles=dict(state.titles),
            steps=dict(state.planned_steps),
            seed=state.seed,
            extra={},
        )


@dataclass(frozen=True, slots=True)
class Recovery:
    """What the server says of a job that was left; `problem` says why it cannot be recovered, if it cannot."""

    left: LeftJob
    whereabouts: Whereabouts
    entry: HistoryEntry | None = None
    problem: Problem | None = None

    @property
    def is_possible(self) -> bool:
        """Whether there is anything to follow or to collect."""
        return self.whereabouts in (Whereabouts.waiting, Whereabouts.running, Whereabouts.finished)


def read_left_job(folder: RunFolder) -> LeftJob:
    """The run as it was left. Raises AppError as `runs.reader.open_run`."""
    stored = open_run(folder)
    queued = [event for event in stored.events if isinstance(event, PromptQueued)]
    last_s = max((event.time_s for event in stored.events), default=stored.manifest.started_s)
    return LeftJob(stored, reduce_all(stored.events), queued[-1].client_id if queued else None, last_s)


def is_left(manifest: RunManifest) -> bool:
    """Whether a run may have a job at a server: it was not closed, or closed while the server went on."""
    return manifest.outcome is None or manifest.outcome is PromptOutcome.lost


def recover_job(folder: RunFolder, client: ComfyClient) -> Recovery:
    """Ask the server for the job of a run; nothing is changed. Nobody else may be at work on that run.

    Raises AppError when the run cannot be read or the server does not answer.
    """
    left = read_left_job(folder)
    prompt_id = left.state.prompt_id
    if not is_left(left.manifest):
        return Recovery(left, Whereabouts.closed)
    if prompt_id is None:
        found = problem("run_incomplete", "The panel ended before the job was sent to ComfyUI.", hint="Run it again.")
        return Recovery(left, Whereabouts.never_sent, problem=found)
    queue = client.queue()  # before the history: a job that ends in between is in one of the two
    entry = client.history(prompt_id)
    if entry is not None:
        return Recovery(left, Whereabouts.finished, entry)
    if prompt_id in queue.running:
        return Recovery(left, Whereabouts.running)
    if prompt_id in queue.pending:
        return Recovery(left, Whereabouts.waiting)
    text = (
        f"The server at {client.url} does not know the job any more: what it made, if anything, cannot be told from it."
    )
    return Recovery(left, Whereabouts.unknown, problem=problem("generation_lost", text))


def _graph(folder: RunFolder) -> Graph:
    """The graph as it was sent; empty when it cannot be read: it only gives names to errors."""
    try:
        found = json.loads(read_text(folder.workflow))
    except (AppError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
