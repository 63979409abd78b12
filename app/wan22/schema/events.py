"""Facts about a run: on the bus, in events.jsonl and as `--json` lines of the command line, all the same.

Every event carries `time_s`, seconds since the epoch on a clock that does not jump (`system.clock`), taken
where the fact was seen. A new kind or a new optional field needs no new format number; anything else does
(`schema.run.FORMAT`).
`GpuSampled` (in `schema.gpu`) is a fact on the bus too, but goes into telemetry.csv.
"""

from enum import Enum
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from wan22.schema.frozen import Tolerant
from wan22.schema.ladder import Rung
from wan22.schema.problem import Problem
from wan22.schema.server import LaunchClaim


class Liveness(Enum):
    """What a server turns out to be that is silent: at work, dead, or out of sight."""

    busy = "busy"
    dead = "dead"
    unknown = "unknown"


class Event(Tolerant):
    """Base of all facts."""

    time_s: float


class Role(Enum):
    """What a node does for a generation; a stage of a run is all the time spent in one role."""

    load = "load"
    encode = "encode"
    pass_1 = "pass_1"
    pass_2 = "pass_2"
    decode = "decode"
    interpolate = "interpolate"
    save = "save"
    other = "other"


class PromptOutcome(Enum):
    """How a generation ended."""

    success = "success"
    error = "error"
    interrupted = "interrupted"
    lost = "lost"
    cancelled = "cancelled"


class RunStarted(Event):
    """A run folder was opened."""

    kind: Literal["run_started"] = "run_started"
    run_id: str
    title: str = ""
    simulated: bool = False


class ServerStarting(Event):
    """A ComfyUI process of ours was started."""

    kind: Literal["server_starting"] = "server_starting"
    argv: tuple[str, ...]
    folder: str
    url: str
    pid: int | None = None
    notices: tuple[str, ...] = ()


class ServerStageReached(Event):
    """The log shows that the start has come to a stage."""

    kind: Literal["server_stage_reached"] = "server_stage_reached"
    stage: str
    detail: str = ""


class ServerReady(Event):
    """`/system_stats` answered and is the server we mean. `owned`: we started it and will stop it.

    `simulated`: it is a stand-in, so whatever the run measures is not real.
    """

    kind: Literal["server_ready"] = "server_ready"
    url: str
    owned: bool
    version: str | None = None
    startup_s: float | None = None
    pid: int | None = None
    simulated: bool = False


class ServerSaid(Event):
    """One line of the server's output, colours and level tag taken off."""

    kind: Literal["server_said"] = "server_said"
    line: str


class ServerStopped(Event):
    """The server process ended."""

    kind: Literal["server_stopped"] = "server_stopped"
    exit_code: int | None = None
    expected: bool = True


class LaunchProved(Event):
    """The profile's expectations, each with its proof."""

    kind: Literal["launch_proved"] = "launch_proved"
    claims: tuple[LaunchClaim, ...]


class PreflightFinished(Event):
    """The graph was checked against the server. Warnings only: errors end the run as `ProblemFound`."""

    kind: Literal["preflight_finished"] = "preflight_finished"
    warnings: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    vram_estimate_bytes: int | None = None


class PromptQueued(Event):
    """ComfyUI accepted the job. `roles` maps node ids to roles so that readers never need the graph.

    `client_id`: under which the server sends its messages about this job; a later panel needs it to hear the rest.
    """

    kind: Literal["prompt_queued"] = "prompt_queued"
    prompt_id: str
    client_id: str | None = None
    roles: dict[str, Role]
    titles: dict[str, str] = Field(default_factory=dict)
    steps: dict[str, int] = Field(default_factory=dict)
    seed: int | None = None
    queue_position: int | None = None


class PromptStarted(Event):
    """The server began to work on the job. `server_time_ms` is its own clock."""

    kind: Literal["prompt_started"] = "prompt_started"
    prompt_id: str
    server_time_ms: int | None = None


class NodesCached(Event):
    """Nodes whose results the server still had."""

    kind: Literal["nodes_cached"] = "nodes_cached"
    prompt_id: str
    nodes: tuple[str, ...]


class NodeStarted(Event):
    """The server began to execute a node; the one before it has ended."""

    kind: Literal["node_started"] = "node_started"
    prompt_id: str
    node: str


class StepDone(Event):
    """A node reported progress: `value` of `maximum` steps are done."""

    kind: Literal["step_done"] = "step_done"
    prompt_id: str
    node: str
    value: int
    maximum: int


class OutputFile(Tolerant):
    """A file that a node of the server wrote. `type` is output, temp or input."""

    filename: str
    subfolder: str = ""
    type: str = "output"


class NodeFinished(Event):
    """A node handed out files."""

    kind: Literal["node_finished"] = "node_finished"
    prompt_id: str
    node: str
    files: tuple[OutputFile, ...] = ()


class PreviewReceived(Event):
    """A preview picture came; the bytes stay on the bus and are not written to the log."""

    kind: Literal["preview_received"] = "preview_received"
    prompt_id: str | None = None
    node: str | None = None
    image_format: str
    byte_count: int
    image: bytes = Field(default=b"", exclude=True, repr=False)


class SocketLost(Event):
    """The live connection broke; the job goes on at the server."""

    kind: Literal["socket_lost"] = "socket_lost"
    reason: str = ""


class SocketRestored(Event):
    """The live connection is back; what was missed is read from queue and history."""

    kind: Literal["socket_restored"] = "socket_restored"
    missed_s: float | None = None


class JobStalled(Event):
    """Nothing was heard of the job for longer than is usual, and this is what the server looks like meanwhile.

    `silent_s`: since the last sign of progress; `allowed_s`: what counts as usual there, and `allowed_from` says why.
    The rest was seen during the last `watched_s`; None = it cannot be seen. `answers`: over HTTP. `cpu_share`: of one
    core, `moved_bytes`: read, written or taken as memory by its processes, `gpu_utilization_pct`: the highest reading.
    `quiet_s`: for how long nothing of that moved at all.
    """

    kind: Literal["job_stalled"] = "job_stalled"
    prompt_id: str
    verdict: Liveness
    node: str | None = None
    role: Role | None = None
    silent_s: float
    allowed_s: float
    allowed_from: str = ""
    watched_s: float = 0.0
    quiet_s: float | None = None
    answers: bool | None = None
    cpu_share: float | None = None
    moved_bytes: int | None = None
    gpu_utilization_pct: float | None = None


class RungTried(Event):
    """This run tries what an earlier one had no memory for, in a gentler way. `retry_of`: the first run."""

    kind: Literal["rung_tried"] = "rung_tried"
    retry_of: str
    rung: Rung
    number: int
    count: int


class JobRecovered(Event):
    """A panel took up a job that an earlier one had left at the server. What happened in between was not seen.

    `found`: waiting, running or finished. `unseen_s`: since the last fact of the earlier panel.
    """

    kind: Literal["job_recovered"] = "job_recovered"
    prompt_id: str
    found: Literal["waiting", "running", "finished"]
    unseen_s: float


class PromptFinished(Event):
    """The job left the server: `executing{node: null}` or the history said so (`from_history`)."""

    kind: Literal["prompt_finished"] = "prompt_finished"
    prompt_id: str
    outcome: PromptOutcome
    node: str | None = None
    server_started_ms: int | None = None
    server_ended_ms: int | None = None
    from_history: bool = False


class OutputSaved(Event):
    """A result was copied into the run folder. `path` is relative to it."""

    kind: Literal["output_saved"] = "output_saved"
    path: str
    byte_count: int
    node: str | None = None
    sha256: str | None = None


class TelemetryStatus(Event):
    """GPU readings began, stopped or are not to be had; `reason` says why not."""

    kind: Literal["telemetry_status"] = "telemetry_status"
    available: bool
    source: str = "none"
    gpu_uuid: str | None = None
    reason: str = ""


class ProblemFound(Event):
    """Something went wrong; `fatal` when it ends what was being done."""

    kind: Literal["problem_found"] = "problem_found"
    problem: Problem
    fatal: bool = False


class RunFinished(Event):
    """The run folder was closed."""

    kind: Literal["run_finished"] = "run_finished"
    outcome: PromptOutcome


AnyEvent = Annotated[
    RunStarted
    | ServerStarting
    | ServerStageReached
    | ServerReady
    | ServerSaid
    | ServerStopped
    | LaunchProved
    | PreflightFinished
    | PromptQueued
    | PromptStarted
    | NodesCached
    | NodeStarted
    | StepDone
    | NodeFinished
    | PreviewReceived
    | SocketLost
    | SocketRestored
    | JobStalled
    | RungTried
    | JobRecovered
    | PromptFinished
    | OutputSaved
    | TelemetryStatus
    | ProblemFound
    | RunFinished,
    Field(discriminator="kind"),
]

EVENT_ADAPTER: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)
