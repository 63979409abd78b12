import json
from pathlib import Path

import pytest

from tests.unit.runs.facts import cold_job, stored_run
from wan22.runs.layout import RunFolder
from wan22.runs.reader import TORN_LINE, iter_events, open_run, read_events, read_manifest
from wan22.runs.state import reduce_all
from wan22.runs.telemetry import header_row, reading_row
from wan22.schema.gpu import GpuReading, GpuSampled
from wan22.schema.problem import AppError
from wan22.schema.run import FORMAT


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return stored_run(tmp_path / "mit Leerzeichen und ß", "run", cold_job())


def code_of(folder: RunFolder) -> str:
    with pytest.raises(AppError) as caught:
        open_run(folder)
    return caught.value.problem.code


def edit_manifest(folder: RunFolder, **update: object) -> None:
    document = json.loads(folder.manifest.read_text(encoding="utf-8"))
    folder.manifest.write_text(json.dumps({**document, **update}), encoding="utf-8")


def test_a_whole_run(folder: RunFolder):
    run = open_run(folder)
    assert run.notes == ()
    assert list(run.events)[1:-1] == cold_job()
    assert read_events(folder) == list(run.events)
    assert read_manifest(folder) == run.manifest


def test_a_torn_last_line_is_left_out_and_said(folder: RunFolder):
    whole = read_events(folder)
    data = folder.events.read_bytes()
    folder.events.write_bytes(data[:-10])
    notes: list[str] = []
    assert list(iter_events(folder, notes)) == whole[:-1]
    assert notes == [TORN_LINE]


def test_a_last_line_without_its_end_still_counts_when_it_is_whole(folder: RunFolder):
    folder.events.write_bytes(folder.events.read_bytes().rstrip(b"\n"))
    assert open_run(folder).notes == ()


def test_a_broken_line_in_the_middle_is_named(folder: RunFolder):
    lines = folder.events.read_bytes().splitlines()
    lines[3] = lines[3][:20]
    lines[5] = b"\xff\xfe"
    folder.events.write_bytes(b"\n".join(lines) + b"\n")
    run = open_run(folder)
    assert len(run.events) == len(lines) - 2
    assert [note.partition(" of the log")[0] for note in run.notes] == ["Line 4", "Line 6"]


def test_kinds_of_a_newer_version_are_skipped(folder: RunFolder):
    whole = read_events(folder)
    with folder.events.open("ab") as file:
        file.write(b'{"kind": "tea_served", "time_s": 1.0}\n')
    run = open_run(folder)
    assert list(run.events) == whole
    assert run.notes == ("1 fact of a kind that this version does not know: skipped.",)


def test_new_fields_and_windows_line_ends_do_no_harm(folder: RunFolder):
    whole = read_events(folder)
    data = folder.events.read_bytes().replace(b'"kind":', b'"mood": "fine", "kind":').replace(b"\n", b"\r\n")
    folder.events.write_bytes(data)
    edit_manifest(folder, mood="fine")
    run = open_run(folder)
    assert list(run.events) == whole
    assert run.notes == ()


def test_a_newer_format_is_refused_with_advice(folder: RunFolder):
    edit_manifest(folder, format=FORMAT + 1)
    with pytest.raises(AppError) as caught:
        open_run(folder)
    assert caught.value.problem.code == "run_too_new"
    assert f"format {FORMAT + 1}" in caught.value.problem.message
    assert "Upgrade" in caught.value.problem.hint


def test_what_is_no_run_is_refused(tmp_path: Path, folder: RunFolder):
    assert code_of(RunFolder(tmp_path / "nowhere")) == "run_not_found"
    edit_manifest(folder, started_s="soon")
    assert code_of(folder) == "run_invalid"
    edit_manifest(folder, format="one")
    assert code_of(folder) == "run_invalid"
    folder.manifest.write_text("[]", encoding="utf-8")
    assert code_of(folder) == "run_invalid"
    folder.manifest.write_text("{", encoding="utf-8")
    assert code_of(folder) == "run_invalid"
    folder.manifest.unlink()
    assert code_of(folder) == "run_invalid"


def test_a_run_that_was_not_closed_says_so(folder: RunFolder):
    edit_manifest(folder, outcome=None)
    assert open_run(folder).notes[-1].startswith("The run was not closed")
    folder.events.unlink()
    assert open_run(folder).notes[0] == "The run has no log of facts."


def test_a_replay_mixes_events_and_readings_by_time(folder: RunFolder):
    ticks = [GpuReading(float(moment), gpu, power_w=1.0 * moment) for moment in range(0, 28, 3) for gpu in (0, 1)]
    folder.telemetry.write_text(header_row() + "".join(map(reading_row, ticks)), encoding="utf-8", newline="\n")
    run = open_run(folder)
    facts = list(run.facts())
    assert len(facts) == len(run.events) + 10
    assert [fact.time_s for fact in facts] == sorted(fact.time_s for fact in facts)
    live = [*run.events, *(GpuSampled(a.time_s, (a, b)) for a, b in zip(ticks[::2], ticks[1::2], strict=True))]
    assert reduce_all(facts) == reduce_all(live)
