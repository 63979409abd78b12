import json
from pathlib import Path

import pytest

from tests.unit.audit.machines import snapshot, with_part
from wan22.audit.snapshot_file import (
    SnapshotShelf,
    read_run_audit,
    read_snapshot,
    snapshot_name,
    write_run_audit,
    write_snapshot,
)
from wan22.runs.layout import RunFolder
from wan22.schema.problem import AppError


def test_what_is_written_is_read_again(tmp_path: Path):
    path = tmp_path / "a folder ö" / "x.json"
    write_snapshot(path, snapshot())
    assert read_snapshot(path) == snapshot()


def test_a_file_of_a_newer_version_with_more_fields_is_read(tmp_path: Path):
    document = json.loads(snapshot().model_dump_json()) | {"something": {"new": 1}}
    path = tmp_path / "x.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    assert read_snapshot(path) == snapshot()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it is no JSON"),
        ("{", "it is no JSON"),
        ("[" * 100_000, "it is no JSON"),
        ("[]", "nothing of when"),
        ('{"prompt": 1}', "nothing of when"),
        ('{"format": 2, "taken_at": "x"}', "format 2 is newer"),
        ('{"format": 1, "taken_at": "x", "taken_s": "soon", "app_version": "1"}', "not as expected"),
        ('{"format": 1, "taken_at": "x", "taken_s": 1, "app_version": "1", "gpu": 3}', "not as expected"),
    ],
)
def test_files_that_are_none(tmp_path: Path, text: str, words: str):
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(AppError) as caught:
        read_snapshot(path)
    assert caught.value.problem.code == "audit_invalid"
    assert words in caught.value.problem.message


def test_a_huge_file_is_not_read(tmp_path: Path):
    path = tmp_path / "x.json"
    with path.open("wb") as file:
        file.truncate(20 * 2**20)
    with pytest.raises(AppError, match="it has 21 MB"):
        read_snapshot(path)


def test_no_file(tmp_path: Path):
    with pytest.raises(AppError) as caught:
        read_snapshot(tmp_path / "x.json")
    assert caught.value.problem.code == "file_unreadable"


def test_no_text_of_a_foreign_file_moves_the_cursor(tmp_path: Path):
    hostile = with_part(snapshot(), "gpu", driver_version="1\x1b[2J\r2")
    path = tmp_path / "x.json"
    write_snapshot(path, hostile)
    found = read_snapshot(path)
    assert found.gpu is not None
    assert found.gpu.driver_version == "1[2J2"


def test_beside_a_run(tmp_path: Path):
    folder = RunFolder(tmp_path / "run")
    assert read_run_audit(folder) is None
    write_run_audit(folder, snapshot())
    assert read_run_audit(folder) == snapshot()


def test_its_name_is_that_of_the_profile():
    assert snapshot_name(snapshot()) == "env_snapshot_rtx5090.json"
    assert snapshot_name(snapshot(profile=None)) == "env_snapshot_unknown.json"


def test_the_shelf_keeps_what_is_new_and_not_for_ever(tmp_path: Path):
    shelf = SnapshotShelf(tmp_path / "audit")
    assert shelf.kept() == ()
    first = shelf.keep(snapshot())
    same = shelf.keep(snapshot(taken_s=snapshot().taken_s + 60.0))
    assert same == first
    for number in range(70):
        changed = with_part(
            snapshot(taken_s=snapshot().taken_s + 100.0 * (number + 1)), "gpu", driver_version=f"{number}"
        )
        shelf.keep(changed)
    kept = shelf.kept()
    assert len(kept) == 60
    assert not first.exists()
    newest = read_snapshot(kept[0].path)
    assert newest.gpu is not None
    assert newest.gpu.driver_version == "69"
    assert kept[0].taken_s == pytest.approx(newest.taken_s, abs=1.0)


def test_foreign_files_on_the_shelf_are_left_alone(tmp_path: Path):
    (tmp_path / "notes.json").write_text("{}", encoding="utf-8")
    (tmp_path / "2026-01-01_00-00-00-000000.json").write_text("torn", encoding="utf-8")
    shelf = SnapshotShelf(tmp_path)
    assert [one.path.name for one in shelf.kept()] == ["2026-01-01_00-00-00-000000.json"]
    shelf.keep(snapshot())
    assert len(shelf.kept()) == 2
