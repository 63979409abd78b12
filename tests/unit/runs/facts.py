"""Made-up facts of one ordinary job, for tests."""

from pathlib import Path

from wan22.runs.layout import RunFolder
from wan22.runs.telemetry import header_row
from wan22.runs.writer import event_line, write_manifest
from wan22.schema.events import (
    AnyEvent,
    NodesCached,
    NodeStarted,
    PromptFinished,
    PromptOutcome,
    PromptQueued,
    PromptStarted,
    Role,
    RunFinished,
    RunStarted,
    StepDone,
)
from wan22.schema.gpu import GpuInfo, GpuInventory
from wan22.schema.run import RunManifest, TelemetryIdentity
from wan22.schema.verdict import TargetKey

ID = "11111111-2222-4333-8444-555555555555"
ROLES = {
    "37": Role.load,
    "56": Role.load,
    "6": Role.encode,
    "57": Role.pass_1,
    "58": Role.pass_2,
    "8": Role.decode,
    "61": Role.save,
}
UUID = "GPU-00000000-1111-2222-3333-444444444444"
KEY = TargetKey(gpu="NVIDIA GeForce RTX 5090", width=1280, height=720, length=81, steps=4, cfg=1.0)


def queued(time_s: float = 0.0, prompt_id: str = ID) -> PromptQueued:
    return PromptQueued(time_s=time_s, prompt_id=prompt_id, roles=ROLES, steps={"57": 2, "58": 2}, seed=7)


def started(time_s: float = 0.1, prompt_id: str = ID) -> PromptStarted:
    return PromptStarted(time_s=time_s, prompt_id=prompt_id)


def node(time_s: float, name: str, prompt_id: str = ID) -> NodeStarted:
    return NodeStarted(time_s=time_s, prompt_id=prompt_id, node=name)


def step(time_s: float, name: str, value: int, maximum: int = 2) -> StepDone:
    return StepDone(time_s=time_s, prompt_id=ID, node=name, value=value, maximum=maximum)


def cached(*nodes: str, time_s: float = 0.2) -> NodesCached:
    return NodesCached(time_s=time_s, prompt_id=ID, nodes=nodes)


def finished(time_s: float, outcome: PromptOutcome = PromptOutcome.success) -> PromptFinished:
    return PromptFinished(time_s=time_s, prompt_id=ID, outcome=outcome)


def cold_job(start_s: float = 0.0) -> list[AnyEvent]:
    """load 1 + 2 s, encode 1 s, pass 1 10 s, pass 2 8 s, decode 3 s, save 1 s."""
    facts: list[AnyEvent] = [
        queued(0.0),
        started(0.1),
        cached(),
        node(1.0, "37"),
        node(2.0, "6"),
        node(3.0, "57"),
        step(9.0, "57", 1),
        step(12.0, "57", 2),
        node(13.0, "56"),
        node(15.0, "58"),
        step(19.0, "58", 1),
        step(22.0, "58", 2),
        node(23.0, "8"),
        node(26.0, "61"),
        finished(27.0),
    ]
    return [fact.model_copy(update={"time_s": fact.time_s + start_s}) for fact in facts]


def warm_job(start_s: float, pass_s: float) -> list[AnyEvent]:
    """Everything but the passes, decode (3 s) and save (1 s) cached."""
    facts: list[AnyEvent] = [
        queued(0.0),
        started(0.0),
        cached("37", "56", "6"),
        node(0.0, "57"),
        step(pass_s / 2, "57", 1),
        step(pass_s, "57", 2),
        node(pass_s, "58"),
        step(pass_s * 1.5, "58", 1),
        step(pass_s * 2, "58", 2),
        node(pass_s * 2, "8"),
        node(pass_s * 2 + 3, "61"),
        finished(pass_s * 2 + 4),
    ]
    return [fact.model_copy(update={"time_s": fact.time_s + start_s}) for fact in facts]


def manifest(run_id: str = "2026-11-25_01-02-03_test", **update: object) -> RunManifest:
    plain = RunManifest(
        app_version="0.1.0",
        run_id=run_id,
        created_at="2026-11-25T01:02:03+00:00",
        started_s=0.0,
        target_key=KEY,
        inventory=GpuInventory(source="nvml", gpus=(GpuInfo(gpu=0, uuid=UUID, name=KEY.gpu),)),
        telemetry=TelemetryIdentity(source="nvml", gpu_uuid=UUID, interval_s=0.2),
    )
    return plain.model_copy(update=update)


def stored_run(root: Path, run_id: str, job: list[AnyEvent], **update: object) -> RunFolder:
    """A closed run on disk, without outputs and readings."""
    folder = RunFolder(root / run_id)
    folder.outputs.mkdir(parents=True)
    fields = {"outcome": PromptOutcome.success, "finished_s": job[-1].time_s, "started_s": job[0].time_s, **update}
    facts = [
        RunStarted(time_s=job[0].time_s, run_id=run_id),
        *job,
        RunFinished(time_s=job[-1].time_s, outcome=PromptOutcome.success),
    ]
    folder.events.write_bytes(b"".join(event_line(fact) for fact in facts))
    folder.telemetry.write_text(header_row(), encoding="utf-8", newline="\n")
    write_manifest(folder, manifest(run_id, **fields))
    return folder
