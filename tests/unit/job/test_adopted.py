"""The provider of a server that was left running; with a real server it is tried in tests/end_to_end."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.job.scripted_client import ScriptedClient
from wan22.job.adopted import AdoptedProvider
from wan22.launch.server_record import keep_record, log_file, record_file
from wan22.schema.events import ServerReady, ServerSaid
from wan22.schema.problem import AppError
from wan22.schema.server import ProcessRecord, ServerRecord, SystemInfo, SystemStats
from wan22.system.bus import Bus, Fact
from wan22.system.cancel import CancelToken
from wan22.system.process_table import identity_of


class Client(ScriptedClient):
    def stats(self, timeout_s: float = 10.0) -> SystemStats:
        self._answer()
        return SystemStats(system=SystemInfo(comfyui_version="0.25.0", deploy_environment="simulated"))


class Stage:
    """A record that names this very process as the server, which does listen on the port."""

    def __init__(self, data: Path, port: int) -> None:
        found = identity_of(os.getpid())
        assert found is not None
        self.data = data
        self.client = Client()
        self.facts: list[Fact] = []
        bus = Bus(self.client.clock)
        bus.subscribe(self.facts.append)
        self.record = ServerRecord(
            process=ProcessRecord(pid=found.pid, created_s=found.created_s),
            url=self.client.url,
            host="127.0.0.1",
            port=port,
            argv=("python", "main.py"),
            folder=str(data / "gone"),
            working_folder=str(data),
            python="python",
            started_s=found.created_s,
            log=str(log_file(data)),
        )
        keep_record(data, self.record)
        self.provider = AdoptedProvider(self.record, data, self.client, bus, self.client.clock, stop_limit_s=1.0)

    def failure(self) -> str:
        with pytest.raises(AppError) as caught:
            self.provider.acquire(CancelToken())
        return caught.value.problem.code

    def said(self) -> list[str]:
        return [fact.line for fact in self.facts if isinstance(fact, ServerSaid)]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Stage(tmp_path, int(listener.getsockname()[1]))
        yield made
        made.provider.leave_running()


def test_it_is_ours_and_says_what_it_is(stage: Stage):
    handle = stage.provider.acquire(CancelToken())
    assert (handle.owned, handle.local, handle.pid) == (True, True, os.getpid())
    assert handle.plan is not None
    assert handle.plan.argv == stage.record.argv
    assert handle.installation is None  # its folder was moved away
    (ready,) = [fact for fact in stage.facts if isinstance(fact, ServerReady)]
    assert (ready.owned, ready.simulated, ready.version) == (True, True, "0.25.0")
    assert stage.provider.is_running


def test_the_log_before_is_shown_and_the_log_from_now_on_is_told(stage: Stage):
    log = log_file(stage.data)
    log.write_bytes("Größe\n[INFO] got pro".encode())
    handle = stage.provider.acquire(CancelToken())
    assert handle.log_lines() == ("Größe",)
    with log.open("ab") as file:
        file.write(b"mpt\r\n 50%|##   | 1/2 [00:01<00:01, 1.0s/it]\r100%|#####| 2/2 [00:02<00:00, 1.0s/it]\nend\n")
    give_up_s = time.monotonic() + 10.0
    while "end" not in stage.said():
        assert time.monotonic() < give_up_s
        time.sleep(0.02)
    assert stage.said()[0] == "got prompt"
    assert (handle.log_lines() or ())[-3:] == ("got prompt", "100%|#####| 2/2 [00:02<00:00, 1.0s/it]", "end")


def test_a_worker_that_died_unwatched_is_found_in_the_log(stage: Stage):
    log_file(stage.data).write_text("got prompt\nException in thread Thread-9 (prompt_worker):\n", encoding="utf-8")
    assert stage.failure() == "server_stuck"


def test_another_server_behind_the_address_is_not_ours(stage: Stage):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = int(listener.getsockname()[1])
    stage.provider.record = stage.record.model_copy(update={"port": free})
    assert stage.failure() == "server_not_ours"


def test_a_server_that_does_not_answer_and_a_stop_before(stage: Stage):
    stage.client.unreachable = True
    assert stage.failure() == "server_unreachable"
    cancel = CancelToken()
    cancel.set()
    with pytest.raises(AppError) as caught:
        stage.provider.acquire(cancel)
    assert caught.value.problem.code == "cancelled"


def test_leaving_it_again_keeps_its_record(stage: Stage):
    stage.provider.acquire(CancelToken())
    record_file(stage.data).unlink()
    stage.provider.leave_running()
    assert record_file(stage.data).exists()
    stage.provider.leave_running()
