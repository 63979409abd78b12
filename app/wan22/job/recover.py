"""Jobs that a dead or closed panel left at a server: followed to their end or collected, and their folder closed."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from wan22.job.collect import collect_outputs
from wan22.job.follow import FollowResult, PromptFollower
from wan22.job.hang_watch import HangWatch, watched_server
from wan22.job.left_job import LEFT_CODE, LeftJob, Recovery, Whereabouts, recover_job
from wan22.job.server import ServerHandle
from wan22.job.session import JobParts, JobResult, keep_own, left_at_once, stopped
from wan22.job.telemetry import JobTelemetry
from wan22.runs.layout import RunFolder
from wan22.runs.writer import RunWriter
from wan22.schema.events import (
    AnyEvent,
    JobRecovered,
    NodesCached,
    ProblemFound,
    PromptFinished,
    PromptOutcome,
    PromptStarted,
    RunFinished,
    ServerReady,
    ServerSaid,
    ServerStageReached,
    ServerStarting,
    ServerStopped,
    TelemetryStatus,
)
from wan22.schema.gpu import GpuInfo
from wan22.schema.problem import AppError, Problem
from wan22.schema.run import RunManifest
from wan22.system.cancel import CancelToken
from wan22.system.files import file_error

_NOT_RETOLD = (
    RunFinished,
    PromptFinished,
    ServerSaid,
    ServerStarting,
    ServerStageReached,
    ServerReady,
    ServerStopped,
    TelemetryStatus,
)
_END_NAMES = ("execution_success", "execution_error", "execution_interrupted")


@dataclass(slots=True)
class _Work:
    """What comes to be known on the way."""

    telemetry: JobTelemetry
    handle: ServerHandle
    board: GpuInfo | None = None
    outputs: tuple[Path, ...] = ()
    ended_s: float | None = None


class RecoveredJob:
    """Takes up the job of a run folder. Blocks; like `GenerationJob` it tells everything to the bus.

    The parts' provider must have the server that was left: it is asked, never started for this.
    """

    def __init__(self, parts: JobParts) -> None:
        self._parts = parts
        self._bus = parts.bus
        self._clock = parts.clock

    def run(self, folder: RunFolder, cancel: CancelToken) -> JobResult:
        """Follow or collect, and close the folder; facts go on behind those that are there.

        A job that the server does not know leaves the folder untouched; the result's problem says so. Raises AppError
        when the run cannot be read or the server does not answer.
        """
        handle = self._parts.provider.acquire(cancel)
        try:
            recovery = recover_job(folder, handle.client)
            if not recovery.is_possible:
                return JobResult(folder, recovery.left.manifest, recovery.problem, _kept(recovery.left))
            return self._take_up(recovery, handle, cancel)
        finally:
            self._parts.provider.release(handle)

    def _take_up(self, recovery: Recovery, handle: ServerHandle, cancel: CancelToken) -> JobResult:
        left = recovery.left
        folder = left.folder
        for event in _to_retell(left):
            self._bus.publish(event)
        for path in (folder.events, folder.telemetry, folder.processes):
            end_torn_line(path)
        work = _Work(self._parts.telemetry(), handle)
        writer = RunWriter(folder, self._clock, on_problem=self._tell)
        manifest = writer.open(left.manifest.model_copy(update={"outcome": None, "recovered": True}))
        unsubscribe = self._bus.subscribe(partial(keep_own, writer, work.telemetry))
        outcome, found = PromptOutcome.error, None
        try:
            outcome, found = self._work(recovery, work, cancel)
        except AppError as error:
            found = error.problem
            outcome = PromptOutcome.cancelled if found.code == "cancelled" else PromptOutcome.error
        except KeyboardInterrupt:
            outcome, found = PromptOutcome.cancelled, left_at_once(handle)
            raise
        finally:
            work.telemetry.stop()
            if found is not None:
                self._bus.publish(ProblemFound(time_s=self._clock.now(), problem=found, fatal=True))
            self._bus.publish(RunFinished(time_s=self._clock.now(), outcome=outcome))
            unsubscribe()
            manifest = writer.close(_closed(manifest, work, outcome, self._clock.now()))
        return JobResult(folder, manifest, found, work.outputs)

    def _work(self, recovery: Recovery, work: _Work, cancel: CancelToken) -> tuple[PromptOutcome, Problem | None]:
        left, handle = recovery.left, work.handle
        prompt_id = left.state.prompt_id or ""
        now_s = self._clock.now()
        self._bus.publish(
            JobRecovered(
                time_s=now_s,
                prompt_id=prompt_id,
                found=_FOUND[recovery.whereabouts],
                unseen_s=max(0.0, now_s - left.last_s),
            )
        )
        result = self._result(recovery, work, prompt_id, cancel)
        handle.is_dead = result.problem is not None and result.problem.code == "server_hung"
        self._tell_from_history(result, left, work)
        if result.outcome is PromptOutcome.success:
            saved = collect_outputs(handle.client, result.history, left.folder.outputs, self._bus, self._clock, cancel)
            work.outputs = saved.saved
            if saved.problems:
                return PromptOutcome.error if not saved.saved else result.outcome, saved.problems[0]
        if result.outcome is PromptOutcome.interrupted and cancel.is_set:
            return PromptOutcome.cancelled, stopped(result, handle)
        return result.outcome, result.problem

    def _result(self, recovery: Recovery, work: _Work, prompt_id: str, cancel: CancelToken) -> FollowResult:
        left, handle = recovery.left, work.handle
        if recovery.entry is not None:
            follower = PromptFollower(handle.client, self._bus, self._clock)
            return follower.conclude(prompt_id, left.plan(), recovery.entry, lost_at_s=left.last_s)
        work.telemetry.start()
        environment = handle.plan.environment if handle.plan is not None else {}
        _, work.board = work.telemetry.identify(handle, environment)
        watch = HangWatch(
            watched_server(handle, work.board),
            self._bus,
            self._clock,
            usual=self._parts.usual_times(left.folder.run_id),
        )
        follower = PromptFollower(handle.client, self._bus, self._clock, crash=handle.crash, watch=watch)
        return follower.resume(prompt_id, left.client_id, left.plan(), cancel, lost_at_s=left.last_s)

    def _tell_from_history(self, result: FollowResult, left: LeftJob, work: _Work) -> None:
        """Start and cached nodes, if nobody saw them; stamps of a server on this machine are on our clock."""
        messages = dict(result.history.messages) if result.history is not None else {}
        ended_ms = next((stamp for name in _END_NAMES if (stamp := _stamp(messages.get(name))) is not None), None)
        if not work.handle.local or left.state.queued_s is None:
            return
        started_ms = _stamp(messages.get("execution_start"))
        if left.state.started_s is None and started_ms is not None:
            started_s = max(started_ms / 1000.0, left.state.queued_s)
            self._bus.publish(PromptStarted(time_s=started_s, prompt_id=result.prompt_id, server_time_ms=started_ms))
        cached = messages.get("execution_cached")
        nodes = cached.get("nodes") if cached is not None else None
        if isinstance(nodes, list | tuple) and not left.state.cached:
            names = tuple(str(node) for node in nodes)
            self._bus.publish(NodesCached(time_s=self._clock.now(), prompt_id=result.prompt_id, nodes=names))
        if ended_ms is not None:
            work.ended_s = max(ended_ms / 1000.0, left.manifest.started_s)

    def _tell(self, found: Problem) -> None:
        self._bus.publish(ProblemFound(time_s=self._clock.now(), problem=found))


_FOUND: dict[Whereabouts, Any] = {
    Whereabouts.waiting: "waiting",
    Whereabouts.running: "running",
    Whereabouts.finished: "finished",
}


def end_torn_line(path: Path) -> None:
    """Give a last line that a killed writer left unfinished its end, so that the next one stands alone.

    Nothing is taken away: readers leave the torn line out and say so. Raises AppError `file_unwritable`, `disk_full`.
    """
    try:
        if not path.exists():
            return
        with path.open("r+b") as file:
            if file.seek(0, os.SEEK_END) == 0:
                return
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
    except OSError as error:
        raise file_error(error, path, writing=True) from error


def _to_retell(left: LeftJob) -> Iterable[AnyEvent]:
    """What faces must know of the run to show the rest of it: not that it was thought to be over, nor the server's
    past, which is another one's or told by the provider."""
    for event in left.stored.events:
        is_left = isinstance(event, ProblemFound) and event.problem.code == LEFT_CODE
        if not (is_left or isinstance(event, _NOT_RETOLD)):
            yield event


def _closed(manifest: RunManifest, work: _Work, outcome: PromptOutcome, now_s: float) -> RunManifest:
    """The manifest at the end. Finished is when the server says it was, where its clock is ours."""
    update: dict[str, Any] = {"outcome": outcome, "finished_s": work.ended_s or now_s}
    if manifest.inventory is None and work.board is not None:
        update["inventory"] = work.telemetry.inventory
    return manifest.model_copy(update=update)


def _kept(left: LeftJob) -> tuple[Path, ...]:
    return tuple(left.folder.path / output.path for output in left.state.outputs)


def _stamp(data: Any) -> int | None:
    stamp = data.get("timestamp") if isinstance(data, dict) else None
    return round(stamp) if isinstance(stamp, int | float) and not isinstance(stamp, bool) else None
