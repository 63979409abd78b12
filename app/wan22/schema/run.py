"""The manifest of a run folder. `FORMAT` is one integer for manifest, events and telemetry together.

History of the format:
1  first: run.json, events.jsonl, telemetry.csv, outputs/, workflow.api.json
"""

from typing import Annotated, Literal

from pydantic import Field

from wan22.schema.events import PromptOutcome
from wan22.schema.frozen import Tolerant
from wan22.schema.gpu import GpuInventory
from wan22.schema.ladder import Rung
from wan22.schema.server import SystemStats
from wan22.schema.verdict import TargetKey

FORMAT = 1

WallTime = Annotated[float, Field(ge=0, lt=32_503_680_000, allow_inf_nan=False)]
"""Seconds since 1970, before the year 3000: what every system can turn into a date."""


class JobParameters(Tolerant):
    """What was really sent, read back from the graph (not from the request)."""

    workflow: str
    workflow_sha256: str
    image: str | None = None
    image_sha256: str | None = None
    prompt: str | None = None
    negative: str | None = None
    seed: int | None = None
    width: int | None = None
    height: int | None = None
    length: int | None = None
    steps: int | None = None
    cfg: float | None = None
    shifts: tuple[float, ...] = ()
    fps: float | None = None
    interpolation: str = "none"
    models: dict[str, str] = Field(default_factory=dict)


class ServerIdentity(Tolerant):
    """The ComfyUI that did the work."""

    url: str
    owned: bool
    local: bool = True
    folder: str | None = None
    python: str | None = None
    commit: str | None = None
    stats: SystemStats | None = None


class TelemetryIdentity(Tolerant):
    """Where the readings came from. `gpu_uuid` is the board that did the work, matched by uuid."""

    source: str = "none"
    gpu_uuid: str | None = None
    interval_s: float | None = None
    reason: str = ""


class RunManifest(Tolerant):
    """`run.json`, written when a run opens and again when it closes. `outcome` None = not closed properly.

    `retry_of`: the run that had no memory for this job, `rung`: what was gentler this time. `recovered`: its end was
    found by a later panel.
    """

    format: Literal[1] = 1
    app_version: str
    run_id: str
    title: str = ""
    created_at: str
    started_s: WallTime
    finished_s: Annotated[float, Field(allow_inf_nan=False)] | None = None
    outcome: PromptOutcome | None = None
    incomplete: bool = False
    simulated: bool = False
    origin: str = "generated"
    profile: str | None = None
    target_key: TargetKey | None = None
    parameters: JobParameters | None = None
    server: ServerIdentity | None = None
    inventory: GpuInventory | None = None
    telemetry: TelemetryIdentity = TelemetryIdentity()
    retry_of: str | None = None
    rung: Rung | None = None
    recovered: bool = False
