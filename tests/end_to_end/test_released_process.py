"""Children that are let go: they live on, nothing they say is lost or blocks them, and they end when asked to."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.test_process_tree import FAMILY, Heard, gone_after_s, lives, posix_only
from wan22.schema.problem import AppError
from wan22.system.adopted_process import AdoptedProcess
from wan22.system.process import Process, ProcessSpec, child_environment, start_process
from wan22.system.process_table import ProcessIdentity, identity_of

COUNT = (
    "import sys, time\nfor n in range(12_000):\n    print(n, 'ü' * 20, flush=True)\n    n % 100 or time.sleep(0.005)"
)
SLEEP = "import time; print('up', flush=True); time.sleep(60)"


class Released:
    """A child of ours that is let go, and what came from it until then."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.heard = Heard()
        self.log = folder / "Künstlich 画" / "server.log"
        spec = ProcessSpec((sys.executable, *arguments), folder, child_environment(), name="test-child")
        self.process: Process = start_process(spec, self.heard.on_line, self.heard.exits.append)
        self.adopted: AdoptedProcess | None = None

    def release(self, grace_s: float = 10.0) -> AdoptedProcess:
        child = identity_of(self.process.pid or 0)
        supervisor = identity_of(self.process.supervisor_pid) if self.process.supervisor_pid is not None else None
        assert child is not None
        assert self.process.release(self.log, grace_s, lambda: "".join(f"{n}\n" for n in self.heard.lines).encode())
        self.adopted = AdoptedProcess(child, supervisor)
        return self.adopted

    def text(self) -> str:
        return self.log.read_bytes().decode("utf-8").replace("\r\n", "\n")

    def wait_for(self, text: str) -> None:
        give_up_s = time.monotonic() + 20.0
        while text not in self.text():
            assert time.monotonic() < give_up_s, self.text()[-500:]
            time.sleep(0.02)

    def drain(self) -> psutil.Process:
        found = [
            process
            for process in psutil.process_iter(["cmdline"])
            if {"__drain", str(self.log)} <= set(process.info["cmdline"] or ())
        ]
        assert len(found) == 1
        return found[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "family tree.py").write_text(FAMILY, encoding="utf-8")
    return tmp_path


@pytest.fixture
def start(folder: Path) -> Iterator[type[Released]]:
    made: list[Released] = []

    def begin(*arguments: str) -> Released:
        made.append(Released(folder, *arguments))
        return made[-1]

    yield begin  # type: ignore[misc]
    for released in made:
        if released.adopted is not None:
            released.adopted.stop(0.1)
        released.process.kill()


def test_nothing_is_lost_or_said_twice_when_the_output_changes_hands(start):
    released = start("-c", COUNT)
    released.heard.wait_for("500 ")
    released.release()
    told = len(released.heard.lines)
    assert 500 < told < 11_000
    released.wait_for("\n11999 ")
    lines = [line for line in released.text().splitlines() if line[:1].isdigit()]
    assert lines == [f"{n} {'ü' * 20}" for n in range(12_000)]
    assert len(released.heard.lines) == told
    assert released.heard.exits == []


def test_afterwards_the_old_handle_does_nothing(start):
    released = start("-c", SLEEP)
    released.heard.wait_for("up")
    adopted = released.release()
    began = time.monotonic()
    released.process.kill()
    assert released.process.stop(5.0) is None
    assert released.process.wait() is None
    assert released.process.exit_code is None
    assert time.monotonic() - began < 1.0
    assert adopted.is_alive
    assert adopted.stop(10.0)
    assert not adopted.is_alive


def test_the_whole_family_ends_politely_and_the_helper_with_it(start):
    released = start("family tree.py", "child")
    family = released.heard.family()
    adopted = released.release()
    helper = released.drain()
    assert adopted.stop(15.0)
    assert gone_after_s([*family.values(), helper.pid]) < 2.0
    assert {"child clean end", "grandchild clean end"} <= set(released.text().splitlines())


@posix_only
@pytest.mark.parametrize("flags", [("stubborn",), ("stubborn", "detached")], ids="+".join)
def test_who_ignores_everything_is_killed(start, flags: tuple[str, ...]):
    released = start("family tree.py", "child", *flags)
    family = released.heard.family()
    adopted = released.release(grace_s=0.1)
    assert adopted.stop(0.1)
    assert not any(lives(pid) for pid in family.values())
    assert "The process ended with exit code -9" in released.text().splitlines()


@posix_only
def test_a_family_without_its_supervisor_is_still_ended(start):
    """Its end takes the child along on Linux; where it does not, the child is asked itself."""
    released = start("family tree.py", "child")
    family = released.heard.family()
    adopted = released.release()
    assert adopted.supervisor is not None
    orphaned = AdoptedProcess(adopted.child, ProcessIdentity(adopted.supervisor.pid, adopted.supervisor.created_s - 60))
    assert orphaned.stop(10.0)
    assert gone_after_s(list(family.values())) < 2.0


@posix_only
def test_a_terminated_supervisor_gives_the_promised_time(start):
    released = start("family tree.py", "child", "deaf")
    released.heard.family()
    adopted = released.release(grace_s=0.4)
    began = time.monotonic()
    assert adopted.stop(0.4)
    assert 0.4 <= time.monotonic() - began < 3.0
    assert "child heard SIGINT" in released.text().splitlines()
    assert f"The process ended with exit code {-signal.SIGTERM}" in released.text().splitlines()


def test_a_later_process_with_the_same_number_is_never_touched():
    stranger = subprocess.Popen([sys.executable, "-c", SLEEP], stdout=subprocess.DEVNULL)
    try:
        found = identity_of(stranger.pid)
        assert found is not None
        earlier = ProcessIdentity(found.pid, found.created_s - 60.0)
        adopted = AdoptedProcess(earlier, earlier)
        assert not adopted.is_alive
        assert adopted.stop(0.2)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_what_has_ended_cannot_be_let_go(start, tmp_path: Path):
    released = start("-c", "print('over')")
    assert released.process.wait(20.0) == 0
    assert released.process.release(released.log, 1.0, bytes) is False
    assert not released.log.exists()
    assert released.heard.exits == [0]


def test_a_release_that_fails_changes_nothing(start, tmp_path: Path):
    released = start("-c", "import time\nfor n in range(600):\n    print(n, flush=True)\n    time.sleep(0.05)")
    released.heard.wait_for("3")
    (tmp_path / "file").touch()
    with pytest.raises(AppError) as caught:
        released.process.release(tmp_path / "file" / "server.log", 1.0, bytes)
    assert caught.value.problem.code == "file_unwritable"
    said = len(released.heard.lines)
    released.heard.wait_for(str(said + 3))
    assert released.heard.lines[: said + 3] == [str(n) for n in range(said + 3)]
    released.process.kill()
    assert released.process.wait(10.0) is not None
    assert len(released.heard.exits) == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_no_descriptor_is_left_open(start):
    start("-c", "pass").process.wait(20.0)
    before = sum(1 for _ in Path("/proc/self/fd").iterdir())
    released = start("-c", SLEEP)
    released.heard.wait_for("up")
    adopted = released.release()
    assert sum(1 for _ in Path("/proc/self/fd").iterdir()) == before
    assert adopted.stop(10.0)


@posix_only
def test_the_helper_outlives_a_request_to_end(start):
    """Who shuts the system down asks everybody at once; the child's last words still have to go somewhere."""
    released = start("-c", "import time\nwhile True:\n    print('tick', flush=True)\n    time.sleep(0.05)")
    released.heard.wait_for("tick")
    adopted = released.release()
    helper = released.drain()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        helper.send_signal(number)
    size = released.log.stat().st_size
    give_up_s = time.monotonic() + 10.0
    while released.log.stat().st_size < size + 50:
        assert time.monotonic() < give_up_s
        time.sleep(0.02)
    assert adopted.is_alive
    assert adopted.stop(10.0)
    assert gone_after_s([helper.pid]) < 2.0
