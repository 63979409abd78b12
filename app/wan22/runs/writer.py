"""Facts to disk while a run goes on: nothing that happens to the disk may hold up or break the run itself."""

import contextlib
import json
import logging
import queue
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pydantic import BaseModel

from wan22.runs.append_file import AppendFile
from wan22.runs.layout import RunFolder
from wan22.runs.state import Fact
from wan22.runs.telemetry import header_row, reading_row
from wan22.schema.gpu import GpuProcess, GpuSampled
from wan22.schema.panel_fact import PanelFact
from wan22.schema.problem import AppError, Problem
from wan22.schema.run import RunManifest
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock
from wan22.system.file_lock import file_lock
from wan22.system.files import file_error, write_text_atomic
from wan22.system.threads import Worker

MAX_WAITING_ROWS = 50_000
RETRY_S = (0.25, 0.5, 1.0, 2.0, 5.0)
CLOSE_LIMIT_S = 3.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _NewManifest:
    manifest: RunManifest


class _Stop(Enum):
    now = "now"


class _Got(Enum):
    facts = "facts"
    nothing = "nothing"
    stop = "stop"


_WAITS = "Free some space: what could not be written waits in memory and is tried again."


class RunWriter:
    """Writes one run folder. `accept` is the bus subscriber: it only appends; a thread of its own does the rest.

    Facts reach the disk one by one as they come, so a killed process loses none older than a moment. On a full disk
    facts wait in memory (all events; of the readings the newest `max_waiting_rows`) and are tried again;
    `on_problem` is told once. Only `open` raises.
    """

    def __init__(
        self,
        folder: RunFolder,
        clock: Clock,
        on_problem: Callable[[Problem], None] | None = None,
        *,
        max_waiting_rows: int = MAX_WAITING_ROWS,
        close_limit_s: float = CLOSE_LIMIT_S,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._on_problem = on_problem
        self._max_waiting_rows = max_waiting_rows
        self._close_limit_s = close_limit_s
        self._inbox: queue.SimpleQueue[Fact | _NewManifest | _Stop] = queue.SimpleQueue()
        self._events = _Waiting(AppendFile(folder.events))
        self._rows = _Waiting(AppendFile(folder.telemetry))
        self._processes = _Waiting(AppendFile(folder.processes))
        self._listed: dict[int, tuple[GpuProcess, ...]] = {}
        self._manifest: RunManifest | None = None
        self._dropped_rows = 0
        self._failures = 0
        self._is_told = False
        self._is_closed = False
        self._lock = contextlib.ExitStack()
        self._worker = Worker("run-writer", self._work, on_problem=self._tell_crash)

    def open(self, manifest: RunManifest) -> RunManifest:
        """Write the first manifest and start the thread. Errors: AppError `disk_full`, `file_unwritable`."""
        try:
            self._folder.outputs.mkdir(parents=True, exist_ok=True)
            self._folder.events.touch()
            if not self._folder.telemetry.exists():
                self._folder.telemetry.write_bytes(header_row().encode())
        except OSError as error:
            raise file_error(error, self._folder.path, writing=True) from error
        write_manifest(self._folder, manifest)
        try:
            self._lock.enter_context(file_lock(self._folder.lock))
        except OSError as error:
            raise file_error(error, self._folder.lock, writing=True) from error
        self._worker.start()
        return manifest

    def accept(self, fact: Fact | PanelFact) -> None:
        """Take a fact; returns at once. After `close` facts are ignored, and so are facts for faces only."""
        if not self._is_closed and not isinstance(fact, PanelFact):
            self._inbox.put(fact)

    def update(self, manifest: RunManifest) -> None:
        """Have the manifest written again while the run goes on, so that a killed run says what is known by now."""
        if not self._is_closed:
            self._inbox.put(_NewManifest(manifest))

    def close(self, manifest: RunManifest) -> RunManifest:
        """Write what waits, then the last manifest; returns it as it is. Calling it twice writes once more only that.

        `incomplete` is set when something could not be written in the end. Never raises.
        """
        if not self._is_closed:
            self._is_closed = True
            self._inbox.put(_Stop.now)
            self._worker.join(self._close_limit_s + 5.0)
        lost = self._worker.is_alive or self._dropped_rows > 0 or not self._is_drained()
        update: dict[str, Any] = {"incomplete": manifest.incomplete or lost}
        if manifest.finished_s is None:
            update["finished_s"] = self._clock.now()
        manifest = manifest.model_copy(update=update)
        try:
            write_manifest(self._folder, manifest)
        except AppError as error:
            self._tell(error.problem)
            manifest = manifest.model_copy(update={"incomplete": True})
        with contextlib.suppress(OSError):  # the lock file may stay behind: unlocked it says nothing
            self._lock.close()
        return manifest

    def _is_drained(self) -> bool:
        waiting = (self._events.lines, self._rows.lines, self._processes.lines)
        return self._inbox.empty() and not any(waiting)

    def _work(self, _: CancelToken) -> None:
        """Take facts as they come; while the disk is full try again with growing pauses."""
        retry_at_s: float | None = None
        while True:
            pause_s = None if retry_at_s is None else max(0.01, retry_at_s - self._clock.monotonic())
            got = self._take(pause_s)
            if got is _Got.stop:
                break
            if got is _Got.nothing or retry_at_s is None or self._clock.monotonic() >= retry_at_s:
                retry_at_s = self._try_to_write()
        self._finish()

    def _take(self, timeout_s: float | None) -> _Got:
        """Sort all that has come into the waiting lines."""
        got = _Got.nothing
        try:
            item = self._inbox.get(timeout=timeout_s)
            while not isinstance(item, _Stop):
                self._sort(item)
                got = _Got.facts
                item = self._inbox.get_nowait()
        except queue.Empty:
            return got
        return _Got.stop

    def _sort(self, item: Fact | _NewManifest) -> None:
        if isinstance(item, _NewManifest):
            self._manifest = item.manifest
        elif isinstance(item, GpuSampled):
            self._rows.lines.extend(reading_row(reading).encode() for reading in item.readings)
            while len(self._rows.lines) > self._max_waiting_rows:
                self._rows.lines.popleft()
                self._dropped_rows += 1
            self._sort_processes(item)
        else:
            self._events.lines.append(event_line(item))

    def _sort_processes(self, sample: GpuSampled) -> None:
        """A line for each GPU whose list of processes is not what it was."""
        for gpu, processes in sample.processes:
            if self._listed.get(gpu) == processes:
                continue
            self._listed[gpu] = processes
            found = [process.model_dump(mode="json") for process in processes]
            document = {"time_s": sample.time_s, "gpu": gpu, "processes": found}
            self._processes.lines.append(_line(json.dumps(document, ensure_ascii=False)))
            while len(self._processes.lines) > self._max_waiting_rows:
                self._processes.lines.popleft()

    def _try_to_write(self) -> float | None:
        """Write whatever waits; the time of the next try if the disk did not take everything."""
        failed: Problem | None = None
        for waiting in (self._events, self._rows, self._processes):
            if waiting.lines:
                try:
                    waiting.file.write_lines(waiting.lines)
                except OSError as error:
                    failed = file_error(error, self._folder.path, writing=True).problem
                    waiting.close()
        if self._manifest is not None:
            try:
                write_manifest(self._folder, self._manifest)
                self._manifest = None
            except AppError as error:
                failed = error.problem
        if failed is None:
            self._failures = 0
            return None
        self._tell(failed)
        pause_s = RETRY_S[min(self._failures, len(RETRY_S) - 1)]
        self._failures += 1
        return self._clock.monotonic() + pause_s

    def _finish(self) -> None:
        """Last tries, for a short while only: the run must be able to end on a full disk."""
        self._manifest = None
        pauses = max(1, round(self._close_limit_s / RETRY_S[0]))
        token = CancelToken()
        while self._try_to_write() is not None and pauses > 0:
            pauses -= 1
            token.wait(RETRY_S[0])
        for waiting in (self._events, self._rows, self._processes):
            waiting.close()

    def _tell(self, found: Problem) -> None:
        """Tell of a failed write once; it would repeat itself with every fact."""
        if self._is_told:
            return
        self._is_told = True
        if found.code == "disk_full":
            found = found.model_copy(update={"hint": _WAITS})
        if self._on_problem is not None:
            self._on_problem(found)
        else:
            _log.warning("%s: %s", found.code, found.message)

    def _tell_crash(self, found: Problem) -> None:
        self._dropped_rows += 1
        if self._on_problem is not None:
            self._on_problem(found)


class _Waiting:
    """Lines on their way to one file."""

    def __init__(self, file: AppendFile) -> None:
        self.file = file
        self.lines: deque[bytes] = deque()

    def close(self) -> None:
        """Close the file; a failed close means no more than the failed write before it."""
        try:
            self.file.close()
        except OSError as error:
            _log.warning("a file of the run could not be closed: %s", error)


def write_manifest(folder: RunFolder, manifest: RunManifest) -> None:
    """Write `run.json`, all or nothing. Errors: AppError `disk_full`, `file_unwritable`."""
    write_text_atomic(folder.manifest, manifest.model_dump_json(indent=2) + "\n")


def event_line(event: BaseModel) -> bytes:
    """One event as a line of the log. Letters that are none (broken file names) become question marks."""
    try:
        return _line(event.model_dump_json())
    except ValueError:
        return _line(json.dumps(event.model_dump(mode="python"), ensure_ascii=False, default=_plain))


def _line(text: str) -> bytes:
    return text.encode("utf-8", errors="replace") + b"\n"


def _plain(value: object) -> object:
    return value.value if isinstance(value, Enum) else str(value)
