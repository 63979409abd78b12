"""Hands the output of a child to the helper `system.drain`, which outlives us."""

import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

from wan22.schema.problem import app_error
from wan22.system.child_command import self_command
from wan22.system.detached_start import detached_options
from wan22.system.drain import READY, earlier_log
from wan22.system.files import file_error
from wan22.system.threads import Worker

_START_LIMIT_S = 30.0


def start_drain(log: Path, source: int | IO[bytes], head: bytes) -> None:
    """Start the helper on the pipe `source`; the new file `log` begins with `head`. Returns when the helper reads.

    Raises AppError `disk_full`, `file_unwritable`, `process_start_failed`. The helper outlives us.
    """
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        earlier_log(log).unlink(missing_ok=True)
        log.write_bytes(head)
    except OSError as error:
        raise file_error(error, log, writing=True) from error
    options: dict[str, Any] = dict(detached_options(sys.platform))
    command = self_command("__drain", str(log.absolute()))
    try:
        helper = subprocess.Popen(
            command,
            cwd=log.parent,
            env=_own_environment(),
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            **options,
        )
    except OSError as error:
        raise app_error("process_start_failed", f"This program could not start itself again: {error}.") from error
    if _first_words(helper) != READY:
        helper.kill()
        helper.wait()
        raise app_error("process_start_failed", "The helper that keeps the output of a child did not start.")
    let_go(helper)


def let_go(process: "subprocess.Popen[bytes]") -> None:
    """Leave a process running for good: Python would warn of one that is still alive when its object goes."""
    process.returncode = 0


def _own_environment() -> dict[str, str]:
    """Ours; a frozen one-file build is told not to share the folder that it unpacks to and deletes at its end."""
    return {**os.environ, "PYINSTALLER_RESET_ENVIRONMENT": "1"}


def _first_words(helper: "subprocess.Popen[bytes]") -> bytes:
    """What it says before it closes its output; empty when that takes too long."""
    assert helper.stdout is not None
    said: list[bytes] = []
    with helper.stdout as output:
        listener = Worker("drain-start", lambda _cancel: said.append(output.read())).start()
        if not listener.join(_START_LIMIT_S):
            helper.kill()
            listener.join(_START_LIMIT_S)
    return b"".join(said)
