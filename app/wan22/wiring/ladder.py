"""The job that may be tried again in gentler ways, put together for a face that runs one job."""

from collections.abc import Callable
from functools import partial

from wan22.comfy.http import parse_server_url
from wan22.comfy.model_check import model_bytes
from wan22.comfy.model_manifest import load_model_manifest
from wan22.job.ladder_job import LadderJob, LadderParts, Offer
from wan22.job.session import GenerationJob, JobResult
from wan22.launch.flag_schema import FlagSchema
from wan22.schema.ladder import OomPolicy, joined_flags
from wan22.schema.settings import Settings
from wan22.system.paths import data_folder
from wan22.wiring.generation import generation_job
from wan22.wiring.parts import Parts
from wan22.wiring.server import Demo, client_of, demo_server, flag_schema


def ladder_job(
    chosen: Settings,
    shared: Parts,
    consent: Callable[[Offer], OomPolicy],
    *,
    failed: Callable[[JobResult], None] = lambda _result: None,
    extra_flags: tuple[str, ...] = (),
    gpu: str = "nvml",
    demo: Demo | None = None,
) -> LadderJob:
    """As `generation_job`, with `consent` asked once when the GPU runs out of memory.

    A server of ours is started anew for every try; one that is attached to is only told to let go of its models.
    """

    def make_job(flags: tuple[str, ...], is_fresh: bool) -> GenerationJob:
        if chosen.url is not None and demo is None and is_fresh:
            client_of(parse_server_url(chosen.url), shared.clock).free()
        return generation_job(chosen, shared, extra_flags=joined_flags(extra_flags, flags), gpu=gpu, demo=demo)

    manifest = load_model_manifest(data_folder() / "workflows" / "models.json")
    models = chosen.comfyui / "models" if chosen.comfyui is not None and demo is None else None
    return LadderJob(
        LadderParts(
            make_job=make_job,
            schema=partial(_schema, chosen, shared, demo),
            consent=consent,
            failed=failed,
            file_bytes=lambda name: model_bytes(name, manifest, models),
        )
    )


def _schema(chosen: Settings, shared: Parts, demo: Demo | None) -> FlagSchema | None:
    """The flags of the server that is started; None for one that is only attached to."""
    if demo is not None:
        return demo_server(demo, chosen, shared).schema
    if chosen.url is not None or chosen.comfyui is None:
        return None
    return flag_schema(chosen.comfyui, chosen.python)[1]
