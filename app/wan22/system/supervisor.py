"""POSIX: the small process that stands between us and a child and ends the child's whole tree when we die.

Started as `… __supervise STATUS_FD`. Standard input is a pipe from us: first one JSON line that says what to start,
then the commands "stop SECONDS", "kill" and "release SECONDS"; its end means that we are gone, which after "release"
is no reason to end the tree: then only SIGTERM is, and the child has SECONDS to end politely. JSON lines go back over
STATUS_FD: {"pid": …} or {"error": …}, then {"exit": …}. Our output pipe is its standard output and error, and the
child's; when nobody listens to STATUS_FD any more, the exit code is told there. The standard library only: it must
start fast and stay small.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Any

TERM_LIMIT_S = 1.0
"""Seconds between SIGTERM and SIGKILL, and what is left for the others once the child itself has ended."""
EXIT_NOTE = "The process ended with exit code "
"""How the line begins that a released supervisor adds to the output."""
_STRAY_LIMIT_S = 2.0
_NET_S = 0.5  # SIGCHLD wakes the loop; this is only the net below it
_KILL_AGAIN_S = 0.05

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

Prctl = Callable[..., int]


class Stage(IntEnum):
    """How far the ending of the tree has come."""

    running = 0
    interrupt = 1
    terminate = 2
    kill = 3


def main(argv: Sequence[str]) -> int:
    """Entry of the hidden command `__supervise`; returns when the whole tree is gone."""
    if sys.platform == "win32":
        return 2
    status = int(argv[0])
    wake = _wake_on_signals()
    line, commands = _first_line()
    if not line:
        return 0
    spec = json.loads(line)
    prctl = _prctl()
    if prctl is not None:
        prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        child = _start(spec, prctl)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        _tell(status, {"error": _reason(error)})
        return 1
    _tell(status, {"pid": child.pid})
    tree = _Tree(child, status, wake, float(spec["orphan_grace_s"]))
    tree.obey(commands)
    tree.run()
    return 0


class _Tree:
    """The child and all it has started, until nothing of it is left."""

    def __init__(self, child: "subprocess.Popen[bytes]", status: int, wake: int, orphan_grace_s: float) -> None:
        self._child = child
        self._status = status
        self._wake = wake
        self._orphan_grace_s = orphan_grace_s
        self._is_released = False
        self._stage = Stage.running
        self._deadline = 0.0
        self._exit_code: int | None = None
        self._has_children = True
        self._inputs = [0, wake]
        self._pending = b""

    def run(self) -> None:
        """Wait, obey and escalate until the tree is gone."""
        while True:
            self._reap()
            if self._is_over():
                return
            now = time.monotonic()
            if self._stage is Stage.kill:
                self._send(signal.SIGKILL)
            elif self._stage is not Stage.running and now >= self._deadline:
                self._enter(Stage(self._stage + 1), TERM_LIMIT_S)
                continue
            self._listen(self._patience_s(now))

    def obey(self, data: bytes) -> None:
        """Take bytes of the command pipe."""
        *lines, self._pending = (self._pending + data).split(b"\n")
        for line in lines:
            word, _, argument = line.partition(b" ")
            if word == b"stop":
                self._stop(float(argument))
            elif word == b"release":
                self._is_released = True
                self._orphan_grace_s = float(argument)
            elif word == b"kill" and self._stage < Stage.kill:
                self._enter(Stage.kill, 0.0)

    def _listen(self, timeout_s: float) -> None:
        ready, _, _ = select.select(self._inputs, [], [], timeout_s)
        if self._wake in ready and any(number != signal.SIGCHLD for number in os.read(self._wake, 4096)):
            self._stop(self._orphan_grace_s)
        if 0 in ready:
            data = os.read(0, 65536)
            if data:
                self.obey(data)
            else:
                self._inputs.remove(0)
                if not self._is_released:
                    self._stop(self._orphan_grace_s)

    def _patience_s(self, now: float) -> float:
        if self._stage is Stage.kill:
            return _KILL_AGAIN_S
        return _NET_S if self._stage is Stage.running else min(_NET_S, max(self._deadline - now, 0.0))

    def _stop(self, grace_s: float) -> None:
        if self._stage is Stage.running:
            self._enter(Stage.interrupt, grace_s)
        elif self._stage is Stage.interrupt:
            self._deadline = min(self._deadline, time.monotonic() + grace_s)

    def _enter(self, stage: Stage, limit_s: float) -> None:
        self._stage = stage
        self._deadline = time.monotonic() + limit_s
        self._send({Stage.interrupt: signal.SIGINT, Stage.terminate: signal.SIGTERM}.get(stage, signal.SIGKILL))

    def _send(self, number: signal.Signals) -> None:
        """To the child's group; when it gets serious also to those that left the group and lost their parent."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, number)
        if number is not signal.SIGINT:
            for pid in _children_of(os.getpid()):
                if pid != self._child.pid:
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.kill(pid, number)

    def _reap(self) -> None:
        """Collect whoever has ended; tell the child's exit code, and give what it leaves behind a short time."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self._has_children = False
                return
            if pid == 0:
                self._has_children = True
                return
            if pid == self._child.pid:
                self._exit_code = self._child.returncode = os.waitstatus_to_exitcode(status)
                _tell(self._status, {"exit": self._exit_code})
                if self._is_released:
                    _note(f"{EXIT_NOTE}{self._exit_code}")
                if self._stage is Stage.running:
                    self._enter(Stage.terminate, TERM_LIMIT_S)
                elif self._stage is Stage.interrupt:
                    self._stop(TERM_LIMIT_S)

    def _is_over(self) -> bool:
        if self._exit_code is None or _group_lives(self._child.pid):
            return False
        given_up = self._stage is Stage.kill and time.monotonic() > self._deadline + _STRAY_LIMIT_S
        return not self._has_children or given_up


def _first_line() -> tuple[bytes, bytes]:
    """The line that says what to start, and what came after it; empty when we died before writing it."""
    data = b""
    while b"\n" not in data:
        piece = os.read(0, 65536)
        if not piece:
            return b"", b""
        data += piece
    line, _, rest = data.partition(b"\n")
    return line, rest


def _wake_on_signals() -> int:
    """Turn the end of children and requests to end into bytes of a pipe; returns its reading end."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    return reading


def _prctl() -> Prctl | None:
    """Linux' prctl; None elsewhere."""
    if not sys.platform.startswith("linux"):
        return None
    function: Prctl = ctypes.CDLL(None).prctl
    return function


def _start(spec: dict[str, Any], prctl: Prctl | None) -> "subprocess.Popen[bytes]":
    """Start the child in a session of its own, with a fresh set of signal handlers, tied to our own life."""
    us = os.getpid()

    def prepare() -> None:
        # An ignored signal is inherited: a shell ignores SIGINT for background jobs, and Ctrl-C would do nothing.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != us:
            os._exit(1)

    stdin = spec["stdin_fd"]
    child = subprocess.Popen(
        spec["argv"],
        cwd=spec["cwd"],
        env=spec["environment"],
        stdin=subprocess.DEVNULL if stdin is None else stdin,
        start_new_session=True,
        preexec_fn=prepare,  # noqa: PLW1509 - this process has one thread only
    )
    if stdin is not None:
        os.close(stdin)
    return child


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}"
    return str(error)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _children_of(parent: int) -> list[int]:
    """Direct children by /proc; empty where there is none."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # "pid (name) state parent …"; the name may hold spaces and brackets
            fields = entry.read_bytes().rpartition(b")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(entry.parent.name))
    return found


def _note(text: str) -> None:
    """Add a line to the child's output, which may have stopped in the middle of one."""
    with contextlib.suppress(OSError):
        os.write(1, f"\n{text}\n".encode())


def _tell(status: int, message: dict[str, Any]) -> None:
    """Write one JSON line; nobody may be there to read it any more."""
    with contextlib.suppress(BrokenPipeError):
        os.write(status, json.dumps(message).encode() + b"\n")
