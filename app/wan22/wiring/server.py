"""Which ComfyUI: one that is started, one that is attached to, or the stand-in."""

import os
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from wan22.comfy.http import HttpComfyClient, is_local_host, parse_server_url
from wan22.demo.install import HIDDEN_COMMAND, install_demo
from wan22.demo.scenario import load_scenario
from wan22.gpu.nvml import NvmlSource
from wan22.job.provider import AttachedProvider, OwnedProvider
from wan22.job.server import ServerHandle
from wan22.launch.discovery import Installation, candidate_folders, find_installation
from wan22.launch.flag_schema import FlagSchema, read_flag_schema
from wan22.launch.launch_args import LaunchPlan, launch_plan
from wan22.launch.launch_proof import launch_claims
from wan22.launch.port import usable_port
from wan22.launch.profile_store import profile_for_gpu
from wan22.schema.problem import AppError, app_error
from wan22.schema.profile import Profile
from wan22.schema.server import LaunchClaim
from wan22.schema.settings import Settings
from wan22.system.child_command import self_command
from wan22.system.clock import Clock, SystemClock
from wan22.system.paths import data_folder, user_folders
from wan22.wiring.parts import Parts, profile_store


def flag_schema(folder: Path, python: Path | None = None) -> tuple[Installation, FlagSchema]:
    """An installation and the flags it knows by its own `--help`."""
    installation = find_installation(folder, python)
    return installation, read_flag_schema(installation, user_folders(os.environ).cache)


@dataclass(frozen=True, slots=True)
class OwnedServer:
    """A ComfyUI of ours that can be started: the plan, its profile, the flags it knows, the provider that runs it."""

    plan: LaunchPlan
    profile: Profile
    provider: OwnedProvider
    schema: FlagSchema


def choose_profile(chosen: Settings) -> Profile:
    """The named profile, else the one for the GPU of this machine, else `cpu`."""
    store = profile_store()
    if chosen.profile is not None:
        return store.load(chosen.profile).profile
    try:
        return store.load(profile_for_gpu(store, _board_names())).profile
    except AppError as error:
        if error.problem.code != "profile_invalid":
            raise
        hint = f"{error.problem.hint} `wan22 run --profile NAME` goes on with a named one."
        raise AppError(error.problem.model_copy(update={"hint": hint})) from error


def _board_names() -> list[str]:
    """Boards of this machine; none without a driver."""
    try:
        source = NvmlSource(SystemClock(), gentle=True)
    except AppError:
        return []
    try:
        return [gpu.name for gpu in source.inventory().gpus]
    finally:
        source.close()


def owned_server(
    chosen: Settings, shared: Parts, *, extra_flags: tuple[str, ...] = (), keep: bool = False
) -> OwnedServer:
    """Prepare a ComfyUI from the settings' folder; nothing is started yet."""
    if chosen.comfyui is None:
        raise _no_comfyui()
    installation, schema = flag_schema(chosen.comfyui, chosen.python)
    return _owned(installation, schema, choose_profile(chosen), chosen, shared, extra_flags, keep=keep)


@dataclass(frozen=True, slots=True)
class Demo:
    """The stand-in instead of a ComfyUI: a scenario by name or file, and how much faster than life it goes."""

    scenario: str
    speed: float | None = None


def demo_server(
    demo: Demo,
    chosen: Settings,
    shared: Parts,
    *,
    extra_flags: tuple[str, ...] = (),
    keep: bool = False,
    own_port: int | None = None,
) -> OwnedServer:
    """Prepare the look-alike of a ComfyUI; nothing is started yet. Whatever comes from it is SIMULATED.

    `own_port`: the port of one that runs already, else the settings' one or the next that is free.
    Raises AppError `scenario_not_found`, `scenario_invalid`.
    """
    scenario, path = load_scenario(demo.scenario, data_folder() / "resources" / "scenarios")
    cache = user_folders(os.environ).cache
    command = self_command(HIDDEN_COMMAND)
    folder = install_demo(cache / "demo", command)
    # Started through this program itself: a frozen build has no interpreter for main.py.
    found = find_installation(folder, Path(command[0]))
    installation = replace(found, python=Path(command[0]), python_flags=command[1:])
    name = chosen.profile or profile_for_gpu(profile_store(), [scenario.board_name])
    speed = () if demo.speed is None else ("--demo-speed", f"{demo.speed:g}")
    words = (*extra_flags, "--demo-scenario", str(path), *speed)
    schema = read_flag_schema(installation, cache)
    on_port = chosen.model_copy(update={"port": own_port or usable_port("127.0.0.1", chosen.port)})
    return _owned(installation, schema, profile_store().load(name).profile, on_port, shared, words, keep=keep)


def _owned(
    installation: Installation,
    schema: FlagSchema,
    profile: Profile,
    chosen: Settings,
    shared: Parts,
    extra_flags: tuple[str, ...],
    *,
    keep: bool,
) -> OwnedServer:
    plan = launch_plan(profile, installation, schema, "127.0.0.1", chosen.port, extra_flags, os.environ)
    provider = OwnedProvider(
        installation,
        plan,
        partial(client_of, clock=shared.clock),
        shared.bus,
        shared.clock,
        start_limit_s=chosen.start_limit_s,
        stop_limit_s=chosen.stop_limit_s,
        data_folder=shared.folders.data,
        keep=keep,
    )
    return OwnedServer(plan, profile, provider, schema)


def _no_comfyui() -> AppError:
    """Nothing is configured: say how to, with the folders that look like a ComfyUI as ready lines."""
    found = candidate_folders(Path.home(), os.environ, sys.platform)
    lines = [f'wan22 run --comfyui "{folder}"' for folder in found] or ["wan22 run --comfyui FOLDER"]
    hint = (
        "Name its folder, or attach to a running one with `wan22 run --url http://HOST:8188`:\n  "
        + "\n  ".join(lines)
        + "\n`comfyui = …` in settings.toml or the variable WAN22_COMFYUI keeps the choice."
        + "\nWithout any ComfyUI, everything can be tried on a simulated one:\n  wan22 run --demo"
    )
    return app_error("comfyui_not_found", "No ComfyUI is configured yet.", hint=hint)


def client_of(url: str, clock: Clock) -> HttpComfyClient:
    """A client for a checked address."""
    return HttpComfyClient(url, clock=clock)


def attached_provider(url: str, shared: Parts) -> AttachedProvider:
    """A server that runs already. Raises AppError for an address that is none."""
    address = parse_server_url(url)
    parts_of_address = urlsplit(address)
    return AttachedProvider(
        client=client_of(address, shared.clock),
        host=parts_of_address.hostname or "127.0.0.1",
        port=parts_of_address.port or (443 if parts_of_address.scheme == "https" else 80),
        is_loopback=is_local_host(address),
        bus=shared.bus,
        clock=shared.clock,
    )


def proof(profile: Profile, handle: ServerHandle) -> tuple[LaunchClaim, ...]:
    """What the profile promised against what the running server shows."""
    return launch_claims(profile, handle.plan, handle.stats, handle.log_lines())
