import json
from pathlib import Path

import pytest

from tests.unit.runs.archives import entries_of, whole_run
from tests.unit.runs.facts import cold_job, stored_run, warm_job
from wan22.cli.exit_codes import ExitCode
from wan22.cli.main import run
from wan22.runs.layout import RunFolder
from wan22.runs.reader import read_manifest
from wan22.runs.run_notes import read_notes
from wan22.schema.events import PromptOutcome


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "Jürgen Müller"
    monkeypatch.setenv("WAN22_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "120")
    return home / "data" / "runs"


def output_of(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = ExitCode.ok) -> str:
    assert run(["runs", *arguments]) == code
    said = capsys.readouterr()
    return said.out + (said.err if code else "")


def test_star_and_note(root: Path, capsys: pytest.CaptureFixture[str]):
    folder = stored_run(root, "2026-01-01", cold_job(100.0))
    stored_run(root, "2026-01-02", cold_job(200.0))
    assert output_of(capsys, "star", "2026-01-01") == "★ 2026-01-01\n"
    assert output_of(capsys, "note", "2026-01-01", "the boat is fine") == "✓ 2026-01-01: noted\n"
    assert output_of(capsys, "note", "2026-01-01") == "the boat is fine\n"
    listed = output_of(capsys, "list", "--starred")
    assert listed.startswith("★  2026-01-01")
    assert "2026-01-02" not in listed
    assert "2026-01-01" in output_of(capsys, "list", "--filter", "BOAT fine")
    document = json.loads(output_of(capsys, "list", "--json", "-f", "boat"))
    assert (document["starred"], document["note"]) == (True, "the boat is fine")
    output_of(capsys, "star", "2026-01-01", "--off")
    output_of(capsys, "note", "2026-01-01", "")
    assert (read_notes(folder).starred, read_notes(folder).note) == (False, "")


def names_in(text: str) -> list[str]:
    return [line.split()[0] for line in text.splitlines()]


def test_the_list_is_filtered_and_sorted(root: Path, capsys: pytest.CaptureFixture[str]):
    day = 24 * 3600.0
    stored_run(root, "a", warm_job(1_800_000_000.0, 70.0))
    stored_run(root, "b", warm_job(1_800_000_000.0 + 2 * day, 40.0), simulated=True)
    stored_run(root, "c", cold_job(1_800_000_000.0 + 4 * day), outcome=PromptOutcome.error)
    assert names_in(output_of(capsys, "list")) == ["c", "b", "a"]
    assert names_in(output_of(capsys, "list", "--sort", "fastest-pass")) == ["c", "b", "a"]
    assert names_in(output_of(capsys, "list", "--sort", "slowest")) == ["a", "b", "c"]
    assert names_in(output_of(capsys, "list", "--ending", "failed")) == ["c"]
    assert names_in(output_of(capsys, "list", "--no-simulated", "--board", "5090")) == ["c", "a"]
    assert names_in(output_of(capsys, "list", "--since", "2027-01-16", "--until", "2027-01-17")) == ["b"]
    assert output_of(capsys, "list", "-f", "nothing") == "None of the 3 runs fits.\n"
    assert "a day such as" in output_of(capsys, "list", "--since", "yesterday", code=ExitCode.usage)


def test_export_and_import(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = whole_run(root)
    target = tmp_path / "to"
    target.mkdir()
    said = output_of(capsys, "export", "2026", "--to", str(target))
    file = target / f"{folder.run_id}.wan22run"
    assert said == f"✓ {file} (0.1 MB)\n"
    assert "exists already" in output_of(capsys, "export", "2026", "--to", str(file), code=ExitCode.usage)
    document = json.loads(
        output_of(capsys, "export", "2026", "--to", str(file), "--force", "--without-paths", "--json")
    )
    assert (document["file"], document["left_out"]) == (str(file), ["paths"])
    assert "processes.jsonl" not in entries_of(file)
    other = tmp_path / "other runs"
    assert output_of(capsys, "import", str(file), "-o", str(other)) == f"✓ {folder.run_id}\n"
    assert read_manifest(RunFolder(other / folder.run_id)).origin == "imported"
    plain = file.rename(target / "renamed.zip")
    assert output_of(capsys, "import", str(plain), "-o", str(other)) == f"✓ {folder.run_id}-2\n"
    plain.write_bytes(b"PK\x03\x04 not any more")
    assert "is no exported run" in output_of(capsys, "import", str(plain), "-o", str(other), code=ExitCode.run)


def test_outputs_that_stay_behind_are_named(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = whole_run(root)
    (folder.outputs / "wan.mp4").rename(folder.outputs / "wan.gif")
    (folder.input / "oma.png").unlink()
    said = output_of(capsys, "export", "last", "--to", str(tmp_path / "a.wan22run"), "--without-prompt")
    assert "! outputs/wan.gif stays behind" in said


def test_nothing_is_deleted_without_yes(root: Path, capsys: pytest.CaptureFixture[str]):
    folder = stored_run(root, "2026-01-01", cold_job(100.0))
    said = output_of(capsys, "delete", "2026-01-01", code=ExitCode.usage)
    assert "nothing was done" in said
    assert "--yes" in said
    assert folder.manifest.is_file()
    assert output_of(capsys, "delete", "2026-01-01", "--yes", "--for-good") == "✓ 2026-01-01 deleted for good\n"
    assert not folder.path.exists()


def test_a_run_elsewhere_is_not_deleted(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    elsewhere = stored_run(tmp_path / "elsewhere", "2026-01-01", cold_job(100.0))
    root.mkdir(parents=True)
    said = output_of(capsys, "delete", str(elsewhere.path), "--yes", code=ExitCode.run)
    assert "does not lie directly in" in said
    assert elsewhere.manifest.is_file()
