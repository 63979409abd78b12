"""Where a face that stays open gives its work: one server held between the jobs, one job at a time, the rest waits."""

import threading
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Protocol

from wan22.job.live_sampler import LiveSampler
from wan22.job.server import ServerHandle
from wan22.job.session import GenerationJob, JobResult
from wan22.schema.events import LaunchProved, ProblemFound, ServerStopped
from wan22.schema.panel_fact import Activity, DeskChanged, JobTicket, ServerPresence
from wan22.schema.problem import AppError, Problem
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


class HeldProvider(Protocol):
    """A provider whose server stays between jobs."""

    @property
    def is_running(self) -> bool:
        """Whether there is a server: one of ours that lives, or another one that answered."""
        ...

    def acquire(self, cancel: CancelToken) -> ServerHandle:
        """Start or find the server. Raises AppError."""
        ...

    def release(self, handle: ServerHandle) -> None:
        """The job is done with it; the server stays."""
        ...

    def stop(self) -> None:
        """Stop a server of ours; nothing for another one."""
        ...

    def leave_running(self) -> None:
        """Let a server of ours live on without us; nothing for another one. Raises AppError."""
        ...


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


Prepare = Callable[[], Workplace]


@dataclass(frozen=True, slots=True)
class _Order:
    """A job with the choice of its server; without a ticket only the server is wanted, without a choice it shall go.

    `find`: first look for a server that was left running.
    """

    prepare: Prepare | None
    ticket: JobTicket | None = None
    find: Callable[[], Workplace | None] | None = None


class Desk:
    """Does what it is asked in a thread of its own and tells `DeskChanged`; every method returns at once but `close`.

    `finished` is called in that thread after each job.
    """

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        sampler: LiveSampler,
        finished: Callable[[JobResult], None] = lambda _result: None,
        *,
        idle_source: str = "nvml",
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._sampler = sampler
        self._finished = finished
        self._idle_source = idle_source
        self._condition = threading.Condition()
        self._orders: deque[_Order] = deque()
        self._current: _Order | None = None
        self._token = CancelToken()
        self._activity = Activity.idle
        self._count = 0
        self._is_closing = False
        self._leaves_server = False
        self._held: Workplace | None = None
        self._looks_in_vain = 0
        self._worker = Worker("job-desk", self._work, on_problem=self._tell)

    def start(self) -> None:
        """Begin to work and to read the GPU."""
        self._worker.start()

    @property
    def sampler(self) -> LiveSampler:
        """What reads the GPU, for jobs to share."""
        return self._sampler

    @property
    def is_busy(self) -> bool:
        """Whether a job runs or waits."""
        with self._condition:
            return bool(self._orders) or (self._current is not None and self._current.ticket is not None)

    @property
    def presence(self) -> ServerPresence | None:
        """The server that is held."""
        held = self._held
        if held is None or not held.provider.is_running:
            return None
        return ServerPresence(held.url, held.owned, held.simulated, held.profile, held.found_again)

    def submit(self, request: GenerationRequest, prepare: Prepare) -> JobTicket:
        """Queue a job; its server is started first if it does not run."""
        with self._condition:
            self._count += 1
            ticket = JobTicket(self._count, request)
        self._add(_Order(prepare, ticket))
        return ticket

    def connect(self, prepare: Prepare) -> None:
        """Start the server, or attach to it, without a job."""
        self._add(_Order(prepare))

    def adopt(self, find: Callable[[], Workplace | None], otherwise: Prepare | None = None) -> None:
        """Hold the server that an earlier panel left running, if there is one; else start another one, if given."""
        self._add(_Order(find=find, prepare=otherwise))

    def disconnect(self) -> None:
        """Stop the job at work, drop what waits, and stop a server of ours or let go of another one."""
        with self._condition:
            self._orders.clear()
        self._add(_Order(None))
        self._token.set()

    def cancel_job(self) -> None:
        """Stop what is done now: a job, or a server that starts."""
        with self._condition:
            if self._current is None:
                return
            token = self._token
        self._change(Activity.stopping)
        token.set()

    def drop(self, number: int) -> None:
        """Take a waiting job away; harmless when it is not waiting any more."""
        with self._condition:
            kept = [order for order in self._orders if order.ticket is None or order.ticket.number != number]
            self._orders = deque(kept)
        self._change(self._activity)

    def close(self, *, leave_running: bool = False) -> None:
        """End everything: stop the job and the server, or leave a server of ours at work. Blocks until it is done."""
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

    def _add(self, order: _Order) -> None:
        with self._condition:
            if self._is_closing:
                return
            self._orders.append(order)
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
                try:
                    self._perform(order)
                except AppError as error:
                    if error.problem.code != "cancelled":
                        self._tell(error.problem)
                finally:
                    with self._condition:
                        self._current = None
                    self._change(Activity.idle)
        finally:
            self._end()

    def _next(self) -> _Order | None:
        with self._condition:
            if not self._orders and not self._is_closing:
                self._condition.wait(LOOK_S)
            if not self._orders or self._is_closing:
                return None
            self._current = self._orders.popleft()
            self._token = CancelToken()
            return self._current

    def _perform(self, order: _Order) -> None:
        found = order.find() if order.find is not None else None
        if order.prepare is None and found is None:
            if order.find is None:
                self._change(Activity.disconnecting)
                self._let_go()
            return
        self._change(Activity.connecting)
        fresh = found or (order.prepare() if order.prepare is not None else None)
        assert fresh is not None
        held = self._held
        is_gone = held is not None and held.found_again and not held.provider.is_running
        if held is not None and (is_gone or held.identity != fresh.identity):
            self._let_go()
        if self._held is None:
            self._held = fresh
        self._sampler.read_from(fresh.source)
        provider = self._held.provider
        if order.ticket is None:
            self._connect(self._held)
            return
        self._change(Activity.working)
        job = fresh.make_job(provider)
        self._finished(job.run(order.ticket.request, self._token))

    def _connect(self, workplace: Workplace) -> None:
        claims = workplace.prove(workplace.provider.acquire(self._token))
        self._bus.publish(LaunchProved(time_s=self._clock.now(), claims=claims))

    def _look_after(self) -> None:
        """An attached server that does not answer any more is told; one of ours tells its end by itself."""
        held = self._held
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
            current = self._current.ticket if self._current is not None else None
            waiting = tuple(order.ticket for order in self._orders if order.ticket is not None)
        self._bus.publish(
            DeskChanged(
                time_s=self._clock.now(), activity=activity, current=current, waiting=waiting, server=self.presence
            )
        )

    def _tell(self, problem: Problem) -> None:
        self._bus.publish(ProblemFound(time_s=self._clock.now(), problem=problem, fatal=False))
