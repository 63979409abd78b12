import os
import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.process import ScriptedProcess, ScriptedStarter
from tests.unit.launch.installs import SCHEMA, installation
from tests.unit.launch.logs import recorded_start
from wan22.launch.launch_args import LaunchPlan, launch_plan
from wan22.launch.server import ManagedServer, ServerState
from wan22.launch.server_record import log_file, record_file
from wan22.schema.events import ServerReady, ServerSaid, ServerStageReached, ServerStarting, ServerStopped
from wan22.schema.problem import AppError, Problem, app_error
from wan22.schema.profile import Profile
from wan22.schema.server import ServerRecord, SystemInfo, SystemStats
from wan22.system.bus import Bus, Fact
from wan22.system.cancel import CancelToken

T = TypeVar("T")
LOG = recorded_start("0.25.0")
NO_SAGE = "To use the `--use-sage-attention` feature, the `sageattention` package must be installed first."


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Stage:
    """A server with a scripted process, a fake clock and a bus that keeps what it heard."""

    def __init__(self, starter: ScriptedStarter, *, ready_after: int = 0, start_limit_s: float = 60.0) -> None:
        self.clock = FakeClock(auto=True)
        self.bus = Bus(self.clock)
        self.facts: list[Fact] = []
        self.bus.subscribe(self.facts.append)
        self.starter = starter
        self.crashes: list[Problem] = []
        self.plan: LaunchPlan = launch_plan(
            Profile(name="trial", title="Trial"), installation(), SCHEMA, "127.0.0.1", free_port(), ("--odd",), {}
        )
        self.argv = self.plan.server_argv
        self.asked = 0
        self.before_answer: Callable[[], None] = lambda: None
        self.ready_after = ready_after
        self.server = ManagedServer(
            self.plan,
            self.bus,
            self.clock,
            self.probe,
            start_limit_s=start_limit_s,
            stop_limit_s=12.0,
            start=starter,
            on_crash=self.crashes.append,
        )

    def probe(self) -> SystemStats | None:
        self.asked += 1
        if self.asked <= self.ready_after:
            return None
        self.starter.join()
        self.before_answer()
        return SystemStats(system=SystemInfo(comfyui_version="0.25.0", argv=self.argv))

    def kinds(self) -> list[str]:
        kinds = [type(fact).__name__ for fact in self.facts]
        return [kind for number, kind in enumerate(kinds) if number == 0 or kinds[number - 1] != kind]

    def only(self, kind: type[T]) -> T:
        found = [fact for fact in self.facts if isinstance(fact, kind)]
        assert len(found) == 1
        return found[0]

    def process(self) -> ScriptedProcess:
        return self.starter.started[-1]

    def failure(self, cancel: CancelToken | None = None) -> Problem:
        with pytest.raises(AppError) as caught:
            self.server.start(cancel or CancelToken())
        self.starter.join()
        assert self.server.state is ServerState.stopped
        assert self.server.pid is None
        return caught.value.problem


def test_from_start_to_stop():
    stage = Stage(ScriptedStarter(LOG), ready_after=4)
    assert stage.server.state is ServerState.stopped
    stats = stage.server.start(CancelToken())
    assert stats.system.argv == stage.plan.server_argv
    assert (stage.server.state, stage.server.pid) == (ServerState.ready, 4242)
    assert stage.clock.slept == [0.25] * 4
    starting, ready = stage.only(ServerStarting), stage.only(ServerReady)
    assert stage.facts[0] is starting
    assert (starting.argv, starting.pid, starting.url) == (stage.plan.argv, 4242, stage.plan.url)
    assert starting.notices == ("--odd is not known to ComfyUI 0.25.0: left out.",)
    assert starting.folder == str(Path("/ai/ComfyUI"))
    assert (ready.owned, ready.version, ready.startup_s, ready.pid) == (True, "0.25.0", 1.0, 4242)
    assert list(stage.server.lines) == LOG
    assert [fact.line for fact in stage.facts if isinstance(fact, ServerSaid)] == LOG
    reached = [fact.stage for fact in stage.facts if isinstance(fact, ServerStageReached)]
    assert reached == ["process", "torch", "device", "attention", "version", "custom_nodes", "database", "listening"]
    spec = stage.process().spec
    assert (spec.argv, spec.cwd, spec.environment) == (stage.plan.argv, stage.plan.cwd, stage.plan.environment)

    stage.server.stop()
    stage.server.stop()
    assert stage.process().asked == ["stop 12"] * 2
    assert (stage.server.state, stage.server.crash(), stage.crashes) == (ServerState.stopped, None, [])
    stopped = stage.only(ServerStopped)
    assert (stopped.exit_code, stopped.expected) == (0, True)


def test_nothing_is_told_before_the_start():
    """Lines that come while the process is still being started are told after ServerStarting."""

    def start(spec: object, on_line: Callable[[str], None], on_exit: Callable[[int], None]) -> ScriptedProcess:
        process = ScriptedStarter()(spec, on_line, on_exit)  # type: ignore[arg-type]
        process.say("pytorch version: 2.10")
        process.end(1)
        return process

    stage = Stage(ScriptedStarter())
    stage.server._start_process = start  # type: ignore[assignment]
    with pytest.raises(AppError):
        stage.server.start(CancelToken())
    assert stage.kinds() == [
        "ServerStarting",
        "ServerStageReached",
        "ServerSaid",
        "ServerStageReached",
        "ServerStopped",
    ]


def test_a_crash_during_the_start_is_explained_at_once():
    stage = Stage(ScriptedStarter([*LOG[:4], NO_SAGE], exit_code=255), ready_after=1000)
    found = stage.failure()
    assert found.code == "attention_package_missing"
    assert stage.clock.monotonic() < 1005
    stopped = stage.only(ServerStopped)
    assert (stopped.exit_code, stopped.expected) == (255, False)
    assert stage.crashes == []
    assert stage.server.crash() is None


def test_a_start_that_takes_too_long_is_stopped():
    stage = Stage(ScriptedStarter(LOG[:3]), ready_after=1000, start_limit_s=5.0)
    found = stage.failure()
    assert found.code == "server_start_timeout"
    assert "within 5 s" in found.message
    assert stage.process().asked == ["stop 12"]
    assert stage.only(ServerStopped).expected
    assert 5.0 <= stage.clock.monotonic() - 1000.0 < 6.0


def test_a_silent_start_is_told():
    stage = Stage(ScriptedStarter(), ready_after=1000, start_limit_s=1.0)
    assert "has not said anything" in stage.failure().message


def test_cancel_stops_the_process():
    stage = Stage(ScriptedStarter(LOG[:3]))
    cancel = CancelToken()
    stage.ready_after = 1000
    stage.server._probe = cancel.set  # type: ignore[func-returns-value]
    assert stage.failure(cancel).code == "cancelled"
    assert stage.process().asked == ["stop 12"]


def test_cancel_before_the_start_starts_nothing():
    stage = Stage(ScriptedStarter())
    cancel = CancelToken()
    cancel.set()
    assert stage.failure(cancel).code == "cancelled"
    assert stage.starter.started == []
    assert stage.facts == []


@pytest.mark.parametrize("argv", [(), ("/ai/ComfyUI/main.py", "--port", "8188")])
def test_another_server_is_found_out(argv: tuple[str, ...]):
    stage = Stage(ScriptedStarter(LOG))
    stage.argv = argv
    found = stage.failure()
    assert found.code == "server_not_ours"
    assert stage.plan.url in found.message
    assert " ".join(stage.plan.server_argv) in found.detail
    assert stage.process().asked == ["stop 12"]


def test_a_taken_port_starts_nothing():
    stage = Stage(ScriptedStarter())
    with socket.create_server(("127.0.0.1", stage.plan.port)):
        assert stage.failure().code == "port_in_use"
    assert stage.starter.started == []


def test_folders_that_it_needs_are_made(tmp_path: Path):
    stage = Stage(ScriptedStarter(LOG))
    folder = tmp_path / "Ausgabe für später" / "user"
    stage.server.plan = replace(stage.plan, needed_folders=(folder,))
    stage.server.start(CancelToken())
    assert folder.is_dir()
    stage.server.stop()
    (folder / "file").touch()
    stage.server.plan = replace(stage.plan, needed_folders=(folder / "file" / "below",))
    assert stage.failure().code == "file_unwritable"


def test_a_process_that_cannot_be_started():
    def start(*_arguments: object) -> ScriptedProcess:
        raise app_error("process_start_failed", "There is no such program.")

    stage = Stage(ScriptedStarter())
    stage.server._start_process = start
    assert stage.failure().code == "process_start_failed"


def test_a_crash_after_ready_is_told_and_it_can_be_started_again():
    stage = Stage(ScriptedStarter(LOG))
    stage.server.start(CancelToken())
    stage.process().say("got prompt", "Requested to load WAN21")
    stage.process().end(-9)
    found = stage.server.crash()
    assert found is not None
    assert found.code == "server_killed"
    assert "while it worked on a job" in found.message
    assert stage.crashes == [found]
    assert (stage.server.state, stage.server.pid) == (ServerState.crashed, None)
    stopped = stage.only(ServerStopped)
    assert (stopped.exit_code, stopped.expected) == (-9, False)
    assert stage.server.lines[-1] == "Requested to load WAN21"

    stage.server.start(CancelToken())
    assert (stage.server.state, stage.server.crash(), stage.server.pid) == (ServerState.ready, None, 4243)
    stage.server.stop()


def test_a_server_whose_worker_died_counts_as_crashed_and_is_replaced():
    stage = Stage(ScriptedStarter(LOG))
    stage.server.start(CancelToken())
    stage.process().say("got prompt", "Exception in thread Thread-9 (prompt_worker):", "Traceback")
    found = stage.server.crash()
    assert found is not None
    assert found.code == "server_stuck"
    assert stage.crashes == [found]
    assert (stage.server.state, stage.server.pid) == (ServerState.crashed, 4242)

    stage.server.start(CancelToken())
    assert stage.starter.started[0].asked == ["stop 12"]
    assert (stage.server.state, stage.server.crash(), stage.server.pid) == (ServerState.ready, None, 4243)
    stage.server.stop()
    assert stage.crashes == [found]


def test_stop_after_a_crash_is_harmless():
    stage = Stage(ScriptedStarter(LOG))
    stage.server.start(CancelToken())
    stage.process().end(1)
    stage.server.stop()
    assert stage.server.state is ServerState.stopped
    assert stage.server.crash() is not None
    assert not stage.only(ServerStopped).expected


def test_a_crash_between_the_answer_and_ready():
    stage = Stage(ScriptedStarter(LOG))
    stage.before_answer = lambda: stage.process().end(0xC0000005)
    found = stage.failure()
    assert found.code == "server_start_failed"
    assert "access violation" in found.message


def test_a_second_start_is_refused():
    stage = Stage(ScriptedStarter(LOG))
    stage.server.start(CancelToken())
    with pytest.raises(AppError) as caught:
        stage.server.start(CancelToken())
    assert "ready" in caught.value.problem.message
    assert stage.server.state is ServerState.ready
    stage.server.stop()


def test_a_process_that_does_not_end_is_told():
    stage = Stage(ScriptedStarter(LOG, stubborn=True))
    stage.server.start(CancelToken())
    with pytest.raises(AppError) as caught:
        stage.server.stop()
    assert caught.value.problem.code == "server_not_stopped"
    assert stage.server.state is ServerState.stopping
    stage.process().kill()
    stage.server.stop()
    assert stage.server.state is ServerState.stopped


def test_stop_without_a_start_is_harmless():
    stage = Stage(ScriptedStarter())
    stage.server.stop()
    assert stage.server.state is ServerState.stopped
    assert stage.server.lines == ()


def test_progress_bars_do_not_flood():
    stage = Stage(ScriptedStarter(LOG))
    stage.server.start(CancelToken())
    stage.facts.clear()
    bar = "{:3d}%|#         | {}/100 [00:01<00:00, 1it/s]"
    for percent in range(101):
        stage.process().say(bar.format(percent, percent))
        stage.clock.advance(0.1)
    last = bar.format(100, 100)
    stage.process().say(last + "[INFO] got prompt")
    said = [fact.line for fact in stage.facts if isinstance(fact, ServerSaid)]
    assert 10 <= len(said) <= 14
    assert said[-2:] == [last, "got prompt"]
    assert list(stage.server.lines[-2:]) == [last, "got prompt"]
    assert len(stage.server.lines) == len(LOG) + 2
    stage.process().say(bar.format(0, 0), bar.format(1, 1))
    stage.server.stop()
    said = [fact.line for fact in stage.facts if isinstance(fact, ServerSaid)]
    assert said[-1] == bar.format(1, 1)


def test_lines_are_bounded():
    stage = Stage(ScriptedStarter(LOG))
    stage.server.start(CancelToken())
    stage.process().say(*(f"line {number}" for number in range(6000)))
    assert len(stage.server.lines) == 5000
    assert stage.server.lines[-1] == "line 5999"
    assert stage.server.stages is not None
    assert stage.server.stages.custom_nodes is not None
    stage.server.stop()


def test_the_same_command_of_somebody_else_is_not_ours():
    """Two panels that start on one port at once: both ask, but only one process got the port."""
    stage = Stage(ScriptedStarter(LOG))
    with ExitStack() as stack:
        stage.before_answer = lambda: stack.enter_context(socket.create_server((stage.plan.host, stage.plan.port)))
        found = stage.failure()
    assert found.code == "server_not_ours"
    assert f"(process {os.getpid()})" in found.message
    assert stage.only(ServerStopped).expected


def left(stage: Stage, tmp_path: Path) -> ServerRecord:
    """Start the server under the number of this very process, which can be found again, and leave it."""
    stage.server.start(CancelToken())
    stage.process().pid = os.getpid()
    return stage.server.leave_running(tmp_path)


def test_a_server_that_is_left_running_is_told_by_its_record_alone(tmp_path: Path):
    stage = Stage(ScriptedStarter(LOG))
    record = left(stage, tmp_path)
    assert stage.process().asked == ["release 12"]
    assert (record.process.pid, record.url, record.version) == (os.getpid(), stage.plan.url, "0.25.0")
    assert record.started_s == 1_700_000_000.0
    assert log_file(tmp_path).read_text(encoding="utf-8").splitlines() == LOG
    assert record_file(tmp_path).exists()
    assert (stage.server.state, stage.server.pid, stage.server.crash()) == (ServerState.stopped, None, None)
    assert list(stage.server.lines) == LOG
    stage.server.stop()
    assert stage.process().asked == ["release 12"]
    assert not any(isinstance(fact, ServerStopped) for fact in stage.facts)

    stage.server.start(CancelToken())
    assert stage.server.state is ServerState.ready
    stage.server.stop()


def test_only_a_server_that_is_ready_can_be_left(tmp_path: Path):
    stage = Stage(ScriptedStarter(LOG))
    with pytest.raises(AppError) as caught:
        stage.server.leave_running(tmp_path)
    assert caught.value.problem.code == "server_not_left"
    assert "stopped" in caught.value.problem.message
    stage.server.start(CancelToken())
    stage.process().end(1)
    with pytest.raises(AppError):
        stage.server.leave_running(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_cannot_be_let_go_stays_ours(tmp_path: Path):
    def refuse(*_arguments: object) -> bool:
        raise app_error("disk_full", "The disk is full.")

    stage = Stage(ScriptedStarter(LOG))
    stage.server.start(CancelToken())
    stage.process().pid = os.getpid()
    stage.process().release = refuse  # type: ignore[method-assign]
    with pytest.raises(AppError) as caught:
        stage.server.leave_running(tmp_path)
    assert caught.value.problem.code == "disk_full"
    assert not record_file(tmp_path).exists()
    assert stage.server.state is ServerState.ready
    stage.server.stop()
    assert stage.process().asked == ["stop 12"]
