"""A ComfyUI that an earlier run of this program left running: watched, heard by its log, stopped or left again."""

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

from wan22.launch.server_log import ServerLog, lines_of
from wan22.launch.server_record import forget_server, hold_server, identity_in, keep_record, plan_of
from wan22.launch.startup_errors import explain_crash, explain_stuck, has_job, is_worker_death
from wan22.schema.events import ServerSaid, ServerStopped
from wan22.schema.problem import AppError, Problem, app_error
from wan22.schema.server import ServerRecord
from wan22.system.adopted_process import AdoptedProcess
from wan22.system.bus import Bus
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock
from wan22.system.line_text import LineSplitter
from wan22.system.log_tail import LogTail
from wan22.system.supervisor import EXIT_NOTE
from wan22.system.threads import Worker

_LOOK_S = 0.5
_LAST_LOOKS = 10
_LAST_LOOK_S = 0.1
_SETTLE_S = 5.0


class AdoptedServer:
    """The server of a record. What it said before is in `lines`, but only what it says from now on goes to the bus.

    Methods may be called from any thread, one at a time. `on_crash` is called in the log's own thread.
    """

    def __init__(
        self,
        record: ServerRecord,
        data_folder: Path,
        bus: Bus,
        clock: Clock,
        *,
        stop_limit_s: float,
        on_crash: Callable[[Problem], None] | None = None,
    ) -> None:
        self.record = record
        self.plan = plan_of(record)
        self.on_crash = on_crash
        self._data_folder = data_folder
        self._bus = bus
        self._clock = clock
        self._stop_limit_s = stop_limit_s
        supervisor = None if record.supervisor is None else identity_in(record.supervisor)
        self._process = AdoptedProcess(identity_in(record.process), supervisor)
        self._tail = LogTail(Path(record.log))
        self._splitter = LineSplitter()
        self._log = ServerLog()
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        self._is_expected = False
        self._is_over = False
        self._exit_code: int | None = None
        self._crash: Problem | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it lives."""
        return self.record.process.pid if self._process.is_alive else None

    @property
    def lines(self) -> tuple[str, ...]:
        """Its last 5000 lines, cleaned, also those from before it was found again."""
        return self._log.told()

    def crash(self) -> Problem | None:
        """Why it is of no use any more; None while it works or when it was stopped."""
        return self._crash

    def follow(self) -> None:
        """Read its log so far and go on with it in the background; harmless when that goes on already."""
        with self._lock:
            if self._worker is not None or self._is_over:
                return
            with contextlib.suppress(AppError):  # unnoted, another panel might take it up as well: no reason to refuse
                hold_server(self._data_folder, self.record)
            self._hear(self._tail.read(), is_news=False)
            self._worker = Worker("server-log", self._follow).start()

    def stop(self) -> None:
        """End it with everything it has started; harmless when it is gone. Raises AppError `server_not_stopped`."""
        self.follow()
        self._is_expected = True
        if not self._process.stop(self._stop_limit_s):
            raise app_error(
                "server_not_stopped",
                f"ComfyUI (process {self.record.process.pid}) does not end, not even by force.",
                pid=self.record.process.pid,
            )
        if self._worker is not None:
            self._worker.join(_SETTLE_S)

    def leave_running(self) -> ServerRecord:
        """Let go of it again: it goes on, and its record stays. Raises AppError when the record cannot be written."""
        if self._process.is_alive:
            keep_record(self._data_folder, self.record)
        with self._lock:
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.stop()
        return self.record

    def _follow(self, cancel: CancelToken) -> None:
        """Worker: the log, and whether the process is still there."""
        while self._process.is_alive:
            self._hear(self._tail.read(), is_news=True)
            if self._clock.sleep(_LOOK_S, cancel):
                return
        for _ in range(_LAST_LOOKS):  # its last words may still be on their way through the pipe
            self._hear(self._tail.read(), is_news=True)
            if self._exit_code is not None or self._clock.sleep(_LAST_LOOK_S, cancel):
                break
        self._ended()

    def _hear(self, data: bytes, *, is_news: bool) -> None:
        if data:
            for raw in self._splitter.feed(data):
                self._take(raw, is_news=is_news)

    def _take(self, raw: str, *, is_news: bool) -> None:
        if raw.startswith(EXIT_NOTE) and raw.removeprefix(EXIT_NOTE).lstrip("-").isdecimal():
            self._exit_code = int(raw.removeprefix(EXIT_NOTE))
            return
        for line in lines_of(raw):
            told = self._log.keep(line, self._clock.monotonic())
            if is_news:
                self._say(told)
            if is_worker_death(line):
                self._fail(explain_stuck(self._log.told()))

    def _ended(self) -> None:
        """Worker: the process is gone and its last line was read."""
        for raw in self._splitter.flush():
            self._take(raw, is_news=True)
        self._say(self._log.flush())
        self._is_over = True
        found = None
        if not self._is_expected:
            lines = self._log.told()
            found = explain_crash(lines, self._exit_code, has_job(lines))
        self._bus.publish(
            ServerStopped(time_s=self._clock.now(), exit_code=self._exit_code, expected=self._is_expected)
        )
        if found is not None:
            self._fail(found)
        forget_server(self._data_folder, self.record)

    def _fail(self, found: Problem) -> None:
        if self._crash is None and not self._is_expected:
            self._crash = found
            if self.on_crash is not None:
                self.on_crash(found)

    def _say(self, lines: tuple[str, ...]) -> None:
        for line in lines:
            self._bus.publish(ServerSaid(time_s=self._clock.now(), line=line))
