"""Times of jobs that wait, from real run folders through the list of runs."""

import time
from pathlib import Path

import pytest

from wan22.comfy.workflow import load_workflow
from wan22.job.job_time import expected_times, expected_total, job_key
from wan22.runs.job_times import JobKey
from wan22.runs.run_index import RunIndex
from wan22.schema.events import (
    NodesCached,
    NodeStarted,
    PromptFinished,
    PromptOutcome,
    PromptQueued,
    PromptStarted,
    Role,
    RunFinished,
    StepDone,
)
from wan22.schema.problem import AppError
from wan22.schema.request import GenerationRequest
from wan22.schema.run import JobParameters, RunManifest, ServerIdentity
from wan22.schema.server import DeviceInfo, SystemInfo, SystemStats

ROOT = Path(__file__).parents[3]
STATS = SystemStats(
    system=SystemInfo(), devices=(DeviceInfo(name="cuda:0 NVIDIA GeForce RTX 5090 : native", type="cuda"),)
)


def write_run(root: Path, number: int, total_s: float, *, warm: bool) -> None:
    folder = root / f"2026-11-{number:05d}"
    folder.mkdir(parents=True)
    start_s = 1_700_000_000.0 + 1000 * number
    manifest = RunManifest(
        app_version="1",
        run_id=folder.name,
        created_at="x",
        started_s=start_s,
        finished_s=start_s + total_s,
        outcome=PromptOutcome.success,
        profile="rtx5090",
        parameters=JobParameters(
            workflow="wan22_i2v_two_pass", workflow_sha256="0", width=640, height=640, length=81, steps=4
        ),
        server=ServerIdentity(url="u", owned=True, stats=STATS),
    )
    roles = {"1": Role.load, "2": Role.pass_1, "3": Role.pass_2}
    nodes = [] if warm else [NodeStarted(time_s=start_s, prompt_id="p", node="1")]
    events = [
        PromptQueued(time_s=start_s, prompt_id="p", roles=roles),
        PromptStarted(time_s=start_s, prompt_id="p"),
        NodesCached(time_s=start_s, prompt_id="p", nodes=("1",) if warm else ()),
        *nodes,
        NodeStarted(time_s=start_s + 1, prompt_id="p", node="2"),
        StepDone(time_s=start_s + 9, prompt_id="p", node="2", value=2, maximum=2),
        NodeStarted(time_s=start_s + 10, prompt_id="p", node="3"),
        PromptFinished(time_s=start_s + total_s, prompt_id="p", outcome=PromptOutcome.success),
        RunFinished(time_s=start_s + total_s, outcome=PromptOutcome.success),
    ]
    (folder / "run.json").write_text(manifest.model_dump_json(), encoding="utf-8")
    lines = "".join(event.model_dump_json() + "\n" for event in events)
    (folder / "events.jsonl").write_text(lines, encoding="utf-8")


def key(**change: object) -> JobKey:
    workflow = load_workflow("wan22_i2v_two_pass", (ROOT / "workflows",))
    request = GenerationRequest.model_validate({"image": Path("ü.png"), **change})
    return job_key(request, workflow, "rtx5090", gpu="NVIDIA GeForce RTX 5090", simulated=False)


def test_a_queue_begins_cold_and_goes_on_warm(tmp_path: Path):
    for number, seconds in enumerate((70.0, 72.0, 74.0)):
        write_run(tmp_path / "runs", number, seconds, warm=True)
    write_run(tmp_path / "runs", 9, 97.0, warm=False)
    rows = RunIndex(tmp_path / "runs", tmp_path / "cache").rows()
    first, second, other = expected_times([key(), key(seed=4, prompt="a boat"), key(length=49)], rows)
    assert first is not None
    assert second is not None
    assert (first.low_s, first.count) == (97.0, 1)
    assert (second.low_s, second.high_s, second.count) == (70.0, 74.0, 3)
    assert other is None
    total = expected_total([key(), key()], rows, warm_for=key())
    assert (total.low_s, total.high_s, total.unknown) == (140.0, 148.0, 0)


def test_one_kind_stands_in_for_the_other(tmp_path: Path):
    write_run(tmp_path / "runs", 1, 97.0, warm=False)
    rows = RunIndex(tmp_path / "runs", tmp_path / "cache").rows()
    (found,) = expected_times([key()], rows, warm_for=key())
    assert found is not None
    assert found.low_s == 97.0


def test_a_workflow_that_cannot_do_it_says_so(tmp_path: Path):
    workflow = load_workflow("wan22_i2v_two_pass", (ROOT / "workflows",))
    broken = type(workflow)(**{**{name: getattr(workflow, name) for name in workflow.__slots__}, "graph": {}})
    with pytest.raises(AppError):
        job_key(GenerationRequest(image=Path("a.png")), broken, "cpu", gpu=None, simulated=False)


def test_many_runs_cost_little_the_second_time(tmp_path: Path):
    for number in range(400):
        write_run(tmp_path / "runs", number, 70.0 + number % 5, warm=True)
    RunIndex(tmp_path / "runs", tmp_path / "cache").rows()
    began_s = time.perf_counter()
    rows = RunIndex(tmp_path / "runs", tmp_path / "cache").rows()
    (found,) = expected_times([key()], rows, warm_for=key())
    assert found is not None
    assert found.count == 30
    assert time.perf_counter() - began_s < 0.5
