"""A job that may be tried again in gentler ways when the GPU runs out of memory, as far as the person agrees."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wan22.job.oom_ladder import OomCase, ladder_for, oom_case
from wan22.job.session import GenerationJob, JobResult, Retry
from wan22.launch.flag_schema import FlagSchema
from wan22.runs.reader import read_events
from wan22.schema.events import PromptQueued, ServerStarting
from wan22.schema.ladder import OomPolicy, Rung
from wan22.schema.problem import AppError, Problem
from wan22.schema.request import GenerationRequest
from wan22.system.cancel import CancelToken
from wan22.system.files import read_text

OUT_OF_MEMORY = "out_of_memory"


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be tried after `problem`: `rungs` from here on, the gentlest first, of `count` in all."""

    problem: Problem
    rungs: tuple[Rung, ...]
    count: int


@dataclass(frozen=True, slots=True)
class LadderParts:
    """What the ladder works with.

    `make_job`: a job for extra flags on top of the usual ones; with `is_fresh` its server is started anew, or lets go
    of its models before. `schema`: the flags that the server knows, None for one that is not ours to start. `consent`
    is asked how far it may go, in the thread of `run`: once, or before each rung with `asks_each`. `failed` is told
    each result that a gentler try follows.
    """

    make_job: Callable[[tuple[str, ...], bool], GenerationJob]
    schema: Callable[[], FlagSchema | None]
    consent: Callable[[Offer], OomPolicy]
    asks_each: bool = False
    failed: Callable[[JobResult], None] = lambda _result: None
    file_bytes: Callable[[str], int | None] = lambda _name: None


class LadderJob:
    """Runs a request, and after a lack of memory the rungs that are agreed to; each is a run folder of its own."""

    def __init__(self, parts: LadderParts) -> None:
        self._parts = parts

    def run(
        self,
        request: GenerationRequest,
        cancel: CancelToken,
        opened: Callable[[str], None] = lambda _run_id: None,
    ) -> JobResult:
        """The last result: how it ended. `opened` is told the id of each run. AppError as `GenerationJob.run`."""
        first = last = self._parts.make_job((), False).run(request, cancel, opened=opened)
        if not ran_out(first):
            return first
        rungs = self.rungs_for(first)
        policy: OomPolicy | None = None
        for number, rung in enumerate(rungs, start=1):
            if policy is None or self._parts.asks_each:
                policy = self._ask(last, rungs[number - 1 :], len(rungs))
            if policy is OomPolicy.never or cancel.is_set:
                break
            if not policy.allows(rung.effect):
                continue
            agreed = [one for one in rungs if policy.allows(one.effect)]
            retry = Retry(first.folder.run_id, rung, agreed.index(rung) + 1, len(agreed))
            self._parts.failed(last)
            last = self._climb(first, retry, cancel, opened)
            if not ran_out(last):
                break
        return last

    def rungs_for(self, result: JobResult) -> tuple[Rung, ...]:
        """The ladder of a run that had no memory; empty when its folder does not hold what is needed."""
        try:
            case = case_of(result, self._parts.schema(), self._parts.file_bytes)
        except AppError:
            return ()
        return () if case is None else ladder_for(case)

    def _ask(self, last: JobResult, rungs: Sequence[Rung], count: int) -> OomPolicy:
        assert last.problem is not None
        return self._parts.consent(Offer(last.problem, tuple(rungs), count))

    def _climb(self, first: JobResult, retry: Retry, cancel: CancelToken, opened: Callable[[str], None]) -> JobResult:
        assert first.request is not None
        request, flags = retry.rung.apply(first.request)
        job = self._parts.make_job(flags, retry.rung.is_fresh)
        return job.run(request, cancel, retry, opened)


def ran_out(result: JobResult) -> bool:
    """Whether the run ended for lack of the GPU's memory."""
    return result.problem is not None and result.problem.code == OUT_OF_MEMORY


def case_of(result: JobResult, schema: FlagSchema | None, file_bytes: Callable[[str], int | None]) -> OomCase | None:
    """The case of a run, from its folder; None when it never sent anything. Raises AppError `file_unreadable`."""
    if result.request is None or result.problem is None or not result.folder.workflow.is_file():
        return None
    events = read_events(result.folder)
    return oom_case(
        result.manifest,
        result.request,
        result.problem,
        json.loads(read_text(result.folder.workflow)),
        schema,
        was_fresh=any(isinstance(event, ServerStarting) for event in events)
        and sum(isinstance(event, PromptQueued) for event in events) == 1,
        file_bytes=file_bytes,
    )
