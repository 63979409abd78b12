"""Windows: a child inside a job object, stopped by Ctrl-C from a helper process."""

import contextlib
import ctypes
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from wan22.schema.problem import app_error
from wan22.system.cancel import CancelToken
from wan22.system.child_command import frozen_folder, self_command
from wan22.system.drain_start import let_go, start_drain
from wan22.system.line_text import LineSplitter
from wan22.system.process_spec import Head, OnExit, OnLine, ProcessSpec
from wan22.system.threads import Worker

_FORCE_LIMIT_S = 5.0
_HELPER_LIMIT_S = 10.0
_DRAIN_LIMIT_S = 2.0
_POLL_S = 0.2
_PAUSE_LIMIT_S = 5.0

if sys.platform == "win32":
    from wan22.system.windows_job import Job

    _CREATE_SUSPENDED = 0x00000004
    _THREAD_TERMINATE = 0x0001

    class WindowsProcess:
        """Implements `Process`. The whole job is the child: a venv's python.exe only starts the real one."""

        def __init__(self, spec: ProcessSpec, on_line: OnLine, on_exit: OnExit | None) -> None:
            self.argv = spec.argv
            self._job = Job()
            self._popen = _start_in_job(spec, self._job)
            self.pid: int | None = self._popen.pid
            self.supervisor_pid: int | None = None
            self._on_line = on_line
            self._on_exit = on_exit
            self._exit_code: int | None = None
            self._ended = threading.Event()
            self._ours: set[int] = set()
            self._asked = threading.Lock()  # taken by the first stop and never given back
            self._pausing = threading.Event()
            self._released = threading.Event()
            self._lines = LineSplitter()
            self._name = f"{spec.name}-output"
            self._reader_id = 0
            self._reader = Worker(self._name, self._read).start()
            self._waiter = Worker(f"{spec.name}-exit", self._await_end).start()

        @property
        def exit_code(self) -> int | None:
            """None while alive."""
            return self._exit_code

        def wait(self, timeout_s: float | None = None) -> int | None:
            """Wait until the job is empty and the last line is delivered."""
            if threading.get_ident() in self._ours:
                return self._exit_code
            deadline = float("inf") if timeout_s is None else time.monotonic() + timeout_s
            # Ctrl-C does not interrupt a wait on Windows, it is noticed after it: so wait in short pieces.
            while not self._ended.wait(min(_POLL_S, max(deadline - time.monotonic(), 0.0))):
                if time.monotonic() >= deadline:
                    break
            return self._exit_code

        def stop(self, grace_s: float) -> int | None:
            """Ctrl-C to the child's console; after `grace_s` the job is terminated."""
            if self._ended.is_set():
                return self._exit_code
            self._close_stdin()
            if threading.get_ident() in self._ours:
                Worker("stop-child", lambda _cancel: self._stop(grace_s)).start()
            else:
                self._stop(grace_s)
            return self._exit_code

        def kill(self) -> None:
            """Terminate the job."""
            self._job.terminate()

        def release(self, log: Path, grace_s: float, head: Head) -> bool:  # noqa: ARG002 - nobody of ours stays
            """The drain takes over the output, and the job no longer ends with our handle to it."""
            if threading.get_ident() in self._ours:
                return False
            with contextlib.ExitStack() as undo:
                undo.callback(self._go_on)
                self._pause()
                if self._popen.poll() is not None or self._popen.stdout is None:
                    return False
                start_drain(log, self._popen.stdout, head() + self._lines.rest)
                self._lift()
                undo.pop_all()
            self._released.set()
            self._waiter.join()
            self._job.close()
            self._close_stdin()
            self._popen.stdout.close()
            let_go(self._popen)
            self._ended.set()
            return True

        def _lift(self) -> None:
            try:
                self._job.kill_on_close(wanted=False)
            except OSError as error:
                message = f"Windows does not let {self.argv[0]} go on without this program: {error}."
                raise app_error("process_start_failed", message, program=self.argv[0]) from error

        def _pause(self) -> None:
            """End the reader, which waits inside a read that only Windows can break off."""
            self._pausing.set()
            give_up_s = time.monotonic() + _PAUSE_LIMIT_S
            while self._reader.is_alive:
                if time.monotonic() > give_up_s:
                    message = f"The output of {self.argv[0]} cannot be handed over: it is still being read."
                    raise app_error("process_start_failed", message, program=self.argv[0])
                _break_off_read(self._reader_id)
                time.sleep(0.01)

        def _go_on(self) -> None:
            """Read again after a release that could not be done."""
            self._pausing.clear()
            if not self._reader.is_alive:
                self._reader = Worker(self._name, self._read).start()

        def _stop(self, grace_s: float) -> None:
            if grace_s > 0 and self._asked.acquire(blocking=False):
                # The first process before all others: what it has started may have consoles of its own.
                send_interrupt([self._popen.pid, *self._job.process_ids()])
            if not self._ended.wait(max(grace_s, 0.0)):
                self._job.terminate()
                self._ended.wait(_FORCE_LIMIT_S)

        def _close_stdin(self) -> None:
            if self._popen.stdin is not None:
                with contextlib.suppress(OSError):
                    self._popen.stdin.close()

        def _read(self, _cancel: CancelToken) -> None:
            """Worker: lines until the end of the pipe. A fault of `on_line` never blocks the child."""
            self._ours.add(threading.get_ident())
            self._reader_id = threading.get_native_id()
            try:
                self._pump(self._on_line)
            finally:
                self._pump(lambda _line: None)

        def _pump(self, on_line: Callable[[str], None]) -> None:
            while data := self._next_piece():
                for line in self._lines.feed(data):
                    on_line(line)
            if not self._pausing.is_set():
                for line in self._lines.flush():
                    on_line(line)

        def _next_piece(self) -> bytes:
            """What the child wrote; empty at its end and when the reading is to pause."""
            if self._pausing.is_set() or self._popen.stdout is None or self._popen.stdout.closed:
                return b""
            try:
                return self._popen.stdout.read(65536) or b""
            except OSError:
                if self._pausing.is_set():
                    return b""
                raise

        def _await_end(self, _cancel: CancelToken) -> None:
            """Worker: wait for the first process, then for what it left behind."""
            self._ours.add(threading.get_ident())
            code = None
            while code is None:
                if self._released.is_set():
                    return
                with contextlib.suppress(subprocess.TimeoutExpired):
                    code = self._popen.wait(_POLL_S)
            # os.execv on Windows starts a new process and ends the old one with 0: the child may live on.
            while code == 0 and self._job.process_ids():
                if self._released.wait(_POLL_S):
                    return
            self._job.close()
            self._close_stdin()
            if self._reader.join(_DRAIN_LIMIT_S) and self._popen.stdout is not None:
                self._popen.stdout.close()
            self._exit_code = code
            try:
                if self._on_exit is not None:
                    self._on_exit(code)
            finally:
                self._ended.set()

    def _start_in_job(spec: ProcessSpec, job: Job) -> "subprocess.Popen[bytes]":
        """Start suspended, put into the job, let go: it cannot start anything before it is in the job."""
        try:
            with _system_dll_folder():
                popen = subprocess.Popen(
                    list(spec.argv),
                    cwd=spec.cwd,
                    env=dict(spec.environment),
                    stdin=subprocess.DEVNULL if spec.close_stdin else subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    bufsize=0,
                    # not with CREATE_NEW_PROCESS_GROUP, which switches Ctrl-C off
                    creationflags=subprocess.CREATE_NO_WINDOW | _CREATE_SUSPENDED,
                )
            with contextlib.ExitStack() as undo:
                undo.callback(popen.wait)
                undo.callback(popen.kill)
                job.assign(popen.pid)
                psutil.Process(popen.pid).resume()
                undo.pop_all()
        except (OSError, ValueError, psutil.Error) as error:
            job.close()
            message = f"{spec.argv[0]} could not be started in {spec.cwd}: {error}."
            raise app_error("process_start_failed", message, program=spec.argv[0], folder=spec.cwd) from error
        return popen

    def _break_off_read(thread_id: int) -> None:
        """Have a read that another thread of ours waits in fail; nothing happens when it is not in one."""
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.OpenThread.restype = ctypes.c_void_p
        kernel.CancelSynchronousIo.argtypes = [ctypes.c_void_p]
        kernel.CloseHandle.argtypes = [ctypes.c_void_p]
        thread = kernel.OpenThread(_THREAD_TERMINATE, 0, thread_id)
        if thread:
            kernel.CancelSynchronousIo(thread)
            kernel.CloseHandle(thread)

    def send_interrupt(pids: list[int]) -> None:
        """Have the helper send Ctrl-C; when it cannot, the grace passes and force follows."""
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(
                self_command("__console_interrupt", *map(str, pids)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                creationflags=subprocess.CREATE_NO_WINDOW,
                timeout=_HELPER_LIMIT_S,
            )

    @contextlib.contextmanager
    def _system_dll_folder() -> Iterator[None]:
        """A frozen build has put its own folder into the DLL search, which children inherit: take it out meanwhile."""
        folder = frozen_folder()
        if folder is None:
            yield
            return
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.SetDllDirectoryW(None)
        try:
            yield
        finally:
            kernel.SetDllDirectoryW(ctypes.c_wchar_p(folder))
