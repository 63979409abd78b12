"""Starts a program that goes on after our own end, such as the window. Everything else is a child of `process`."""

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from wan22.schema.problem import app_error


def start_detached(argv: Sequence[str]) -> int:
    """Start a program without a console and without our pipes; its process id. Raises AppError when it cannot start."""
    nothing = subprocess.DEVNULL
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=nothing,
            stdout=nothing,
            stderr=nothing,
            **detached_options(sys.platform),
        )
    except OSError as error:
        raise app_error("process_start_failed", f"{argv[0]} could not be started: {error}.") from error
    process.returncode = 0  # Python would warn of a child that is still alive when this object goes
    return process.pid


def detached_options(platform: str) -> dict[str, Any]:
    """What `subprocess.Popen` needs so that neither Ctrl-C nor a closed terminal reaches the child."""
    if platform == "win32":
        detached_process, new_process_group = 0x00000008, 0x00000200
        return {"creationflags": detached_process | new_process_group, "close_fds": True}
    return {"start_new_session": True, "close_fds": True}
