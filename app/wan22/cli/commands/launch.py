"""`wan22 launch`: ComfyUI from a profile, with its proof, until Ctrl-C."""

import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from wan22 import wiring
from wan22.cli.console import Console, console_from_flag
from wan22.cli.interrupt import stop_on_signal
from wan22.cli.run_printer import RunPrinter
from wan22.schema.events import LaunchProved
from wan22.schema.problem import AppError, app_error
from wan22.system.cancel import CancelToken

COMFYUI = typer.Option("--comfyui", metavar="DIR", help="Folder with ComfyUI's main.py, or the portable's top folder.")
PYTHON = typer.Option("--python", metavar="EXE", help="Python that runs ComfyUI, when it is not found by itself.")
PROFILE = typer.Option("--profile", "-p", metavar="NAME", help="GPU profile; left out = chosen by the GPU found.")
PORT = typer.Option("--port", min=1, max=65535, help="Port for ComfyUI (default 8188).")
JSON = typer.Option("--json", help="Print events as JSON lines, the same as on disk.")
DEMO = typer.Option("--demo", metavar="NAME|FILE", help="A simulated ComfyUI and GPU: --demo, --demo=NAME or a .toml.")
DEMO_SPEED = typer.Option("--demo-speed", metavar="FACTOR", min=0.1, max=1000.0, help="How much faster than life.")
FLAG = typer.Option("--flag", metavar="TEXT", help="One more flag for ComfyUI, as in --flag=--verbose; repeatable.")


def launch(
    comfyui: Annotated[Path | None, COMFYUI] = None,
    python: Annotated[Path | None, PYTHON] = None,
    profile: Annotated[str | None, PROFILE] = None,
    port: Annotated[int | None, PORT] = None,
    flag: Annotated[list[str] | None, FLAG] = None,
    demo: Annotated[str | None, DEMO] = None,
    demo_speed: Annotated[float | None, DEMO_SPEED] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the command and the environment.")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Start ComfyUI from a profile, show what the profile promised and what is true, keep it until Ctrl-C."""
    console = console_from_flag(as_json)
    settings = wiring.settings({"comfyui": comfyui, "python": python, "profile": profile, "port": port})
    parts = wiring.parts()
    stand_in = demo_choice(demo, demo_speed)
    if stand_in is None:
        server = wiring.owned_server(settings, parts, extra_flags=tuple(flag or ()), keep=True)
    elif comfyui is not None:
        raise app_error("bad_argument", "--demo takes the place of --comfyui: give only one of them.")
    else:
        server = wiring.demo_server(stand_in, settings, parts, extra_flags=tuple(flag or ()), keep=True)
    if dry_run:
        document = {
            "argv": server.plan.argv,
            "folder": str(server.plan.cwd),
            "environment": dict(server.plan.added_environment),
            "url": server.plan.url,
            "notices": server.plan.notices,
            "simulated": stand_in is not None,
        }
        if as_json:
            console.json(document)
            return
        _mark(console, stand_in)
        console.text("Command:", style="bold")
        console.text("  " + _command_line(server.plan.argv))
        for name, value in server.plan.added_environment.items():
            console.text(f"  {name}={value}")
        for notice in server.plan.notices:
            console.text(f"! {notice}")
        return
    cancel = CancelToken()
    printer = RunPrinter(console, parts.bus, parts.clock)
    _mark(console, stand_in)
    with stop_on_signal(cancel, lambda: console.text("Stopping ComfyUI …")), printer:
        try:
            handle = server.provider.acquire(cancel)
            claims = wiring.proof(server.profile, handle)
            parts.bus.publish(LaunchProved(time_s=parts.clock.now(), claims=claims))
            console.text(f"{'SIMULATED ' if stand_in else ''}ComfyUI is ready at {handle.url} · stop it with Ctrl-C")
            if stand_in is not None:
                console.text(f"Its simulated GPU: wan22 monitor --gpu simulated:{handle.url}")
            while not cancel.wait(0.2):
                crash = handle.crash()
                if crash is not None:
                    raise AppError(crash)
        finally:
            server.provider.stop()


def _command_line(argv: Sequence[str]) -> str:
    """The command as one would type it, folders with spaces in quotes."""
    return subprocess.list2cmdline(argv) if sys.platform == "win32" else shlex.join(argv)


def demo_choice(demo: str | None, speed: float | None) -> wiring.Demo | None:
    """The stand-in that was asked for; None for a real ComfyUI."""
    if demo is None:
        if speed is not None:
            raise app_error("bad_argument", "--demo-speed is only of use together with --demo.")
        return None
    return wiring.Demo(demo, speed)


def _mark(console: Console, stand_in: wiring.Demo | None) -> None:
    if stand_in is not None:
        console.text("SIMULATED: a stand-in for ComfyUI and its GPU; nothing of it is measured.", style="bold")
