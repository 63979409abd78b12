"""The process of the look-alike: start, port, stop."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from tests.fakes.comfy_server import closed_port
from wan22.system.child_command import self_command


def start(folder: Path, *words: object) -> "subprocess.Popen[str]":
    command = [*self_command("__demo_server", str(folder / "main.py")), "--demo-speed", "500", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")


def wait_until_up(port: int) -> None:
    end_s = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/system_stats", timeout=2):
                return
        except OSError:
            assert time.monotonic() < end_s
            time.sleep(0.05)


@pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl-C has its own test")
def test_ctrl_c_ends_it_well(tmp_path: Path):
    port = closed_port()
    process = start(tmp_path, "--port", port, "--log-stdout")
    wait_until_up(port)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    assert "To see the GUI go to: http://127.0.0.1" in out
    assert "Stopped server" in out
    assert {path.name for path in tmp_path.iterdir()} == {"input", "output", "temp"}


def test_a_port_that_is_taken(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start(tmp_path, "--port", port)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert f"Port {port} is already in use on address 127.0.0.1." in err
    assert "Traceback" not in err


def test_a_crash_at_the_start(tmp_path: Path):
    scenario = tmp_path / "crash.toml"
    scenario.write_text('[fault]\nkind = "crash"\nat = "start"\n', encoding="utf-8")
    process = start(tmp_path, "--demo-scenario", scenario, "--port", closed_port())
    _, err = process.communicate(timeout=30)
    assert process.returncode not in (0, 1, 2)
    assert "Traceback" not in err


def test_folders_can_be_chosen(tmp_path: Path):
    port = closed_port()
    process = start(tmp_path, "--port", port, "--output-directory", tmp_path / "elsewhere")
    wait_until_up(port)
    process.kill()
    process.communicate(timeout=20)
    assert (tmp_path / "elsewhere").is_dir()
    assert not (tmp_path / "output").exists()
