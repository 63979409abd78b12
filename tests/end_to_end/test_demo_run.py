"""`--demo` from end to end: three processes, real sockets, a real video; every scenario with its ending."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import av
import pytest

from wan22.runs.layout import RunFolder
from wan22.runs.reader import open_run
from wan22.runs.state import reduce_all
from wan22.schema.events import PromptOutcome
from wan22.system.process_table import is_port_free

SMALL = ("--width", "320", "--height", "192", "--length", "17")
FAST = ("--demo-speed", "100")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "Ünï code home"


def environment(home: Path) -> dict[str, str]:
    return os.environ | {"WAN22_HOME": str(home), "PYTHONUTF8": "1"}


def wan22(home: Path, *arguments: object) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "wan22", *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env=environment(home), timeout=90, check=False
    )
    return done.returncode, done.stdout, done.stderr


def only_run(root: Path) -> RunFolder:
    (folder,) = root.iterdir()
    return RunFolder(folder)


def frames_of(path: Path) -> tuple[int, int, int, float]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return sum(1 for _ in container.decode(stream)), stream.width, stream.height, float(stream.average_rate or 0)


def test_a_whole_run(home: Path):
    root = home / "runs"
    began_s = time.monotonic()
    code, out, err = wan22(home, "run", "--demo", *FAST, "--output", root)
    took_s = time.monotonic() - began_s
    assert code == 0, err
    lines = out.splitlines()
    assert lines[0].startswith("SIMULATED · ")
    assert any(line.startswith("SIMULATED: nothing of this was measured") for line in lines[-6:])
    folder = only_run(root)
    assert "simulated" in folder.run_id
    (video,) = folder.outputs.iterdir()
    assert "SIMULATED" in video.name
    assert frames_of(video) == (81, 640, 640, 16.0)
    stored = open_run(folder)
    manifest = stored.manifest
    assert (manifest.simulated, manifest.outcome, manifest.profile) == (True, PromptOutcome.success, "rtx5090")
    assert manifest.telemetry.source == "simulated"
    assert manifest.inventory is not None
    assert manifest.inventory.simulated
    assert manifest.inventory.gpus[0].name == "NVIDIA GeForce RTX 5090 (SIMULATED)"
    readings = list(stored.telemetry.readings())
    assert len(readings) > 3
    assert {one.gpu for one in readings} == {0}
    assert took_s < 10.0


def test_json_lines_say_simulated(home: Path):
    code, out, err = wan22(
        home, "run", "--demo=healthy", *FAST, *SMALL, "--output", home / "runs", "--json", "--previews"
    )
    assert code == 0, err
    events: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines()]
    started = next(one for one in events if one["kind"] == "run_started")
    assert started["simulated"] is True
    assert next(one for one in events if one["kind"] == "telemetry_status")["available"] is True
    assert len([one for one in events if one["kind"] == "preview_received"]) == 4
    proof = next(one for one in events if one["kind"] == "launch_proved")
    assert {claim["proof"] for claim in proof["claims"]} == {"proved"}
    assert is_port_free(
        "127.0.0.1", int(next(one for one in events if one["kind"] == "server_ready")["url"].rpartition(":")[2])
    )


@pytest.mark.parametrize(
    ("scenario", "code", "problem"),
    [("out-of-memory", 8, "out_of_memory"), ("server-crash", 6, "server_crashed"), ("server-hang", 6, "server_hung")],
)
def test_endings(home: Path, scenario: str, code: int, problem: str):
    found, out, err = wan22(home, "run", f"--demo={scenario}", *FAST, *SMALL, "--output", home / "runs")
    assert found == code, err
    assert problem in err
    assert "Traceback" not in out + err
    assert out.startswith("SIMULATED")
    manifest = open_run(only_run(home / "runs")).manifest
    assert (manifest.simulated, manifest.outcome) == (True, PromptOutcome.error)


def test_a_hang_is_seen_and_told(home: Path):
    code, out, err = wan22(home, "run", "--demo=server-hang", *FAST, *SMALL, "--output", home / "runs", "--json")
    assert code == 6, err
    events = [json.loads(line) for line in out.splitlines()]
    (stalled,) = [one for one in events if one["kind"] == "job_stalled"]
    assert (stalled["verdict"], stalled["role"], stalled["answers"]) == ("dead", "decode", True)
    assert stalled["gpu_utilization_pct"] == 0.0
    assert stalled["cpu_share"] < 0.2
    assert stalled["silent_s"] < 20.0
    state = reduce_all(open_run(only_run(home / "runs")).events)
    assert state.fatal is not None
    assert "stands still" in state.fatal.message


def test_out_of_memory_is_climbed_with_consent(home: Path):
    root = home / "runs"
    code, out, err = wan22(home, "run", "--demo=out-of-memory", *FAST, *SMALL, "--output", root, "--on-oom", "same")
    assert code == 0, err
    assert "gentler, 3 of 3: The weights outside of the GPU" in out
    stored = sorted((open_run(RunFolder(path)) for path in root.iterdir()), key=lambda run: run.manifest.started_s)
    outcomes = [run.manifest.outcome for run in stored]
    assert outcomes == [*[PromptOutcome.error] * 3, PromptOutcome.success]
    assert {run.manifest.retry_of for run in stored[1:]} == {stored[0].manifest.run_id}
    server = stored[-1].manifest.server
    assert server is not None
    assert server.stats is not None
    assert "--novram" in server.stats.system.argv


def test_out_of_memory_without_an_answer_says_what_could_be_tried(home: Path):
    code, out, err = wan22(home, "run", "--demo=out-of-memory", *FAST, *SMALL, "--output", home / "runs")
    assert code == 8
    assert "out_of_memory" in err
    assert "--on-oom same" in out
    assert len(list((home / "runs").iterdir())) == 1


def test_a_slow_start_is_slow_and_ends_well(home: Path):
    code, out, err = wan22(home, "run", "--demo=slow-start", *FAST, *SMALL, "--output", home / "runs", "--json")
    assert code == 0, err
    ready = next(one for one in map(json.loads, out.splitlines()) if one["kind"] == "server_ready")
    assert ready["startup_s"] > 0.3


def test_an_own_scenario_and_the_server_that_attaches(home: Path):
    home.mkdir(parents=True)
    own = home / "mein Szenario.toml"
    own.write_text('title = "mine"\nspeed = 50.0\n[limits]\npower_w = 450\n', encoding="utf-8")
    command = [sys.executable, "-m", "wan22", "launch", f"--demo={own}", "--json"]
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", env=environment(home)
    )
    try:
        assert server.stdout is not None
        url = ""
        for line in server.stdout:
            event = json.loads(line)
            if event["kind"] == "server_ready":
                url = event["url"]
            if event["kind"] == "launch_proved":
                break
        source = f"simulated:{url}"
        code, out, err = wan22(home, "monitor", "--gpu", source, "--list")
        assert (code, "SIMULATED" in out) == (0, True), err
        code, out, err = wan22(home, "run", "--url", url, "--gpu", source, *SMALL, "--output", home / "runs")
        assert code == 0, err
        assert "SIMULATED" in out
        stored = open_run(only_run(home / "runs"))
        assert stored.manifest.simulated
        assert max(one.power_limit_w or 0 for one in stored.telemetry.readings()) == 450.0
        code, out, err = wan22(home, "run", "--url", url, "--gpu", "none", *SMALL, "--output", home / "plain")
        assert code == 0, err
        assert "SIMULATED ComfyUI" in out
        plain = open_run(only_run(home / "plain"))
        assert plain.manifest.simulated
        assert reduce_all(plain.events).simulated
    finally:
        if os.name == "nt":
            server.terminate()
        else:
            server.send_signal(signal.SIGINT)
        server.communicate(timeout=30)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--demo=sever-crash"], 3, "--demo=server-crash"),
        (["--demo=nothing.toml"], 3, "nothing.toml"),
        (["--demo", "--url", "http://127.0.0.1:1"], 2, "--demo takes the place"),
        (["--demo", "--comfyui", "somewhere"], 2, "--demo takes the place"),
        (["--demo-speed", "3"], 2, "together with --demo"),
    ],
)
def test_bad_arguments(home: Path, arguments: list[str], code: int, words: str):
    found, out, err = wan22(home, "run", *arguments, "--output", home / "runs")
    assert found == code, err
    assert words in err
    assert "Traceback" not in out + err


def test_nothing_configured_names_the_demo(home: Path):
    code, _, err = wan22(home, "run")
    assert code == 5
    assert "wan22 run --demo" in err


def test_the_monitor_of_a_demo(home: Path):
    code, out, err = wan22(home, "monitor", "--demo", *FAST, "--list")
    assert code == 0, err
    assert "SIMULATED" in out
    assert "575 W" in out
    code, out, err = wan22(home, "monitor", "--demo=out-of-memory", *FAST, "--seconds", "1", "--json")
    assert code == 0, err
    hello = json.loads(out.splitlines()[0])
    assert (hello["kind"], hello["simulated"]) == ("monitor_hello", True)


def test_a_dry_run_says_so_too(home: Path):
    code, out, err = wan22(home, "launch", "--demo", "--dry-run", "--json")
    assert code == 0, err
    document = json.loads(out)
    assert document["simulated"] is True
    assert "--use-sage-attention" in document["argv"]


@pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl-C has its own test")
def test_a_launched_demo_is_marked_and_stops_with_ctrl_c(home: Path):
    command = [sys.executable, "-m", "wan22", "launch", "--demo", *FAST]
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", env=environment(home)
    )
    assert server.stdout is not None
    lines = []
    for line in server.stdout:
        lines.append(line.rstrip())
        if "monitor --gpu simulated:" in line:
            break
    server.send_signal(signal.SIGINT)
    _, err = server.communicate(timeout=30)
    assert err == ""
    assert lines[0].startswith("SIMULATED")
    assert any(line.startswith("SIMULATED ComfyUI is ready at") for line in lines[-2:])
    assert server.returncode in (0, 130)


@pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl-C has its own test")
def test_ctrl_c_while_it_samples_leaves_nothing_running(home: Path):
    size = ("--size", "1280x720", "--output", home / "runs", "--json")
    command = [sys.executable, "-m", "wan22", "run", "--demo", "--demo-speed", "15", *map(str, size)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", env=environment(home)
    )
    assert process.stdout is not None
    port = 0
    for line in process.stdout:
        event = json.loads(line)
        if event["kind"] == "server_ready":
            port = int(event["url"].rpartition(":")[2])
        if event["kind"] == "node_started" and event["node"] == "86":
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=40)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert is_port_free("127.0.0.1", port)
    manifest = open_run(only_run(home / "runs")).manifest
    assert (manifest.simulated, manifest.outcome) == (True, PromptOutcome.cancelled)
