"""A server of ours as a real child process: start, proof, progress, stop, crash, and every failure by name."""

import http.client
import json
import os
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil
import pytest

from wan22.launch.discovery import find_installation
from wan22.launch.flag_schema import read_flag_schema
from wan22.launch.launch_args import launch_plan
from wan22.launch.launch_proof import launch_claims
from wan22.launch.server import ManagedServer, ServerState
from wan22.schema.events import ServerReady, ServerSaid, ServerStageReached, ServerStarting, ServerStopped
from wan22.schema.problem import AppError, Problem
from wan22.schema.profile import Profile
from wan22.schema.server import Proof, SystemStats
from wan22.system.bus import Bus, Fact
from wan22.system.cancel import CancelToken
from wan22.system.clock import SystemClock

FAKE = Path(__file__).resolve().parents[1] / "data" / "launch" / "fake_comfyui"
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def eventually(condition: Callable[[], bool], limit_s: float = 10.0) -> None:
    give_up = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < give_up, "it never came"
        time.sleep(0.02)


def profile(mood: str) -> Profile:
    settings = {"FAKE_COMFYUI": {"value": mood, "note": "how it behaves", "read_by": "the stand-in"}}
    return Profile.model_validate(
        {
            "name": "trial",
            "title": "Trial",
            "environment": settings if mood else {},
            "expect": {"attention": "pytorch"},
        }
    )


class Machine:
    """An installation in a folder with spaces and letters of many kinds, and servers made from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "Künstliche Intelligenz 画" / "ComfyUI портативный"
        shutil.copytree(FAKE, self.folder)
        self.clock = SystemClock()
        self.bus = Bus(self.clock)
        self.facts: list[Fact] = []
        self.bus.subscribe(self.facts.append)
        self.crashes: list[Problem] = []
        self.port = free_port()
        self.servers: list[ManagedServer] = []

    def server(self, mood: str = "", *extra: str, start_limit_s: float = 30.0) -> ManagedServer:
        installation = find_installation(self.folder, Path(sys.executable))
        schema = read_flag_schema(installation, self.folder / "cache")
        plan = launch_plan(profile(mood), installation, schema, "127.0.0.1", self.port, extra, os.environ)
        server = ManagedServer(
            plan,
            self.bus,
            self.clock,
            self.probe,
            start_limit_s=start_limit_s,
            stop_limit_s=5.0,
            on_crash=self.crashes.append,
        )
        self.servers.append(server)
        return server

    def ask(self, path: str) -> bytes:
        with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2.0) as reply:
            return bytes(reply.read())

    def probe(self) -> SystemStats | None:
        try:
            return SystemStats.model_validate(json.loads(self.ask("/system_stats")))
        except (URLError, OSError, http.client.HTTPException):
            return None

    def of(self, kind: type[Fact]) -> list[Fact]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def failure(self, server: ManagedServer) -> Problem:
        with pytest.raises(AppError) as caught:
            server.start(CancelToken())
        assert server.state is ServerState.stopped
        assert server.pid is None
        starts = self.of(ServerStarting)
        assert all(isinstance(fact, ServerStarting) and not psutil.pid_exists(fact.pid or 0) for fact in starts)
        return caught.value.problem


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path)
    yield made
    for server in made.servers:
        server.stop()


def test_start_proof_and_clean_stop(machine: Machine):
    server = machine.server("slow", "--use-pytorch", "--unknown", "--fast", "a", "b")
    stats = server.start(CancelToken())
    assert server.state is ServerState.ready
    assert stats.system.argv == server.plan.server_argv
    assert stats.system.argv[0] == str(machine.folder / "main.py")
    assert stats.system.argv[-4:] == ("--use-pytorch-cross-attention", "--fast", "a", "b")
    (starting,), (ready,) = machine.of(ServerStarting), machine.of(ServerReady)
    assert isinstance(starting, ServerStarting)
    assert isinstance(ready, ServerReady)
    assert starting.notices == ("--unknown is not known to ComfyUI 0.25.1: left out.",)
    assert starting.pid == ready.pid == server.pid
    assert ready.startup_s is not None
    assert 0.5 <= ready.startup_s < 20.0

    eventually(lambda: any(line.startswith("100%") for line in server.lines))
    reached = {fact.stage: fact.detail for fact in machine.facts if isinstance(fact, ServerStageReached)}
    assert list(reached) == [
        *("process", "torch", "device", "attention", "version", "custom_nodes", "database", "listening"),
    ]
    assert reached["custom_nodes"] == "2 custom nodes in 1.5 s; failed: Ünfug pack"
    assert reached["listening"] == f"http://127.0.0.1:{machine.port}"
    claims = launch_claims(profile("slow"), server.plan, stats, server.lines)
    assert [(claim.name, claim.found, claim.proof) for claim in claims] == [
        ("FAKE_COMFYUI", "slow", Proof.proved),
        ("attention", "pytorch", Proof.proved),
    ]

    pid = server.pid
    server.stop()
    assert server.lines[-1] == "Stopped server"
    said = [fact.line for fact in machine.facts if isinstance(fact, ServerSaid)]
    assert len([line for line in said if "%|" in line]) < 10
    assert [line for line in said if "%|" in line][-1].startswith("100%")
    (stopped,) = machine.of(ServerStopped)
    assert isinstance(stopped, ServerStopped)
    assert (stopped.exit_code, stopped.expected) == (0, True)
    assert not psutil.pid_exists(pid or 0)
    assert machine.probe() is None
    assert machine.crashes == []


def test_it_can_be_started_again_after_stop_and_crash(machine: Machine):
    server = machine.server()
    server.start(CancelToken())
    with pytest.raises((URLError, OSError, http.client.HTTPException)):
        machine.ask("/die")
    eventually(lambda: bool(machine.crashes))
    found = server.crash()
    assert machine.crashes == [found]
    assert found is not None
    assert found.code == "server_crashed"
    assert "while it worked on a job after a fault of the GPU" in found.message
    assert server.state is ServerState.crashed
    (stopped,) = machine.of(ServerStopped)
    assert isinstance(stopped, ServerStopped)
    assert (stopped.exit_code, stopped.expected) == (3, False)

    server.start(CancelToken())
    assert (server.state, server.crash()) == (ServerState.ready, None)
    server.stop()


@posix_only
def test_a_kill_from_outside_is_named(machine: Machine):
    server = machine.server()
    server.start(CancelToken())
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    eventually(lambda: bool(machine.crashes))
    assert machine.crashes[0].code == "server_killed"
    assert "signal 9" in machine.crashes[0].message
    assert "while it waited for jobs" in machine.crashes[0].message


@pytest.mark.parametrize(
    ("mood", "code", "words"),
    [
        ("no-torch", "torch_missing", "no torch"),
        ("no-sage", "attention_package_missing", "sageattention"),
        ("port-lost", "port_in_use", "was taken by another program while ComfyUI started"),
        pytest.param("segfault", "server_start_failed", "signal 11", marks=posix_only),
    ],
)
def test_a_start_that_fails_is_named_at_once(machine: Machine, mood: str, code: str, words: str):
    began = time.monotonic()
    found = machine.failure(machine.server(mood))
    assert found.code == code
    assert words in found.message
    assert "pytorch version: 2.13.0+cpu" in found.detail
    assert time.monotonic() - began < 10.0
    (stopped,) = machine.of(ServerStopped)
    assert isinstance(stopped, ServerStopped)
    assert not stopped.expected


def test_a_flag_that_is_refused_is_named(machine: Machine):
    server = machine.server("", "--fast", "x")
    server.plan = replace(server.plan, argv=(*server.plan.argv, "--odd"))
    found = machine.failure(server)
    assert found.code == "flag_rejected"
    assert "--odd" in found.message


def test_a_server_that_never_answers(machine: Machine):
    limit_s = 5.0 if sys.platform == "win32" else 1.0  # Python itself starts slowly there
    found = machine.failure(machine.server("deaf", start_limit_s=limit_s))
    assert found.code == "server_start_timeout"
    assert "Context impl SQLiteImpl." in found.message


def test_a_start_can_be_cancelled(machine: Machine):
    server = machine.server("deaf")
    cancel = CancelToken()
    timer = threading.Timer(0.5, cancel.set)
    timer.start()
    with pytest.raises(AppError) as caught:
        server.start(cancel)
    timer.join()
    assert caught.value.problem.code == "cancelled"
    assert (server.state, server.pid) == (ServerState.stopped, None)


def test_a_taken_port_is_named_before_anything_starts(machine: Machine):
    with socket.create_server(("127.0.0.1", machine.port)):
        found = machine.failure(machine.server())
    assert found.code == "port_in_use"
    assert f"process {os.getpid()}" in found.message
    assert machine.facts == []


def test_another_server_behind_the_port_is_not_ours(machine: Machine):
    """Ours never listens; the one that answers was started by somebody else with other arguments."""
    ours, port = machine.server("deaf"), machine.port
    machine.port = free_port()
    other = machine.server()
    other.start(CancelToken())
    ours._probe = machine.probe
    assert ours.plan.port == port != machine.port
    with pytest.raises(AppError) as caught:
        ours.start(CancelToken())
    assert caught.value.problem.code == "server_not_ours"
    assert str(machine.port) in caught.value.problem.message
    assert (ours.state, ours.pid) == (ServerState.stopped, None)
    assert other.state is ServerState.ready


def test_changed_arguments_do_not_hide_that_the_port_is_ours(machine: Machine):
    """Some custom nodes change the arguments that the server tells."""
    server = machine.server("other-argv")
    stats = server.start(CancelToken())
    assert stats.system.argv != server.plan.server_argv
    assert server.state is ServerState.ready
