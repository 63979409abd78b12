"""Child processes that outlive us only when released: one way to start them, on every platform."""

import sys

from wan22.system.child_command import child_environment, self_command
from wan22.system.process_spec import Head, OnExit, OnLine, Process, ProcessSpec

if sys.platform == "win32":
    from wan22.system.windows_process import WindowsProcess as _PlatformProcess
else:
    from wan22.system.posix_process import PosixProcess as _PlatformProcess

__all__ = ["Head", "OnExit", "OnLine", "Process", "ProcessSpec", "child_environment", "self_command", "start_process"]


def start_process(spec: ProcessSpec, on_line: OnLine, on_exit: OnExit | None = None) -> Process:
    """Start `spec` and return once it runs. Raises AppError `process_start_failed`.

    `on_line` gets every line of output and error output, cleaned, in the reader thread; `on_exit` gets the exit
    code once, after the last line. The child and everything it starts is ended when our own process ends or dies.
    """
    return _PlatformProcess(spec, on_line, on_exit)
