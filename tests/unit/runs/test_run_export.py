import json
import os
import zipfile
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.unit.runs.archives import HOME, PROMPT, VIDEO, entries_of, whole_run
from tests.unit.runs.facts import manifest
from wan22.runs import run_export
from wan22.runs.archive_format import LIST_NAME, ArchiveList
from wan22.runs.layout import RunFolder
from wan22.runs.run_export import ExportOptions, export_name, export_run
from wan22.runs.run_privacy import LEFT_OUT, LeftOut
from wan22.runs.writer import RunWriter
from wan22.schema.problem import AppError
from wan22.system.cancel import CancelToken


def strip(source: Path, target: Path) -> bool:
    """Stands for the remux of a clip: a shorter copy."""
    target.write_bytes(source.read_bytes()[:1000])
    return True


def test_one_run_becomes_one_file_that_begins_with_its_list(tmp_path: Path):
    folder = whole_run(tmp_path / "Läufe")
    told: list[tuple[int, int]] = []
    target = tmp_path / "neuer Ordner" / export_name(folder)
    done = export_run(folder, target, progress=lambda now, total: told.append((now, total)))
    assert (done.path, done.byte_count, done.left_behind) == (target, target.stat().st_size, ())
    assert target.name == "2026-01-01_01-02-03_lake.wan22run"
    with zipfile.ZipFile(target) as archive:
        infos = archive.infolist()
        assert archive.testzip() is None
    assert infos[0].filename == LIST_NAME
    assert {info.filename: info.compress_type for info in infos}["outputs/wan.mp4"] == zipfile.ZIP_STORED
    assert {info.filename: info.compress_type for info in infos}["run.json"] == zipfile.ZIP_DEFLATED
    listed = ArchiveList.model_validate_json(entries_of(target)[LIST_NAME])
    assert {part.path for part in listed.parts} == {info.filename for info in infos[1:]}
    assert {part.path for part in listed.parts} == {
        "run.json", "events.jsonl", "telemetry.csv", "processes.jsonl", "workflow.api.json", "notes.json", "server.log",
        "outputs/wan.mp4", "input/oma.png",
    }  # fmt: skip
    assert told[-1][0] == told[-1][1] == 2 * sum(part.byte_count for part in listed.parts)
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_nothing_personal_travels_when_it_is_left_out(tmp_path: Path):
    folder = whole_run(tmp_path / "runs")
    target = tmp_path / "bare.wan22run"
    options = ExportOptions(LeftOut(image=True, prompt=True, paths=True), strip, home=Path(HOME))
    assert export_run(folder, target, options).left_behind == ()
    entries = entries_of(target)
    text = b"\n".join(data for name, data in entries.items() if not name.endswith(".mp4")).decode("utf-8")
    for personal in (PROMPT, "blur", "oma", "jürgen", "10.0.0.7", "secret.exe"):
        assert personal not in text, personal
    assert "input/oma.png" not in entries
    assert "processes.jsonl" not in entries
    job = json.loads(entries["run.json"])["parameters"]
    assert (job["prompt"], job["negative"], job["image"], job["seed"]) == (None, None, None, 7)
    assert json.loads(entries["workflow.api.json"])["6"]["inputs"]["text"] == LEFT_OUT
    saved = [json.loads(line) for line in entries["events.jsonl"].splitlines() if b"output_saved" in line]
    assert saved[0]["byte_count"] == len(entries["outputs/wan.mp4"]) == 1000
    assert json.loads(entries[LIST_NAME])["left_out"] == ["image", "prompt", "paths"]
    assert json.loads(entries["notes.json"])["note"] == "bester Lauf"


def test_an_output_whose_prompt_cannot_be_taken_out_stays_behind(tmp_path: Path):
    folder = whole_run(tmp_path / "runs")
    target = tmp_path / "bare.wan22run"
    for options in (ExportOptions(LeftOut(prompt=True)), ExportOptions(LeftOut(prompt=True), lambda *_: False)):
        done = export_run(folder, target, options)
        assert done.left_behind == ("input/oma.png", "outputs/wan.mp4") or set(done.left_behind) == {
            "input/oma.png",
            "outputs/wan.mp4",
        }
        assert not any(name.startswith("outputs/") for name in entries_of(target))
        target.unlink()


def test_a_video_keeps_its_bytes_when_only_paths_are_left_out(tmp_path: Path):
    folder = whole_run(tmp_path / "runs")
    target = tmp_path / "bare.wan22run"
    export_run(folder, target, ExportOptions(LeftOut(paths=True), home=Path(HOME)))
    entries = entries_of(target)
    assert entries["outputs/wan.mp4"] == VIDEO
    assert PROMPT in entries["run.json"].decode("utf-8")
    assert HOME not in entries["server.log"].decode("utf-8")


def test_a_file_that_is_there_is_replaced_only_on_request(tmp_path: Path):
    folder = whole_run(tmp_path / "runs")
    target = tmp_path / "a.wan22run"
    target.write_bytes(b"precious")
    with pytest.raises(AppError) as caught:
        export_run(folder, target)
    assert caught.value.problem.code == "bad_argument"
    assert target.read_bytes() == b"precious"
    export_run(folder, target, ExportOptions(replaces=True))
    assert zipfile.is_zipfile(target)
    with pytest.raises(AppError):
        export_run(folder, tmp_path / "runs", ExportOptions(replaces=True))


def test_a_stopped_export_leaves_what_was_there(tmp_path: Path):
    folder = whole_run(tmp_path / "runs")
    target = tmp_path / "to" / "a.wan22run"
    target.parent.mkdir()
    target.write_bytes(b"precious")
    cancel = CancelToken()

    def progress(done: int, total: int) -> None:
        if done > total // 2:
            cancel.set()

    with pytest.raises(AppError) as caught:
        export_run(folder, target, ExportOptions(replaces=True), progress=progress, cancel=cancel)
    assert caught.value.problem.code == "cancelled"
    assert [(path.name, path.read_bytes()) for path in target.parent.iterdir()] == [("a.wan22run", b"precious")]


def test_a_disk_without_room_is_said_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = whole_run(tmp_path / "runs")
    monkeypatch.setattr(run_export, "free_bytes", lambda _path: 1000)
    with pytest.raises(AppError) as caught:
        export_run(folder, tmp_path / "a.wan22run")
    assert caught.value.problem.code == "disk_full"
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_a_run_that_is_being_written_is_not_exported(tmp_path: Path):
    folder = RunFolder(tmp_path / "runs" / "2026-01-01")
    folder.outputs.mkdir(parents=True)
    writer = RunWriter(folder, FakeClock())
    opened = writer.open(manifest("2026-01-01"))
    with pytest.raises(AppError) as caught:
        export_run(folder, tmp_path / "a.wan22run")
    assert caught.value.problem.code == "run_in_use"
    writer.close(opened)


@pytest.mark.skipif(os.name == "nt", reason="making links needs a right there")
def test_links_do_not_travel(tmp_path: Path):
    folder = whole_run(tmp_path / "runs")
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    (folder.outputs / "link.mp4").symlink_to(secret)
    folder.server_log.unlink()
    folder.server_log.symlink_to(secret)
    export_run(folder, tmp_path / "a.wan22run")
    names = set(entries_of(tmp_path / "a.wan22run"))
    assert not names & {"outputs/link.mp4", "server.log"}


def test_what_is_no_run_is_not_exported(tmp_path: Path):
    with pytest.raises(AppError) as caught:
        export_run(RunFolder(tmp_path / "none"), tmp_path / "a.wan22run")
    assert caught.value.problem.code == "run_not_found"
