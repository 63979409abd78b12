"""`wan22 launch`: ComfyUI from a profile, with its proof, until Ctrl-C."""

from pathlib import Path
from typing import Annotated

import typer

from wan22 import wiring
from wan22.cli.console import console_from_flag
from wan22.cli.interrupt import stop_on_signal
from wan22.cli.run_printer import RunPrinter
from wan22.schema.events import LaunchProved
from wan22.schema.problem import AppError
from wan22.system.cancel import CancelToken

COMFYUI = typer.Option("--comfyui", metavar="DIR", help="Folder with ComfyUI's main.py, or the portable's top folder.")
PYTHON = typer.Option("--python", metavar="EXE", help="Python that runs ComfyUI, when it is not found by itself.")
PROFILE = typer.Option("--profile", "-p", metavar="NAME", help="GPU profile; left out = chosen by the GPU found.")
PORT = typer.Option("--port", min=1, max=65535, help="Port for ComfyUI (default 8188).")
JSON = typer.Option("--json", help="Print events as JSON lines, the same as on disk.")
FLAG = typer.Option("--flag", metavar="TEXT", help="One more flag for ComfyUI, as in --flag=--verbose; repeatable.")


def launch(
    comfyui: Annotated[Path | None, COMFYUI] = None,
    python: Annotated[Path | None, PYTHON] = None,
    profile: Annotated[str | None, PROFILE] = None,
    port: Annotated[int | None, PORT] = None,
    flag: Annotated[list[str] | None, FLAG] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the command and the environment.")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Start ComfyUI from a profile, show what the profile promised and what is true, keep it until Ctrl-C."""
    console = console_from_flag(as_json)
    settings = wiring.settings({"comfyui": comfyui, "python": python, "profile": profile, "port": port})
    parts = wiring.parts()
    server = wiring.owned_server(settings, parts, extra_flags=tuple(flag or ()), keep=True)
    if dry_run:
        document = {
            "argv": server.plan.argv,
            "folder": str(server.plan.cwd),
            "environment": dict(server.plan.added_environment),
            "url": server.plan.url,
            "notices": server.plan.notices,
        }
        if as_json:
            console.json(document)
            return
        console.text("Command:", style="bold")
        console.text("  " + " ".join(server.plan.argv))
        for name, value in server.plan.added_environment.items():
            console.text(f"  {name}={value}")
        for notice in server.plan.notices:
            console.text(f"! {notice}")
        return
    cancel = CancelToken()
    printer = RunPrinter(console, parts.bus, parts.clock)
    with stop_on_signal(cancel), printer:
        try:
            handle = server.provider.acquire(cancel)
            claims = wiring.proof(server, handle)
            parts.bus.publish(LaunchProved(time_s=parts.clock.now(), claims=claims))
            console.text(f"ComfyUI is ready at {handle.url} · stop it with Ctrl-C")
            while not cancel.wait(0.2):
                crash = handle.crash()
                if crash is not None:
                    raise AppError(crash)
        finally:
            server.provider.stop()
