import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.runs.facts import cold_job, stored_run
from wan22.cli.exit_codes import ExitCode
from wan22.cli.main import run
from wan22.schema.run import RunManifest
from wan22.schema.summary import RunSummary

RECORDINGS = Path(__file__).resolve().parents[2] / "data" / "recordings" / "wan22-14b-h100"
SAMPLE = next((Path(__file__).resolve().parents[2] / "data" / "runs" / "format_1").glob("*_sample"))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder for runs, with a space and a letter that is not ASCII in its path."""
    home = tmp_path / "Jürgen Müller"
    monkeypatch.setenv("WAN22_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "80")
    return home / "data" / "runs"


def output_of(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = ExitCode.ok) -> str:
    assert run(["runs", *arguments]) == code
    return capsys.readouterr().out


def documents(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_without_runs_the_list_says_how_to_make_one(root: Path, capsys: pytest.CaptureFixture[str]):
    assert "There is no run in" in output_of(capsys, "list")
    assert output_of(capsys, "list", "--json") == ""
    assert not root.exists()


def test_recordings_become_runs_that_can_be_listed(root: Path, capsys: pytest.CaptureFixture[str]):
    imported = output_of(capsys, "import", str(RECORDINGS / "640x640x81-warm-1.messages.jsonl.gz"), str(SAMPLE))
    names = [line.removeprefix("✓ ") for line in imported.splitlines()]
    assert sorted(path.name for path in root.iterdir()) == sorted(names)
    lines = output_of(capsys, "list").splitlines()
    assert sorted(line.split()[0] for line in lines) == sorted(names)
    assert all("success" in line and "640×640×81" in line and "H100 80GB HBM3" in line for line in lines)  # noqa: RUF001
    (document,) = documents(output_of(capsys, "list", "--json", "-n", "1"))
    assert document["run"] == names[0]
    assert RunManifest.model_validate(document["manifest"]).origin == "imported"
    assert output_of(capsys, "verify") == "".join(f"✓ {name}\n" for name in [line.split()[0] for line in lines])


def test_broken_runs_are_listed_with_the_reason(root: Path, capsys: pytest.CaptureFixture[str]):
    stored_run(root, "good", cold_job())
    stored_run(root, "broken", cold_job()).manifest.write_text("{", encoding="utf-8")
    text = output_of(capsys, "list")
    assert "✕ broken: " in text
    assert "not valid JSON" in text
    assert [document["problem"] is None for document in documents(output_of(capsys, "list", "--json"))] == [True, False]


def test_show_tells_stages_gpu_and_doubts(root: Path, capsys: pytest.CaptureFixture[str]):
    output_of(capsys, "import", str(RECORDINGS))
    text = output_of(capsys, "show", "2026-11-23", "--output", str(root), code=ExitCode.run)
    assert text == ""
    name = next(path.name for path in root.iterdir() if path.name.endswith("-cold"))
    text = output_of(capsys, "show", name)
    rows = {line.split("  ")[0].strip(): line.split() for line in text.splitlines() if line.strip()}
    assert rows["pass 1"] == ["pass", "1", "12.9", "s", "~6.66", "s", "2/2", "2.63", "s", "1.02", "s"]
    assert rows["pass 2"][2:4] == ["11.2", "s"]
    assert rows["load"][1:3] == ["7.58", "s"]
    assert "total   39.8 s · server says 39.8 s" in text
    assert "686 W" in text
    assert "power cap 59% of the sampling time, by the readings" in text
    assert text.count("? no target for 640×640×81 at 4 steps on NVIDIA H100 80GB HBM3") == 1  # noqa: RUF001


def test_show_of_a_failed_run_names_the_cause(root: Path, capsys: pytest.CaptureFixture[str]):
    output_of(capsys, "import", str(RECORDINGS / "1280x720x81-out-of-memory.messages.jsonl.gz"))
    text = output_of(capsys, "show", "last")
    assert "· error" in text
    assert "[out_of_memory]" in text
    assert "not reached" in text


def test_show_as_json_can_be_read_back(root: Path, capsys: pytest.CaptureFixture[str]):
    output_of(capsys, "import", str(SAMPLE))
    (document,) = documents(output_of(capsys, "show", "last", "--json"))
    summary = RunSummary.model_validate(document["summary"])
    assert summary.total_s == pytest.approx(19.87, abs=0.01)
    assert [verdict.level.value for verdict in summary.verdicts] == ["no_target"] * 3
    assert RunManifest.model_validate(document["manifest"]).run_id == summary.run_id


def test_times_on_the_board_of_a_target_get_a_verdict(root: Path, capsys: pytest.CaptureFixture[str]):
    """10 s and 8 s a pass are far below the shipped band of an RTX 5090 at 1280x720x81."""
    stored_run(root, "fast", cold_job())
    text = output_of(capsys, "show", "fast")
    assert "✓ pass 1 took 10.0 s: excellent (up to 80 s)" in text
    assert "✓ both passes took 18.0 s: excellent (up to 160 s)" in text


def test_verify_names_the_fault_and_exits_with_the_code_of_runs(root: Path, capsys: pytest.CaptureFixture[str]):
    shutil.copytree(SAMPLE, root / SAMPLE.name)
    (video,) = (root / SAMPLE.name / "outputs").iterdir()
    video.write_bytes(b"changed")
    assert "outputs/wan22_00002_.mp4" in output_of(capsys, "verify", code=ExitCode.run)
    (document,) = documents(output_of(capsys, "verify", "last", "--json", code=ExitCode.run))
    assert document["ok"] is False
    assert document["problems"][0]["code"] == "run_inconsistent"


def test_path_prints_the_folder_alone(root: Path, capsys: pytest.CaptureFixture[str]):
    folder = stored_run(root, "a" * 70, cold_job())
    assert output_of(capsys, "path", "aaa") == f"{folder.path}\n"


def test_what_cannot_be_found_or_imported_is_a_problem(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["runs", "show", "nothing"]) == ExitCode.run
    assert "[run_not_found]" in capsys.readouterr().err
    assert run(["runs", "import", str(tmp_path)]) == ExitCode.run
    assert "[recording_invalid]" in capsys.readouterr().err
    assert not root.exists()


@pytest.mark.parametrize("time_s", ["1e300", "-1e12", "NaN", "Infinity"])
def test_a_manifest_with_an_impossible_time_is_a_problem_and_no_crash(
    root: Path, capsys: pytest.CaptureFixture[str], time_s: str
):
    folder = stored_run(root, "odd", cold_job())
    text = folder.manifest.read_text(encoding="utf-8")
    folder.manifest.write_text(re.sub(r'"started_s": [-0-9.e]+', f'"started_s": {time_s}', text), encoding="utf-8")
    assert run(["runs", "show", "odd"]) == 10
    assert "[run_invalid]" in capsys.readouterr().err
    assert run(["runs", "import", str(folder.path), "--output", str(root / "other")]) == 10
    assert "✕ odd" in output_of(capsys, "list")


def test_the_list_shows_the_time_of_the_job_as_show_does(root: Path, capsys: pytest.CaptureFixture[str]):
    output_of(capsys, "import", str(RECORDINGS / "640x640x81-warm-1.messages.jsonl.gz"))
    assert "success  19.9 s" in output_of(capsys, "list")


def test_facts_of_a_newer_version_are_no_fault(root: Path, capsys: pytest.CaptureFixture[str]):
    folder = stored_run(root, "newer", cold_job())
    lines = folder.events.read_text(encoding="utf-8").splitlines(keepends=True)
    lines.insert(2, '{"time_s":1.0,"kind":"alien_landed"}\n')
    folder.events.write_text("".join(lines), encoding="utf-8")
    run(["runs", "verify", "newer"])  # this short story has faults of its own
    assert "    ! 1 fact of a kind that this version does not know: skipped." in capsys.readouterr().out


def test_a_second_copy_of_a_run_is_as_good_as_the_first(root: Path, capsys: pytest.CaptureFixture[str]):
    first = output_of(capsys, "import", str(SAMPLE))
    second = output_of(capsys, "import", str(SAMPLE))
    assert (len(first.splitlines()), len(second.splitlines())) == (1, 1)


def test_what_cannot_be_imported_is_told_apart(root: Path, capsys: pytest.CaptureFixture[str]):
    (root / "empty").mkdir(parents=True)
    for path, words in ((root / "none", "it does not exist"), (root / "empty", "it is no run folder")):
        assert run(["runs", "import", str(path)]) == 10
        assert words in capsys.readouterr().err


def test_show_in_the_window_starts_it_on_the_folder_of_the_run(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    started: list[list[str]] = []
    monkeypatch.setattr("wan22.cli.commands.runs.start_detached", lambda argv: started.append(list(argv)) or 4711)
    monkeypatch.setattr("wan22.cli.commands.runs.window_obstacle", lambda *_: None)
    folder = stored_run(tmp_path / "elsewhere ünï", "run-1", cold_job())
    text = output_of(capsys, "show", "run-1", "--window", "--output", str(tmp_path / "elsewhere ünï"))
    assert text == "The window opens on run run-1.\n"
    assert started[0][-3:] == ["window", "--show", str(folder.path)]
    (document,) = documents(output_of(capsys, "show", str(folder.path), "--window", "--json"))
    assert document == {"run": "run-1", "window_pid": 4711}


def test_no_window_without_its_parts(root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    stored_run(root, "run-1", cold_job())
    monkeypatch.setitem(sys.modules, "PySide6", None)
    assert run(["runs", "show", "run-1", "--window"]) == ExitCode.machine
    error = capsys.readouterr().err
    assert "PySide6 is not installed" in error
    assert "[window_unavailable]" in error
    assert 'pip install "wan22-panel[gui]"' in error.replace("\n", " ")
