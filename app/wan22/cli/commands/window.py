"""`wan22 window`: the desktop window, as a process of its own. (`__main__` opens it itself when it is asked first.)"""

import os
import sys
from typing import Annotated

import typer

from wan22.cli.commands.launch import DEMO, DEMO_SPEED
from wan22.cli.console import console_from_flag
from wan22.schema.problem import app_error
from wan22.system.child_command import self_command
from wan22.system.detached_start import start_detached
from wan22.system.display import window_obstacle


def window(
    theme: Annotated[str | None, typer.Option("--theme", help="dark, light or system; default: as last time.")] = None,
    show: Annotated[str | None, typer.Option("--show", metavar="RUN", help="Open it on a stored run.")] = None,
    replay: Annotated[str | None, typer.Option("--replay", metavar="RUN", help="Tell a stored run again.")] = None,
    speed: Annotated[float, typer.Option("--speed", help="Pace of the replay, 1 = as it was.")] = 1.0,
    demo: Annotated[str | None, DEMO] = None,
    demo_speed: Annotated[float | None, DEMO_SPEED] = None,
) -> None:
    """Open the window: Run, Monitor, Setup."""
    obstacle = window_obstacle(os.environ, sys.platform)
    if obstacle is not None:
        raise app_error("window_unavailable", f"The window cannot be opened: {obstacle}")
    words = ["--speed", f"{speed:g}"]
    for name, value in (("--theme", theme), ("--show", show), ("--replay", replay), ("--demo", demo)):
        words += [f"{name}={value}"] if value is not None else []
    words += ["--demo-speed", f"{demo_speed:g}"] if demo_speed is not None else []
    pid = start_detached(self_command("window", *words))
    console_from_flag(False).text(f"The window opens (process {pid}).")
