"""The queue through what ends programs without asking: `kill -9`, and a machine that stops in the middle of a write."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.end_to_end.test_server_process import eventually, free_port
from wan22.runs.layout import RunFolder
from wan22.runs.queue_store import QueueStore
from wan22.runs.reader import open_run
from wan22.runs.verify import verify_run
from wan22.schema.events import PromptOutcome
from wan22.schema.queue import JobState, QueuedJob
from wan22.system.process_table import ProcessIdentity, process_tree

PROMPTS = ("a boat", "a house", "a tree", "a cat")
SLOW, FAST = ("--demo-speed", "8"), ("--demo-speed", "100")


class Panel:
    """`wan22 queue` of one user, in processes of their own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.image = home / "start ü.png"
        home.mkdir(parents=True)
        Image.new("RGB", (320, 192), "teal").save(self.image)
        self.started: list[subprocess.Popen[str]] = []

    @property
    def file(self) -> Path:
        return self.home / "data" / "queue.sqlite3"

    @property
    def runs(self) -> Path:
        return self.home / "data" / "runs"

    def start(self, *words: object) -> "subprocess.Popen[str]":
        command = [sys.executable, "-X", "utf8", "-m", "wan22", "queue", *map(str, words)]
        environment = os.environ | {"WAN22_HOME": str(self.home), "PYTHONUTF8": "1"}
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            env=environment,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def does(self, *words: object, code: int = 0) -> str:
        process = self.start(*words)
        out, _ = process.communicate(timeout=90)
        assert process.returncode == code, out
        return out

    def add(self, *prompts: str, length: int = 17) -> None:
        chosen = [word for prompt in prompts for word in ("--prompt", prompt)]
        self.does("add", "--image", self.image, *chosen, "--size", "320x192", "--length", length, "--seed", 7)

    def work(self, *speed: str) -> "subprocess.Popen[str]":
        return self.start("run", "--demo", *speed, "--port", self.port)

    def jobs(self) -> list[dict[str, Any]]:
        return [json.loads(line)["job"] for line in self.does("list", "--json").splitlines()]

    def states(self) -> dict[str, str]:
        return {job["request"]["prompt"]: job["state"] for job in self.jobs()}

    def at_work(self) -> QueuedJob | None:
        """The job that runs and has its folder, read as another program would."""
        store = QueueStore(self.file, ProcessIdentity(1, 1.0), time.time)
        try:
            return next((job for job in store.jobs(JobState.running) if job.run_id is not None), None)
        finally:
            store.close()

    def until(self, is_so: Callable[[], bool]) -> None:
        eventually(is_so, 60.0)

    def until_second_runs(self) -> QueuedJob:
        """Until the first job is done and the second one is in its middle."""
        found: list[QueuedJob] = []

        def look() -> bool:
            job = self.at_work()
            if job is None or job.request.prompt != PROMPTS[1] or job.run_id is None:
                return False
            events = RunFolder(self.runs / job.run_id).events
            if not events.is_file() or '"step_done"' not in events.read_text(encoding="utf-8"):
                return False
            found.append(job)
            return True

        self.until(look)
        return found[-1]

    def kill(self, process: "subprocess.Popen[str]") -> None:
        """As the out-of-memory killer or the task manager does it."""
        pids = process_tree(process.pid)
        process.kill()
        process.communicate(timeout=30)
        eventually(lambda: not any(process_tree(pid) for pid in pids), 30.0)

    def made(self) -> list[str]:
        """The prompts of all videos there are, one for each."""
        found = []
        for path in self.runs.iterdir():
            stored = open_run(RunFolder(path))
            if stored.manifest.outcome is PromptOutcome.success and stored.manifest.parameters is not None:
                found.append(stored.manifest.parameters.prompt or "")
        return sorted(found)


@pytest.fixture
def panel(tmp_path: Path) -> Iterator[Panel]:
    made = Panel(tmp_path / "Jürgen's home")
    yield made
    for process in made.started:
        if process.poll() is None:
            process.kill()
            process.communicate(timeout=30)


def test_killed_in_the_middle_the_rest_is_made_once(panel: Panel):
    panel.add(*PROMPTS)
    first = panel.work(*SLOW)
    lost = panel.until_second_runs()
    panel.kill(first)

    wanted = dict(zip(PROMPTS, ("done", "interrupted", "waiting", "waiting"), strict=True))
    assert panel.states() == wanted
    assert lost.run_id is not None
    broken = RunFolder(panel.runs / lost.run_id)
    stored = open_run(broken)
    assert stored.manifest.outcome is None
    assert stored.manifest.parameters is not None
    assert stored.manifest.parameters.prompt == PROMPTS[1]
    assert len(stored.events) > 5

    out = panel.work(*FAST).communicate(timeout=90)[0]
    assert f"Job {lost.job_id} was interrupted" in out
    assert lost.run_id in out
    assert "Queue: 3 done." in out
    assert panel.states() == dict.fromkeys(PROMPTS, "done")
    assert panel.made() == sorted(PROMPTS)
    assert len(list(panel.runs.iterdir())) == len(PROMPTS) + 1
    assert {job["request"]["prompt"]: job["attempt"] for job in panel.jobs()} == {
        PROMPTS[0]: 1,
        PROMPTS[1]: 2,
        PROMPTS[2]: 1,
        PROMPTS[3]: 1,
    }
    faults = [note for note in verify_run(broken) if note.severity.value == "error"]
    assert faults == []
    assert "Nothing waits." in panel.does("run", "--demo", *FAST)


def test_a_machine_that_stops_leaves_a_queue_that_opens(panel: Panel, tmp_path: Path):
    """Its disk holds the file and a write-ahead log of which the last write is cut off; here: copied while it runs."""
    panel.add(PROMPTS[0])
    panel.add(PROMPTS[1], length=641)  # long enough to be at work until the last copy is made
    panel.add(*PROMPTS[2:])
    process = panel.work(*SLOW)
    lost = panel.until_second_runs()
    copies = []
    for number in range(3):
        panel.does("add", "--image", panel.image, "--prompt", f"late {number}", "--size", "320x192")
        copies.append(_copied(panel.file, tmp_path / f"copy {number}"))
    at_work = panel.at_work()
    assert at_work is not None
    assert at_work.job_id == lost.job_id
    panel.kill(process)

    for number, path in enumerate(copies):
        log = path.with_name(path.name + "-wal")
        whole = log.stat().st_size
        assert whole > 0
        for cut in (0, 1, 100, 4_096, whole // 2):
            torn = _copied(path, tmp_path / f"torn {number} {cut}")
            with torn.with_name(log.name).open("r+b") as half_written:
                half_written.truncate(whole - cut)
            _check_torn(torn)


def _check_torn(path: Path) -> None:
    """Every job that was promised is there, what ran is interrupted, and the queue can be worked on."""
    store = QueueStore(path, ProcessIdentity(2, 2.0), time.time, is_alive=lambda _: False)
    try:
        assert store.notice is None
        lost = store.recover()
        assert len(lost) <= 1
        jobs = store.jobs()
        prompts = [job.request.prompt for job in jobs]
        assert len(prompts) == len(set(prompts))
        assert all(job.state is not JobState.running for job in jobs)
        done = sum(job.state is JobState.done for job in jobs)
        store.again([job.job_id for job in lost])
        begun = []
        while (job := store.claim()) is not None:
            begun.append(job.request.prompt)
            store.finish(job.job_id, JobState.done)
        assert len(begun) == len(set(begun)) == len(jobs) - done
    finally:
        store.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    connection.close()


def _copied(file: Path, folder: Path) -> Path:
    """The database as it lies on the disk now, without asking SQLite; its shared memory is lost with the machine."""
    folder.mkdir()
    for ending in ("", "-wal"):
        source = file.with_name(file.name + ending)
        if source.exists():
            with contextlib.suppress(FileNotFoundError):  # the log is folded in and removed at any moment
                shutil.copyfile(source, folder / source.name)
    return folder / file.name


def test_a_window_and_the_command_line_share_the_work(panel: Panel):
    """Two programs on one file: each job is made once, by one of them, and what is added meanwhile is made too."""
    panel.add(*PROMPTS)
    first = panel.work(*FAST)
    panel.until(lambda: panel.at_work() is not None)
    second = panel.start("run", "--demo", *FAST, "--port", free_port())
    panel.add("late")
    assert panel.does("pause").startswith("Paused")
    assert "The queue goes on." in panel.does("resume")
    outs = [process.communicate(timeout=90)[0] for process in (first, second)]
    if "waiting" in panel.states().values():  # both had ended before the last one was added
        outs.append(panel.does("run", "--demo", *FAST))
    assert panel.made() == sorted([*PROMPTS, "late"])
    numbers = [line.split()[1] for out in outs for line in out.splitlines() if line.startswith("Job ")]
    assert sorted(numbers) == sorted(str(job["job_id"]) for job in panel.jobs())


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal for one process")
def test_ctrl_c_stops_the_job_and_keeps_the_rest(panel: Panel):
    panel.add(*PROMPTS[:3])
    process = panel.work(*SLOW)
    panel.until_second_runs()
    process.send_signal(signal.SIGINT)
    out = process.communicate(timeout=60)[0]
    assert process.returncode == 130, out
    assert "1 job waits" in out
    assert panel.states() == dict(zip(PROMPTS, ("done", "cancelled", "waiting"), strict=False))


def test_a_job_that_fails_is_told_and_the_next_one_is_made(panel: Panel):
    panel.add("gone")
    panel.image.rename(panel.image.with_name("moved.png"))
    panel.image = panel.image.with_name("moved.png")
    panel.add("there")
    process = panel.work(*FAST)
    out = process.communicate(timeout=60)[0]
    assert process.returncode not in (0, 1), out
    assert "1 done, 1 failed" in out
    assert panel.states() == {"gone": "failed", "there": "done"}
    assert "waits again" in panel.does("retry", 1)
    assert panel.states() == {"gone": "waiting", "there": "done"}
