"""`wan22 run` as a child process, over real sockets, against a server that plays a recorded run."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.comfy_server import FakeComfy, closed_port
from tests.unit.comfy.transcripts import CPU, transcript
from tests.unit.job.test_session import definitions
from wan22.runs.layout import RunFolder
from wan22.runs.reader import open_run

SMALL = ("--size", "64x64", "--length", "5", "--gpu", "none", "--profile", "cpu")


# Nodes of the recorded graph, and the same nodes of the shipped one.
NODES = dict(
    zip(
        ["38", "39", "62", "37", "56", "101", "102", "54", "55", "6", "7", "50", "57", "58", "8", "60", "61"],
        ["84", "90", "97", "95", "96", "101", "102", "104", "103", "93", "89", "98", "86", "85", "87", "94", "108"],
        strict=True,
    )
)


def renamed(message: dict[str, Any]) -> dict[str, Any]:
    data = dict(message["data"])
    if data.get("node") is not None:
        data["node"] = NODES[data["node"]]
    if message["type"] == "execution_cached":
        data["nodes"] = [NODES[node] for node in data["nodes"]]
    return {**message, "data": data} if message["type"] != "progress_state" else {**message, "type": "unknown"}


@pytest.fixture
def comfy() -> Iterator[FakeComfy]:
    with FakeComfy(jobs_api=True) as server:
        found = definitions()
        server.overrides["GET /object_info"] = lambda handler: handler.reply(200, found)
        server.transcript = [renamed(item) for item in transcript(CPU, "64x64x5-warm")]
        server.files[("video", "tiny_00002_.mp4", "output")] = b"\0" * 5000
        yield server


def wan22(*arguments: object, **options: Any) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "wan22", *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", **options
    )


def run_to_end(*arguments: object, **options: Any) -> tuple[int, str, str]:
    process = wan22(*arguments, **options)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def only_run(root: Path) -> RunFolder:
    (folder,) = root.iterdir()
    return RunFolder(folder)


def test_json_lines_are_the_events_on_disk(comfy: FakeComfy, tmp_path: Path):
    root = tmp_path / "läufe"
    code, out, err = run_to_end("run", "--url", comfy.url, "--output", root, "--seed", 5, "--json", *SMALL)
    assert code == 0, err
    assert err == ""
    folder = only_run(root)
    assert out.splitlines() == folder.events.read_text(encoding="utf-8").splitlines()
    assert (folder.outputs / "tiny_00002_.mp4").stat().st_size == 5000
    stored = open_run(folder)
    assert stored.notes == ()
    posted = [content for method, path, content in comfy.requests if (method, path) == ("POST", "/prompt")]
    assert posted[0]["prompt"] == json.loads(folder.workflow.read_text(encoding="utf-8"))
    assert posted[0]["client_id"] == comfy.client_ids[0]


def test_text_shows_stages_total_and_where_it_lies(comfy: FakeComfy, tmp_path: Path):
    code, out, err = run_to_end("run", "--url", comfy.url, "--output", tmp_path / "runs", *SMALL)
    assert code == 0, err
    for words in ("attached, never stopped", "decode", "Done in", "tiny_00002_.mp4", "no telemetry"):
        assert words in out
    assert "\x1b" not in out, "no colours into a pipe"


def test_start_without_a_comfyui_runs_the_demo_and_says_so(tmp_path: Path):
    environment = {**os.environ, "PANEL_COMMAND": "python3 start.py"}
    process = wan22("start", cwd=tmp_path, env=environment)
    out, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    assert "SIMULATED demo" in out
    assert 'python3 start.py run --comfyui "FOLDER"' in out
    assert "SIMULATED: nothing of this was measured on a real GPU." in out
    (video,) = (tmp_path / "wan22-home" / "data" / "runs").glob("*/outputs/*SIMULATED*.mp4")
    assert video.stat().st_size > 10_000


def test_start_with_a_configured_server_uses_it(comfy: FakeComfy, tmp_path: Path):
    environment = {**os.environ, "WAN22_URL": comfy.url, "WAN22_PROFILE": "cpu"}
    process = wan22("start", "--json", cwd=tmp_path, env=environment)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out.splitlines()[0])["simulated"] is False
    assert any(path == "/prompt" for _, path, _ in comfy.requests)


def test_a_broken_profile_of_the_user_names_the_way_round_it(comfy: FakeComfy, tmp_path: Path):
    profiles = tmp_path / "wan22-home" / "config" / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "mine.toml").write_text('format = 1\nname = "mine"\ntitel = 1\n', encoding="utf-8")
    code, _, err = run_to_end("run", "--url", comfy.url, "--output", tmp_path / "runs")
    assert code == 4
    assert "mine.toml" in err
    assert "wan22 run --profile NAME" in err
    code, _, err = run_to_end("run", "--url", comfy.url, "--output", tmp_path / "runs", *SMALL)
    assert code == 0, err


def test_nothing_configured_is_a_clear_sentence_with_the_line_to_copy(tmp_path: Path):
    code, out, err = run_to_end("run", cwd=tmp_path)
    assert code == 5
    assert "No ComfyUI is configured yet." in err
    assert "run --comfyui" in err
    assert "Traceback" not in out + err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--width", "8"], 2, "--width 8 is not between 16 and 16384."),
        (["--seed", "-1"], 2, "--seed -1 is not a whole number"),
        (["--seed", str(2**64)], 2, "is not a whole number"),
        (["--length", "many"], 2, "--length"),
        (["--size", "640"], 2, "--size 640 is not a size such as 1280x720."),
        (["--size", "640x640", "--width", "64"], 2, "leave --width and --height out"),
        (["--comfyui", "/somewhere"], 2, "exclude each other"),
        (["--image", "nothing.png"], 11, "cannot be read"),
        (["--workflow", "baseline"], 7, "baseline"),
        (["--profile", "rtx5900"], 4, "rtx5090"),
        (["--url", "ftp://x y"], 6, "x y"),
        (["--gpu", "magic"], 2, "magic"),
        (["--no-such-option"], 2, "--no-such-option"),
    ],
)
def test_bad_arguments_are_named(comfy: FakeComfy, tmp_path: Path, arguments: list[str], code: int, words: str):
    url = [] if arguments[0] == "--url" else ["--url", comfy.url]
    found, out, err = run_to_end("run", *url, "--output", tmp_path / "runs", *arguments, cwd=tmp_path)
    assert found == code, err
    assert words in err
    assert "Traceback" not in out + err
    assert comfy.pending == []


def test_a_bad_command_line_is_a_json_problem_too(tmp_path: Path):
    code, out, err = run_to_end("run", "--json", "--length", "many")
    assert code == 2
    assert json.loads(out)["problem"]["code"] == "bad_argument"
    assert "--length" in err


def test_no_server_at_the_address(tmp_path: Path):
    url = f"http://127.0.0.1:{closed_port()}"
    code, out, err = run_to_end("run", "--url", url, "--output", tmp_path / "runs", "--json", *SMALL)
    assert code == 6
    problem = json.loads(out.splitlines()[-1])
    assert problem["kind"] == "problem"
    assert problem["problem"]["code"] == "server_unreachable"
    assert url in problem["problem"]["message"]
    assert "server_unreachable" in err


@pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl-C has its own test")
def test_ctrl_c_takes_the_job_back_and_keeps_the_run(comfy: FakeComfy, tmp_path: Path):
    comfy.transcript = ()
    process = wan22("run", "--url", comfy.url, "--output", tmp_path / "runs", *SMALL)
    end_s = time.monotonic() + 30
    while not comfy.pending and time.monotonic() < end_s:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=40)
    assert process.returncode == 130, err
    assert comfy.pending == []
    assert "Stopping" in out
    manifest = open_run(only_run(tmp_path / "runs")).manifest
    assert manifest.outcome is not None
    assert manifest.outcome.value == "cancelled"


def test_a_reader_that_goes_away_does_not_end_the_run(comfy: FakeComfy, tmp_path: Path):
    process = wan22("run", "--url", comfy.url, "--output", tmp_path / "runs", "--json", *SMALL)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    process.stderr.read()
    process.stderr.close()
    process.wait(60)
    manifest = open_run(only_run(tmp_path / "runs")).manifest
    assert manifest.outcome is not None
    assert manifest.outcome.value == "success"
