import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.audit.machines import TORCH, make_environment, snapshot, with_part
from tests.unit.launch.installs import make_comfyui
from wan22 import wiring
from wan22.audit.snapshot_file import write_snapshot
from wan22.cli.exit_codes import ExitCode
from wan22.cli.main import run


@pytest.fixture
def comfyui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Words that name a ComfyUI with a Python of its own, on a machine whose driver does not matter."""
    monkeypatch.setenv("COLUMNS", "100")
    folder = make_comfyui(tmp_path / "Comfy UI ü")
    make_environment(folder / ".venv", {"torch": "2.8.0"}, {"torch": TORCH})
    return ["--comfyui", str(folder), "--profile", "rtx5090"]


def test_text_for_people(comfyui: list[str], capsys: pytest.CaptureFixture[str]):
    assert run(["audit", *comfyui]) == ExitCode.ok
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0].startswith("Audit of ")
    assert {"Machine", "Version 0.25.0", "torch 2.9.1+cu130"} <= set(lines)
    assert len(wiring.audit_shelf(wiring.parts()).kept()) == 1


def test_json_is_one_document(comfyui: list[str], capsys: pytest.CaptureFixture[str]):
    assert run(["audit", "--json", *comfyui]) == ExitCode.ok
    (line,) = capsys.readouterr().out.splitlines()
    document = json.loads(line)
    assert document["format"] == 1
    assert document["comfyui"]["version"] == "0.25.0"
    assert document["python"]["key_packages"]["torch"]["imports"] is True


def test_files_into_a_folder_and_by_their_ending(
    comfyui: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    target = tmp_path / "out"
    assert run(["audit", *comfyui, "--output", str(target)]) == ExitCode.ok
    assert sorted(path.name for path in target.iterdir()) == ["SYSTEM_AUDIT.md", "env_snapshot_rtx5090.json"]
    assert "SYSTEM_AUDIT.md" in capsys.readouterr().out
    for name in ("own.md", "own.json"):
        assert run(["audit", "--quick", *comfyui, "-o", str(tmp_path / name)]) == ExitCode.ok
    assert (tmp_path / "own.md").read_text(encoding="utf-8").startswith("# System audit")
    assert json.loads((tmp_path / "own.json").read_text(encoding="utf-8"))["quick"] is True


def test_markdown_on_the_screen(comfyui: list[str], capsys: pytest.CaptureFixture[str]):
    assert run(["audit", "--markdown", "--quick", *comfyui]) == ExitCode.ok
    assert capsys.readouterr().out.startswith("# System audit\n")
    assert run(["audit", "--markdown", "--json"]) == ExitCode.usage


def test_check_says_what_drifted(comfyui: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    baseline = tmp_path / "env_snapshot_rtx5090.json"
    assert run(["audit", *comfyui, "--output", str(baseline)]) == ExitCode.ok
    assert run(["audit", *comfyui, "--check", str(baseline)]) == ExitCode.ok
    assert "Nothing has changed." in capsys.readouterr().out
    make_environment(Path(comfyui[1]) / ".venv", {"numpy": "2.3.0"})
    assert run(["audit", *comfyui, "--check", str(baseline)]) == ExitCode.machine
    said = capsys.readouterr()
    assert "● numpy is new: 2.3.0" in said.out
    assert "1 thing has drifted" in said.err
    assert "[audit_drift]" in said.err


def test_check_in_json(comfyui: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    baseline = tmp_path / "b.json"
    write_snapshot(baseline, snapshot())
    assert run(["audit", "--json", "--quick", *comfyui, "--check", str(baseline)]) == ExitCode.machine
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first["kind"] == "audit_difference"
    assert any(change["is_drift"] for change in first["changes"])
    assert second["problem"]["code"] == "audit_drift"


def test_diff_of_two_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_snapshot(tmp_path / "a.json", snapshot())
    write_snapshot(tmp_path / "b.json", with_part(snapshot(), "gpu", driver_version="580.88"))
    assert run(["audit", "diff", str(tmp_path / "a.json"), str(tmp_path / "b.json")]) == ExitCode.ok
    assert capsys.readouterr().out == "● Driver 580.65 → 580.88\n"


def test_files_that_are_none_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    assert run(["audit", "--check", str(tmp_path / "x.json")]) == ExitCode.usage
    assert "[audit_invalid]" in capsys.readouterr().err
    assert run(["audit", "diff", str(tmp_path / "no.json"), "last"]) == ExitCode.machine
    assert "[file_unreadable]" in capsys.readouterr().err
    assert run(["audit", "diff", "last", "last"]) == ExitCode.run
    assert "[run_not_found]" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written(comfyui: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "file").touch()
    assert run(["audit", "--quick", *comfyui, "-o", str(tmp_path / "file" / "x.json")]) == ExitCode.machine
    assert "[file_unwritable]" in capsys.readouterr().err


def test_the_true_program_in_a_process_of_its_own(comfyui: list[str]):
    command = [sys.executable, "-P", "-m", "wan22", "audit", "--quick", "--json", *comfyui]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["profile"]["name"] == "rtx5090"
