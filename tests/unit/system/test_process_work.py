import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from wan22.system.process_table import process_tree
from wan22.system.process_work import ProcessWork, work_of

SCRIPT = """
import sys, time
what = sys.stdin.readline().strip()
while what == "count":
    pass
if what == "read":
    data = open(sys.argv[1], "rb").read()
if what == "child":
    import subprocess
    subprocess.Popen([sys.executable, "-c", "while True: pass"])
print("done", flush=True)
time.sleep(60)
"""


@pytest.fixture
def child(tmp_path: Path) -> "Iterator[subprocess.Popen[str]]":
    file = tmp_path / "größe"
    file.write_bytes(bytes(24 * 2**20))
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        yield process
        for pid in reversed(process_tree(process.pid)):
            psutil.Process(pid).kill()


def say(child: "subprocess.Popen[str]", word: str) -> None:
    assert child.stdin is not None
    child.stdin.write(word + "\n")
    child.stdin.flush()


def until(condition: Callable[[ProcessWork], bool], pid: int) -> ProcessWork:
    for _ in range(500):
        found = work_of(pid)
        assert found is not None
        if condition(found):
            return found
        time.sleep(0.02)
    raise AssertionError("it never came")


def test_a_process_that_computes(child: "subprocess.Popen[str]"):
    before = work_of(child.pid)
    assert before is not None
    say(child, "count")
    until(lambda work: work.cpu_s - before.cpu_s > 0.3, child.pid)


def test_a_process_that_reads(child: "subprocess.Popen[str]"):
    before = work_of(child.pid)
    assert before is not None
    say(child, "read")
    until(lambda work: work.moved_bytes - before.moved_bytes >= 24 * 2**20, child.pid)


def test_children_count(child: "subprocess.Popen[str]"):
    before = work_of(child.pid)
    assert before is not None
    say(child, "child")
    after = until(lambda work: work.cpu_s - before.cpu_s > 0.3, child.pid)
    assert after.count == before.count + 1


def test_nobody_there(child: "subprocess.Popen[str]"):
    child.kill()
    child.wait()
    assert work_of(child.pid) is None
