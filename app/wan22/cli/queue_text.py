"""Jobs of the queue in the words of the terminal."""

from collections.abc import Sequence
from datetime import UTC, datetime

from wan22.cli.console import as_started
from wan22.schema.duration_text import duration
from wan22.schema.queue import JobState, QueuedJob

_GLYPHS = {
    JobState.running: "▸",
    JobState.waiting: "○",
    JobState.done: "✓",
    JobState.failed: "✕",
    JobState.cancelled: "–",  # noqa: RUF001 - a dash as a sign
    JobState.interrupted: "!",
}
_WORDS = {JobState.cancelled: "stopped"}
_PROMPT = 60


def state_word(job: QueuedJob) -> str:
    """`waiting`, `running`, `done`, `failed`, `stopped`, `interrupted`."""
    return _WORDS.get(job.state, job.state.value)


def job_lines(jobs: Sequence[QueuedJob]) -> list[str]:
    """One line a job, and a second one for what became of it; what the workflow decides is left out."""
    digits = max((len(str(job.job_id)) for job in jobs), default=1)
    lines = []
    for job in jobs:
        lines.append(f"{job.job_id:>{digits}}  {_GLYPHS[job.state]} {state_word(job):<11}  {_job(job)}")
        end = _end(job)
        if end:
            lines.append(f"{'':{digits}}    {end}")
    return lines


def waiting_words(number: int) -> str:
    """`1 job waits`, `3 jobs wait`."""
    return "1 job waits" if number == 1 else f"{number} jobs wait"


def left_words(jobs: Sequence[QueuedJob], *, is_paused: bool) -> str:
    """What there is to do, as one line."""
    waiting = sum(job.state is JobState.waiting for job in jobs)
    lost = sum(job.state is JobState.interrupted for job in jobs)
    parts = [waiting_words(waiting) if waiting else "nothing waits"]
    if lost:
        parts.append(f"{lost} interrupted")
    text = ", ".join(parts)
    text = text[:1].upper() + text[1:]
    if is_paused:
        return f"Paused. {text}. `{as_started('wan22 queue resume')}` lets it go on."
    return f"{text}. `{as_started('wan22 queue run')}` makes what waits." if waiting else f"{text}."


def _job(job: QueuedJob) -> str:
    request = job.request
    size = f"{request.width}×{request.height}" if request.width and request.height else ""  # noqa: RUF001
    length = f"{request.length} frames" if request.length else ""
    seed = f"seed {request.seed}" if request.seed is not None else ""
    prompt = " ".join((request.prompt or "").split())
    prompt = prompt if len(prompt) <= _PROMPT else prompt[: _PROMPT - 1] + "…"
    parts = (request.image.name, size, length, seed, job.profile or "", prompt)
    return " · ".join(part for part in parts if part)


def _end(job: QueuedJob) -> str:
    """What went wrong, or how long it took, and in which run."""
    run = f"run {job.run_id}" if job.run_id is not None else ""
    if job.problem is not None:
        return " · ".join(part for part in (job.problem.message, run) if part)
    if job.state is JobState.done and job.started_s is not None and job.finished_s is not None:
        end = datetime.fromtimestamp(job.finished_s, UTC).astimezone()
        return f"{duration(job.finished_s - job.started_s)}, done at {end:%H:%M} · {run}"
    return run
