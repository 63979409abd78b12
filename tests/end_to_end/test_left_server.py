"""A server that outlives its panel: left running by one process, found, followed, stopped by another."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.test_process_tree import gone_after_s, lives, posix_only
from tests.end_to_end.test_server_process import Machine, eventually, free_port
from wan22.comfy.http import HttpComfyClient
from wan22.job.adopted import AdoptedProvider
from wan22.launch.launch_proof import launch_claims
from wan22.launch.server_record import find_left_server, log_file, record_file
from wan22.schema.events import ServerReady, ServerSaid, ServerStopped
from wan22.schema.problem import AppError
from wan22.schema.profile import Profile
from wan22.schema.server import Proof, ServerRecord
from wan22.system.cancel import CancelToken

PANEL = textwrap.dedent(
    """
    import json, os, sys, time
    from functools import partial
    from pathlib import Path
    from wan22.comfy.http import HttpComfyClient
    from wan22.job.provider import OwnedProvider
    from wan22.launch.discovery import find_installation
    from wan22.launch.flag_schema import read_flag_schema
    from wan22.launch.launch_args import launch_plan
    from wan22.schema.profile import Profile
    from wan22.system.bus import Bus
    from wan22.system.cancel import CancelToken
    from wan22.system.clock import SystemClock

    folder, data, port, then = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    profile = Profile.model_validate(json.loads(sys.argv[5]))
    found = find_installation(folder, Path(sys.executable))
    plan = launch_plan(profile, found, read_flag_schema(found, folder / "cache"), "127.0.0.1", port, (), os.environ)
    clock = SystemClock()
    bus = Bus(clock)
    provider = OwnedProvider(
        found, plan, partial(HttpComfyClient, clock=clock), bus, clock,
        start_limit_s=60.0, stop_limit_s=5.0, data_folder=data, keep=True,
    )
    handle = provider.acquire(CancelToken())
    print(handle.pid, flush=True)
    bus.subscribe(lambda fact: print("HEARD", fact, flush=True))
    if then == "leave":
        provider.leave_running()
        provider.stop()  # as a panel does that ends whatever it still has
        assert not provider.is_running
    else:
        time.sleep(60)
    """
)

PROFILE = {
    "name": "trial",
    "title": "Trial",
    "environment": {"PYTORCH_CUDA_ALLOC_CONF": {"value": "backend:native", "note": "a note", "read_by": "torch"}},
    "expect": {"attention": "pytorch"},
}


class LeftMachine(Machine):
    """As `Machine`, with panels that are processes of their own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.data = folder / "Eigene Dateien 画"
        self.data.mkdir()
        self.providers: list[AdoptedProvider] = []

    def panel(self, then: str) -> "subprocess.Popen[str]":
        words = (str(self.folder), str(self.data), str(self.port), then, json.dumps(PROFILE))
        return subprocess.Popen(
            [sys.executable, "-X", "utf8", "-c", PANEL, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
            env={**os.environ, "HF_TOKEN": "a secret"},
        )

    def leave(self) -> ServerRecord:
        """Run a panel that starts the server and leaves it; the server's record as the next panel finds it."""
        panel = self.panel("leave")
        said, _ = panel.communicate(timeout=60)
        assert panel.returncode == 0
        assert len(said.splitlines()) == 1, said
        record = find_left_server(self.data)
        assert record is not None
        assert record.process.pid == int(said)
        return record

    def adopt(self, record: ServerRecord) -> AdoptedProvider:
        client = HttpComfyClient(record.url, clock=self.clock)
        provider = AdoptedProvider(record, self.data, client, self.bus, self.clock, stop_limit_s=8.0)
        self.providers.append(provider)
        return provider

    def log(self) -> str:
        return log_file(self.data).read_text(encoding="utf-8", errors="replace")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[LeftMachine]:
    made = LeftMachine(tmp_path)
    yield made
    left = find_left_server(made.data)
    for provider in [*made.providers, *([made.adopt(left)] if left is not None else [])]:
        provider.stop()


def tree_of(record: ServerRecord) -> list[int]:
    """The supervisor, the server with its children, and the helper that reads its output."""
    roots = [record.process.pid, *([record.supervisor.pid] if record.supervisor is not None else [])]
    helpers = [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if {"__drain", record.log} <= set(process.info["cmdline"] or ())
    ]
    assert len(helpers) == 1
    return [*roots, *(child.pid for child in psutil.Process(roots[0]).children(recursive=True)), *helpers]


def test_it_goes_on_without_the_panel_and_nothing_it_says_is_lost(machine: LeftMachine):
    record = machine.leave()
    assert machine.ask("/talk")  # answers after it has said more than a pipe takes
    eventually(lambda: "word 2999 " in machine.log())
    said = [line for line in machine.log().splitlines() if "word " in line]
    assert [line.split("word ")[1].split()[0] for line in said] == [str(number) for number in range(3000)]
    assert len("\n".join(said)) > 2 * 65536
    assert "pytorch version: 2.13.0+cpu" in machine.log()
    assert all(lives(pid) for pid in tree_of(record))
    assert "a secret" not in record_file(machine.data).read_text(encoding="utf-8")


def test_the_next_panel_finds_it_works_with_it_and_stops_it(machine: LeftMachine):
    record = machine.leave()
    tree = tree_of(record)
    provider = machine.adopt(record)
    assert provider.is_running
    handle = provider.acquire(CancelToken())
    assert (handle.owned, handle.local, handle.pid) == (True, True, record.process.pid)
    assert handle.models_folder == machine.folder / "models"
    (ready,) = machine.of(ServerReady)
    assert isinstance(ready, ServerReady)
    assert (ready.owned, ready.pid, ready.version) == (True, record.process.pid, "0.25.1")
    assert machine.of(ServerSaid) == []
    claims = launch_claims(Profile.model_validate(PROFILE), handle.plan, handle.stats, handle.log_lines())
    assert [(claim.name, claim.found) for claim in claims] == [
        ("PYTORCH_CUDA_ALLOC_CONF", "backend:native"),
        ("attention", "pytorch"),
    ]
    assert claims[1].proof is Proof.proved

    machine.ask("/talk")
    eventually(lambda: len(machine.of(ServerSaid)) >= 3000)
    assert (handle.log_lines() or ())[-1].startswith("word 2999 ")
    provider.release(handle)
    assert provider.is_running

    provider.stop()
    provider.stop()
    assert gone_after_s(tree) < 2.0
    assert not provider.is_running
    assert (handle.log_lines() or ())[-1] == "Stopped server"
    assert handle.crash() is None
    (stopped,) = machine.of(ServerStopped)
    assert isinstance(stopped, ServerStopped)
    assert stopped.expected
    assert sys.platform == "win32" or stopped.exit_code == 0
    assert find_left_server(machine.data) is None
    assert not record_file(machine.data).exists()


def test_it_can_be_left_again_and_again(machine: LeftMachine):
    record = machine.leave()
    first = machine.adopt(record)
    first.acquire(CancelToken())
    first.leave_running()
    machine.ask("/talk")
    assert machine.of(ServerSaid) == []
    assert find_left_server(machine.data) == record
    second = machine.adopt(record)
    handle = second.acquire(CancelToken())
    assert any(line.startswith("word 2999 ") for line in handle.log_lines() or ())
    second.stop()
    assert machine.probe() is None


@posix_only
def test_its_end_is_noticed_and_named(machine: LeftMachine):
    provider = machine.adopt(machine.leave())
    handle = provider.acquire(CancelToken())
    os.kill(handle.pid or 0, signal.SIGKILL)
    eventually(lambda: handle.crash() is not None)
    found = handle.crash()
    assert found is not None
    assert found.code == "server_killed"
    assert "signal 9" in found.message
    eventually(lambda: not record_file(machine.data).exists())
    (stopped,) = machine.of(ServerStopped)
    assert isinstance(stopped, ServerStopped)
    assert (stopped.exit_code, stopped.expected) == (-9, False)
    with pytest.raises(AppError) as caught:
        provider.acquire(CancelToken())
    assert caught.value.problem == found


def test_a_crash_while_nobody_watched_is_told_when_it_is_taken_up(machine: LeftMachine):
    record = machine.leave()
    with pytest.raises(OSError):
        machine.ask("/die")
    eventually(lambda: not lives(record.process.pid))
    provider = machine.adopt(record)
    eventually(lambda: "CUDA error" in machine.log())
    with pytest.raises(AppError):
        provider.acquire(CancelToken())
    provider.stop()
    assert any("CUDA error" in line for line in provider._server.lines)
    assert find_left_server(machine.data) is None


def test_a_stranger_with_its_number_is_neither_found_nor_touched(machine: LeftMachine):
    record = machine.leave()
    provider = machine.adopt(record)
    provider.stop()
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        created_s = psutil.Process(stranger.pid).create_time() - 30.0
        gone = record.process.model_copy(update={"pid": stranger.pid, "created_s": created_s})
        old = record.model_copy(update={"process": gone, "supervisor": gone})
        record_file(machine.data).write_text(old.model_dump_json(), encoding="utf-8")
        late = machine.adopt(old)
        assert not late.is_running
        late.stop()
        assert find_left_server(machine.data) is None
        assert not record_file(machine.data).exists()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_second_server_is_not_left_beside_the_first(machine: LeftMachine):
    record = machine.leave()
    first_port, machine.port = machine.port, free_port()
    server = machine.server()
    server.start(CancelToken())
    with pytest.raises(AppError) as caught:
        server.leave_running(machine.data)
    assert caught.value.problem.code == "server_not_left"
    assert str(record.process.pid) in caught.value.problem.message
    server.stop()
    machine.port = first_port
    assert machine.probe() is not None


def test_a_panel_that_is_killed_takes_its_server_along(machine: LeftMachine):
    panel = machine.panel("stay")
    try:
        assert panel.stdout is not None
        pid = int(panel.stdout.readline())
    finally:
        panel.kill()
        panel.communicate()
    began = time.monotonic()
    gone_after_s([pid])
    assert time.monotonic() - began < 4.0
    assert find_left_server(machine.data) is None
