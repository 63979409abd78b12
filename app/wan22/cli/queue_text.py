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
_PROMPT = 40


def state_word(job: QueuedJob) -> str:
    """`waiting`, `running`, `done`, `failed`, `stopped`, `interrupted`."""
    return _WORDS.get(job.state, job.state.value)


def columns() -> tuple[str, ...]:
    """Heads of the table."""
    return ("job>", "state", "image", "size", "prompt", "seed>", "profile", "run")


def job_row(job: QueuedJob) -> tuple[str, ...]:
    """One job as a row of the table; what the workflow decides is an empty cell."""
    request = job.request
    prompt = " ".join((request.prompt or "").split())
    seed = "" if request.seed is None else str(request.seed)
    return (
        str(job.job_id),
        f"{_GLYPHS[job.state]} {state_word(job)}",
        request.image.name,
        _size(job),
        prompt if len(prompt) <= _PROMPT else prompt[: _PROMPT - 1] + "…",
        seed,
        job.profile or "",
        _end(job),
    )


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


def _size(job: QueuedJob) -> str:
    request = job.request
    size = f"{request.width}×{request.height}" if request.width and request.height else ""  # noqa: RUF001
    return f"{size}×{request.length}" if size and request.length else size  # noqa: RUF001


def _end(job: QueuedJob) -> str:
    """The run, and what went wrong or how long it took."""
    if job.problem is not None:
        return job.problem.message
    if job.run_id is None:
        return ""
    if job.state is JobState.done and job.started_s is not None and job.finished_s is not None:
        end = datetime.fromtimestamp(job.finished_s, UTC).astimezone()
        return f"{job.run_id} ({duration(job.finished_s - job.started_s)}, at {end:%H:%M})"
    return job.run_id
