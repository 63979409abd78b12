import json
from pathlib import Path

import pytest

from wan22.cli.exit_codes import ExitCode
from wan22.cli.main import run


def test_text_json_and_markdown(capsys: pytest.CaptureFixture[str]):
    assert run(["checklist"]) == ExitCode.ok
    assert capsys.readouterr().out.startswith("0 of 13 done")
    assert run(["checklist", "--json"]) == ExitCode.ok
    document = json.loads(capsys.readouterr().out)
    assert (document["kind"], document["done_count"], len(document["items"])) == ("checklist", 0, 13)
    assert run(["checklist", "--markdown"]) == ExitCode.ok
    assert capsys.readouterr().out.startswith("# Checklist\n")
    assert run(["checklist", "--markdown", "--json"]) == ExitCode.usage


def test_next_steps_as_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["checklist", "next"]) == ExitCode.ok
    assert "## 1. System audit (open)" in capsys.readouterr().out
    target = tmp_path / "next steps ü.md"
    assert run(["checklist", "next", "-o", str(target)]) == ExitCode.ok
    assert target.read_text(encoding="utf-8").startswith("# Next steps\n")


def test_not_wanted_and_wanted_again(capsys: pytest.CaptureFixture[str]):
    assert run(["checklist", "skip", "cuda", "--note", "no time"]) == ExitCode.ok
    assert run(["checklist"]) == ExitCode.ok
    out = capsys.readouterr().out
    assert "Test CUDA optimisations: not wanted" in out
    assert "Note: no time" in out
    assert run(["checklist", "want", "cuda"]) == ExitCode.ok
    assert run(["checklist", "skip", "all"]) == ExitCode.usage
    assert "no to-do 'all'" in capsys.readouterr().err


def test_what_there_is_comes_from_the_registered_commands(capsys: pytest.CaptureFixture[str]):
    assert run(["checklist", "--json"]) == ExitCode.ok
    items = {one["key"]: one for one in json.loads(capsys.readouterr().out)["items"]}
    assert run(["bench", "--help"]) == ExitCode.usage or "this version" not in items["benchmark"]["said"]


def test_diagnostics_on_the_screen_and_in_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["diagnostics"]) == ExitCode.ok
    assert "[Versions]" in capsys.readouterr().out
    target = tmp_path / "report.txt"
    assert run(["diagnostics", "--output", str(target)]) == ExitCode.ok
    assert "[Settings]" in target.read_text(encoding="utf-8")
