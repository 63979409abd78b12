"""Moments of a job, told to a window from a recorded run of a real H100."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from time import monotonic, sleep

from PIL import Image, ImageDraw
from PySide6.QtCore import QCoreApplication

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
from wan22.schema.settings import Settings
from wan22.schema.verdict import Level, Verdict
from wan22.ui.pages.run_page import RunPage
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
    stage.bus.publish(DeskChanged(time_s=now_s, activity=activity, current=current, waiting=waiting, server=server))


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


def recorded(stage: Stage, work: Path, name: str = COLD) -> list[Fact]:
    """All facts of a job on a recorded run; the boards of its machine are known."""
    stored = recorded_run(name, work)
    choose(stage, work)
    stage.context.history.set_inventory(inventory_of(stored.manifest))
    return facts_of(stored)


def upto(facts: Sequence[Fact], kind: type, count: int = 1, **fields: object) -> list[Fact]:
    """The facts up to the `count`-th of a kind whose fields are those."""
    for number, fact in enumerate(facts):
        if isinstance(fact, kind) and all(getattr(fact, name) == value for name, value in fields.items()):
            count -= 1
            if count == 0:
                return list(facts[: number + 1])
    raise AssertionError(f"there is no such {kind.__name__}")


def expect(stage: Stage, work: Path) -> None:
    """What such jobs usually took: the recorded runs; the answer from disk, which has none, comes first."""
    for worker in stage.context._workers:
        worker.join(10.0)
    stage.settle()
    runs = [recorded_run(name, work / name) for name in (COLD, "640x640x81-warm-1", "640x640x81-warm-2")]
    usual = usual_from_runs([summary_of(run) for run in runs])
    stage.bus.publish(RunExpected(time_s=stage.clock.now(), manifest=runs[0].manifest, usual=usual))
    stage.settle()


def judge(stage: Stage, work: Path, clip: str = "clip_rife425_32.mp4") -> None:
    """The end of a run as the desk tells it, with a clip of ours as its result."""
    stored = recorded_run(COLD, work / "judged")
    summary = judged(stored.manifest, summary_of(stored), work)
    fact = RunJudged(
        time_s=stage.clock.now(),
        folder=str(work),
        manifest=stored.manifest,
        summary=summary,
        outputs=(str(CLIP / clip),),
    )
    stage.bus.publish(fact)


def preview(stage: Stage, node: str, age_s: float) -> PreviewReceived:
    """A picture as a server sends it: JPEG, small."""
    picture = Image.new("RGB", (512, 512), "#2B3F5C")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 320, 512, 512), fill="#1F4E6B")
    draw.polygon([(256, 120), (256, 330), (150, 330)], fill="#E6DCC6")
    draw.ellipse((360, 80, 430, 150), fill="#F2C14E")
    small = picture.resize((40, 40)).resize((512, 512), Image.Resampling.NEAREST)
    packed = BytesIO()
    small.save(packed, "JPEG")
    image = packed.getvalue()
    return PreviewReceived(
        time_s=stage.clock.now() - age_s, node=node, image_format="jpeg", byte_count=len(image), image=image
    )


def choose(stage: Stage, work: Path) -> None:
    """A ComfyUI and a folder for runs are chosen."""
    panel = stage.context.panel
    panel.choose(replace(panel.choice, settings=Settings(output=work / "runs", comfyui=work)))


def idle(stage: Stage, work: Path) -> None:
    """Nothing is held, nothing was asked for."""
    choose(stage, work)
    desk(stage, Activity.idle, None, None)


def ready(stage: Stage, work: Path) -> None:
    """A server is held, no job was asked for."""
    choose(stage, work)
    desk(stage, Activity.connecting, None, None)
    stage.tell(
        [
            ServerStarting(time_s=0.0, argv=("python", "main.py"), folder="ComfyUI", url=URL, pid=4711),
            ServerReady(time_s=12.0, url=URL, owned=True, version="0.25.0", startup_s=12.0, pid=4711),
            LaunchProved(time_s=13.0, claims=CLAIMS),
        ]
    )
    desk(stage, Activity.idle, None)


def starting(stage: Stage, work: Path) -> None:
    """ComfyUI starts for a job."""
    desk(stage, Activity.working, server=None)
    stage.tell(upto(recorded(stage, work), ServerStageReached, stage="version"))


def queued(stage: Stage, work: Path) -> None:
    """The server has the job and does another one."""
    desk(stage, Activity.working)
    stage.tell(upto(recorded(stage, work), PromptQueued))


def pass_1(stage: Stage, work: Path) -> None:
    """The first job ever, in its first pass."""
    desk(stage, Activity.working)
    facts = recorded(stage, work)
    told = upto(facts, StepDone, node="57")
    stage.tell(told)
    expect(stage, work)


def running(stage: Stage, work: Path) -> None:
    """In the second pass, with what is usual known, and a preview."""
    desk(stage, Activity.working, waiting=(JobTicket(2, TICKET.request),))
    stage.tell(upto(recorded(stage, work), StepDone, node="58"))
    expect(stage, work)
    stage.bus.publish(preview(stage, "58", 0.0))
    stage.clock.advance(1.5)


def decode(stage: Stage, work: Path) -> None:
    """The frames are decoded."""
    desk(stage, Activity.working)
    stage.tell(upto(recorded(stage, work), NodeStarted, node="8"))


def lost(stage: Stage, work: Path) -> None:
    """The live connection is lost in the first pass."""
    desk(stage, Activity.working)
    facts = upto(recorded(stage, work), StepDone, node="57")
    stage.tell([*facts, SocketLost(time_s=facts[-1].time_s + 1.0, reason="closed by the other side")])


def done(stage: Stage, work: Path) -> None:
    """The job has succeeded and its video is there."""
    desk(stage, Activity.working)
    stage.tell(recorded(stage, work))
    judge(stage, work)
    desk(stage, Activity.idle, None)


def judged_by_targets(stage: Stage, work: Path) -> None:
    """A simulated job with a verdict on each of its times: the most chips there can be."""
    done(stage, work)
    stage.settle()
    told = stage.context.panel.judged
    assert told is not None
    levels = {"pass_1": Level.excellent, "pass_2": Level.good, "both": Level.excellent}
    verdicts = tuple(Verdict(subject=name, level=level, text=f"{name}: {level}") for name, level in levels.items())
    summary = told.summary.model_copy(update={"verdicts": verdicts})
    stage.context.run.state = replace(stage.context.run.state, simulated=True)
    stage.bus.publish(replace(told, summary=summary))


def out_of_memory(stage: Stage, work: Path) -> None:
    """The recorded job that did not fit."""
    desk(stage, Activity.working)
    stage.tell(recorded(stage, work, "1280x720x81-out-of-memory"))
    desk(stage, Activity.idle, None)


def interrupted(stage: Stage, work: Path) -> None:
    """The recorded job that somebody stopped at the server."""
    desk(stage, Activity.working)
    stage.tell(recorded(stage, work, "1280x720x81-interrupted"))
    desk(stage, Activity.idle, None)


def stopping(stage: Stage, work: Path) -> None:
    """The job was asked to stop."""
    pass_1(stage, work)
    desk(stage, Activity.stopping)


def cancelled(stage: Stage, work: Path) -> None:
    """A job that was stopped here."""
    desk(stage, Activity.working)
    facts = upto(recorded(stage, work), StepDone, node="57")
    end_s = facts[-1].time_s + 2.0
    prompt_id = next(fact.prompt_id for fact in facts if isinstance(fact, PromptStarted))
    found = problem("cancelled", "Stopped on request; the run is kept as far as it came.")
    stage.tell(
        [
            *facts,
            PromptFinished(time_s=end_s, prompt_id=prompt_id, outcome=PromptOutcome.interrupted),
            ProblemFound(time_s=end_s, problem=found, fatal=True),
            RunFinished(time_s=end_s, outcome=PromptOutcome.cancelled),
        ]
    )
    desk(stage, Activity.idle, None)


def died(stage: Stage, work: Path) -> None:
    """The server ended by itself in the second pass."""
    desk(stage, Activity.working)
    facts = upto(recorded(stage, work), StepDone, node="58")
    end_s = facts[-1].time_s + 2.0
    prompt_id = next(fact.prompt_id for fact in facts if isinstance(fact, PromptStarted))
    found = problem("server_crashed", "ComfyUI ended by itself with exit code 1.", detail="the last lines of its log")
    stage.tell(
        [
            *facts,
            ServerStopped(time_s=end_s, exit_code=1, expected=False),
            PromptFinished(time_s=end_s, prompt_id=prompt_id, outcome=PromptOutcome.error),
            ProblemFound(time_s=end_s, problem=found, fatal=True),
            RunFinished(time_s=end_s, outcome=PromptOutcome.error),
        ]
    )
    desk(stage, Activity.idle, None, None)


SCENES: Mapping[str, Callable[[Stage, Path], None]] = {
    "idle": idle,
    "ready": ready,
    "starting": starting,
    "queued": queued,
    "pass_1": pass_1,
    "running": running,
    "decode": decode,
    "lost": lost,
    "done": done,
    "judged": judged_by_targets,
    "out_of_memory": out_of_memory,
    "interrupted": interrupted,
    "stopping": stopping,
    "cancelled": cancelled,
    "died": died,
}


def show(name: str, stage: Stage, page: RunPage) -> None:
    """Bring a scene about and wait for what is decoded in threads; a video rests on its first frame."""
    work = stage.context.parts.folders.data / "scene"
    SCENES[name](stage, work)
    stage.settle()
    progress = page.progress
    progress.refresh()
    player = progress.preview.player
    if player is not None:
        wait_for(lambda: player.clip is not None)
        player.pause()
        player.seek(0)
    elif stage.context.watch.preview is not None:
        wait_for(lambda: stage.context.watch.picture is not None)
    progress.refresh()


def wait_for(is_done: Callable[[], bool], limit_s: float = 20.0) -> None:
    """Let events happen until it is so."""
    until_s = monotonic() + limit_s
    while not is_done():
        assert monotonic() < until_s, "it took too long"
        QCoreApplication.processEvents()
        sleep(0.01)
