"""Jobs that wait, run, and have run: what the queue keeps on disk."""

from enum import Enum

from wan22.schema.frozen import Tolerant
from wan22.schema.problem import Problem
from wan22.schema.request import GenerationRequest

FORMAT = 1


class JobState(Enum):
    """Where a job stands. `interrupted`: the panel or the machine ended while it ran, so nobody saw its end."""

    waiting = "waiting"
    running = "running"
    done = "done"
    failed = "failed"
    cancelled = "cancelled"
    interrupted = "interrupted"


OVER = frozenset({JobState.done, JobState.failed, JobState.cancelled, JobState.interrupted})
"""States of a job that will not run by itself any more."""


class QueuedJob(Tolerant):
    """One job. `job_id` counts up and is never used again; waiting jobs come in the order of `position`.

    `profile`: None = the one that is in force when it runs. `run_id`: its run folder once it has begun. Times in
    seconds since the epoch.
    """

    job_id: int
    position: float
    state: JobState
    request: GenerationRequest
    profile: str | None = None
    run_id: str | None = None
    attempt: int = 0
    created_s: float
    started_s: float | None = None
    finished_s: float | None = None
    problem: Problem | None = None
