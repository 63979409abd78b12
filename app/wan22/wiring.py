"""The one place that picks real, replayed or simulated parts and hands them to a face."""

import http.client
import json
import os
import sys
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wan22.comfy.client import Message
from wan22.comfy.graph_edit import parameters_from_graph
from wan22.comfy.http import HttpComfyClient, is_local_host, parse_server_url
from wan22.comfy.messages import FactReader
from wan22.comfy.model_manifest import load_model_manifest
from wan22.comfy.roles import roles_from_graph, steps_of_pass
from wan22.comfy.server_errors import problem_from_execution_error
from wan22.demo.install import HIDDEN_COMMAND, install_demo
from wan22.demo.scenario import load_scenario
from wan22.gpu.nvml import NvmlSource
from wan22.gpu.replay import ReplaySource
from wan22.gpu.sampler_child import SamplerChild
from wan22.gpu.simulated import SimulatedSource
from wan22.gpu.source import GpuSource
from wan22.job.eta import usual_from_runs
from wan22.job.provider import AttachedProvider, OwnedProvider
from wan22.job.server import ServerHandle, ServerProvider
from wan22.job.session import GenerationJob, JobParts
from wan22.job.telemetry import JobTelemetry, SamplerFactory
from wan22.launch.discovery import Installation, candidate_folders, find_installation
from wan22.launch.flag_schema import FlagSchema, read_flag_schema
from wan22.launch.launch_args import LaunchPlan, launch_plan
from wan22.launch.launch_proof import launch_claims
from wan22.launch.port import usable_port
from wan22.launch.profile_store import ProfileStore, profile_for_gpu
from wan22.runs.catalog import baseline_runs, find_run, own_band
from wan22.runs.layout import RunFolder
from wan22.runs.own_band import Usual
from wan22.runs.reader import open_run, read_manifest
from wan22.runs.recording_import import Conversions, FactsFromMessage, import_path
from wan22.runs.summary import summary_of, write_summary
from wan22.runs.verdict import verdicts
from wan22.schema.events import AnyEvent, Role
from wan22.schema.gpu import GpuInventory, GpuSampled
from wan22.schema.problem import AppError, Problem, app_error
from wan22.schema.profile import Profile
from wan22.schema.run import RunManifest
from wan22.schema.server import LaunchClaim
from wan22.schema.settings import Settings
from wan22.schema.summary import RunSummary
from wan22.system.bus import Bus
from wan22.system.cancel import CancelToken
from wan22.system.child_command import child_environment, self_command
from wan22.system.clock import Clock, SystemClock
from wan22.system.paths import UserFolders, data_folder, user_folders
from wan22.system.process_table import process_name
from wan22.system.settings_file import load_settings


@dataclass(frozen=True, slots=True)
class Parts:
    """What every long command shares."""

    clock: Clock
    bus: Bus
    folders: UserFolders


def parts() -> Parts:
    """The machine's clock, a bus, and the user's folders."""
    clock = SystemClock()
    return Parts(clock, Bus(clock), user_folders(os.environ))


def settings(overrides: Mapping[str, Any], *, choice: Sequence[str] = ()) -> Settings:
    """Settings in force: defaults < file < environment < `overrides`.

    `choice` names options that exclude each other: one of them in `overrides` clears the others from below.
    """
    folders = user_folders(os.environ)
    found = load_settings(folders.config / "settings.toml", os.environ, overrides)
    given = [name for name in choice if overrides.get(name) is not None]
    cleared = {name: None for name in choice if given and name not in given}
    return found.model_copy(update=cleared)


def runs_folder(chosen: Settings | None = None) -> Path:
    """Where run folders are."""
    chosen = chosen or settings({})
    return (chosen.output or user_folders(os.environ).data / "runs").absolute()


def sample_image() -> Path:
    """The start image that comes with the program."""
    return data_folder() / "resources" / "start_image.png"


def profile_store() -> ProfileStore:
    """Shipped profiles under the user's overlays."""
    return ProfileStore(data_folder() / "profiles", user_folders(os.environ).config / "profiles")


def flag_schema(folder: Path, python: Path | None = None) -> tuple[Installation, FlagSchema]:
    """An installation and the flags it knows by its own `--help`."""
    installation = find_installation(folder, python)
    return installation, read_flag_schema(installation, user_folders(os.environ).cache)


def gpu_source(spec: str, clock: Clock, *, gentle: bool = False, cancel: CancelToken | None = None) -> GpuSource:
    """`nvml`, `replay:RUN` for the readings of a run on disk, or `simulated:URL` for the board of a look-alike.

    Raises AppError `driver_missing`, `driver_mismatch`, `run_not_found`, `bad_argument`.
    """
    kind, rest = _parsed_source(spec)
    if kind == "nvml":
        return NvmlSource(clock, gentle=gentle, process_name=process_name)
    if kind == "simulated":
        return SimulatedSource(partial(_simulated_gpu, parse_server_url(rest)), clock, cancel=cancel)
    stored = open_run(find_run(runs_folder(), rest))
    inventory = stored.manifest.inventory or GpuInventory(source="replay", simulated=stored.manifest.simulated)
    return ReplaySource(stored.telemetry.readings(), inventory, clock)


def _parsed_source(spec: str) -> tuple[str, str]:
    """Kind of source, and the run it replays or the address it asks."""
    kind, _, rest = spec.partition(":")
    if (kind, bool(rest)) not in (("nvml", False), ("replay", True), ("simulated", True)):
        raise app_error("bad_argument", f"--gpu {spec} is none of nvml, replay:RUN and simulated:URL.")
    return kind, rest


def _simulated_gpu(url: str) -> Mapping[str, Any]:
    """What the look-alike at `url` tells of its board. Raises AppError `driver_lost`."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/demo/gpu", timeout=2.0) as reply:
            document = json.load(reply)
    except (OSError, ValueError, http.client.HTTPException) as error:
        message = f"No simulated GPU answers at {url}."
        raise app_error(
            "driver_lost", message, hint="Is it the address of a running demo?", detail=str(error)
        ) from error
    return document if isinstance(document, dict) else {}


@dataclass(frozen=True, slots=True)
class OwnedServer:
    """A ComfyUI of ours that can be started: the plan, its profile and the provider that runs it."""

    plan: LaunchPlan
    profile: Profile
    provider: OwnedProvider


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
    demo: Demo, chosen: Settings, shared: Parts, *, extra_flags: tuple[str, ...] = (), keep: bool = False
) -> OwnedServer:
    """Prepare the look-alike of a ComfyUI; nothing is started yet. Whatever comes from it is SIMULATED.

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
    on_port = chosen.model_copy(update={"port": usable_port("127.0.0.1", chosen.port)})
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
        partial(_client, clock=shared.clock),
        shared.bus,
        shared.clock,
        start_limit_s=chosen.start_limit_s,
        stop_limit_s=chosen.stop_limit_s,
        keep=keep,
    )
    return OwnedServer(plan, profile, provider)


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


def _client(url: str, clock: Clock) -> HttpComfyClient:
    return HttpComfyClient(url, clock=clock)


def _attached(url: str, shared: Parts) -> ServerProvider:
    address = parse_server_url(url)
    parts_of_address = urlsplit(address)
    return AttachedProvider(
        client=_client(address, shared.clock),
        host=parts_of_address.hostname or "127.0.0.1",
        port=parts_of_address.port or (443 if parts_of_address.scheme == "https" else 80),
        is_loopback=is_local_host(address),
        bus=shared.bus,
        clock=shared.clock,
    )


def generation_job(
    chosen: Settings,
    shared: Parts,
    *,
    extra_flags: tuple[str, ...] = (),
    gpu: str = "nvml",
    demo: Demo | None = None,
) -> GenerationJob:
    """The job for a request: starts the ComfyUI of the settings or a stand-in, or attaches to their address."""
    if demo is not None:
        server = demo_server(demo, chosen, shared, extra_flags=extra_flags)
        provider: ServerProvider = server.provider
        profile = server.profile
        gpu = f"simulated:{server.plan.url}" if gpu == "nvml" else gpu
    elif chosen.url is not None:
        provider = _attached(chosen.url, shared)
        profile = choose_profile(chosen)
    else:
        server = owned_server(chosen, shared, extra_flags=extra_flags)
        provider, profile = server.provider, server.profile
    interval_s = 1.0 / chosen.sample_hz
    if gpu != "none":
        _parsed_source(gpu)
    sampler = None if gpu == "none" else _sampler(gpu, chosen.sample_hz, shared.clock)
    return GenerationJob(
        JobParts(
            clock=shared.clock,
            bus=shared.bus,
            provider=provider,
            profile=profile,
            runs_root=runs_folder(chosen),
            workflow_folders=(data_folder() / "workflows", user_folders(os.environ).config / "workflows"),
            models=load_model_manifest(data_folder() / "workflows" / "models.json"),
            telemetry=lambda: JobTelemetry(sampler, shared.bus, shared.clock, interval_s),
            simulated=demo is not None or gpu.startswith("simulated:"),
        )
    )


def _sampler(spec: str, hz: float, clock: Clock) -> SamplerFactory:
    """The sampler as a child process: `wan22 monitor --json`."""
    argv = self_command("monitor", "--json", "--hz", f"{hz:g}", "--gpu", spec)

    def make(
        publish: Callable[[GpuSampled], None],
        on_problem: Callable[[Problem], None],
        on_inventory: Callable[[GpuInventory], None],
    ) -> SamplerChild:
        return SamplerChild(
            argv, publish, clock, on_problem=on_problem, on_inventory=on_inventory, environment=child_environment()
        )

    return make


def proof(server: OwnedServer, handle: ServerHandle) -> tuple[LaunchClaim, ...]:
    """What the profile promised against what the running server shows."""
    return launch_claims(server.profile, handle.plan, handle.stats, handle.log_lines())


def summarise(folder: RunFolder) -> RunSummary:
    """The summary of a run with its verdicts; the cache is written beside the run."""
    stored = open_run(folder)
    summary = summary_of(stored)
    write_summary(folder, summary)
    return judged(stored.manifest, summary, folder.path.parent)


def judged(manifest: RunManifest, summary: RunSummary, root: Path) -> RunSummary:
    """`summary` with verdicts: against the profiles' targets, or against this machine's own earlier runs."""
    key, uuid = manifest.target_key, manifest.telemetry.gpu_uuid
    band = own_band(root, key, uuid, before_s=manifest.started_s) if key is not None and uuid is not None else None
    found = verdicts(summary, manifest, profile_store().targets(), band)
    return summary.model_copy(update={"verdicts": found})


def usual_times(root: Path, run_id: str) -> Mapping[Role, Usual]:
    """Usual stage times of the job of a run that goes on, from earlier healthy runs of the same job and board."""
    manifest = read_manifest(RunFolder(root / run_id))
    key, uuid = manifest.target_key, manifest.telemetry.gpu_uuid
    if key is None or uuid is None:
        return {}
    return usual_from_runs(baseline_runs(root, key, uuid, before_s=manifest.started_s))


def import_recording(path: Path, destination: Path) -> list[RunFolder]:
    """Recordings or run folders under `path`, as run folders under `destination`."""
    conversions = Conversions(
        fact_reader=_fact_reader,
        roles_from_graph=roles_from_graph,
        steps_of_pass=steps_of_pass,
        parameters_from_graph=parameters_from_graph,
        problem_from_error=problem_from_execution_error,
    )
    return import_path(path, destination, conversions)


def _fact_reader(prompt_id: str) -> FactsFromMessage:
    reader = FactReader(prompt_id)

    def facts(time_s: float, kind: str, data: Mapping[str, Any]) -> tuple[AnyEvent, ...]:
        return reader.facts(Message(time_s=time_s, type=kind, data=data))

    return facts
