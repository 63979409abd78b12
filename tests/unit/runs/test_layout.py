import time
from pathlib import Path

import pytest

from wan22.runs.layout import RunFolder, new_run_folder, new_run_id, new_run_path
from wan22.schema.problem import AppError

MOMENT_S = 1_795_568_523.0


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch):
    if hasattr(time, "tzset"):
        monkeypatch.setenv("TZ", "UTC")
        time.tzset()
        yield
        monkeypatch.undo()
        time.tzset()
    else:
        yield


def test_an_id_begins_with_the_time_and_is_a_file_name():
    run_id = new_run_id(MOMENT_S, 'Two pass: "café/ラビット" * v1.2')
    assert run_id == "2026-11-25_01-02-03_two-pass-café-ラビット-v1-2"


@pytest.mark.parametrize("title", ["", "...", "///", '<>:"|?*', "   "])
def test_a_title_without_a_word_leaves_the_time_alone(title: str):
    assert new_run_id(MOMENT_S, title) == "2026-11-25_01-02-03"


def test_long_titles_are_cut():
    assert len(new_run_id(MOMENT_S, "word " * 100).encode()) < 100
    assert not new_run_id(MOMENT_S, "x" * 39 + " yz").endswith("-")


def test_taken_names_are_passed_over():
    first = new_run_id(MOMENT_S, "a")
    assert new_run_id(MOMENT_S, "a", {first}) == f"{first}-2"
    assert new_run_id(MOMENT_S, "a", {first, f"{first}-2"}) == f"{first}-3"


def test_ids_sort_by_age():
    ids = [new_run_id(MOMENT_S + 61 * step, title) for step, title in enumerate("zmA")]
    assert ids == sorted(ids)


def test_a_new_folder_has_outputs_and_never_is_an_old_one(tmp_path: Path):
    root = tmp_path / "Läufe und mehr"
    first, second = new_run_folder(root, MOMENT_S, "a"), new_run_folder(root, MOMENT_S, "a")
    assert first.path != second.path
    assert first.outputs.is_dir()
    assert second.run_id == f"{first.run_id}-2"
    assert not first.looks_like_run


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(AppError) as caught:
        new_run_folder(tmp_path / "file", MOMENT_S, "a")
    assert caught.value.problem.code == "file_unwritable"
    assert "file" in caught.value.problem.message


def test_a_run_that_brings_its_id_gets_a_free_folder(tmp_path: Path):
    assert new_run_path(tmp_path, "one") == RunFolder(tmp_path / "one")
    (tmp_path / "one").mkdir()
    (tmp_path / "one-2").mkdir()
    assert new_run_path(tmp_path, "one").run_id == "one-3"
    assert list(tmp_path.iterdir()) != []
