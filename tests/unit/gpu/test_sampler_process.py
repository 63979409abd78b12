import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from wan22.gpu.sampler_process import PipedProcess
from wan22.schema.problem import AppError, Problem
from wan22.system.process_table import process_tree

ECHO = "import sys\nprint('ready', flush=True)\nfor line in sys.stdin:\n    print('said', line.strip(), flush=True)\n"


class Ears:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.problems: list[Problem] = []
        self.exit_code: int | None = None
        self.heard = threading.Event()
        self.ended = threading.Event()

    def line(self, text: str) -> None:
        self.lines.append(text)
        self.heard.set()

    def exit(self, code: int) -> None:
        self.exit_code = code
        self.ended.set()

    def wait_for(self, count: int, limit_s: float = 10.0) -> None:
        give_up = time.monotonic() + limit_s
        while len(self.lines) < count and time.monotonic() < give_up:
            self.heard.wait(0.05)
            self.heard.clear()
        assert len(self.lines) >= count, self.lines


def start(ears: Ears, script: str) -> PipedProcess:
    argv = [sys.executable, "-c", script]
    return PipedProcess(argv, dict(os.environ, PYTHONUTF8="1"), ears.line, ears.exit, ears.problems.append)


def test_talking_both_ways_and_ending_with_its_input():
    ears = Ears()
    process = start(ears, ECHO)
    ears.wait_for(1)
    process.write_line("grüße")
    ears.wait_for(2)
    began_s = time.monotonic()
    process.stop(5.0)
    assert time.monotonic() - began_s < 3.0
    assert ears.lines == ["ready", "said grüße"]
    assert ears.exit_code == 0
    process.write_line("too late")
    process.stop(5.0)


def test_error_output_and_odd_bytes_are_lines_too():
    ears = Ears()
    script = (
        "import sys\nsys.stderr.write('oops\\n')\nsys.stderr.flush()\n"
        "sys.stdout.buffer.write(b'\\xff\\r\\n\\r\\nlast')\n"
    )
    process = start(ears, script)
    assert ears.ended.wait(10.0)
    process.stop(1.0)
    assert ears.lines == ["oops", "�", "last"]


def test_one_that_ignores_its_input_is_ended_by_force():
    ears = Ears()
    process = start(ears, "import time\nprint('deaf', flush=True)\ntime.sleep(600)\n")
    ears.wait_for(1)
    process.stop(0.1)
    assert ears.ended.is_set()
    assert ears.exit_code not in (0, None)


def test_a_program_that_is_not_there():
    ears = Ears()
    with pytest.raises(AppError) as caught:
        PipedProcess(["/no/such/prögram"], {}, ears.line, ears.exit, ears.problems.append)
    assert caught.value.problem.code == "process_start_failed"
    assert "prögram" in caught.value.problem.message


def test_a_fault_of_the_listener_ends_the_child():
    ears = Ears()

    def broken(_text: str) -> None:
        raise RuntimeError("listener")

    process = PipedProcess([sys.executable, "-c", ECHO], dict(os.environ), broken, ears.exit, ears.problems.append)
    assert ears.ended.wait(10.0)
    process.stop(1.0)
    assert [found.code for found in ears.problems] == ["internal_error"]


PARENT = """
import sys, time
from wan22.gpu.sampler_process import PipedProcess
from wan22.system.child_command import child_environment
process = PipedProcess(sys.argv[1:], child_environment(), print, print, print)
print("child", process.pid, flush=True)
time.sleep(600)
"""
FAKE_MONITOR = Path(__file__).parents[2] / "fakes" / "fake_monitor.py"


@pytest.mark.parametrize("scenario", ["good", "hangs"])
def test_when_we_are_killed_the_sampler_ends_even_inside_the_driver(scenario: str):
    monitor = [sys.executable, str(FAKE_MONITOR), scenario, "monitor", "--json"]
    parent = subprocess.Popen(
        [sys.executable, "-u", "-c", PARENT, *monitor], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )
    assert parent.stdout is not None
    with parent.stdout:
        child = int(parent.stdout.readline().split()[1])
        while "gpu_sampled" not in parent.stdout.readline():
            assert parent.poll() is None
        time.sleep(0.6)
        parent.kill()
        parent.wait(10.0)
    give_up = time.monotonic() + 8.0
    while process_tree(child) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert process_tree(child) == []
