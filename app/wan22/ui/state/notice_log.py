"""What a person who looked elsewhere wants to know, told from the facts: jobs that ended, an empty queue, files. Pure.

What comes within a few seconds becomes one notice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wan22.schema.duration_text import duration
from wan22.schema.events import PromptOutcome
from wan22.schema.model_file import ModelFetchEnded
from wan22.schema.panel_fact import QueueChanged
from wan22.schema.queue import JobState, QueuedJob

BATCH_S = 5.0
KEPT = 50
_TOLD = frozenset({JobState.done, JobState.failed, JobState.interrupted})


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell. `is_good` decides the mark; `mark` and `short` are for the title of the window."""

    time_s: float
    title: str
    text: str
    is_good: bool
    short: str

    @property
    def mark(self) -> str:
        """A check or a cross."""
        return "✓" if self.is_good else "✕"


class NoticeLog:
    """`take` gathers facts, `due` gives what is to be told now. `notices`: those of this session, the newest last."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self._states: dict[int, JobState] | None = None
        self._ended: list[QueuedJob] = []
        self._fetches: list[ModelFetchEnded] = []
        self._is_empty = False
        self._told_s: float | None = None

    @property
    def has_news(self) -> bool:
        """Whether something waits to be told."""
        return bool(self._ended or self._fetches)

    def take(self, facts: Iterable[object]) -> None:
        """Take what concerns it out of a batch."""
        for fact in facts:
            if isinstance(fact, QueueChanged):
                self._take_queue(fact.jobs)
            elif isinstance(fact, ModelFetchEnded):
                self._fetches.append(fact)

    def wait_s(self, now_s: float) -> float:
        """How long the next notice has to wait after the one before."""
        return 0.0 if self._told_s is None else max(0.0, self._told_s + BATCH_S - now_s)

    def due(self, now_s: float) -> Notice | None:
        """All news in one notice; None when there are none, or when the last one was just told."""
        if not self.has_news or self.wait_s(now_s) > 0:
            return None
        found = _notice(now_s, self._ended, self._fetches, is_empty=self._is_empty)
        self._ended, self._fetches = [], []
        self._told_s = now_s
        self.notices = [*self.notices, found][-KEPT:]
        return found

    def _take_queue(self, jobs: Sequence[QueuedJob]) -> None:
        before, self._states = self._states, {job.job_id: job.state for job in jobs}
        self._is_empty = not any(job.state in (JobState.waiting, JobState.running) for job in jobs)
        if before is None:  # what ended in an earlier session is no news
            return
        self._ended += [
            job
            for job in jobs
            if job.state in _TOLD and before.get(job.job_id, JobState.waiting) in (JobState.waiting, JobState.running)
        ]


def outcome_of(job: QueuedJob) -> PromptOutcome:
    """How the job ended, as a run would say it."""
    return PromptOutcome.success if job.state is JobState.done else PromptOutcome.error


def _notice(now_s: float, jobs: Sequence[QueuedJob], fetches: Sequence[ModelFetchEnded], *, is_empty: bool) -> Notice:
    failed = [job for job in jobs if outcome_of(job) is not PromptOutcome.success]
    broken = [fetch for fetch in fetches if fetch.failed]
    parts = [_job_text(job) for job in jobs[:1]] if len(jobs) == 1 else []
    if len(jobs) > 1:
        parts.append(f"{_video_words(len(jobs) - len(failed))}{_failed_words(len(failed))}.")
    parts += [_fetch_text(fetch) for fetch in fetches[-1:]]
    if jobs and is_empty:
        parts.append("Nothing waits in the queue.")
    is_good = not failed and not broken
    return Notice(now_s, _title(jobs, failed, fetches), " ".join(parts), is_good, "done" if is_good else "failed")


def _title(jobs: Sequence[QueuedJob], failed: Sequence[QueuedJob], fetches: Sequence[ModelFetchEnded]) -> str:
    if not jobs:
        return "Model files could not be fetched" if any(fetch.failed for fetch in fetches) else "Model files are there"
    if len(jobs) == 1:
        return "The job failed" if failed else "The video is ready"
    return f"{len(failed)} of {len(jobs)} jobs failed" if failed else f"{len(jobs)} videos are ready"


def _video_words(count: int) -> str:
    return "1 video is ready" if count == 1 else f"{count or 'No'} videos are ready"


def _failed_words(count: int) -> str:
    return f", {count} job{'' if count == 1 else 's'} failed" if count else ""


def _job_text(job: QueuedJob) -> str:
    name = job.request.image.name
    if outcome_of(job) is PromptOutcome.success:
        known = job.started_s is not None and job.finished_s is not None
        took = f" after {duration((job.finished_s or 0) - (job.started_s or 0))}" if known else ""
        return f"{name}{took}."
    return f"{name}: {job.problem.message}" if job.problem is not None else f"{name}: it was interrupted."


def _fetch_text(fetch: ModelFetchEnded) -> str:
    files = f"{fetch.fetched} file{'' if fetch.fetched == 1 else 's'} fetched"
    if not fetch.failed:
        return f"{files}."
    why = f" {fetch.problem.message}" if fetch.problem is not None else ""
    return f"{files}, {fetch.failed} failed.{why}"
