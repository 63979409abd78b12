"""The true ComfyUI: WAN22_COMFYUI names its folder (several, separated like PATH), with tiny Wan models in it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

FOLDERS = [Path(item) for item in os.environ.get("WAN22_COMFYUI", "").split(os.pathsep) if item]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.real_server)
            item.add_marker(pytest.mark.xdist_group("real_server"))
            item.add_marker(pytest.mark.timeout(300))
            if not FOLDERS:
                item.add_marker(pytest.mark.skip(reason="WAN22_COMFYUI names no ComfyUI folder"))


@pytest.fixture(params=FOLDERS or [Path("unset")], ids=lambda path: path.name)
def comfyui(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ComfyUI folder; the settings variable of the same name is taken away so that only --comfyui counts."""
    monkeypatch.delenv("WAN22_COMFYUI", raising=False)
    folder: Path = request.param
    return folder


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(autouse=True)
def _no_comfyui_left(port: int) -> Iterator[None]:
    """No ComfyUI of a test may outlive it; others on this machine are left alone."""
    yield
    left = [item.pid for item in comfyui_processes(port)]
    for pid in left:
        psutil.Process(pid).kill()
    assert left == [], f"ComfyUI processes left running: {left}"


def comfyui_processes(port: int) -> list[psutil.Process]:
    """ComfyUI processes that were started for `port`."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        command = process.info["cmdline"] or []
        alive = process.info["status"] != psutil.STATUS_ZOMBIE
        if alive and str(port) in command and any(part.endswith("main.py") for part in command):
            found.append(process)
    return found


def wan22(*arguments: object, **options: object) -> "subprocess.Popen[str]":
    """The command line as a child process."""
    command = [sys.executable, "-m", "wan22", *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", **options
    )
