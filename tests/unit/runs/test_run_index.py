import json
import os
import time
from pathlib import Path

import pytest

from tests.unit.runs.facts import KEY, UUID, cold_job, stored_run, warm_job
from wan22.runs import run_index
from wan22.runs.layout import RunFolder
from wan22.runs.reader import open_run
from wan22.runs.run_index import RunIndex, inside_path, result_of
from wan22.runs.run_notes import set_note, set_star
from wan22.runs.summary import summary_of, write_summary
from wan22.runs.writer import event_line
from wan22.schema.events import OutputSaved, ProblemFound, PromptOutcome
from wan22.schema.problem import AppError, problem
from wan22.schema.run import JobParameters
from wan22.schema.run_row import RunRow
from wan22.system.cancel import CancelToken

JOB = JobParameters(
    workflow="two pass", workflow_sha256="", prompt="a boat", seed=7, width=1280, height=720, length=81, steps=4, cfg=1
)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the runs that are read anew from now on."""
    read: list[str] = []
    really = run_index.row_of_run

    def row_of_run(folder: RunFolder) -> RunRow:
        read.append(folder.run_id)
        return really(folder)

    monkeypatch.setattr(run_index, "row_of_run", row_of_run)
    return read


def test_a_row_says_what_a_list_needs(tmp_path: Path):
    root = tmp_path / "Läufe"
    folder = stored_run(root, "2026-01-01", cold_job(100.0), title="lake", profile="rtx5090", parameters=JOB)
    (folder.outputs / "a.mp4").write_bytes(b"1")
    (folder.outputs / "b.txt").write_bytes(b"1")
    folder.input.mkdir()
    (folder.input / "boat.png").write_bytes(b"1")
    with folder.events.open("ab") as file:
        for name in ("a.mp4", "b.txt", "../../../etc/passwd.mp4"):
            file.write(event_line(OutputSaved(time_s=127.0, path=f"outputs/{name}", byte_count=1)))
    set_star(folder, True)
    set_note(folder, "keep")
    (row,) = RunIndex(root, tmp_path / "cache").rows()
    assert (row.run_id, row.name, row.started_s, row.prompt, row.seed) == ("2026-01-01", "lake", 100.0, "a boat", 7)
    assert (row.width, row.height, row.length, row.steps) == (1280, 720, 81, 4)
    assert (row.board, row.profile, row.target_key, row.gpu_uuid) == ("RTX 5090", "rtx5090", KEY, UUID)
    assert (row.pass_1_s, row.pass_2_s, row.pass_s) == (10.0, 8.0, 9.0)
    assert row.total_s == pytest.approx(26.9)
    assert (row.video, row.image) == ("outputs/a.mp4", "input/boat.png")
    assert (row.starred, row.note, row.outcome, row.origin) == (True, "keep", PromptOutcome.success, "generated")


def test_only_what_changed_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    root, cache = tmp_path / "runs", tmp_path / "cache"
    for number in range(5):
        stored_run(root, f"2026-01-0{number}", warm_job(100.0 * number, 70.0))
    first = RunIndex(root, cache).rows()
    assert [row.run_id for row in first] == [f"2026-01-0{number}" for number in (4, 3, 2, 1, 0)]
    read = counted(monkeypatch)
    index = RunIndex(root, cache)
    assert index.rows() == first
    assert read == []
    set_note(RunFolder(root / "2026-01-02"), "changed")
    assert [row.note for row in index.rows()] == ["", "", "changed", "", ""]
    assert read == ["2026-01-02"]
    stored = open_run(RunFolder(root / "2026-01-03"))
    write_summary(stored.folder, summary_of(stored))
    assert index.rows()[1].total_s == first[1].total_s
    assert read == ["2026-01-02", "2026-01-03"]
    for path in sorted((root / "2026-01-04").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert len(index.rows()) == 4
    assert len(RunIndex(root, cache).rows()) == 4
    assert len(read) == 2


@pytest.mark.parametrize(
    "text", ["", "{", '{"format": 99, "root": "", "rows": []}', '{"format": 1, "root": "x"}', "[]"]
)
def test_a_broken_cache_is_made_anew(tmp_path: Path, text: str):
    root, cache = tmp_path / "runs", tmp_path / "cache"
    stored_run(root, "2026-01-01", cold_job(100.0))
    first = RunIndex(root, cache).rows()
    (file,) = cache.iterdir()
    file.write_text(text, encoding="utf-8")
    assert RunIndex(root, cache).rows() == first
    assert json.loads(file.read_text(encoding="utf-8"))["rows"]


def test_two_folders_share_no_cache(tmp_path: Path):
    stored_run(tmp_path / "a", "2026-01-01", cold_job(100.0), title="a")
    stored_run(tmp_path / "b", "2026-01-01", cold_job(100.0), title="b")
    for name in "ab":
        assert RunIndex(tmp_path / name, tmp_path / "cache").rows()[0].title == name


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path: Path):
    stored_run(tmp_path / "runs", "2026-01-01", cold_job(100.0))
    (tmp_path / "cache").write_text("a file where a folder should be", encoding="utf-8")
    index = RunIndex(tmp_path / "runs", tmp_path / "cache")
    assert len(index.rows()) == 1
    assert len(index.rows()) == 1


def test_broken_open_and_failed_runs_have_rows(tmp_path: Path):
    root = tmp_path / "runs"
    broken = stored_run(root, "2026-01-01", cold_job(100.0))
    broken.manifest.write_text("{", encoding="utf-8")
    stored_run(root, "2026-01-02", cold_job(200.0), outcome=None, finished_s=None)
    failed = stored_run(root, "2026-01-03", cold_job(300.0), outcome=PromptOutcome.error)
    with failed.events.open("ab") as file:
        found = problem("out_of_memory", "The GPU ran out of memory in pass 2.", detail="long")
        file.write(event_line(ProblemFound(time_s=320.0, problem=found, fatal=True)))
    (root / ".importing-abc").mkdir()
    (root / ".importing-abc" / "run.json").write_text("{}", encoding="utf-8")
    (root / "note.txt").write_text("x", encoding="utf-8")
    rows = {row.run_id: row for row in RunIndex(root, tmp_path / "cache").rows()}
    assert list(rows) == ["2026-01-03", "2026-01-02", "2026-01-01"]
    assert rows["2026-01-01"].unreadable is not None
    assert rows["2026-01-01"].unreadable.code == "run_invalid"
    assert rows["2026-01-02"].outcome is None
    assert rows["2026-01-02"].total_s is None
    fault = rows["2026-01-03"].fault
    assert fault is not None
    assert (fault.code, fault.detail) == ("out_of_memory", "")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_folder_whose_name_is_no_text_is_passed_over(tmp_path: Path):
    folder = stored_run(tmp_path / "runs", "2026-01-01", cold_job(100.0))
    folder.path.rename(os.fsdecode(os.fsencode(tmp_path / "runs") + b"/\xff\xfe"))
    assert RunIndex(tmp_path / "runs", tmp_path / "cache").rows() == ()


def test_it_can_be_stopped_and_says_how_far_it_is(tmp_path: Path):
    root = tmp_path / "runs"
    for number in range(4):
        stored_run(root, f"2026-01-0{number}", cold_job(100.0 * number))
    cancel, told = CancelToken(), []

    def progress(done: int, count: int) -> None:
        told.append((done, count))
        if done == 2:
            cancel.set()

    index = RunIndex(root, tmp_path / "cache")
    with pytest.raises(AppError) as caught:
        index.rows(cancel, progress)
    assert caught.value.problem.code == "cancelled"
    assert told == [(1, 4), (2, 4)]
    assert len(index.rows()) == 4


def test_without_a_folder_there_are_no_rows(tmp_path: Path):
    assert RunIndex(tmp_path / "none", tmp_path / "cache").rows() == ()
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    "path", ["", "/a", "..", "a/../b", "C:/a", "C:a", "\\\\server\\share\\a", "\\a", "a:b", "a\0b", "..\\a"]
)
def test_paths_that_leave_the_run_are_none(path: str):
    assert inside_path(path) is None


def test_the_result_is_the_last_video_that_is_there(tmp_path: Path):
    folder = RunFolder(tmp_path)
    folder.outputs.mkdir()
    for name in ("a.mp4", "b.MP4", "c.png"):
        (folder.outputs / name).write_bytes(b"1")
    outputs = ("outputs/a.mp4", "outputs\\b.MP4", "outputs/gone.mp4", "outputs/c.png")
    assert result_of(folder, outputs) == "outputs/b.MP4"
    assert result_of(folder, ("outputs/c.png",)) == "outputs/c.png"
    assert result_of(folder, ()) is None


def test_thousands_are_cheap_once_they_are_known(tmp_path: Path):
    root, cache = tmp_path / "runs", tmp_path / "cache"
    template = stored_run(root, "2026-01-01-0000", warm_job(0.0, 70.0), parameters=JOB)
    text = template.manifest.read_text(encoding="utf-8")
    events = template.events.read_bytes()
    for number in range(1, 2000):
        folder = root / f"2026-01-01-{number:04}"
        folder.mkdir()
        (folder / "run.json").write_text(text, encoding="utf-8")
        (folder / "events.jsonl").write_bytes(events)
    assert len(RunIndex(root, cache).rows()) == 2000
    index = RunIndex(root, cache)
    began_s = time.perf_counter()
    assert len(index.rows()) == 2000
    assert time.perf_counter() - began_s < 3.0
