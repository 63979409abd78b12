"""Where a face that stays open gives its work: one server held between the jobs, one job at a time, the rest waits."""

import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial

from wan22.job.job_queue import JobQueue
from wan22.job.live_sampler import LiveSampler
from wan22.job.server import ServerHandle
from wan22.job.session import GenerationJob, JobResult
from wan22.job.told_provider import HeldProvider, ToldProvider
from wan22.schema.events import LaunchProved, ProblemFound, PromptOutcome, ServerStopped
from wan22.schema.panel_fact import Activity, DeskChanged, JobTicket, ServerPresence
from wan22.schema.problem import AppError, Problem
from wan22.schema.queue import JobState, QueuedJob
from wan22.schema.request import GenerationRequest
from wan22.schema.server import LaunchClaim
from wan22.system.bus import Bus
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock
from wan22.system.threads import Worker

LOOK_S = 2.0
"""How often an idle server is looked after."""
LOOKS_IN_VAIN = 3
CLOSE_LIMIT_S = 40.0
"""A server gets its own limit to end, and is ended by force after it; this is the net below."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """A server as it was chosen. Equal `identity`: the server that is held already will do.

    `source`: where its GPU is read, as for `--gpu`. `make_job` takes the provider that is held in the end, `prove`
    checks what the profile promised. `ping` asks a server that is not ours whether it is still there (AppError).
    """

    identity: Hashable
    provider: HeldProvider
    url: str
    owned: bool
    simulated: bool
    profile: str
    source: str
    make_job: Callable[[HeldProvider], GenerationJob]
    prove: Callable[[ServerHandle], tuple[LaunchClaim, ...]]
    ping: Callable[[], object] | None = None
    found_again: bool = False


Prepare = Callable[[QueuedJob | None], Workplace]
"""Makes the workplace of a job, or of the server alone; called in the desk's thread. Raises AppError."""

FindLeft = Callable[[], Workplace | None]


@dataclass(frozen=True, slots=True)
class _Connect:
    """The server is wanted without a job; `find`: first look for one that was left running."""

    find: FindLeft | None = None
    only_found: bool = False


@dataclass(frozen=True, slots=True)
class _Disconnect:
    """The server shall go."""


_Order = _Connect | _Disconnect | QueuedJob


class Desk:
    """Does what it is asked in a thread of its own and tells `DeskChanged`; every method returns at once but `close`.

    Jobs come from `queue`. `prepare` may be changed at any time: it holds for what is begun from then on. `finished`
    is called in the desk's thread after each job.
    """

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        sampler: LiveSampler,
        queue: JobQueue,
        prepare: Prepare,
        finished: Callable[[JobResult], None] = lambda _result: None,
        *,
        idle_source: str = "nvml",
    ) -> None:
        self.queue = queue
        self.prepare = prepare
        self._bus = bus
        self._clock = clock
        self._sampler = sampler
        self._finished = finished
        self._idle_source = idle_source
        self._condition = threading.Condition()
        self._orders: deque[_Connect | _Disconnect] = deque()
        self._current: _Order | None = None
        self._token = CancelToken()
        self._activity = Activity.idle
        self._is_closing = False
        self._leaves_server = False
        self._held: Workplace | None = None
        self._looks_in_vain = 0
        self._told_presence: ServerPresence | None = None
        self._worker = Worker("job-desk", self._work, on_problem=self._tell)
        queue.wake = self._queue_changed
        bus.subscribe(self._hear)

    def start(self) -> None:
        """Begin to work and to read the GPU."""
        self.queue.start()
        self._worker.start()

    @property
    def sampler(self) -> LiveSampler:
        """What reads the GPU, for jobs to share."""
        return self._sampler

    @property
    def is_busy(self) -> bool:
        """Whether a job runs, or one waits that will be begun by itself."""
        with self._condition:
            return isinstance(self._current, QueuedJob) or bool(self.queue.ready)

    @property
    def presence(self) -> ServerPresence | None:
        """The server that is held."""
        held = self._held
        if held is None or not held.provider.is_running:
            return None
        return ServerPresence(held.url, held.owned, held.simulated, held.profile, held.found_again)

    def submit(self, requests: Sequence[GenerationRequest], profile: str | None = None) -> None:
        """Queue jobs; their server is started first if it does not run. `profile` None: chosen by the board."""
        self.queue.add(requests, profile)

    def connect(self) -> None:
        """Start the server, or attach to it, without a job."""
        self._add(_Connect())

    def adopt(self, find: FindLeft, *, or_connect: bool) -> None:
        """Hold the server that an earlier panel left running, if there is one; else start another one, if wanted."""
        self._add(_Connect(find, only_found=not or_connect))

    def disconnect(self) -> None:
        """Stop the job at work, hold back what waits, and stop a server of ours or let go of another one."""
        self.queue.hold()
        with self._condition:
            self._orders.clear()
        self._add(_Disconnect())
        self._token.set()

    def cancel_job(self) -> None:
        """Stop what is done now: a job, or a server that starts."""
        with self._condition:
            if self._current is None:
                return
            token = self._token
        self._change(Activity.stopping)
        token.set()

    def close(self, *, leave_running: bool = False) -> None:
        """End everything: stop the job and the server, or leave a server of ours at work. Blocks until it is done.

        What waits stays in the queue for the next time.
        """
        with self._condition:
            self._orders.clear()
            self._is_closing = True
            self._leaves_server = leave_running
            self._condition.notify_all()
        if leave_running:
            self._token.leave()
        else:
            self._token.set()
        self._worker.join(CLOSE_LIMIT_S)
        self._worker.stop()
        self.queue.close()

    def _add(self, order: _Connect | _Disconnect) -> None:
        with self._condition:
            if self._is_closing:
                return
            self._orders.append(order)
            self._condition.notify_all()
        self._change(self._activity)

    def _hear(self, fact: object) -> None:
        """A server that ends is looked at without delay; what follows from it is told by the desk's own thread."""
        if isinstance(fact, ServerStopped):
            with self._condition:
                self._condition.notify_all()

    def _queue_changed(self) -> None:
        with self._condition:
            self._condition.notify_all()
        self._change(self._activity)

    def _work(self, cancel: CancelToken) -> None:
        self._sampler.read_from(self._idle_source)
        try:
            while not (self._is_closing or cancel.is_set):
                order = self._next()
                if order is None:
                    self._look_after()
                    continue
                # In a thread of its own: a fault in it is told and ends it, and the desk goes on.
                Worker("desk-order", partial(self._perform, order), on_problem=self._tell).start().join()
                with self._condition:
                    self._current = None
                self._change(Activity.idle)
        finally:
            self._end()

    def _next(self) -> _Order | None:
        """What to do now; waits a moment when there is nothing."""
        with self._condition:
            if self._orders:
                self._begin(self._orders.popleft())
                return self._current
        job = self.queue.claim()
        with self._condition:
            if job is not None:
                self._begin(job)
                return job
            if not self._orders and not self._is_closing and not self.queue.ready:
                self._condition.wait(LOOK_S)
        return None

    def _begin(self, order: _Order) -> None:
        self._current = order
        self._token = CancelToken()
        if self._is_closing:
            self._token.set()

    def _perform(self, order: _Order, _: CancelToken) -> None:
        try:
            match order:
                case QueuedJob():
                    self._make(order)
                case _Connect():
                    self._change(Activity.connecting)
                    found = order.find() if order.find is not None else None
                    if found is None and order.only_found:
                        return
                    self._connect(self._take_place(found or self.prepare(None)))
                case _Disconnect():
                    self._change(Activity.disconnecting)
                    self._let_go()
        except AppError as error:
            if error.problem.code != "cancelled":
                self._tell(error.problem)

    def _make(self, job: QueuedJob) -> None:
        """One job, from its server to its end in the queue, whatever happens."""
        state, found = JobState.failed, None
        try:
            self._change(Activity.connecting)
            fresh = self.prepare(job)
            self._take_place(fresh)
            assert self._held is not None
            work = fresh.make_job(ToldProvider(self._held.provider, self._has_server))
            opened = partial(self.queue.note_run, job.job_id)
            result = work.run(job.request, self._token, opened=opened)
            state, found = _end_of(result), result.problem
            self._finished(result)
        except AppError as error:
            found = error.problem
            state = JobState.cancelled if found.code == "cancelled" else JobState.failed
            raise
        finally:
            self.queue.finish(job.job_id, state, found)

    def _has_server(self) -> None:
        """The server of the job is there; a stop that was asked for meanwhile stays what is told."""
        self._change(self._activity if self._activity is Activity.stopping else Activity.working)

    def _take_place(self, fresh: Workplace) -> Workplace:
        """Hold the server of `fresh`: the one that is held already if it is the same, else a new one in its place."""
        held = self._held
        is_gone = held is not None and held.found_again and not held.provider.is_running
        if held is not None and (is_gone or held.identity != fresh.identity):
            self._let_go()
        if self._held is None:
            self._held = fresh
        self._sampler.read_from(fresh.source)
        return self._held

    def _connect(self, workplace: Workplace) -> None:
        claims = workplace.prove(workplace.provider.acquire(self._token))
        self._bus.publish(LaunchProved(time_s=self._clock.now(), claims=claims))

    def _look_after(self) -> None:
        """Tell what became of the server: one that is attached may not answer any more, one of ours may have ended."""
        held = self._held
        if self.presence != self._told_presence:
            self._change(Activity.idle)
        if held is None or held.ping is None or not held.provider.is_running or self._is_closing:
            return
        try:
            held.ping()
        except AppError:
            self._looks_in_vain += 1
        else:
            self._looks_in_vain = 0
        if self._looks_in_vain >= LOOKS_IN_VAIN:
            self._looks_in_vain = 0
            self._held = None
            self._bus.publish(ServerStopped(time_s=self._clock.now(), exit_code=None, expected=False))
            self._change(Activity.idle)

    def _let_go(self) -> None:
        held, self._held = self._held, None
        if held is None:
            return
        held.provider.stop()
        if not held.owned:
            self._bus.publish(ServerStopped(time_s=self._clock.now(), exit_code=None, expected=True))
        self._sampler.read_from(self._idle_source)

    def _end(self) -> None:
        """The panel closes: the server is stopped or left, the sampler ends in any case."""
        held, self._held = self._held, None
        try:
            if held is not None and self._leaves_server:
                held.provider.leave_running()
            elif held is not None:
                held.provider.stop()
        except AppError as error:
            self._tell(error.problem)
        finally:
            self._sampler.stop()

    def _change(self, activity: Activity) -> None:
        with self._condition:
            self._activity = activity
            current = _ticket(self._current) if isinstance(self._current, QueuedJob) else None
            waiting = tuple(_ticket(job) for job in self.queue.ready)
            server = self._told_presence = self.presence
        self._bus.publish(
            DeskChanged(time_s=self._clock.now(), activity=activity, current=current, waiting=waiting, server=server)
        )

    def _tell(self, problem: Problem) -> None:
        self._bus.publish(ProblemFound(time_s=self._clock.now(), problem=problem, fatal=False))


def _ticket(job: QueuedJob) -> JobTicket:
    return JobTicket(job.job_id, job.request)


def _end_of(result: JobResult) -> JobState:
    if result.problem is not None and result.problem.code == "job_left_running":
        return JobState.interrupted
    match result.manifest.outcome:
        case PromptOutcome.success:
            return JobState.done
        case PromptOutcome.cancelled | PromptOutcome.interrupted:
            return JobState.cancelled
        case _:
            return JobState.failed
