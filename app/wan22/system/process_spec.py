"""What to start, and what can be asked of it once it lives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

OnLine = Callable[[str], None]
OnExit = Callable[[int], None]


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
    """A started child together with everything it starts itself; it never outlives our own process."""

    pid: int | None
    """Id of the child itself (Windows: of the program that was started, which may only start the real one)."""
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
