"""One real generation, from the command line, against the true ComfyUI on its CPU."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.real_server.conftest import comfyui_processes, wan22
from tests.real_server.sniffing_proxy import SniffingProxy
from wan22.system.process_table import is_port_free

SMALL = ("--profile", "cpu", "--width", 64, "--height", 64, "--length", 5)
LONG = ("--profile", "cpu", "--width", 128, "--height", 128, "--length", 17)


def run_to_end(*arguments: object, limit_s: float = 240) -> tuple[int, list[dict[str, Any]], str]:
    process = wan22(*arguments)
    out, err = process.communicate(timeout=limit_s)
    return process.returncode, [json.loads(line) for line in out.splitlines()], err


def of_kind(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["kind"] == kind]


def only_run(runs: Path) -> Path:
    (folder,) = [item for item in runs.iterdir() if (item / "run.json").is_file()]
    return folder


def wait_for_event(process: "subprocess.Popen[str]", kind: str, limit_s: float = 120) -> dict[str, Any]:
    assert process.stdout is not None
    end_s = time.monotonic() + limit_s
    while time.monotonic() < end_s:
        line = process.stdout.readline()
        if not line:
            break
        event: dict[str, Any] = json.loads(line)
        if event["kind"] == kind:
            return event
    raise AssertionError(f"no {kind}; stderr: {process.stderr.read() if process.stderr else ''}")


def wait_until_gone(port: int, limit_s: float = 10) -> None:
    end_s = time.monotonic() + limit_s
    while comfyui_processes(port) and time.monotonic() < end_s:
        time.sleep(0.1)
    assert comfyui_processes(port) == []


def wait_until_free(port: int, limit_s: float = 10) -> None:
    end_s = time.monotonic() + limit_s
    while not is_port_free("127.0.0.1", port) and time.monotonic() < end_s:
        time.sleep(0.1)
    assert is_port_free("127.0.0.1", port)


def test_one_command_makes_a_video(comfyui: Path, port: int, tmp_path: Path):
    runs = tmp_path / "läufe und mehr"
    code, events, err = run_to_end(
        "run", "--comfyui", comfyui, "--port", port, "--output", runs, "--seed", 7, "--json", *SMALL
    )
    assert code == 0, err
    folder = only_run(runs)
    videos = list((folder / "outputs").glob("*.mp4"))
    assert len(videos) == 1
    assert videos[0].stat().st_size > 1000
    on_disk = [json.loads(line) for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [event["kind"] for event in on_disk] == [event["kind"] for event in events if event["kind"] != "problem"]

    said = [
        re.search(r"Prompt executed in ([\d.]+) seconds", event["line"]) for event in of_kind(events, "server_said")
    ]
    (server_total_s,) = [float(match[1]) for match in said if match]
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert abs(summary["total_s"] - server_total_s) < 0.2
    roles = {stage["role"] for stage in summary["stages"]}
    assert {"load", "encode", "pass_1", "pass_2", "decode", "save"} <= roles
    for stage in summary["stages"]:
        if stage["role"] in ("pass_1", "pass_2"):
            assert stage["steps_done"] == 2
            assert stage["seconds"] > 0
    claims = {claim["name"]: claim["proof"] for event in of_kind(events, "launch_proved") for claim in event["claims"]}
    assert claims.get("--cpu") == "proved"
    (status,) = of_kind(events, "telemetry_status")
    assert status["available"] is False
    assert status["reason"]
    manifest = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert manifest["outcome"] == "success"
    assert manifest["parameters"]["seed"] == 7
    wait_until_gone(port)
    wait_until_free(port)
    verified = subprocess.run([sys.executable, "-m", "wan22", "runs", "verify", str(folder)], capture_output=True)
    assert verified.returncode == 0, verified.stdout.decode() + verified.stderr.decode()


@pytest.fixture
def running_server(comfyui: Path, port: int):
    """A ComfyUI that somebody else started."""
    python = next(
        path
        for name in (".venv", "venv")
        for part in ("bin/python", "Scripts/python.exe")
        if (path := comfyui / name / part).exists()
    )
    command = [str(python), "main.py", "--cpu", "--port", str(port), "--disable-auto-launch"]
    process = subprocess.Popen(command, cwd=comfyui, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end_s = time.monotonic() + 90
    while is_port_free("127.0.0.1", port) and time.monotonic() < end_s:
        time.sleep(0.2)
    yield process
    process.terminate()
    process.wait(20)


def test_attached_server_with_a_witness_on_the_wire(running_server, port: int, tmp_path: Path):
    proxy = SniffingProxy(port)
    try:
        code, events, err = run_to_end(
            "run", "--url", f"http://127.0.0.1:{proxy.port}", "--output", tmp_path / "runs", "--json", *SMALL
        )
        assert code == 0, err
        witness = [
            (item.time_s, item.document["data"]["node"])
            for item in proxy.messages("executing")
            if item.document["data"].get("prompt_id")
        ]
    finally:
        proxy.close()
    ours = [(event["time_s"], event["node"]) for event in of_kind(events, "node_started")]
    ours += [(event["time_s"], None) for event in of_kind(events, "prompt_finished")]
    assert [node for _, node in ours] == [node for _, node in witness]
    worst_s = max(abs(mine[0] - theirs[0]) for mine, theirs in zip(ours, witness, strict=True))
    print(f"stage edges against the wire: worst {worst_s * 1000:.1f} ms over {len(ours)} edges")
    assert worst_s < 0.05
    assert running_server.poll() is None, "an attached server must never be stopped"


def test_a_cut_socket_loses_nothing(running_server, port: int, tmp_path: Path):
    proxy = SniffingProxy(port)
    process = wan22("run", "--url", f"http://127.0.0.1:{proxy.port}", "--output", tmp_path / "runs", "--json", *LONG)
    try:
        wait_for_event(process, "node_started")
        proxy.cut()
        out, err = process.communicate(timeout=200)
    finally:
        proxy.close()
        process.kill()
    assert process.returncode == 0, err
    kinds = [json.loads(line)["kind"] for line in out.splitlines()]
    assert "socket_lost" in kinds
    assert "output_saved" in kinds
    assert list(only_run(tmp_path / "runs").glob("outputs/*.mp4"))


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX; the job object has its own test")
def test_our_hard_death_takes_comfyui_along(comfyui: Path, port: int, tmp_path: Path):
    process = wan22("run", "--comfyui", comfyui, "--port", port, "--output", tmp_path / "runs", "--json", *LONG)
    wait_for_event(process, "prompt_started")
    assert comfyui_processes(port)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    wait_until_gone(port)
    folder = only_run(tmp_path / "runs")
    shown = subprocess.run(
        [sys.executable, "-m", "wan22", "runs", "show", str(folder), "--json"], capture_output=True, text=True
    )
    assert shown.returncode == 0, shown.stderr
    assert json.loads((folder / "run.json").read_text(encoding="utf-8"))["outcome"] is None


def test_comfyuis_hard_death_is_explained_and_the_run_kept(comfyui: Path, port: int, tmp_path: Path):
    process = wan22("run", "--comfyui", comfyui, "--port", port, "--output", tmp_path / "runs", "--json", *LONG)
    ready = wait_for_event(process, "server_ready")
    wait_for_event(process, "node_started")
    psutil.Process(ready["pid"]).kill()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 6, err
    last = json.loads(out.splitlines()[-1])
    assert last["kind"] == "problem"
    assert last["problem"]["code"] in ("server_killed", "server_crashed")
    assert "Traceback" not in err
    manifest = json.loads((only_run(tmp_path / "runs") / "run.json").read_text(encoding="utf-8"))
    assert manifest["outcome"] == "error"


@pytest.mark.parametrize("kind", ["server_starting", "prompt_started"])
def test_ctrl_c_leaves_nothing_running(comfyui: Path, port: int, tmp_path: Path, kind: str):
    process = wan22("run", "--comfyui", comfyui, "--port", port, "--output", tmp_path / "runs", "--json", *LONG)
    wait_for_event(process, kind)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    wait_until_gone(port, 1)
    manifest = json.loads((only_run(tmp_path / "runs") / "run.json").read_text(encoding="utf-8"))
    assert manifest["outcome"] == "cancelled"


def test_a_missing_model_is_named_before_anything_is_queued(comfyui: Path, port: int, tmp_path: Path):
    graph = json.loads((Path(__file__).parents[2] / "workflows/wan22_i2v_two_pass.json").read_text(encoding="utf-8"))
    for node in graph.values():
        if node["class_type"] == "VAELoader":
            node["inputs"]["vae_name"] = "not_here.safetensors"
    workflow = tmp_path / "kaputt.json"
    workflow.write_text(json.dumps(graph), encoding="utf-8")
    arguments = ("run", "--comfyui", comfyui, "--port", port, "--output", tmp_path / "runs", "--workflow", workflow)
    code, events, err = run_to_end(*arguments, "--json", *SMALL)
    assert code == 7, err
    assert events[-1]["problem"]["code"] == "model_missing"
    assert "not_here.safetensors" in events[-1]["problem"]["message"]
    assert of_kind(events, "prompt_queued") == []


def test_a_taken_port_names_its_owner(running_server, comfyui: Path, port: int, tmp_path: Path):
    code, events, err = run_to_end(
        "run", "--comfyui", comfyui, "--port", port, "--output", tmp_path / "runs", "--json", *SMALL
    )
    assert code == 6, err
    assert events[-1]["problem"]["code"] == "port_in_use"
    assert str(running_server.pid) in events[-1]["problem"]["message"]
