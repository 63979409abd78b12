"""A short script in somebody else's Python: run it, collect what it says, give up after a limit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock, SystemClock
from wan22.system.process import ProcessSpec, start_process

_POLL_S = 0.05
_LINE_LIMIT = 5000


@dataclass(frozen=True, slots=True)
class ScriptResult:
    """Lines of both outputs, colours taken off, empty lines left out. `exit_code` None: the limit was reached."""

    exit_code: int | None
    lines: tuple[str, ...]


def run_script(
    argv: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    *,
    limit_s: float,
    cancel: CancelToken | None = None,
    clock: Clock | None = None,
    on_line: Callable[[str], None] | None = None,
) -> ScriptResult:
    """Run `argv` to its end; whatever it started is gone afterwards. `on_line` gets each line as it comes.

    Raises AppError `process_start_failed` when it cannot be started and `cancelled` when asked to stop.
    """
    clock = clock or SystemClock()
    lines: list[str] = []

    def keep(line: str) -> None:
        if len(lines) < _LINE_LIMIT:
            lines.append(line)
        if on_line is not None:
            on_line(line)

    process = start_process(ProcessSpec(tuple(argv), cwd, environment, name="short-script"), keep)
    give_up_s = clock.monotonic() + limit_s
    try:
        while process.wait(_POLL_S) is None:
            if cancel is not None:
                cancel.raise_if_set()
            if clock.monotonic() >= give_up_s:
                return ScriptResult(None, tuple(lines))
        return ScriptResult(process.exit_code, tuple(lines))
    finally:
        if process.exit_code is None:
            process.kill()
            process.wait(5.0)
