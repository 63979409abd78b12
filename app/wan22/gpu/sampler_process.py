"""A child process that talks in lines both ways and ends when we close its input or die."""

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Protocol

from wan22.schema.problem import Problem, app_error
from wan22.system.cancel import CancelToken
from wan22.system.threads import Worker

_TERMINATE_LIMIT_S = 1.0
_KILL_LIMIT_S = 2.0


class TalkingProcess(Protocol):
    """What the sampler's parent needs of a child."""

    def write_line(self, text: str) -> None:
        """Send a line to its standard input; nothing happens when it is gone."""
        ...

    def stop(self, grace_s: float) -> None:
        """Close its input, give it `grace_s` to end, then end it by force; harmless when it has ended."""
        ...


StartTalking = Callable[
    [Sequence[str], Mapping[str, str], Callable[[str], None], Callable[[int], None], Callable[[Problem], None]],
    TalkingProcess,
]
"""(argv, environment, on_line, on_exit, on_problem) → a started process; AppError `process_start_failed`."""


class PipedProcess:
    """Implements `TalkingProcess`: output and error output come line by line in a thread of its own.

    It is kept out of our console's Ctrl-C; it ends because its input does, also when we are killed.
    """

    def __init__(
        self,
        argv: Sequence[str],
        environment: Mapping[str, str],
        on_line: Callable[[str], None],
        on_exit: Callable[[int], None],
        on_problem: Callable[[Problem], None],
    ) -> None:
        self._lock = threading.Lock()
        self._on_line = on_line
        self._on_exit = on_exit
        try:
            self._process = subprocess.Popen(
                list(argv),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                bufsize=-1,
                start_new_session=sys.platform != "win32",
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise app_error(
                "process_start_failed", f"{argv[0]} could not be started: {error.strerror}.", detail=repr(error)
            ) from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin: IO[bytes] = self._process.stdin
        self._stdout: IO[bytes] = self._process.stdout
        self.pid = self._process.pid
        self._worker = Worker("gpu-sampler-output", self._read, on_problem).start()

    def write_line(self, text: str) -> None:
        """Send a line."""
        with self._lock, contextlib.suppress(OSError):
            if not self._stdin.closed:
                self._stdin.write(text.encode() + b"\n")
                self._stdin.flush()

    def stop(self, grace_s: float) -> None:
        """Close its input and see it out."""
        with self._lock, contextlib.suppress(OSError):
            self._stdin.close()
        if not self._ended(grace_s):
            self._process.terminate()
            if not self._ended(_TERMINATE_LIMIT_S):
                self._process.kill()
                self._ended(_KILL_LIMIT_S)
        self._worker.join(_KILL_LIMIT_S)

    def _ended(self, limit_s: float) -> bool:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(limit_s)
            return True
        return False

    def _read(self, _cancel: CancelToken) -> None:
        """Worker: lines until the output ends. A fault of `on_line` ends the child instead of blocking it."""
        with contextlib.ExitStack() as at_end, self._stdout:
            at_end.callback(lambda: self._on_exit(self._process.wait()))
            on_fault = at_end.enter_context(contextlib.ExitStack())
            on_fault.callback(self._process.kill)
            for line in self._stdout:
                text = line.decode("utf-8", errors="replace").rstrip("\r\n")
                if text:
                    self._on_line(text)
            on_fault.pop_all()
