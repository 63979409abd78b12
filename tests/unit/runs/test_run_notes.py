import json
from pathlib import Path

import pytest

from tests.unit.runs.facts import cold_job, stored_run
from wan22.runs.layout import RunFolder
from wan22.runs.run_notes import BROKEN_NAME, read_notes, set_note, set_star
from wan22.schema.problem import AppError
from wan22.schema.run_notes import LONGEST_NOTE, RunNotes


def test_star_and_note_are_kept_apart_from_the_manifest(tmp_path: Path):
    folder = stored_run(tmp_path / "Läufe und mehr", "2026-01-01", cold_job())
    before = folder.manifest.read_bytes(), folder.manifest.stat().st_mtime_ns
    assert read_notes(folder) == RunNotes()
    assert not folder.notes.exists()
    set_star(folder, True)
    set_note(folder, "  Das Boot läuft schön\r\nnoch einmal 🚤 \n")
    assert read_notes(folder) == RunNotes(starred=True, note="Das Boot läuft schön\nnoch einmal 🚤")
    set_star(folder, False)
    assert read_notes(folder).note.startswith("Das Boot")
    assert (folder.manifest.read_bytes(), folder.manifest.stat().st_mtime_ns) == before


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"starred": "perhaps"}', "\ufeff{}", '{"note": 3}'])
def test_a_broken_file_is_no_note_and_is_put_aside_when_something_is_written(tmp_path: Path, text: str):
    folder = stored_run(tmp_path, "2026-01-01", cold_job())
    folder.notes.write_text(text, encoding="utf-8")
    assert read_notes(folder) == RunNotes()
    set_note(folder, "new")
    assert read_notes(folder) == RunNotes(note="new")
    assert (folder.path / BROKEN_NAME).read_text(encoding="utf-8") == text


def test_what_a_newer_version_wrote_stays(tmp_path: Path):
    folder = stored_run(tmp_path, "2026-01-01", cold_job())
    folder.notes.write_text('{"format": 2, "starred": true, "note": "n", "colour": "red"}', encoding="utf-8")
    set_note(folder, "m")
    kept = json.loads(folder.notes.read_text(encoding="utf-8"))
    assert kept == {"format": 2, "starred": True, "note": "m", "colour": "red"}


def test_only_a_run_can_have_a_note_and_it_has_an_end(tmp_path: Path):
    with pytest.raises(AppError) as caught:
        set_star(RunFolder(tmp_path / "nothing"), True)
    assert caught.value.problem.code == "run_not_found"
    folder = stored_run(tmp_path, "2026-01-01", cold_job())
    with pytest.raises(AppError) as caught:
        set_note(folder, "x" * (LONGEST_NOTE + 1))
    assert caught.value.problem.code == "bad_argument"
    assert str(LONGEST_NOTE) in caught.value.problem.message
    assert set_note(folder, "half a letter \ud83d").note == "half a letter ?"
