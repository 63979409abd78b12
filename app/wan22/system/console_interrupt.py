"""Windows: the helper that sends Ctrl-C to the console of a child, which has one that nobody sees.

Started as `… __console_interrupt PID …`, because attaching to a console changes the process that does it. The
standard library only.
"""

import ctypes
import sys
from collections.abc import Sequence

UNSUPPORTED = 2
NOT_ATTACHED = 3
NOT_SENT = 4


def main(argv: Sequence[str]) -> int:
    """Send Ctrl-C to everything that shares a console with the first of the processes that has one.

    Returns 0 when sent, UNSUPPORTED elsewhere than on Windows, NOT_ATTACHED when no process has a console (or lives),
    NOT_SENT when Windows refused.
    """
    return _send(argv)


if sys.platform == "win32":

    def _send(pids: Sequence[str]) -> int:
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.FreeConsole()
        if not any(kernel.AttachConsole(int(pid)) for pid in pids):
            return NOT_ATTACHED
        kernel.SetConsoleCtrlHandler(None, 1)  # the event comes to us as well
        return 0 if kernel.GenerateConsoleCtrlEvent(0, 0) else NOT_SENT

else:

    def _send(pids: Sequence[str]) -> int:  # noqa: ARG001 - one signature for both
        return UNSUPPORTED
