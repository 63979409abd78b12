"""The command as a child process, as a person, a program or another machine would start it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from wan22.gpu.sampler_protocol import MonitorClock, MonitorHello, MonitorStatus, decode
from wan22.schema.gpu import GpuSampled

ROOT = Path(__file__).parents[3]
FAKE_MONITOR = ROOT / "tests" / "fakes" / "fake_monitor.py"
RUN = ROOT / "tests" / "data" / "runs" / "format_1" / "2026-11-23_15-08-00_sample"


def argv(*arguments: str, scenario: str = "good") -> list[str]:
    return [sys.executable, str(FAKE_MONITOR), scenario, "monitor", *arguments]


def environment() -> dict[str, str]:
    return dict(os.environ, PYTHONUTF8="1", COLUMNS="200")


def finished(*arguments: str, scenario: str = "good") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        argv(*arguments, scenario=scenario),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        env=environment(),
    )


def started(*arguments: str, scenario: str = "good") -> "subprocess.Popen[str]":
    return subprocess.Popen(
        argv(*arguments, scenario=scenario),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(),
    )


def documents(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_json_lines_from_hello_to_the_end():
    done = finished("--json", "--seconds", "0.7", "--hz", "10", scenario="two")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = [decode(line) for line in done.stdout.splitlines()]
    assert None not in lines
    hello, *rest = lines
    assert isinstance(hello, MonitorHello)
    assert (hello.format, hello.interval_s, hello.simulated) == (1, 0.1, False)
    assert [info.power_max_w for info in hello.inventory.gpus] == [700.0, 575.0]
    ticks = [line for line in rest if isinstance(line, GpuSampled)]
    assert 5 <= len(ticks) <= 8
    assert [reading.gpu for reading in ticks[0].readings] == [0, 1]
    ended = rest[-1]
    assert isinstance(ended, MonitorStatus)
    assert ended.state == "stopped"
    assert ended.cost is not None
    assert ended.cost["ticks"] == len(ticks)
    assert ended.cost["median_s"] > 0.0
    assert {metric["name"] for metric in ended.cost["metrics"]} >= {"utilization", "power", "energy", "pcie_throughput"}


def test_it_answers_for_its_clock_and_ends_with_its_input():
    process = started("--json")
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write('{"kind":"clock","echo":41}\r\nnonsense\n{"kind":"clock","echo":42}\n')
    process.stdin.flush()
    answers: list[MonitorClock] = []
    while len(answers) < 2:
        line = decode(process.stdout.readline())
        if isinstance(line, MonitorClock):
            answers.append(line)
    assert [answer.echo for answer in answers] == [41, 42]
    assert abs(answers[0].clock_s - time.time()) < 60.0
    began_s = time.monotonic()
    out, errors = process.communicate(timeout=20)
    assert time.monotonic() - began_s < 2.0
    assert process.returncode == 0
    assert errors == ""
    assert documents(out)[-1]["state"] == "stopped"


@pytest.mark.parametrize(("scenario", "code"), [("missing", "driver_missing"), ("mismatch", "driver_mismatch")])
def test_without_a_driver(scenario: str, code: str):
    done = finished("--json", scenario=scenario)
    assert done.returncode == 9
    first = documents(done.stdout)[0]
    assert (first["kind"], first["problem"]["code"]) == ("monitor_problem", code)
    assert code in done.stderr
    assert "Traceback" not in done.stderr
    for arguments in ((), ("--list",)):
        done = finished(*arguments, scenario=scenario)
        assert (done.returncode, done.stdout) == (9, "")
        assert code in done.stderr


def test_text_for_a_person():
    done = finished("--seconds", "0.3", scenario="two")
    assert done.returncode == 0, done.stderr
    heading, *lines = done.stdout.splitlines()
    assert heading == "Driver 580.159.04 · CUDA 13.0"
    assert lines[0] == (
        "GPU 0 NVIDIA H100 80GB HBM3 · 0 % · 73 / 700 W · 36 °C (51 to the limit) · 345 MHz · 0.5 / 79.6 GiB · "
        "PCIe gen 5 x16"
    )
    assert lines[1].startswith("GPU 1 NVIDIA GeForce RTX 5090 · 0 % · 24 / 575 W · 31 °C (59 to the limit)")


def test_the_list_of_gpus():
    done = finished("--list", scenario="two")
    assert done.returncode == 0, done.stderr
    assert "Driver 580.159.04" in done.stdout
    assert "NVIDIA GeForce RTX 5090" in done.stdout
    assert "400 to 575 W" in done.stdout
    assert "GPU-00000001-1111-2222-3333-444444444444" in done.stdout
    (document,) = documents(finished("--list", "--json", scenario="two").stdout)
    assert document["kind"] == "gpu_inventory"
    assert [gpu["name"] for gpu in document["inventory"]["gpus"]] == [
        "NVIDIA H100 80GB HBM3",
        "NVIDIA GeForce RTX 5090",
    ]


def test_gentle_is_slow():
    done = finished("--json", "--gentle", "--hz", "10", "--seconds", "0.5")
    lines = documents(done.stdout)
    assert lines[0]["interval_s"] == 1.0
    assert sum(line["kind"] == "gpu_sampled" for line in lines) == 1


def test_a_run_is_played_back_and_then_it_ends(tmp_path: Path):
    run = tmp_path / "kürzer" / RUN.name
    run.mkdir(parents=True)
    for name in ("run.json", "events.jsonl"):
        shutil.copy(RUN / name, run / name)
    rows = (RUN / "telemetry.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (run / "telemetry.csv").write_text("".join(rows[:9]), encoding="utf-8")
    done = finished("--json", "--hz", "10", "--gpu", f"replay:{run}")
    assert done.returncode == 0, done.stderr
    lines = documents(done.stdout)
    assert lines[0]["inventory"]["source"] == "replay"
    played = [reading for line in lines if line["kind"] == "gpu_sampled" for reading in line["readings"]]
    assert [(reading["gpu"], reading["power_w"]) for reading in played[:2]] == [(0, 70.5), (1, 127.596)]
    assert len(played) == 8
    assert lines[-1]["state"] == "ended"


@pytest.mark.parametrize(
    "arguments", [("--hz", "99"), ("--hz", "0"), ("--seconds", "-1"), ("--gpu", "amd"), ("--gpu", "replay:")]
)
def test_what_cannot_be_meant_is_refused(arguments: tuple[str, ...]):
    done = finished(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_run_that_is_not_there():
    done = finished("--json", "--gpu", "replay:no-such-run")
    assert done.returncode == 10
    assert documents(done.stdout)[0]["problem"]["code"] == "run_not_found"


@pytest.mark.parametrize("arguments", [("--json",), ()], ids=["json", "text"])
def test_a_reader_that_goes_away_ends_it_quietly(arguments: tuple[str, ...]):
    process = started("--hz", "10", *arguments)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    with process.stdin, process.stderr:
        assert process.wait(20) == 0
        assert process.stderr.read() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="a signal to one process alone is a matter of POSIX")
@pytest.mark.parametrize("arguments", [("--json",), ()], ids=["json", "text"])
def test_ctrl_c_ends_it(arguments: tuple[str, ...]):
    process = started(*arguments)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.stdin is not None
    assert process.stderr is not None
    with process.stdin, process.stdout, process.stderr:
        assert process.wait(20) == 0
        assert process.stderr.read() == ""
