"""Watches a job that is at a server: silence for too long leads to a look at the server's process and its board."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wan22.job.liveness import Evidence, Patience, verdict
from wan22.job.server import ServerHandle
from wan22.job.stall_exam import GpuEar, StallExam
from wan22.job.stall_limit import BLIND_S, Allowed, JobProgress
from wan22.runs.own_band import Usual
from wan22.schema.events import AnyEvent, JobStalled, Liveness, Role
from wan22.schema.gpu import GpuInfo
from wan22.system.bus import Bus
from wan22.system.clock import Clock
from wan22.system.process_work import ProcessWork, work_of

_LEAST_ALLOWED_S = 3.0
_SPEED = "--demo-speed"


@dataclass(frozen=True, slots=True)
class WatchedServer:
    """The server as it can be watched. `pid`: its process on this machine, None elsewhere. `gpu`: index of its board.

    `uses_gpu`: whether it works on one at all. `owned`: started by us, so that a dead one may be ended. `pace`: how
    many times faster than life it works (a simulated one).
    """

    owned: bool
    pid: int | None
    gpu: int | None
    uses_gpu: bool
    pace: float = 1.0


def watched_server(handle: ServerHandle, board: GpuInfo | None) -> WatchedServer:
    """How the server of a job can be watched; `board`: the one of this machine that does the work, if it is known."""
    return WatchedServer(
        owned=handle.owned,
        pid=handle.pid if handle.local else None,
        gpu=None if board is None else board.gpu,
        uses_gpu=any(device.type != "cpu" for device in handle.stats.devices),
        pace=_pace(handle) if handle.stats.is_simulated else 1.0,
    )


def _pace(handle: ServerHandle) -> float:
    """What a stand-in was started with; 1 when it does not say."""
    argv = handle.stats.system.argv
    place = argv.index(_SPEED) + 1 if _SPEED in argv else len(argv)
    with contextlib.suppress(ValueError, IndexError):
        return max(1.0, float(argv[place]))
    return 1.0


class HangWatch:
    """One prompt's watch, asked in the thread that follows it. From `begin` to `end` it hears the readings of the GPU.

    `usual`: stage times of earlier runs of the same job.
    """

    def __init__(
        self,
        server: WatchedServer,
        bus: Bus,
        clock: Clock,
        *,
        usual: Mapping[Role, Usual] | None = None,
        work: Callable[[int], ProcessWork | None] = work_of,
        patience: Patience | None = None,
    ) -> None:
        self._server = server
        self._bus = bus
        self._clock = clock
        self._usual = usual or {}
        self._pace = server.pace
        self._work = work
        self._patience = patience or Patience().at_pace(server.pace)
        self._progress = JobProgress({}, self._usual)
        self._prompt_id = ""
        self._heard_s = clock.monotonic()
        self._silent_since_s: float | None = None
        self._exam: StallExam | None = None
        self._next_look_s = 0.0
        self._told: tuple[Liveness, float] | None = None
        self._gpu = GpuEar(server.gpu, clock)
        self._unsubscribe: Callable[[], None] = lambda: None

    def begin(self, prompt_id: str, roles: Mapping[str, Role]) -> None:
        """Watch this prompt from now on."""
        self._prompt_id = prompt_id
        self._progress = JobProgress(roles, self._usual)
        self._heard_s = self._clock.monotonic()
        self._unsubscribe()
        self._unsubscribe = self._bus.subscribe(self._gpu.hear)

    def end(self) -> None:
        """Watch nothing any more."""
        self._unsubscribe()
        self._unsubscribe = lambda: None

    @property
    def owned(self) -> bool:
        """Whether a dead server may be ended."""
        return self._server.owned

    @property
    def decides_alone(self) -> bool:
        """Whether a server that does not answer is judged here: it is ours and its process can be seen."""
        pid = self._server.pid
        return self._server.owned and pid is not None and self._work(pid) is not None

    def accept(self, fact: AnyEvent) -> None:
        """A fact of the job."""
        if self._progress.accept(fact):
            self._hear_of_it()

    def waits_in_line(self) -> None:
        """The server works on another job: silence is no sign of anything."""
        if not self._progress.is_started:
            self._hear_of_it()

    def look(self, *, answers: bool, is_blind: bool) -> JobStalled | None:
        """What there is to tell now, if anything; cheap while nothing is due.

        `answers`: the server answered the last question; `is_blind`: there is no live connection.
        """
        now_s = self._clock.monotonic()
        self._note_answer(now_s, answers=answers)
        allowed = self._allowed(is_blind=is_blind)
        unanswered_s = 0.0 if self._silent_since_s is None else now_s - self._silent_since_s
        is_due = now_s - self._heard_s >= allowed.seconds or unanswered_s >= self._patience.unreachable_s
        if not is_due:
            self._exam = None
            return None
        if self._exam is not None and now_s < self._next_look_s:
            return None
        self._next_look_s = now_s + self._patience.look_s
        exam = self._exam = self._exam or StallExam(now_s)
        exam.add(now_s, None if self._server.pid is None else self._work(self._server.pid), self._gpu.taken())
        seen = exam.evidence(now_s, answers=answers, uses_gpu=self._server.uses_gpu)
        found = verdict(seen, self._patience)
        if found is None or not self._is_news(found, now_s):
            return None
        self._told = (found, now_s)
        return self._fact(found, seen, exam, allowed, now_s)

    def _hear_of_it(self) -> None:
        self._heard_s = self._clock.monotonic()
        self._exam = None
        self._told = None

    def _note_answer(self, now_s: float, *, answers: bool) -> None:
        if answers:
            self._silent_since_s = None
        elif self._silent_since_s is None:
            self._silent_since_s = now_s

    def _allowed(self, *, is_blind: bool) -> Allowed:
        allowed = self._progress.allowed()
        if is_blind and allowed.seconds < BLIND_S:
            allowed = Allowed(BLIND_S, "without the live connection steps are not heard")
        if self._pace > 1.0:
            allowed = Allowed(max(_LEAST_ALLOWED_S, allowed.seconds / self._pace), allowed.reason)
        return allowed

    def _is_news(self, found: Liveness, now_s: float) -> bool:
        told = self._told
        return told is None or told[0] is not found or now_s - told[1] >= self._patience.again_s

    def _fact(self, found: Liveness, seen: Evidence, exam: StallExam, allowed: Allowed, now_s: float) -> JobStalled:
        quiet = [one for one in (seen.process_quiet_s, seen.gpu_quiet_s) if one is not None]
        return JobStalled(
            time_s=self._clock.now(),
            prompt_id=self._prompt_id,
            verdict=found,
            node=self._progress.node,
            role=self._progress.role,
            silent_s=now_s - self._heard_s,
            allowed_s=allowed.seconds,
            allowed_from=allowed.reason,
            watched_s=seen.watched_s,
            quiet_s=min(quiet) if quiet else None,
            answers=seen.answers,
            cpu_share=exam.cpu_share,
            moved_bytes=exam.moved_bytes,
            gpu_utilization_pct=exam.gpu_pct,
        )
