"""What the queue says, in words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from wan22.job.eta import Eta
from wan22.runs.job_times import QueueTime, TimeRange, queue_time
from wan22.schema.duration_text import duration
from wan22.schema.queue import JobState, QueuedJob
from wan22.ui.number_text import rough
from wan22.ui.state.size_preset import size_text
from wan22.ui.state.time_left import rough_range
from wan22.ui.verdict_word import Tone

if TYPE_CHECKING:
    from wan22.ui.state.queue_view import QueueView


@dataclass(frozen=True, slots=True)
class StateText:
    """A state as a chip: its tone, glyph and word, and the sentence behind it."""

    tone: Tone
    glyph: str
    word: str
    help_text: str = ""


_STATES: Mapping[JobState, StateText] = {
    JobState.running: StateText(Tone.running, "▸", "running"),
    JobState.waiting: StateText(Tone.unknown, "○", "waiting"),
    JobState.done: StateText(Tone.good, "✓", "done"),
    JobState.failed: StateText(Tone.bad, "✕", "failed"),
    JobState.cancelled: StateText(Tone.unknown, "■", "stopped", "You stopped it; Retry lets it wait again."),
    JobState.interrupted: StateText(
        Tone.slow, "!", "interrupted", "The program or the machine ended while it was made; Retry makes it again."
    ),
}
_HELD = StateText(Tone.unknown, "○", "held back", "It waits from last time; Resume lets it be made.")


def state_text(job: QueuedJob, *, is_held: bool = False) -> StateText:
    """How a job stands."""
    if job.state is JobState.waiting and is_held:
        return _HELD
    if job.problem is not None:
        found = _STATES[job.state]
        return StateText(found.tone, found.glyph, found.word, job.problem.message)
    return _STATES[job.state]


def counted(number: int, noun: str = "job") -> str:
    """`1 job`, `3 jobs`."""
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"


def wait_words(number: int) -> str:
    """`1 job waits`, `3 jobs wait`."""
    return "1 job waits" if number == 1 else f"{number} jobs wait"


def held_words(view: "QueueView") -> str:
    """`3 jobs wait from last time, 1 of them was interrupted`; what is held back since then is said as such."""
    held = view.held
    lost = sum(job.state is JobState.interrupted for job in held)
    since = " last time" if view.is_from_last_time else ""
    was = "was" if lost == 1 else "were"
    if lost == len(held):
        return f"{counted(lost)} {was} interrupted{since}"
    text = f"{wait_words(len(held))} {f'from{since}' if since else 'until you resume'}"
    return f"{text}, {lost} of them {was} interrupted" if lost else text


def left_of_queue(times: Sequence[TimeRange | None], now: Eta | None, *, is_running: bool) -> QueueTime:
    """What waits, and the rest of the job at work as far as it is known."""
    waiting = queue_time(times)
    if not is_running:
        return waiting
    if now is None or not now.complete:
        return QueueTime(waiting.low_s, waiting.high_s, waiting.known, waiting.unknown + 1)
    return QueueTime(waiting.low_s + now.low_s, waiting.high_s + now.high_s, waiting.known + 1, waiting.unknown)


def headline(view: "QueueView", left: QueueTime | None, now_s: float) -> str:
    """The answer. `left`: None while it is being found out."""
    running, ready, held = view.running, view.ready, view.held
    if view.is_paused and ready:
        return f"{'Paused after this job' if running else 'Paused'}: {wait_words(len(ready))}"
    count = len(running) + len(ready)
    if count:
        return f"{counted(count)}{_end_words(left, now_s)}"
    if held:
        return held_words(view)
    return "Paused: nothing waits" if view.is_paused else "Nothing waits"


def _end_words(left: QueueTime | None, now_s: float) -> str:
    if left is None:
        return ""
    if not left.known:
        return ", end unknown"
    span = rough_range(left.low_s, left.high_s)
    if left.unknown:
        return f", at least {span} left"
    return f", done at about {moment_text(now_s + (left.low_s + left.high_s) / 2, now_s)} ({span})"


def grounds(view: "QueueView", left: QueueTime | None, held: QueueTime, runs: int) -> str:
    """What the answer rests on. `held`: time of what is held back; `runs`: earlier runs that tell the times."""
    parts = []
    active = len(view.running) + len(view.ready)
    if active and left is not None:
        parts.append(_basis(left, runs))
    if view.held and active:
        parts.append(held_words(view))
    elif view.held and held.known:
        least = "at least " if held.unknown else ""
        parts.append(f"{least}{rough_range(held.low_s, held.high_s)} of work, {_basis(held, runs)}")
    over = {state: sum(job.state is state for job in view.finished) for state in _STATES}
    ends = [f"{number} {_STATES[state].word}" for state, number in over.items() if number]
    if ends:
        parts.append(", ".join(ends))
    if not view.jobs:
        return "Jobs that you add are made here, one after the other; they survive a crash and a restart."
    return " · ".join(part[:1].upper() + part[1:] for part in parts)


def _basis(left: QueueTime, runs: int) -> str:
    told = f"from {runs} earlier run{'' if runs == 1 else 's'} on this machine"
    if not left.known:
        return "no earlier run here tells how long they take; the first one will"
    if left.unknown:
        return f"{told}; {counted(left.unknown)} of unknown length"
    return told


def moment_text(time_s: float, now_s: float) -> str:
    """`14:52`, `09:10 tomorrow`, `09:10 on Fri 27 Nov`."""
    moment, today = _local(time_s), _local(now_s).date()
    if moment.date() == today:
        return f"{moment:%H:%M}"
    if moment.date() == today + timedelta(days=1):
        return f"{moment:%H:%M} tomorrow"
    return f"{moment:%H:%M} on {moment:%a} {moment.day} {moment:%b}"


def name_text(job: QueuedJob) -> str:
    """What a job is called: its prompt, else that the workflow has it."""
    return " ".join((job.request.prompt or "").split()) or "The workflow's own prompt"


def job_text(job: QueuedJob) -> str:
    """`boat.png · 1280 × 720 · 81 frames · seed 7 · rtx5090`, as far as it is said."""  # noqa: RUF002
    request = job.request
    parts = [request.image.name]
    if request.width is not None and request.height is not None:
        parts.append(size_text((request.width, request.height)))
    if request.length is not None:
        parts.append(f"{request.length} frames")
    parts.append(f"seed {request.seed}" if request.seed is not None else "seed drawn then")
    parts.append(job.profile or "automatic profile")
    return " · ".join(parts)


def note_text(job: QueuedJob, now_s: float) -> str:
    """What became of it, or when it was asked for."""
    if job.problem is not None:
        return job.problem.message
    tries = f"try {job.attempt + (job.state is JobState.waiting)}" if job.attempt > 1 or _is_retry(job) else ""
    said = f"added {moment_text(job.created_s, now_s)}" if job.state is JobState.waiting else ""
    if job.finished_s is not None and job.state is not JobState.waiting:
        said = f"{_STATES[job.state].word} at {moment_text(job.finished_s, now_s)}"
    elif job.state is JobState.running and job.started_s is not None:
        said = f"begun at {moment_text(job.started_s, now_s)}"
    return " · ".join(part for part in (said[:1].upper() + said[1:], tries) if part)


def _is_retry(job: QueuedJob) -> bool:
    return job.state is JobState.waiting and job.attempt > 0


def time_texts(job: QueuedJob, expected: TimeRange | None, *, is_asked: bool) -> tuple[str, str]:
    """A job's time, and what it is."""
    if job.state is JobState.done and job.started_s is not None and job.finished_s is not None:
        return duration(job.finished_s - job.started_s), "took"
    if job.state not in (JobState.waiting, JobState.running):
        return "", ""
    if expected is None:
        return ("unknown", "no run yet") if is_asked else ("", "")
    runs = f"{expected.count} run" if expected.count == 1 else f"{expected.count} runs"
    return rough_range(expected.low_s, expected.high_s), f"from {runs}"


def running_texts(left: Eta | None) -> tuple[str, str] | None:
    """As `time_texts`, for the job at work as it goes on; None when nothing is known of it."""
    if left is None or (not left.complete and left.low_s < 1.0):
        return None
    if not left.complete:
        return f"at least {rough(left.low_s)}", "left"
    if left.high_s <= 0.0:
        return "any moment", "longer than usual"
    return rough_range(max(1.0, left.low_s), max(1.0, left.high_s)), "left"


def batch_time(total: QueueTime) -> str:
    """How long jobs that are about to be added take."""
    if not total.known:
        return "Time unknown: no earlier run here tells."
    span = rough_range(total.low_s, total.high_s)
    return f"About {span}." if not total.unknown else f"At least {span}; {counted(total.unknown)} of unknown length."


def spoken(job: QueuedJob, times: tuple[str, str], now_s: float, *, is_held: bool) -> str:
    """A row as it is read out."""
    state = state_text(job, is_held=is_held).word
    parts = (f"Job {job.job_id}", state, name_text(job), job_text(job), " ".join(times), note_text(job, now_s))
    return ", ".join(part for part in parts if part)


def _local(time_s: float) -> datetime:
    return datetime.fromtimestamp(time_s, UTC).astimezone()
