"""A child of an earlier run of this program that was let go, found again by id and creation time."""

import contextlib
import signal
import sys
import time
from collections.abc import Callable, Iterable

import psutil

from wan22.system.process_table import ProcessIdentity, identity_of, is_same_process, process_tree
from wan22.system.supervisor import TERM_LIMIT_S

if sys.platform == "win32":
    from wan22.system.windows_process import send_interrupt

_POLL_S = 0.05
_SUPERVISOR_LIMIT_S = TERM_LIMIT_S + 3.0
_KILL_LIMIT_S = 3.0


class AdoptedProcess:
    """The child and, on POSIX, its supervisor (see `Process.release`).

    Before every signal it is checked that its receiver is still the very same process, so that a stranger who got
    the number later is never touched.
    """

    def __init__(self, child: ProcessIdentity, supervisor: ProcessIdentity | None) -> None:
        self.child = child
        self.supervisor = supervisor

    @property
    def is_alive(self) -> bool:
        """Whether the child itself still runs."""
        return is_same_process(self.child)

    def stop(self, grace_s: float) -> bool:
        """End the whole tree: politely for `grace_s`, then by force. True when nothing of it is left."""
        known = self._tree()
        self._ask()
        limit_s = max(grace_s, 0.0) + (_SUPERVISOR_LIMIT_S if self._is_supervised else 0.0)
        if self._wait(known, limit_s):
            return True
        known |= self._tree()
        for identity in known:
            _send(identity, psutil.Process.kill)
        return self._wait(known, _KILL_LIMIT_S)

    @property
    def _is_supervised(self) -> bool:
        return self.supervisor is not None and is_same_process(self.supervisor)

    def _ask(self) -> None:
        """SIGTERM to the supervisor, who knows how to end the tree; Ctrl-C to the child where there is none."""
        if self.supervisor is not None and self._is_supervised:
            _send(self.supervisor, psutil.Process.terminate)
        elif sys.platform == "win32":
            if self.is_alive:
                send_interrupt(process_tree(self.child.pid))
        else:
            _send(self.child, lambda process: process.send_signal(signal.SIGINT))

    def _tree(self) -> set[ProcessIdentity]:
        """Whoever lives of it now; the supervisor, if any, is the root of it all."""
        found = set()
        for root in (self.supervisor, self.child):
            if root is not None and is_same_process(root):
                found |= {identity for pid in process_tree(root.pid) if (identity := identity_of(pid)) is not None}
        return found

    def _wait(self, known: Iterable[ProcessIdentity], limit_s: float) -> bool:
        """Wait until none of `known` lives; those that are children of ours by chance are collected."""
        give_up_s = time.monotonic() + limit_s
        left = list(known)
        while left := [identity for identity in left if _lives(identity)]:
            if time.monotonic() >= give_up_s:
                return False
            time.sleep(_POLL_S)
        return True


def _lives(identity: ProcessIdentity) -> bool:
    if is_same_process(identity):
        return True
    with contextlib.suppress(psutil.Error, OSError):
        zombie = psutil.Process(identity.pid)
        if zombie.status() == psutil.STATUS_ZOMBIE:
            zombie.wait(0)
    return False


def _send(identity: ProcessIdentity, signal_to: Callable[[psutil.Process], None]) -> None:
    """Signal a process if it is still the one that is meant."""
    with contextlib.suppress(psutil.Error, OSError):
        process = psutil.Process(identity.pid)  # psutil itself sends nothing to a later owner of the number
        if is_same_process(identity):
            signal_to(process)
