import errno
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.unit.runs.facts import cold_job, stored_run
from tests.unit.runs.recorded import CONVERSIONS, CPU, H100, imported
from wan22.runs.layout import RunFolder
from wan22.runs.reader import open_run
from wan22.runs.recording import read_recording
from wan22.runs.recording_import import import_path, import_recording, import_run
from wan22.runs.summary import summary_of
from wan22.runs.verify import verify_run
from wan22.schema.events import (
    NodeFinished,
    PromptFinished,
    PromptOutcome,
    PromptQueued,
    PromptStarted,
    Role,
    RunFinished,
    RunStarted,
    ServerSaid,
    TelemetryStatus,
)
from wan22.schema.problem import AppError


def refused(path: Path, destination: Path) -> tuple[str, str]:
    with pytest.raises(AppError) as caught:
        import_path(path, destination, CONVERSIONS)
    return caught.value.problem.code, caught.value.problem.message


def test_all_recordings_of_a_folder_become_runs_that_hold_together(tmp_path: Path):
    made = import_path(H100, tmp_path / "Läufe", CONVERSIONS) + import_path(CPU, tmp_path / "Läufe", CONVERSIONS)
    assert len(made) == 8
    for folder in made:
        assert verify_run(folder) == []
        manifest = open_run(folder).manifest
        assert manifest.origin == "imported"
        assert manifest.run_id == folder.run_id
        assert not manifest.incomplete
        assert manifest.finished_s is not None


def test_a_recording_becomes_facts_in_order(tmp_path: Path):
    folder = imported("640x640x81-warm-1", tmp_path)
    run = open_run(folder)
    kinds = [type(event) for event in run.events]
    assert kinds[:3] == [RunStarted, TelemetryStatus, PromptQueued]
    assert kinds[-3:] == [PromptFinished, ServerSaid, RunFinished]
    queued = next(event for event in run.events if isinstance(event, PromptQueued))
    assert queued.roles["57"] is Role.pass_1
    assert queued.roles["58"] is Role.pass_2
    assert queued.steps == {"57": 2, "58": 2}
    assert queued.seed == 2
    end = next(event for event in run.events if isinstance(event, PromptFinished))
    assert (end.outcome, end.server_started_ms, end.server_ended_ms) == (
        PromptOutcome.success,
        1795446480337,
        1795446500209,
    )
    files = [file.filename for event in run.events if isinstance(event, NodeFinished) for file in event.files]
    assert files == ["wan22_00002_.mp4"]
    assert run.manifest.parameters is not None
    assert run.manifest.parameters.shifts == (5.0, 6.0)
    assert json.loads(folder.workflow.read_text(encoding="utf-8")) == read_recording(H100, "640x640x81-warm-1").graph
    assert "Prompt executed in 19.87" in folder.server_log.read_text(encoding="utf-8")
    assert len(run.telemetry) == 245
    assert run.manifest.started_s == pytest.approx(float(run.telemetry.column("time_s")[0]))


def test_the_end_mark_ends_the_last_stage_and_the_servers_stamps_the_total(tmp_path: Path):
    folder = tmp_path / "copy"
    shutil.copytree(CPU, folder)
    recording = read_recording(CPU, "64x64x5-warm")
    lines = [{"t": one.t_s, "type": one.type, "data": one.data} for one in recording.messages]
    lines.append({"t": 0.7, "type": "executing", "data": {"node": None, "prompt_id": recording.prompt_id}})
    path = folder / "64x64x5-warm.messages.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    (made,) = import_recording(folder, "64x64x5-warm", tmp_path / "runs", CONVERSIONS)
    run = open_run(made)
    summary = summary_of(run)
    (started_s,) = [event.time_s for event in run.events if isinstance(event, PromptStarted)]
    assert summary.total_s == pytest.approx(0.617, abs=1e-3)
    (end,) = [event for event in run.events if isinstance(event, PromptFinished)]
    assert end.time_s - started_s == pytest.approx(0.6994, abs=1e-4)


def test_a_recording_that_breaks_off_is_lost(tmp_path: Path):
    folder = tmp_path / "copy"
    folder.mkdir()
    recording = read_recording(CPU, "64x64x5-cold")
    lines = [{"t": one.t_s, "type": one.type, "data": one.data} for one in recording.messages[:30]]
    (folder / "cut.messages.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    (made,) = import_path(folder / "cut.messages.jsonl", tmp_path / "runs", CONVERSIONS)
    run = open_run(made)
    assert run.manifest.outcome is PromptOutcome.lost
    assert summary_of(run).total_s is None
    assert verify_run(made) == []


def test_a_graph_beside_the_messages_gives_the_stages(tmp_path: Path):
    """The graph of the newer server's run has the same nodes as the one of the H100."""
    folder = tmp_path / "copy"
    shutil.copytree(CPU, folder)
    graph = read_recording(H100, "640x640x81-cold").graph
    graph["50"]["inputs"].update(width=64, height=64, length=5)
    (folder / "workflow.api.json").write_text(json.dumps(graph), encoding="utf-8")
    cold, warm = import_path(folder, tmp_path / "runs", CONVERSIONS)
    times = {stage.role: stage.seconds for stage in summary_of(open_run(cold)).stages}
    assert times[Role.pass_1] == pytest.approx(0.0529, abs=1e-4)
    assert times[Role.pass_2] == pytest.approx(0.0377, abs=1e-4)
    assert times[Role.decode] == pytest.approx(0.5592, abs=1e-4)
    again = {stage.role: stage for stage in summary_of(open_run(warm)).stages}
    assert again[Role.load].cached
    assert open_run(warm).manifest.target_key is None, "a processor is no board"


def test_a_run_folder_is_copied(tmp_path: Path):
    source = stored_run(tmp_path / "there", "2026-01-01_run", cold_job())
    (source.outputs / "größe.mp4").write_bytes(b"video")
    (copied,) = import_path(source.path, tmp_path / "here", CONVERSIONS)
    assert copied.run_id == source.run_id
    run = open_run(copied)
    assert run.manifest.origin == "imported"
    assert run.events == open_run(source).events
    assert (copied.outputs / "größe.mp4").read_bytes() == b"video"
    assert open_run(source).manifest.origin == "generated"


def test_a_taken_name_gets_a_number(tmp_path: Path):
    source = stored_run(tmp_path / "there", "run", cold_job())
    stored_run(tmp_path / "here", "run", cold_job())
    copied = import_run(source, tmp_path / "here")
    assert copied.run_id == "run-2"
    assert open_run(copied).manifest.run_id == "run-2"


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_links_are_not_followed(tmp_path: Path):
    source = stored_run(tmp_path / "there", "run", cold_job())
    (tmp_path / "secret").write_text("x", encoding="utf-8")
    (source.outputs / "link").symlink_to(tmp_path / "secret")
    copied = import_run(source, tmp_path / "here")
    assert list(copied.outputs.iterdir()) == []


def test_what_cannot_be_imported_is_said(tmp_path: Path):
    source = stored_run(tmp_path / "runs", "run", cold_job())
    assert refused(source.path, tmp_path / "runs")[0] == "bad_argument"
    source.manifest.write_text("{", encoding="utf-8")
    assert refused(source.path, tmp_path / "other")[0] == "run_invalid"
    code, message = refused(tmp_path, tmp_path / "other")
    assert code == "recording_invalid"
    assert "no file in it ends with .messages.jsonl" in message
    assert refused(tmp_path / "nowhere", tmp_path / "other")[0] == "recording_invalid"
    with pytest.raises(AppError) as caught:
        import_recording(H100, "wrong", tmp_path / "other", CONVERSIONS)
    assert "no recording 'wrong'" in caught.value.problem.message
    assert not (tmp_path / "other").exists()


def test_a_broken_recording_leaves_nothing_behind(tmp_path: Path):
    folder = tmp_path / "copy"
    shutil.copytree(H100, folder)
    (folder / "zzz.messages.jsonl").write_text("", encoding="utf-8")
    assert refused(folder, tmp_path / "runs")[0] == "recording_invalid"
    assert not (tmp_path / "runs").exists()


def test_two_imports_are_two_runs(tmp_path: Path):
    names = {imported("640x640x81-warm-1", tmp_path).run_id for _ in range(2)}
    assert len(names) == 2
    assert all(RunFolder(tmp_path / name).looks_like_run for name in names)


def test_a_full_disk_during_a_copy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_file: str, _to: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copy2", full)
    sample = next((Path(__file__).resolve().parents[2] / "data" / "runs" / "format_1").glob("*_sample"))
    with pytest.raises(AppError) as caught:
        import_run(RunFolder(sample), tmp_path / "runs")
    assert caught.value.problem.code == "disk_full"
    assert list((tmp_path / "runs").iterdir()) == []
