"""The desk of a face that stays open, and the servers that it can be given."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from wan22.comfy.http import parse_server_url
from wan22.job.adopted import AdoptedProvider
from wan22.job.desk import Desk, Workplace
from wan22.job.expectation import RunExpected, RunJudged
from wan22.job.job_queue import JobQueue
from wan22.job.live_sampler import LiveSampler
from wan22.job.session import GenerationJob, JobResult
from wan22.job.telemetry import JobTelemetry, SamplerHandle
from wan22.job.told_provider import HeldProvider
from wan22.launch.discovery import find_installation
from wan22.launch.server_record import find_left_server
from wan22.runs.catalog import own_band
from wan22.runs.layout import RunFolder
from wan22.runs.reader import read_manifest
from wan22.schema.gpu import GpuInventory, GpuSampled
from wan22.schema.problem import Problem, app_error
from wan22.schema.profile import Profile
from wan22.schema.queue import QueuedJob
from wan22.schema.settings import Settings
from wan22.wiring.generation import job_parts
from wan22.wiring.gpu_reading import sampler_factory
from wan22.wiring.history import summarise, usual_times
from wan22.wiring.parts import Parts, profile_store, runs_folder
from wan22.wiring.queue import queue_store
from wan22.wiring.server import (
    Demo,
    OwnedServer,
    attached_provider,
    choose_profile,
    client_of,
    demo_server,
    owned_server,
    proof,
)

PREVIEW_FLAGS = ("--preview-method", "auto")


@dataclass(frozen=True, slots=True)
class ServerChoice:
    """Which ComfyUI the user wants: the settings say where, or a stand-in takes its place."""

    settings: Settings
    demo: Demo | None = None
    previews: bool = False

    def for_job(self, job: QueuedJob) -> "ServerChoice":
        """The same server for one job: with its profile, and with previews if it wants them."""
        settings = self.settings.model_copy(update={"profile": job.profile})
        return replace(self, settings=settings, previews=self.previews or job.request.previews)

    @property
    def is_made(self) -> bool:
        """Whether there is anything to start or to attach to."""
        return self.demo is not None or self.settings.url is not None or self.settings.comfyui is not None


def make_desk(shared: Parts, hz: float, choice: Callable[[], ServerChoice] = lambda: ServerChoice(Settings())) -> Desk:
    """A desk that is not started yet. `choice` is asked for the server whenever something is begun."""

    def sampler(
        source: str,
        sampled: Callable[[GpuSampled], None],
        failed: Callable[[Problem], None],
        found: Callable[[GpuInventory], None],
    ) -> SamplerHandle:
        return sampler_factory(source, hz, shared.clock)(sampled, failed, found)

    def prepare(job: QueuedJob | None) -> Workplace:
        chosen = choice()
        return _workplace(chosen if job is None else chosen.for_job(job), shared, desk)

    queue = JobQueue(partial(queue_store, shared), shared.bus, shared.clock)
    live = LiveSampler(sampler, shared.bus, shared.clock)
    desk = Desk(shared.bus, shared.clock, live, queue, prepare, partial(_judge, shared))
    return desk


def left_workplace(choice: ServerChoice, shared: Parts, desk: Desk) -> Workplace | None:
    """The server that an earlier panel left running, if it still lives. Called by the desk, in its own thread."""
    record = find_left_server(shared.folders.data)
    if record is None:
        return None
    profile = profile_store().load(record.profile or "cpu").profile
    provider = AdoptedProvider(
        record,
        shared.folders.data,
        client_of(record.url, shared.clock),
        shared.bus,
        shared.clock,
        stop_limit_s=choice.settings.stop_limit_s,
    )
    return Workplace(
        identity=_identity(record.argv, record.added_environment),
        provider=provider,
        url=record.url,
        owned=True,
        simulated=record.simulated,
        profile=profile.name,
        source=f"simulated:{record.url}" if record.simulated else "nvml",
        make_job=partial(_job, choice, shared, desk, profile),
        prove=partial(proof, profile),
        found_again=True,
    )


def _identity(argv: tuple[str, ...], environment: Mapping[str, str]) -> Hashable:
    return argv, tuple(sorted(environment.items()))


def expected(shared: Parts, chosen: Settings, run_id: str) -> RunExpected:
    """What the run that goes on may be compared with. Reads the runs on disk. Raises AppError."""
    root = runs_folder(chosen)
    manifest = read_manifest(RunFolder(root / run_id))
    key, uuid = manifest.target_key, manifest.telemetry.gpu_uuid
    band = own_band(root, key, uuid, before_s=manifest.started_s) if key is not None and uuid is not None else None
    return RunExpected(
        time_s=shared.clock.now(),
        manifest=manifest,
        usual=usual_times(root, run_id),
        targets=profile_store().targets(),
        own_band=band,
    )


def _workplace(choice: ServerChoice, shared: Parts, desk: Desk) -> Workplace:
    settings = choice.settings
    if choice.demo is not None:
        server = demo_server(choice.demo, settings, shared, keep=True, own_port=_port_of(desk))
        return _owned(server, choice, shared, desk, f"simulated:{server.plan.url}")
    if settings.url is not None:
        return _attached(settings.url, choice, shared, desk)
    if settings.comfyui is None:
        raise app_error("comfyui_not_found", "No ComfyUI is chosen yet.", hint="Choose its folder under Setup.")
    flags = PREVIEW_FLAGS if choice.previews and _is_before_04(settings) else ()
    server = owned_server(settings, shared, extra_flags=flags, keep=True)
    return _owned(server, choice, shared, desk, "nvml")


def _is_before_04(settings: Settings) -> bool:
    """Before 0.4 ComfyUI sends previews only when it was started with a method; later ones ask each job."""
    version = find_installation(settings.comfyui, settings.python).version if settings.comfyui is not None else None
    numbers = [int(part) for part in (version or "0").split(".")[:2] if part.isdecimal()]
    return numbers < [0, 4]


def _port_of(desk: Desk) -> int | None:
    """The port of the server that is held: it is taken by ours, so it is no reason to look for another one."""
    held = desk.presence
    return int(held.url.rpartition(":")[2]) if held is not None and held.owned else None


def _owned(server: OwnedServer, choice: ServerChoice, shared: Parts, desk: Desk, source: str) -> Workplace:
    plan = server.plan
    return Workplace(
        identity=_identity(plan.argv, plan.added_environment),
        provider=server.provider,
        url=plan.url,
        owned=True,
        simulated=choice.demo is not None,
        profile=server.profile.name,
        source=source,
        make_job=partial(_job, choice, shared, desk, server.profile),
        prove=partial(proof, server.profile),
    )


def _attached(url: str, choice: ServerChoice, shared: Parts, desk: Desk) -> Workplace:
    profile = choose_profile(choice.settings)
    client = client_of(parse_server_url(url), shared.clock)
    simulated = client.stats().is_simulated
    return Workplace(
        identity=("attached", client.url),
        provider=attached_provider(url, shared),
        url=client.url,
        owned=False,
        simulated=simulated,
        profile=profile.name,
        source=f"simulated:{client.url}" if simulated else "nvml",
        make_job=partial(_job, choice, shared, desk, profile),
        prove=partial(proof, profile),
        ping=partial(client.stats, timeout_s=2.0),
    )


def _job(choice: ServerChoice, shared: Parts, desk: Desk, profile: Profile, provider: HeldProvider) -> GenerationJob:
    interval_s = 1.0 / choice.settings.sample_hz
    return GenerationJob(
        job_parts(
            choice.settings,
            shared,
            provider,
            profile,
            lambda: JobTelemetry(desk.sampler.share, shared.bus, shared.clock, interval_s, is_shared=True),
            simulated=choice.demo is not None,
        )
    )


def _judge(shared: Parts, result: JobResult) -> None:
    """After a job, in the desk's thread: summary and verdicts, told to the faces."""
    summary = summarise(result.folder)
    outputs = tuple(str(path) for path in result.outputs)
    shared.bus.publish(
        RunJudged(
            time_s=shared.clock.now(),
            folder=str(result.folder.path),
            manifest=result.manifest,
            summary=summary,
            outputs=outputs,
        )
    )
