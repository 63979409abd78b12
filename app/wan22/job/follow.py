"""One prompt from submission to its end: the socket is a hint, queue and history are the truth."""

import queue
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from wan22.comfy.client import ComfyClient, Graph, HistoryEntry, Message
from wan22.comfy.messages import FactReader, execution_failure, is_end_mark
from wan22.comfy.server_errors import problem_from_execution_error
from wan22.job.hang_watch import HangWatch
from wan22.job.prompt_plan import PromptPlan
from wan22.job.stall_text import hung_problem
from wan22.schema.events import (
    Liveness,
    PromptFinished,
    PromptOutcome,
    PromptQueued,
    SocketLost,
    SocketRestored,
)
from wan22.schema.problem import AppError, Problem, problem
from wan22.system.bus import Bus
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock
from wan22.system.threads import Worker

CONNECT_LIMIT_S = 10.0
POLL_S = 3.0
UNREACHABLE_LIMIT_S = 60.0
INTERRUPT_LIMIT_S = 20.0
LOST_AFTER_POLLS = 2
__all__ = ["FollowResult", "PromptFollower", "PromptPlan"]

NOBODY = "the panel that followed the job was gone"
LEFT = "The panel was closed while the server went on with the job."


@dataclass(frozen=True, slots=True)
class FollowResult:
    """How the prompt ended, with the server's own record of it if there is one."""

    prompt_id: str
    outcome: PromptOutcome
    problem: Problem | None = None
    history: HistoryEntry | None = None
    left_running: bool = False
    """It was asked to stop and did not answer in time, or it was to be left going on."""


class PromptFollower:
    """Submits one prompt and follows it. Publishes facts in order, from the caller's thread.

    `watch` tells a server that is silent for too long from one that is dead; a dead one of ours ends the prompt.
    """

    def __init__(
        self,
        client: ComfyClient,
        bus: Bus,
        clock: Clock,
        *,
        crash: Callable[[], Problem | None] = lambda: None,
        poll_s: float = POLL_S,
        watch: HangWatch | None = None,
    ) -> None:
        self._client = client
        self._bus = bus
        self._clock = clock
        self._crash = crash
        self._poll_s = poll_s
        self._watch = watch
        self._inbox: queue.Queue[Message] = queue.Queue()
        self._failure: Problem | None = None
        self._interrupted = False
        self._stop_asked = False
        self._lost_at_s: float | None = None
        self._missing_polls = 0
        self._unreachable_since_s: float | None = None
        self._next_poll_s = 0.0
        self._connected = False
        self._client_id = ""
        self._reader = FactReader("")

    def run(self, plan: PromptPlan, cancel: CancelToken) -> FollowResult:
        """Submit and follow to the end. Raises AppError only when the server refuses the prompt."""
        self._client_id, prompt_id = uuid.uuid4().hex, str(uuid.uuid4())
        with self._listening():
            self._await_connection(cancel)
            queued_s = self._clock.now()
            answer = self._client.submit(plan.graph, prompt_id, self._client_id, plan.extra)
            prompt_id = answer.prompt_id
            self._bus.publish(
                PromptQueued(
                    time_s=queued_s,
                    prompt_id=prompt_id,
                    client_id=self._client_id,
                    roles=plan.roles,
                    titles=plan.titles,
                    steps=plan.steps,
                    seed=plan.seed,
                )
            )
            return self._follow(prompt_id, plan, cancel)

    def resume(
        self, prompt_id: str, client_id: str | None, plan: PromptPlan, cancel: CancelToken, *, lost_at_s: float
    ) -> FollowResult:
        """Follow a prompt that an earlier panel submitted, to its end.

        Under the `client_id` of that panel the server sends what is still to come; without it only the end is seen.
        `lost_at_s`: when that panel heard its last, so that the gap is told.
        """
        self._client_id = client_id or uuid.uuid4().hex
        self._lost_at_s = lost_at_s
        self._bus.publish(SocketLost(time_s=lost_at_s, reason=NOBODY))
        with self._listening():
            self._await_connection(cancel)
            return self._follow(prompt_id, plan, cancel)

    def conclude(self, prompt_id: str, plan: PromptPlan, entry: HistoryEntry, *, lost_at_s: float) -> FollowResult:
        """Take a prompt that ended while nobody listened from the server's record of it."""
        self._bus.publish(SocketLost(time_s=lost_at_s, reason=NOBODY))
        return self._finish(prompt_id, plan.graph, None, entry)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        worker = Worker("comfy-socket", partial(self._listen, self._client_id), cancel=CancelToken())
        worker.start()
        try:
            yield
        finally:
            worker.stop()
            if self._watch is not None:
                self._watch.end()

    def _listen(self, client_id: str, cancel: CancelToken) -> None:
        for message in self._client.messages(client_id, cancel):
            self._inbox.put(message)

    def _await_connection(self, cancel: CancelToken) -> None:
        """Wait for the socket; without one the job is still followed, by asking now and then."""
        limit_s = self._clock.monotonic() + CONNECT_LIMIT_S
        while not self._connected and self._clock.monotonic() < limit_s:
            cancel.raise_if_set()
            found = self._crash()
            if found is not None:
                raise AppError(found)
            message = self._next(0.1)
            if message is not None:
                self._note_connection(message)
        if not self._connected and self._lost_at_s is None:
            self._bus.publish(SocketLost(time_s=self._clock.now(), reason="no live connection could be opened"))

    def _next(self, timeout_s: float) -> Message | None:
        try:
            return self._inbox.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def _note_connection(self, message: Message) -> None:
        if message.type == "connected":
            self._connected = True
            # A connection that had to be opened twice has a new id; only under that one are messages sent.
            self._client_id = str(message.data.get("client_id") or self._client_id)
            if self._lost_at_s is not None:
                self._bus.publish(SocketRestored(time_s=message.time_s, missed_s=message.time_s - self._lost_at_s))
                self._lost_at_s = None
        elif message.type == "disconnected" and self._connected:
            self._connected = False
            self._lost_at_s = message.time_s
            self._bus.publish(SocketLost(time_s=message.time_s, reason=str(message.data.get("reason", ""))))

    def _follow(self, prompt_id: str, plan: PromptPlan, cancel: CancelToken) -> FollowResult:
        self._reader = FactReader(prompt_id)
        if self._watch is not None:
            self._watch.begin(prompt_id, plan.roles)
        self._next_poll_s = self._clock.monotonic() + self._poll_s
        give_up_s: float | None = None
        while True:
            message = self._next(0.1)
            if message is not None:
                ended_s = self._take(message, prompt_id, plan.graph)
                if ended_s is not None:
                    return self._finish(prompt_id, plan.graph, ended_s, self._history(prompt_id))
                continue
            found = self._crash()
            if found is not None:
                return self._end_without_server(prompt_id, found)
            if cancel.is_leaving:
                return self._end_left(prompt_id)
            if cancel.is_set and give_up_s is None:
                if not self._ask_to_stop(prompt_id):
                    return self._end_cancelled(prompt_id, "The server did not answer the request to stop the job.")
                give_up_s = self._clock.monotonic() + INTERRUPT_LIMIT_S
            if give_up_s is not None and self._clock.monotonic() > give_up_s:
                text = f"The server did not stop the job within {INTERRUPT_LIMIT_S:.0f} s."
                return self._end_cancelled(prompt_id, text)
            result = self._look_at_silence(prompt_id) or self._poll_when_due(prompt_id, plan.graph)
            if result is not None:
                return result

    def _take(self, message: Message, prompt_id: str, graph: Graph) -> float | None:
        """Publish what a message says; the time of the end mark if this was it."""
        if message.type in ("connected", "disconnected"):
            self._note_connection(message)
            return None
        failure = execution_failure(message, prompt_id)
        if failure is not None:
            if message.type == "execution_interrupted":
                self._interrupted = True
            else:
                self._failure = problem_from_execution_error(failure, graph)
        for fact in self._reader.facts(message):
            self._bus.publish(fact)
            if self._watch is not None:
                self._watch.accept(fact)
        return message.time_s if is_end_mark(message, prompt_id) else None

    def _history(self, prompt_id: str) -> HistoryEntry | None:
        """The server's record; asked a few times because it can lag behind the messages."""
        for attempt in range(5):
            try:
                entry = self._client.history(prompt_id)
            except AppError:
                entry = None
            if entry is not None:
                return entry
            self._clock.sleep(0.1 * (attempt + 1))
        return None

    def _poll_when_due(self, prompt_id: str, graph: Graph) -> FollowResult | None:
        if self._clock.monotonic() < self._next_poll_s:
            return None
        result = self._poll(prompt_id, graph)
        self._next_poll_s = self._clock.monotonic() + (self._poll_s if self._connected else min(1.0, self._poll_s))
        return result

    def _poll(self, prompt_id: str, graph: Graph) -> FollowResult | None:
        """Ask queue and history; a result when the prompt has left the server without our hearing of it."""
        now_s = self._clock.monotonic()
        try:
            entry = self._client.history(prompt_id)
            waiting = self._client.queue()
        except AppError as error:
            self._unreachable_since_s = self._unreachable_since_s or now_s
            is_judged = self._watch is not None and self._watch.decides_alone
            if now_s - self._unreachable_since_s > UNREACHABLE_LIMIT_S and not is_judged:
                return self._end_without_server(prompt_id, error.problem)
            return None
        self._unreachable_since_s = None
        if entry is not None:
            # The end mark may sit in the inbox: it carries the better time.
            ended_s = self._drain_for_end(prompt_id, graph)
            return self._finish(prompt_id, graph, ended_s, entry)
        if prompt_id in waiting.running or prompt_id in waiting.pending:
            self._missing_polls = 0
            if self._watch is not None and waiting.running and prompt_id not in waiting.running:
                self._watch.waits_in_line()
            return None
        self._missing_polls += 1
        if self._missing_polls < LOST_AFTER_POLLS:
            return None
        if self._stop_asked:  # it was still waiting and has been taken out of the queue
            return self._end_without_server(prompt_id, _interrupted(), PromptOutcome.interrupted)
        found = problem("generation_lost", "The server no longer knows this job.")
        return self._end_without_server(prompt_id, found, PromptOutcome.lost)

    def _look_at_silence(self, prompt_id: str) -> FollowResult | None:
        """Tell of a server that is silent for too long; a result when it is a dead one of ours."""
        if self._watch is None:
            return None
        stalled = self._watch.look(answers=self._unreachable_since_s is None, is_blind=not self._connected)
        if stalled is None:
            return None
        self._bus.publish(stalled)
        if stalled.verdict is not Liveness.dead or not self._watch.owned:
            return None
        return self._end_without_server(prompt_id, hung_problem(stalled))

    def _drain_for_end(self, prompt_id: str, graph: Graph) -> float | None:
        while (message := self._next(0.2)) is not None:
            ended_s = self._take(message, prompt_id, graph)
            if ended_s is not None:
                return ended_s
        return None

    def _ask_to_stop(self, prompt_id: str) -> bool:
        """Whether the server took the request."""
        self._stop_asked = True
        try:
            self._client.interrupt(prompt_id)
        except AppError:
            return False
        return True

    def _finish(self, prompt_id: str, graph: Graph, ended_s: float | None, entry: HistoryEntry | None) -> FollowResult:
        outcome, found = self._outcome(entry, graph)
        times = {
            name: data.get("timestamp")
            for name, data in (entry.messages if entry is not None else ())
            if name.startswith("execution_")
        }
        ended_ms = next(
            (
                times[name]
                for name in ("execution_success", "execution_error", "execution_interrupted")
                if times.get(name)
            ),
            None,
        )
        self._bus.publish(
            PromptFinished(
                time_s=self._clock.now() if ended_s is None else ended_s,
                prompt_id=prompt_id,
                outcome=outcome,
                server_started_ms=times.get("execution_start"),
                server_ended_ms=ended_ms,
                from_history=ended_s is None,
            )
        )
        return FollowResult(prompt_id, outcome, found, entry)

    def _outcome(self, entry: HistoryEntry | None, graph: Graph) -> tuple[PromptOutcome, Problem | None]:
        if entry is not None and self._failure is None:
            for name, data in entry.messages:
                if name == "execution_error":
                    self._failure = problem_from_execution_error(data, graph)
                self._interrupted = self._interrupted or name == "execution_interrupted"
        if self._interrupted:
            return PromptOutcome.interrupted, _interrupted()
        if self._failure is not None:
            return PromptOutcome.error, self._failure
        if entry is not None and entry.status == "error":
            return PromptOutcome.error, problem("generation_failed", "ComfyUI ended the job with an error.")
        return PromptOutcome.success, None

    def _end_without_server(
        self, prompt_id: str, found: Problem, outcome: PromptOutcome = PromptOutcome.error
    ) -> FollowResult:
        while (message := self._next(0.0)) is not None:
            for fact in self._reader.facts(message):
                self._bus.publish(fact)
        self._bus.publish(PromptFinished(time_s=self._clock.now(), prompt_id=prompt_id, outcome=outcome))
        return FollowResult(prompt_id, outcome, found)

    def _end_cancelled(self, prompt_id: str, text: str) -> FollowResult:
        found = problem("generation_interrupted", text)
        self._bus.publish(
            PromptFinished(time_s=self._clock.now(), prompt_id=prompt_id, outcome=PromptOutcome.interrupted)
        )
        return FollowResult(prompt_id, PromptOutcome.interrupted, found, left_running=True)

    def _end_left(self, prompt_id: str) -> FollowResult:
        self._bus.publish(PromptFinished(time_s=self._clock.now(), prompt_id=prompt_id, outcome=PromptOutcome.lost))
        return FollowResult(prompt_id, PromptOutcome.lost, problem("job_left_running", LEFT), left_running=True)


def _interrupted() -> Problem:
    return problem(
        "generation_interrupted", "The job was interrupted on the server: from its page, or by another program."
    )
