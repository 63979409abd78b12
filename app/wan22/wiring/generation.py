"""The job that makes a video, put together."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from wan22.comfy.model_manifest import load_model_manifest
from wan22.job.server import ServerProvider
from wan22.job.session import GenerationJob, JobParts
from wan22.job.telemetry import JobTelemetry
from wan22.runs.own_band import Usual
from wan22.schema.events import Role
from wan22.schema.problem import AppError
from wan22.schema.profile import Profile
from wan22.schema.settings import Settings
from wan22.system.paths import data_folder, user_folders
from wan22.wiring.audit import audit_run
from wan22.wiring.gpu_reading import parsed_source, sampler_factory
from wan22.wiring.history import usual_times
from wan22.wiring.parts import Parts, runs_folder
from wan22.wiring.server import Demo, attached_provider, choose_profile, demo_server, owned_server
from wan22.wiring.workflow import workflow_read


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
        provider = attached_provider(chosen.url, shared)
        profile = choose_profile(chosen)
    else:
        server = owned_server(chosen, shared, extra_flags=extra_flags)
        provider, profile = server.provider, server.profile
    interval_s = 1.0 / chosen.sample_hz
    if gpu != "none":
        parsed_source(gpu)
    sampler = None if gpu == "none" else sampler_factory(gpu, chosen.sample_hz, shared.clock)
    return GenerationJob(
        job_parts(
            chosen,
            shared,
            provider,
            profile,
            lambda: JobTelemetry(sampler, shared.bus, shared.clock, interval_s),
            simulated=demo is not None or gpu.startswith("simulated:"),
        )
    )


def job_parts(
    chosen: Settings,
    shared: Parts,
    provider: ServerProvider,
    profile: Profile,
    telemetry: Callable[[], JobTelemetry],
    *,
    simulated: bool,
) -> JobParts:
    """What a job works with, for a server and a profile."""
    return JobParts(
        clock=shared.clock,
        bus=shared.bus,
        provider=provider,
        profile=profile,
        runs_root=runs_folder(chosen),
        workflow_folders=(data_folder() / "workflows", user_folders(os.environ).config / "workflows"),
        models=load_model_manifest(data_folder() / "workflows" / "models.json"),
        telemetry=telemetry,
        simulated=simulated,
        usual_times=partial(_usual_times, runs_folder(chosen)),
        read_workflow=workflow_read(),
        audit=partial(audit_run, profile=profile, chosen=chosen, shared=shared),
    )


def _usual_times(root: Path, run_id: str) -> Mapping[Role, Usual]:
    """Usual stage times of a run that goes on; none when the runs cannot be read, which is no reason to fail."""
    try:
        return usual_times(root, run_id)
    except AppError:
        return {}
