import json
import threading
import time

import pytest

from tests.unit.runs.facts import cold_job
from wan22.cli.console import Console
from wan22.cli.run_printer import RunPrinter, lasting_lines
from wan22.cli.stage_lines import stage_line
from wan22.schema.events import (
    JobRecovered,
    JobStalled,
    LaunchProved,
    Liveness,
    PreflightFinished,
    PreviewReceived,
    PromptQueued,
    Role,
    RungTried,
    RunStarted,
    ServerReady,
    TelemetryStatus,
)
from wan22.schema.gpu import GpuReading, GpuSampled
from wan22.schema.ladder import Effect, Rung
from wan22.schema.problem import Severity, problem
from wan22.schema.server import LaunchClaim, Proof
from wan22.schema.summary import StageTiming
from wan22.system.bus import Bus, Fact
from wan22.system.clock import SystemClock


def printed(*facts: Fact, as_json: bool = False) -> None:
    clock = SystemClock()
    bus = Bus(clock)
    with RunPrinter(Console(as_json=as_json), bus, clock):
        for fact in facts:
            bus.publish(fact)


def test_every_stage_is_printed_once_in_the_order_in_which_it_ends(capsys: pytest.CaptureFixture[str]):
    printed(*cold_job())
    out = capsys.readouterr().out
    lines = [line.split()[0:2] for line in out.splitlines() if line.startswith("  ")]
    names = [" ".join(words) if words[0] == "pass" else words[0] for words in lines]
    stages = [name for name in names if name in ("load", "encode", "pass 1", "pass 2", "decode", "save")]
    assert sorted(stages) == sorted(set(stages))
    assert {"pass 1", "pass 2", "decode", "save"} <= set(stages)
    assert stages.index("pass 1") < stages.index("pass 2") < stages.index("decode")


def test_json_is_every_event_and_no_reading(capsys: pytest.CaptureFixture[str]):
    reading = GpuSampled(time_s=1.0, readings=(GpuReading(time_s=1.0, gpu=0),))
    preview = PreviewReceived(time_s=1.0, image_format="jpeg", byte_count=3, image=b"abc")
    printed(*cold_job(), reading, preview, as_json=True)
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [item["kind"] for item in documents[:-1]] == [fact.kind for fact in cold_job()]
    assert documents[-1] == {
        "time_s": 1.0,
        "kind": "preview_received",
        "prompt_id": None,
        "node": None,
        "image_format": "jpeg",
        "byte_count": 3,
    }


def test_publishing_never_waits_for_a_stuck_terminal(monkeypatch: pytest.MonkeyPatch):
    release = threading.Event()
    monkeypatch.setattr(Console, "text", lambda *_args, **_options: release.wait(5))
    clock = SystemClock()
    bus = Bus(clock)
    with RunPrinter(Console(), bus, clock):
        begun = time.perf_counter()
        for fact in cold_job() * 20:
            bus.publish(fact)
        assert time.perf_counter() - begun < 1.0
        release.set()


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        (RunStarted(time_s=0, run_id="r", title="t", simulated=True), "SIMULATED"),
        (ServerReady(time_s=0, url="http://x", owned=False, version="0.25.0"), "attached, never stopped"),
        (ServerReady(time_s=0, url="http://x", owned=True, startup_s=4.8), "after 4.80 s (started here)"),
        (TelemetryStatus(time_s=0, available=False, reason="no driver"), "no telemetry: no driver"),
        (PreflightFinished(time_s=0, warnings=(problem("size_unusual", "Odd.", Severity.warning),)), "! Odd."),
    ],
)
def test_lasting_lines(fact: Fact, words: str):
    assert words in "\n".join(lasting_lines(fact))


def test_the_proof_counts_and_names_what_is_refuted():
    claims = (
        LaunchClaim(name="attention", expected="sage", found="pytorch", proof=Proof.refuted, reason="It fell back."),
        LaunchClaim(name="--port", expected="given", found="given", proof=Proof.proved),
    )
    lines = lasting_lines(LaunchProved(time_s=0, claims=claims))
    assert "1 proved · 1 refuted · 0 unknown" in lines[0]
    assert lines[1].endswith("attention: expected sage, found pytorch. It fell back.")


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        (StageTiming(role=Role.decode, seconds=2.4), "2.40 s"),
        (StageTiming(role=Role.load, seconds=0.0, cached=True), "cached"),
        (StageTiming(role=Role.save), "\N{EN DASH}"),
        (StageTiming(role=Role.save, started_s=1.0), "unknown"),
        (
            StageTiming(role=Role.pass_1, seconds=72.44, steps_done=2, steps_total=2, step_s=(33.1,), load_s=4.2),
            "72.4 s   2 of 2 steps · 33.1 s a step · loading about 4.20 s",
        ),
    ],
)
def test_stage_lines(stage: StageTiming, words: str):
    assert words in stage_line(stage)


def test_work_in_progress_is_marked():
    assert stage_line(StageTiming(role=Role.pass_1, seconds=3.0), at_work=True).endswith("3.00 s …")


def test_a_job_that_waits_in_the_queue_says_so_once(capsys: pytest.CaptureFixture[str]):
    clock = SystemClock()
    bus = Bus(clock)
    queued = next(fact for fact in cold_job() if isinstance(fact, PromptQueued))
    with RunPrinter(Console(), bus, clock):
        bus.publish(queued.model_copy(update={"time_s": clock.now() - 10.0}))
        time.sleep(0.7)
    assert capsys.readouterr().out.count("waiting in the server's queue") == 1


def test_a_stall_a_rung_and_a_recovery_are_told():
    stalled = JobStalled(
        time_s=1.0,
        prompt_id="p",
        verdict=Liveness.busy,
        role=Role.pass_1,
        silent_s=700.0,
        allowed_s=600.0,
        allowed_from="no earlier run tells",
        answers=True,
        cpu_share=0.99,
        moved_bytes=5 * 2**20,
        gpu_utilization_pct=97.0,
    )
    (line,) = lasting_lines(stalled)
    assert line == (
        "! No progress in pass 1 for 11 min 40 s (10 min 00 s are allowed: no earlier run tells). ComfyUI is at work "
        "all the same: it answers, its process takes 99 % of a core, 5 MiB moved since the last look, the GPU is at "
        "97 %. Still waiting."
    )
    rung = Rung(
        name="novram",
        title="The weights outside",
        cost="Slow.",
        changes="The same video.",
        effect=Effect.same_picture,
        flags=("--novram",),
    )
    assert lasting_lines(RungTried(time_s=1.0, retry_of="r", rung=rung, number=2, count=3)) == [
        "  gentler, 2 of 3: The weights outside (--novram). The same video."
    ]
    assert lasting_lines(JobRecovered(time_s=1.0, prompt_id="p", found="running", unseen_s=12.0)) == [
        "  the job was found at the server (running); the last 12 s were not seen"
    ]


def test_a_second_run_begins_afresh(capsys: pytest.CaptureFixture[str]):
    again = RunStarted(time_s=100.0, run_id="second", title="again")
    first = RunStarted(time_s=0.0, run_id="first", title="once")
    printed(first, *cold_job(), again, *cold_job())
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  pass 1")]
    assert len(lines) == 2
