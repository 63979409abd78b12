"""POSIX: a child under a supervisor process (see `system.supervisor`), seen from our side."""

import contextlib
import json
import os
import select
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wan22.schema.problem import AppError, app_error
from wan22.system.cancel import CancelToken
from wan22.system.child_command import self_command
from wan22.system.drain_start import let_go, start_drain
from wan22.system.line_text import LineSplitter
from wan22.system.process_spec import Head, OnExit, OnLine, ProcessSpec
from wan22.system.supervisor import TERM_LIMIT_S
from wan22.system.threads import Worker

_START_LIMIT_S = 30.0
_FORCE_LIMIT_S = TERM_LIMIT_S + 3.0
_DRAIN_LIMIT_S = 2.0
_PAUSE_LIMIT_S = 5.0


@dataclass(slots=True)
class _Link:
    """The supervisor and our ends of its pipes."""

    supervisor: "subprocess.Popen[bytes]"
    commands: int
    status: int
    output: int
    stdin: int | None
    said: bytes = b""  # of the status pipe, not yet a whole line

    def next_message(self) -> dict[str, Any] | None:
        """Take one complete status message, if there is one."""
        line, end, rest = self.said.partition(b"\n")
        if not end:
            return None
        self.said = rest
        message: dict[str, Any] = json.loads(line)
        return message


class PosixProcess:
    """Implements `Process`."""

    def __init__(self, spec: ProcessSpec, on_line: OnLine, on_exit: OnExit | None) -> None:
        self.argv = spec.argv
        self._link = _start_supervisor(spec)
        self.pid: int | None = _await_child(self._link, spec)
        self.supervisor_pid: int | None = self._link.supervisor.pid
        self._on_line = on_line
        self._on_exit = on_exit
        self._exit_code: int | None = None
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._commands_open = True
        self._reader = 0
        self._name = f"{spec.name}-output"
        self._pump = _Pump(self._link, self.pid)
        self._worker = Worker(self._name, self._read).start()

    @property
    def exit_code(self) -> int | None:
        """None while alive."""
        return self._exit_code

    def wait(self, timeout_s: float | None = None) -> int | None:
        """Wait until the tree is gone and the last line is delivered."""
        if threading.get_ident() != self._reader:
            self._ended.wait(timeout_s)
        return self._exit_code

    def stop(self, grace_s: float) -> int | None:
        """SIGINT to the group, after `grace_s` SIGTERM, a second later SIGKILL."""
        self._command(f"stop {max(grace_s, 0.0):.3f}")
        return self.wait(max(grace_s, 0.0) + _FORCE_LIMIT_S)

    def kill(self) -> None:
        """SIGKILL to the whole tree."""
        self._command("kill")

    def release(self, log: Path, grace_s: float, head: Head) -> bool:
        """The drain takes over the output, and the supervisor is told that our end is none of its business."""
        if threading.get_ident() == self._reader:
            return False
        with contextlib.ExitStack() as undo:
            undo.callback(self._go_on)
            self._pump.pause()
            if not self._worker.join(_PAUSE_LIMIT_S):
                message = f"The output of {self.argv[0]} cannot be handed over: somebody still works on its last line."
                raise app_error("process_start_failed", message, program=self.argv[0])
            if self._ended.is_set():
                return False
            start_drain(log, self._link.output, head() + self._pump.rest)
            undo.pop_all()
        self._command(f"release {max(grace_s, 0.0):.3f}")
        with self._lock:
            self._commands_open = False
            self._pump.close()
            _close_pipes(self._link)
            let_go(self._link.supervisor)
        self._ended.set()
        return True

    def _go_on(self) -> None:
        """Read again after a release that could not be done."""
        self._pump.resume()
        if not self._worker.is_alive and not self._ended.is_set():
            self._worker = Worker(self._name, self._read).start()

    def _command(self, text: str) -> None:
        with self._lock:
            if not self._commands_open:
                return
            if self._link.stdin is not None:
                os.close(self._link.stdin)
                self._link.stdin = None
            with contextlib.suppress(BrokenPipeError):  # the supervisor is gone; the reader notices it too
                os.write(self._link.commands, text.encode() + b"\n")

    def _read(self, _cancel: CancelToken) -> None:
        """Worker: lines and status until the tree is gone. A fault of `on_line` never blocks the child."""
        self._reader = threading.get_ident()
        try:
            self._pump.run(self._on_line)
        finally:
            if self._pump.run(lambda _line: None):
                self._finish(self._pump.exit_code)

    def _finish(self, exit_code: int | None) -> None:
        with self._lock:
            self._commands_open = False
            self._pump.close()
            _close(self._link)
        # Only SIGKILL ends the supervisor without a word, and it takes the child along by the same signal.
        self._exit_code = -int(signal.SIGKILL) if exit_code is None else exit_code
        try:
            if self._on_exit is not None:
                self._on_exit(self._exit_code)
        finally:
            self._ended.set()


class _Pump:
    """Moves lines and status out of the pipes until both are at their end, or it is told to pause."""

    def __init__(self, link: _Link, pid: int | None) -> None:
        self.exit_code: int | None = None
        self._link = link
        self._pid = pid
        self._lines = LineSplitter()
        self._open = {link.output, link.status}
        self._give_up_s = float("inf")
        self._wake, self._waker = os.pipe()
        self._lock = threading.Lock()
        self._is_paused = False

    def pause(self) -> None:
        """Have `run` return soon, with everything delivered that was read; from any thread."""
        with self._lock:
            if self._wake >= 0:
                self._is_paused = True
                os.write(self._waker, b"p")

    def resume(self) -> None:
        """Let `run` work again."""
        with self._lock:
            if self._wake >= 0:
                os.read(self._wake, 16)
            self._is_paused = False

    @property
    def rest(self) -> bytes:
        """What was read of a line that is not complete yet."""
        return self._lines.rest

    def close(self) -> None:
        """Close what `pause` works with."""
        with self._lock:
            if self._wake >= 0:
                os.close(self._wake)
                os.close(self._waker)
            self._wake = -1

    def run(self, on_line: Callable[[str], None]) -> bool:
        """True when nothing more will come, False for a pause; may be called again after a fault of `on_line`."""
        with selectors.DefaultSelector() as selector:
            for descriptor in (*self._open, self._wake):
                selector.register(descriptor, selectors.EVENT_READ)
            while self._open and time.monotonic() < self._give_up_s:
                if self._is_paused:
                    return False
                patience_s = None if self._link.status in self._open else _DRAIN_LIMIT_S
                for key, _ in selector.select(patience_s):
                    if key.fd == self._wake:
                        continue
                    data = os.read(key.fd, 65536)
                    if not data:
                        selector.unregister(key.fd)
                        self._open.discard(key.fd)
                    if key.fd == self._link.output:
                        _deliver(self._lines.feed(data) if data else self._lines.flush(), on_line)
                    else:
                        self._hear(data)
        _deliver(self._lines.flush(), on_line)
        return True

    def _hear(self, data: bytes) -> None:
        self._link.said += data
        while (message := self._link.next_message()) is not None:
            self.exit_code = message.get("exit", self.exit_code)
        if not data:
            # A stray that has left the tree of a killed supervisor may hold the output open: do not wait for it.
            self._give_up_s = time.monotonic() + _DRAIN_LIMIT_S
            if self.exit_code is None and self._pid is not None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._pid, signal.SIGKILL)


def _deliver(lines: list[str], on_line: Callable[[str], None]) -> None:
    for line in lines:
        on_line(line)


def _start_supervisor(spec: ProcessSpec) -> _Link:
    output_read, output_write = os.pipe()
    status_read, status_write = os.pipe()
    stdin_read, stdin_write = (None, None) if spec.close_stdin else os.pipe()
    theirs = [descriptor for descriptor in (status_write, stdin_read) if descriptor is not None]
    try:
        supervisor = subprocess.Popen(
            self_command("__supervise", str(status_write)),
            stdin=subprocess.PIPE,
            stdout=output_write,
            stderr=subprocess.STDOUT,
            bufsize=0,
            pass_fds=theirs,
            start_new_session=True,
        )
    except OSError as error:
        for descriptor in (output_read, status_read, stdin_write):
            if descriptor is not None:
                os.close(descriptor)
        raise app_error("process_start_failed", f"This program could not start itself again: {error}.") from error
    finally:
        for descriptor in (output_write, *theirs):
            os.close(descriptor)
    assert supervisor.stdin is not None
    link = _Link(supervisor, os.dup(supervisor.stdin.fileno()), status_read, output_read, stdin_write)
    supervisor.stdin.close()
    order = {
        "argv": list(spec.argv),
        "cwd": os.path.abspath(spec.cwd),  # noqa: PTH100 - resolve() would follow links
        "environment": dict(spec.environment),
        "stdin_fd": stdin_read,
        "orphan_grace_s": spec.orphan_grace_s,
    }
    with contextlib.suppress(BrokenPipeError):  # its status tells why
        _write_all(link.commands, json.dumps(order).encode() + b"\n")
    return link


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _await_child(link: _Link, spec: ProcessSpec) -> int:
    """Wait for the child's pid; AppError `process_start_failed` when there will be none."""
    deadline = time.monotonic() + _START_LIMIT_S
    message: dict[str, Any] | None = None
    while message is None:
        ready, _, _ = select.select([link.status], [], [], max(deadline - time.monotonic(), 0.0))
        data = os.read(link.status, 65536) if ready else b""
        if not data:
            raise _start_failure(link, spec, "its supervisor gave no answer")
        link.said += data
        message = link.next_message()
    if "pid" not in message:
        raise _start_failure(link, spec, str(message["error"]))
    return int(message["pid"])


def _start_failure(link: _Link, spec: ProcessSpec, reason: str) -> AppError:
    """Clean up after a failed start; what the supervisor itself wrote becomes the detail."""
    link.supervisor.kill()
    link.supervisor.wait()
    os.set_blocking(link.output, False)
    with contextlib.suppress(BlockingIOError):
        link.said = os.read(link.output, 65536)
    _close(link)
    return app_error(
        "process_start_failed",
        f"{spec.argv[0]} could not be started in {spec.cwd}: {reason}.",
        detail=link.said.decode("utf-8", errors="replace"),
        program=spec.argv[0],
        folder=spec.cwd,
    )


def _close(link: _Link) -> None:
    """Close our ends and collect the supervisor, which ends by itself or because its command pipe did."""
    _close_pipes(link)
    link.supervisor.wait()


def _close_pipes(link: _Link) -> None:
    for descriptor in (link.commands, link.status, link.output, link.stdin):
        if descriptor is not None:
            os.close(descriptor)
    link.stdin = None
