import io
import json
import sys

import pytest

from wan22.cli.console import Console
from wan22.schema.problem import Severity, problem


def test_json_goes_to_stdout_alone_and_text_is_silent(capsys: pytest.CaptureFixture[str]):
    console = Console(as_json=True)
    console.text("for people")
    console.table("title", ["a"], [["b"]])
    console.json({"kind": "x", "value": 1})
    out, err = capsys.readouterr()
    assert [json.loads(line) for line in out.splitlines()] == [{"kind": "x", "value": 1}]
    assert err == ""


def test_nan_never_gets_out():
    with pytest.raises(ValueError, match="JSON"):
        Console(as_json=True).json({"value": float("nan")})


def test_a_problem_says_what_what_to_do_and_its_code(capsys: pytest.CaptureFixture[str]):
    Console().problem(problem("port_in_use", "Port 8188 is taken by python (pid 4).", detail="line one\nline two"))
    out, err = capsys.readouterr()
    assert out == ""
    assert "Error: Port 8188 is taken by python (pid 4)." in err
    assert "Stop that program" in err
    assert "| line two" in err
    assert "[port_in_use]" in err


def test_lines_to_copy_name_the_command_that_was_used(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    found = problem(
        "profile_not_found", "No profile is called x.", hint="`wan22 profiles list` names them; wan22 is ours."
    )
    Console().problem(found)
    assert "`wan22 profiles list`" in capsys.readouterr().err
    monkeypatch.setenv("PANEL_COMMAND", "python3 start.py")
    Console().problem(found)
    assert "`python3 start.py profiles list` names them; wan22 is ours." in capsys.readouterr().err


def test_long_details_are_cut_on_the_screen_but_not_in_json(capsys: pytest.CaptureFixture[str]):
    found = problem("generation_failed", "It failed.", detail="\n".join(f"row {number}" for number in range(40)))
    Console(as_json=True).problem(found)
    out, err = capsys.readouterr()
    rows = [line.strip() for line in err.splitlines() if line.startswith("  |")]
    assert rows[:4] == ["| row 0", "| row 1", "| row 2", "| … 29 more lines …"]
    assert rows[4:] == [f"| row {number}" for number in range(32, 40)]
    assert "row 20" in json.loads(out)["problem"]["detail"]


def test_a_warning_is_a_note(capsys: pytest.CaptureFixture[str]):
    Console().problem(problem("size_unusual", "Width 650 is not a multiple of 16.", Severity.warning))
    assert "Note: Width 650" in capsys.readouterr().err


def test_an_old_code_page_gets_stand_ins_instead_of_a_crash(monkeypatch: pytest.MonkeyPatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="cp437", newline="\n"))
    console = Console()
    console.text("✓ pass 1 · 72 s ü")
    sys.stdout.flush()
    assert raw.getvalue().decode("cp437").startswith("+ pass 1")


def test_brackets_in_a_name_are_not_markup(capsys: pytest.CaptureFixture[str]):
    console = Console()
    console.text("file [bold]x[/bold].png")
    console.table("t", ["name"], [["[red]y"]])
    out = capsys.readouterr().out
    assert "file [bold]x[/bold].png" in out
    assert "[red]y" in out
