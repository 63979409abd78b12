"""Moments of a job, told to a window from a recorded run of a real H100."""

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw

from tests.ui.stage import DATA, Stage, recorded_run
from wan22.job.eta import usual_from_runs
from wan22.job.expectation import RunExpected, RunJudged
from wan22.runs.reader import StoredRun
from wan22.runs.state import Fact
from wan22.runs.summary import summary_of
from wan22.schema.events import (
    LaunchProved,
    NodeStarted,
    PreviewReceived,
    ProblemFound,
    PromptFinished,
    PromptOutcome,
    PromptQueued,
    PromptStarted,
    Role,
    RunFinished,
    RunStarted,
    ServerReady,
    ServerStageReached,
    ServerStarting,
    ServerStopped,
    SocketLost,
    StepDone,
)
from wan22.schema.panel_fact import Activity, DeskChanged, JobTicket, ServerPresence
from wan22.schema.problem import problem
from wan22.schema.request import GenerationRequest
from wan22.schema.server import LaunchClaim, Proof
from wan22.ui.state.stored_run import inventory_of
from wan22.wiring import judged

COLD = "640x640x81-cold"
CLIP = DATA / "clips"
URL = "http://127.0.0.1:8188"
PRESENCE = ServerPresence(URL, owned=True, simulated=False, profile="h100")
TICKET = JobTicket(1, GenerationRequest(image=Path("lake.png"), previews=True))
CLAIMS = (
    LaunchClaim(
        name="--use-pytorch-cross-attention",
        expected="given",
        found="given",
        proof=Proof.proved,
        evidence="--use-pytorch-cross-attention",
    ),
    LaunchClaim(
        name="attention",
        expected="pytorch",
        found="pytorch",
        proof=Proof.proved,
        evidence="Using pytorch attention",
    ),
    LaunchClaim(
        name="allocator",
        expected="cudaMallocAsync",
        found="cudaMallocAsync",
        proof=Proof.proved,
        evidence="cuda:0 NVIDIA H100 80GB HBM3 : cudaMallocAsync",
    ),
    LaunchClaim(
        name="VRAM state",
        expected="NORMAL_VRAM",
        found="NORMAL_VRAM",
        proof=Proof.proved,
        evidence="Set vram state to: NORMAL_VRAM",
    ),
    LaunchClaim(
        name="board",
        expected="H100 or H200",
        found="NVIDIA H100 80GB HBM3",
        proof=Proof.proved,
        evidence="cuda:0 NVIDIA H100 80GB HBM3 : cudaMallocAsync",
    ),
    LaunchClaim(
        name="VRAM size", expected="80 GiB", found="79.2 GiB", proof=Proof.proved, evidence="vram_total 85017624576"
    ),
)


def desk(
    stage: Stage,
    activity: Activity,
    current: JobTicket | None = TICKET,
    server: ServerPresence | None = PRESENCE,
    waiting: tuple[JobTicket, ...] = (),
) -> None:
    """Say what the desk does."""
    now_s = stage.clock.now()
    stage.bus.publish(
        DeskChanged(time_s=now_s, activity=activity, current=current, waiting=waiting, server=server)
    )


def facts_of(stored: StoredRun, first: Sequence[Fact] = ()) -> list[Fact]:
    """What is recorded, behind what a recording does not hold: the start of a server of ours."""
    began_s = stored.events[0].time_s
    before: list[Fact] = [
        RunStarted(time_s=began_s - 21.0, run_id=stored.manifest.run_id, title="lake.png"),
        ServerStarting(time_s=began_s - 20.0, argv=("python", "main.py"), folder="ComfyUI", url=URL, pid=4711),
        ServerStageReached(time_s=began_s - 16.0, stage="torch", detail="2.11.0+cu130"),
        ServerStageReached(time_s=began_s - 12.0, stage="version", detail="0.25.0"),
        ServerReady(time_s=began_s - 8.0, url=URL, owned=True, version="0.25.0", startup_s=12.0, pid=4711),
        LaunchProved(time_s=began_s - 7.0, claims=CLAIMS),
    ]
    recorded = [fact for fact in stored.facts() if not isinstance(fact, RunStarted)]
    return [*before, *first, *recorded]
