"""A ComfyUI that we start and stop ourselves: from the first process to ready, and to its named end."""

import contextlib
import threading
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from wan22.launch.launch_args import LaunchPlan
from wan22.launch.port import check_port
from wan22.launch.server_log import ServerLog, lines_of
from wan22.launch.server_record import forget_server, keep_record, log_file, record_of
from wan22.launch.startup_errors import explain_crash, explain_exit, explain_stuck, has_job, is_worker_death, last_lines
from wan22.launch.startup_stages import StageReached, StartupStages
from wan22.schema.events import ServerReady, ServerSaid, ServerStageReached, ServerStarting, ServerStopped
from wan22.schema.problem import AppError, Problem, app_error
from wan22.schema.server import ServerRecord, SystemStats
from wan22.system.bus import Bus
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock
from wan22.system.files import file_error
from wan22.system.process import OnExit, OnLine, Process, ProcessSpec, start_process
from wan22.system.process_table import port_owner, process_tree

_POLL_S = 0.25
_SETTLE_S = 5.0

StartProcess = Callable[[ProcessSpec, OnLine, OnExit | None], Process]
Probe = Callable[[], SystemStats | None]


class ServerState(Enum):
    """Where the life of a server stands."""

    stopped = "stopped"
    starting = "starting"
    ready = "ready"
    stopping = "stopping"
    crashed = "crashed"


class ManagedServer:
    """One ComfyUI process of ours. `probe` asks it for `/system_stats` and gives None while nobody answers.

    `start` and `stop` may be called from any thread, one at a time; after an end it can be started again.
    `on_crash` is called in the process's own thread when a server that was ready ends by itself, or its worker dies.
    """

    def __init__(
        self,
        plan: LaunchPlan,
        bus: Bus,
        clock: Clock,
        probe: Probe,
        *,
        start_limit_s: float,
        stop_limit_s: float,
        start: StartProcess = start_process,
        on_crash: Callable[[Problem], None] | None = None,
    ) -> None:
        self.plan = plan
        self.on_crash = on_crash
        self._bus = bus
        self._clock = clock
        self._probe = probe
        self._start_limit_s = start_limit_s
        self._stop_limit_s = stop_limit_s
        self._start_process = start
        self._lock = threading.RLock()
        self._life: _Life | None = None
        self._state = ServerState.stopped
        self._crash: Problem | None = None

    @property
    def state(self) -> ServerState:
        """Where its life stands."""
        return self._state

    @property
    def pid(self) -> int | None:
        """Process id while it lives."""
        life = self._life
        alive = life is not None and life.process is not None and not life.ended.is_set()
        return life.process.pid if alive and life is not None and life.process is not None else None

    @property
    def lines(self) -> tuple[str, ...]:
        """Its last 5000 lines, cleaned; of a progress bar only the latest state."""
        life = self._life
        return () if life is None else life.told()

    @property
    def stages(self) -> StartupStages | None:
        """What the log of the current or last start shows; None before the first one."""
        return None if self._life is None else self._life.stages

    def crash(self) -> Problem | None:
        """Why it is of no use any more after it had been ready; None while it works or when it was stopped."""
        return self._crash

    def start(self, cancel: CancelToken) -> SystemStats:
        """Start it and wait until it answers and is proved to be ours; returns what it says of itself.

        Raises AppError with the cause named: `port_in_use`, a code of `startup_errors`, `server_start_timeout`,
        `server_not_ours`, `cancelled`. Nothing is left running then.
        """
        if self._state is ServerState.crashed:
            self.stop()
        with self._lock:
            if self._state is not ServerState.stopped:
                message = f"This ComfyUI was already started; its state is {self._state.value}."
                raise app_error("server_start_failed", message, hint="Stop it first.")
            check_port(self.plan.host, self.plan.port)
            cancel.raise_if_set()
            life = self._life = _Life(self._clock.monotonic())
            self._crash = None
            self._state = ServerState.starting
        stats: SystemStats | None = None
        try:
            self._launch(life)
            answer = self._wait_ready(life, cancel)
            self._prove_ours(answer)
            stats = self._now_ready(life, answer)
        finally:
            if stats is None:
                self.stop()
        return stats

    def stop(self) -> None:
        """End it with everything it has started; harmless when it does not run."""
        with self._lock:
            life = self._life
            if life is None or life.process is None:
                self._state = ServerState.stopped
                return
            life.expected = True
            if not life.ended.is_set():
                self._state = ServerState.stopping
        if life.process.stop(self._stop_limit_s) is None or not life.ended.wait(_SETTLE_S):
            raise app_error(
                "server_not_stopped",
                f"ComfyUI (process {life.process.pid}) does not end, not even by force.",
                pid=life.process.pid,
            )
        with self._lock:
            self._state = ServerState.stopped

    def leave_running(self, data_folder: Path) -> ServerRecord:
        """Let it live on without us; `find_left_server` finds it again by the record in `data_folder`.

        Its output goes on in a file there, which begins with the lines so far. No fact tells of it, and this object
        is stopped afterwards. Raises AppError `server_not_left` and those of `Process.release` and of writing a
        file; then it is ours as before.
        """
        with self._lock:
            life = self._life
            process = None if life is None else life.process
            if self._state is not ServerState.ready or life is None or process is None or life.stats is None:
                message = f"This ComfyUI cannot be left running: its state is {self._state.value}, not ready."
                raise app_error("server_not_left", message)
        log = log_file(data_folder)
        started_s = self._clock.now() - (self._clock.monotonic() - life.started_s)
        record = record_of(self.plan, process, life.stats, started_s, log)
        with contextlib.ExitStack() as undo:
            keep_record(data_folder, record)  # first: a record without its process harms nobody
            undo.callback(forget_server, data_folder, record)
            if not process.release(log, self._stop_limit_s, life.head):
                raise app_error("server_not_left", "ComfyUI ended just when it was to be left running.")
            undo.pop_all()
        with self._lock:
            life.process = None
            self._state = ServerState.stopped
        return record

    def _launch(self, life: "_Life") -> None:
        for folder in self.plan.needed_folders:
            _make_folder(folder)
        spec = ProcessSpec(self.plan.argv, self.plan.cwd, self.plan.environment, name="comfyui")
        process = self._start_process(
            spec,
            lambda line: life.when_open(lambda: self._hear(life, line)),
            lambda exit_code: life.when_open(lambda: self._ended(life, exit_code)),
        )
        with self._lock:
            life.process = process
        self._bus.publish(
            ServerStarting(
                time_s=self._clock.now(),
                argv=self.plan.argv,
                folder=str(self.plan.main_file.parent),
                url=self.plan.url,
                pid=process.pid,
                notices=self.plan.notices,
            )
        )
        self._tell_stages(life.stages.process_started(process.pid))
        life.open()

    def _wait_ready(self, life: "_Life", cancel: CancelToken) -> SystemStats:
        give_up_s = life.started_s + self._start_limit_s
        while True:
            cancel.raise_if_set()
            if life.ended.is_set():
                raise AppError(explain_exit(life.told(), life.exit_code, self.plan.argv))
            stats = self._probe()
            if stats is not None and not life.ended.is_set():
                return stats
            if self._clock.monotonic() >= give_up_s:
                raise self._too_slow(life)
            self._clock.sleep(_POLL_S, cancel)

    def _too_slow(self, life: "_Life") -> AppError:
        lines = life.told()
        last = f" The last thing it said was: {lines[-1].strip()}" if lines else " It has not said anything."
        return app_error(
            "server_start_timeout",
            f"ComfyUI did not answer at {self.plan.url} within {self._start_limit_s:g} s.{last}",
            detail=last_lines(lines),
            url=self.plan.url,
        )

    def _prove_ours(self, stats: SystemStats) -> None:
        """The server that answers was started with exactly our arguments by us, or it is another one."""
        told, ours = stats.system.argv, self.plan.server_argv
        owner = port_owner(self.plan.host, self.plan.port)
        holder = owner.pid if owner is not None else None
        if self._is_of_ours(holder) if holder is not None else told == ours:
            return
        said = f"it was started with: {' '.join(told)}" if told else "it does not tell how it was started"
        said += f" (process {holder})" if holder is not None else ""
        raise app_error(
            "server_not_ours",
            f"Another server answers at {self.plan.url}: {said}.",
            detail=f"Ours was started with: {' '.join(ours)}",
            url=self.plan.url,
        )

    def _is_of_ours(self, holder: int) -> bool:
        """Whether the process that holds the port is in our tree.

        It decides alone where the system tells it: two panels may start the same command at the same moment, and
        some custom nodes change the arguments that their server tells.
        """
        return self.pid is not None and holder in process_tree(self.pid)

    def _now_ready(self, life: "_Life", stats: SystemStats) -> SystemStats:
        with self._lock:
            life.stats = stats
            ended = life.ended.is_set()
            if not ended:
                self._state = ServerState.ready
        if ended:
            raise AppError(explain_exit(life.told(), life.exit_code, self.plan.argv))
        self._bus.publish(
            ServerReady(
                time_s=self._clock.now(),
                url=self.plan.url,
                owned=True,
                version=stats.system.comfyui_version,
                startup_s=self._clock.monotonic() - life.started_s,
                pid=self.pid,
                simulated=stats.is_simulated,
            )
        )
        return stats

    def _hear(self, life: "_Life", raw: str) -> None:
        """Reader thread: one line of output."""
        for line in lines_of(raw):
            self._say(life.log.keep(line, self._clock.monotonic()))
            self._tell_stages(life.stages.feed(line))
            if is_worker_death(line):
                self._worker_died(life)

    def _worker_died(self, life: "_Life") -> None:
        """Reader thread: a server without its worker goes on answering, and would be waited for in vain."""
        found = explain_stuck(life.told())
        with self._lock:
            if self._state is not ServerState.ready or life.expected:
                return
            self._state = ServerState.crashed
            self._crash = found
        if self.on_crash is not None:
            self.on_crash(found)

    def _ended(self, life: "_Life", exit_code: int) -> None:
        """Reader thread: the process is gone and its last line was heard."""
        self._say(life.log.flush())
        with self._lock:
            life.exit_code = exit_code
            was_ready = self._state is ServerState.ready
            expected = life.expected
            if not expected:
                self._state = ServerState.crashed
            found = None
            if was_ready and not expected:
                lines = life.told()
                found = self._crash = explain_crash(lines, exit_code, has_job(lines))
        self._bus.publish(ServerStopped(time_s=self._clock.now(), exit_code=exit_code, expected=expected))
        life.ended.set()
        if found is not None and self.on_crash is not None:
            self.on_crash(found)

    def _say(self, lines: tuple[str, ...]) -> None:
        for line in lines:
            self._bus.publish(ServerSaid(time_s=self._clock.now(), line=line))

    def _tell_stages(self, reached: tuple[StageReached, ...]) -> None:
        for stage in reached:
            self._bus.publish(
                ServerStageReached(time_s=self._clock.now(), stage=stage.stage.value, detail=stage.detail)
            )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise file_error(error, folder, writing=True) from error


class _Life:
    """One process of a server, from its start to its end."""

    def __init__(self, started_s: float) -> None:
        self.started_s = started_s
        self.process: Process | None = None
        self.ended = threading.Event()
        self.expected = False
        self.exit_code: int | None = None
        self.stages = StartupStages()
        self.stats: SystemStats | None = None
        self.log = ServerLog()
        self._order = threading.RLock()
        self._waiting: list[Callable[[], None]] | None = []

    def when_open(self, action: Callable[[], None]) -> None:
        """Do it now, or keep it until `open`: nothing may be heard of a process before its start was told."""
        with self._order:
            if self._waiting is not None:
                self._waiting.append(action)
                return
        action()

    def open(self) -> None:
        """Do what was kept, in order, and let everything through from now on."""
        with self._order:
            kept, self._waiting = self._waiting or [], None
            for action in kept:
                action()

    def told(self) -> tuple[str, ...]:
        """The lines so far."""
        return self.log.told()

    def head(self) -> bytes:
        """The lines so far as the beginning of a log."""
        return "".join(f"{line}\n" for line in self.told()).encode()
