"""A child process that only says what the test has written down for it."""

import threading
from collections.abc import Sequence
from pathlib import Path

from wan22.system.process import Head, OnExit, OnLine, ProcessSpec
from wan22.system.threads import Worker


class ScriptedProcess:
    """Implements `wan22.system.process.Process` without a process.

    `say` and `end` are what the child does; `stop` and `kill` end it with `stop_code` and `kill_code` and are noted
    in `asked`. With `stubborn=True` it does not end by `stop`.
    """

    def __init__(
        self,
        spec: ProcessSpec,
        on_line: OnLine,
        on_exit: OnExit | None = None,
        *,
        pid: int = 4242,
        stop_code: int = 0,
        kill_code: int = -9,
        stubborn: bool = False,
    ) -> None:
        self.spec = spec
        self.argv = spec.argv
        self.pid: int | None = pid
        self.supervisor_pid: int | None = None
        self.asked: list[str] = []
        self._on_line = on_line
        self._on_exit = on_exit
        self._stop_code = stop_code
        self._kill_code = kill_code
        self._stubborn = stubborn
        self._exit_code: int | None = None
        self._lock = threading.Lock()
        self._ended = threading.Event()

    @property
    def exit_code(self) -> int | None:
        """None while alive."""
        return self._exit_code

    def say(self, *lines: str) -> None:
        """Deliver lines, in the caller's thread."""
        for line in lines:
            self._on_line(line)

    def end(self, exit_code: int) -> None:
        """End by itself; only the first end counts."""
        with self._lock:
            if self._exit_code is not None:
                return
            self._exit_code = exit_code
        try:
            if self._on_exit is not None:
                self._on_exit(exit_code)
        finally:
            self._ended.set()

    def wait(self, timeout_s: float | None = None) -> int | None:
        """Wait (real time) for the end."""
        if self._exit_code is None:
            self._ended.wait(timeout_s)
        return self._exit_code

    def stop(self, grace_s: float) -> int | None:
        """End politely unless stubborn."""
        self.asked.append(f"stop {grace_s:g}")
        if not self._stubborn:
            self.end(self._stop_code)
        return self._exit_code

    def kill(self) -> None:
        """End by force."""
        self.asked.append("kill")
        self.end(self._kill_code)

    def release(self, log: Path, grace_s: float, head: Head) -> bool:
        """Go on alone unless it has ended; the log gets its beginning."""
        self.asked.append(f"release {grace_s:g}")
        if self._exit_code is None:
            log.write_bytes(head())
            self._ended.set()
        return self._exit_code is None


class ScriptedStarter:
    """Stands in for `start_process`: every start makes a ScriptedProcess that says `lines` from a thread of its own.

    With `exit_code` it ends after the last line, without one it lives on until stopped. `started` keeps them all;
    `join` waits until all lines are delivered.
    """

    def __init__(
        self,
        lines: Sequence[str] = (),
        exit_code: int | None = None,
        *,
        stop_code: int = 0,
        stubborn: bool = False,
    ) -> None:
        self.started: list[ScriptedProcess] = []
        self._lines = tuple(lines)
        self._exit_code = exit_code
        self._stop_code = stop_code
        self._stubborn = stubborn
        self._players: list[Worker] = []

    def __call__(self, spec: ProcessSpec, on_line: OnLine, on_exit: OnExit | None = None) -> ScriptedProcess:
        """Start one, as `start_process` does."""
        process = ScriptedProcess(
            spec,
            on_line,
            on_exit,
            pid=4242 + len(self.started),
            stop_code=self._stop_code,
            stubborn=self._stubborn,
        )
        self.started.append(process)
        self._players.append(Worker("scripted-process", lambda _cancel: self._play(process)).start())
        return process

    def join(self, timeout_s: float = 5.0) -> None:
        """Wait until every started process has said its lines; AssertionError if one is stuck."""
        for player in self._players:
            if not player.join(timeout_s):
                raise AssertionError("a scripted process is stuck in on_line or on_exit")

    def _play(self, process: ScriptedProcess) -> None:
        process.say(*self._lines)
        if self._exit_code is not None:
            process.end(self._exit_code)
