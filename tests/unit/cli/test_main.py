"""Whatever happens ends in words and an exit code: in processes of their own, for the hooks are the process's."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wan22.cli.main import run

CRASHING = """
import sys
from wan22.cli import main

@main.app.command("crash")
def crash():
    raise ZeroDivisionError("seven by nothing")

sys.exit(main.program(sys.argv[1:]))
"""


def ended(home: Path, *command: str | bytes) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"WAN22_HOME": str(home)}
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", errors="replace", env=environment, timeout=60
    )


def test_a_fault_of_our_own_is_told_in_words_and_logged(tmp_path: Path):
    result = ended(tmp_path, sys.executable, "-c", CRASHING, "crash")
    assert result.returncode == 1
    assert "Error: An unexpected fault: seven by nothing" in result.stderr
    assert "[internal_error]" in result.stderr
    assert "Traceback" not in result.stderr
    assert "Traceback" in (tmp_path / "log" / "wan22.log").read_text(encoding="utf-8")


def test_a_fault_of_our_own_is_a_json_line_for_programs(tmp_path: Path):
    result = ended(
        tmp_path, sys.executable, "-c", CRASHING.replace("crash():", "crash(json: bool = False):"), "crash", "--json"
    )
    assert result.returncode == 1
    assert json.loads(result.stdout)["problem"]["code"] == "internal_error"


@pytest.mark.skipif(sys.platform == "win32", reason="there a command line is text")
@pytest.mark.parametrize("option", [b"--prompt", b"--negative", b"--workflow"])
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, option: bytes):
    result = ended(tmp_path, sys.executable, "-m", "wan22", "run", "--url", "127.0.0.1:9", option, b"\xff\xfe cat")
    assert result.returncode == 2
    assert f"{option.decode()} holds bytes that are no UTF-8 text." in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("option", [("--flag=--lowvram",), ("--port", "9"), ("--python", "python")])
def test_options_of_a_start_are_refused_where_nothing_is_started(
    option: tuple[str, ...], capsys: pytest.CaptureFixture[str]
):
    assert run(["run", "--url", "http://127.0.0.1:9", *option]) == 2
    assert "with --url they do nothing" in capsys.readouterr().err
