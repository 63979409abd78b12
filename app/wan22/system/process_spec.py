"""What to start, and what can be asked of it once it lives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

OnLine = Callable[[str], None]
OnExit = Callable[[int], None]
Head = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """A child process to be.

    `environment` is the child's WHOLE environment. With `close_stdin=False` the child's standard input is a pipe
    that ends when we stop the child or die. `orphan_grace_s`: seconds the child gets to end by itself (POSIX)
    when our own process has died; Windows ends it at once.
    """

    argv: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str]
    name: str = "child"
    close_stdin: bool = True
    orphan_grace_s: float = 1.5


class Process(Protocol):
    """A started child together with everything it starts itself; it outlives our own process only by `release`."""

    pid: int | None
    """Id of the child itself (Windows: of the program that was started, which may only start the real one)."""
    supervisor_pid: int | None
    """POSIX: id of the process that ends the child's tree, by SIGTERM also after `release`. Windows: None."""
    argv: tuple[str, ...]

    @property
    def exit_code(self) -> int | None:
        """None while alive. POSIX: negative = ended by that signal. Known once the last line was delivered."""
        ...

    def wait(self, timeout_s: float | None = None) -> int | None:
        """Wait for the end and return the exit code; None if it did not come in time."""
        ...

    def stop(self, grace_s: float) -> int | None:
        """End the whole tree: politely (Ctrl-C) for `grace_s`, then by force. Harmless when it has ended already.

        Returns the exit code; None if even force did not end it (a process stuck inside a driver), or when called
        from `on_line`, where it can only ask.
        """
        ...

    def kill(self) -> None:
        """End the whole tree at once, without waiting for it."""
        ...

    def release(self, log: Path, grace_s: float, head: Head) -> bool:
        """Let the child outlive us; False when it has ended already (or from `on_line`, where it cannot be done).

        From now on a helper appends its output to the file `log`, which begins with what `head` gives: it is asked
        when the last line was delivered, in the caller's thread. `grace_s`: what SIGTERM to the supervisor leaves
        the child to end politely. Afterwards this object is of no use: `wait` gives None at once, `stop` and `kill`
        do nothing, `on_exit` is not called. Raises AppError when it cannot be done; then nothing has changed.
        """
        ...
