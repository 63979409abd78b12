import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.runs.facts import ID, cold_job, manifest
from wan22.runs.append_file import AppendFile
from wan22.runs.layout import RunFolder
from wan22.runs.reader import open_run, read_manifest
from wan22.runs.telemetry import read_telemetry
from wan22.runs.writer import RunWriter, event_line
from wan22.schema.events import PreviewReceived, PromptOutcome, ServerSaid, StepDone
from wan22.schema.gpu import READING_COLUMNS, GpuProcess, GpuReading, GpuSampled
from wan22.schema.problem import AppError, Problem
from wan22.system.bus import Bus
from wan22.system.clock import SystemClock

ROOT = Path(__file__).resolve().parents[3]


def sample(time_s: float, *, processes: tuple[GpuProcess, ...] | None = None) -> GpuSampled:
    listed = () if processes is None else ((0, processes),)
    return GpuSampled(time_s, (GpuReading(time_s, 0, power_w=100.5), GpuReading(time_s, 1)), listed)


def wait_until(condition: Callable[[], bool], limit_s: float = 5.0) -> None:
    end_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end_s, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "Läufe" / "2026-11-25_01-02-03_test")


def test_a_run_from_open_to_close(folder: RunFolder):
    clock = SystemClock()
    bus = Bus(clock)
    writer = RunWriter(folder, clock)
    assert writer.open(manifest()).outcome is None
    assert read_manifest(folder).outcome is None
    leave = bus.subscribe(writer.accept)
    for fact in cold_job():
        bus.publish(fact)
    bus.publish(sample(1.0))
    leave()
    closed = writer.close(manifest(outcome=PromptOutcome.success))
    assert closed.finished_s is not None
    assert not closed.incomplete
    run = open_run(folder)
    assert list(run.events) == cold_job()
    assert run.manifest == closed
    assert run.notes == ()
    assert folder.telemetry.read_text(encoding="utf-8").splitlines()[0] == ",".join(READING_COLUMNS)
    assert [reading.gpu for reading in run.telemetry.readings()] == [0, 1]
    assert folder.outputs.is_dir()


def test_facts_are_on_disk_while_the_run_goes_on(folder: RunFolder):
    writer = RunWriter(folder, SystemClock())
    writer.open(manifest())
    begun_s = time.monotonic()
    writer.accept(ServerSaid(time_s=1.0, line="got prompt"))
    wait_until(lambda: b"got prompt" in folder.events.read_bytes())
    assert time.monotonic() - begun_s < 1.0
    writer.update(manifest(profile="h100"))
    wait_until(lambda: read_manifest(folder).profile == "h100")
    assert read_manifest(folder).outcome is None
    writer.close(manifest(outcome=PromptOutcome.success))


def test_preview_pictures_are_not_written(folder: RunFolder):
    writer = RunWriter(folder, SystemClock())
    writer.open(manifest())
    writer.accept(PreviewReceived(time_s=1.0, image_format="jpeg", byte_count=5, image=b"bytes"))
    writer.close(manifest())
    (line,) = folder.events.read_text(encoding="utf-8").splitlines()
    assert "image" not in json.loads(line)
    assert json.loads(line)["byte_count"] == 5


def test_processes_are_written_when_they_change(folder: RunFolder):
    one = (GpuProcess(pid=1, name="pythön", memory_bytes=5),)
    writer = RunWriter(folder, SystemClock())
    writer.open(manifest())
    for time_s, listed in ((1.0, one), (2.0, one), (3.0, None), (4.0, ())):
        writer.accept(sample(time_s, processes=listed))
    writer.close(manifest())
    lines = [json.loads(line) for line in folder.processes.read_text(encoding="utf-8").splitlines()]
    assert [(line["time_s"], len(line["processes"])) for line in lines] == [(1.0, 1), (4.0, 0)]
    assert lines[0]["processes"][0]["name"] == "pythön"


def test_letters_that_are_none_do_not_stop_the_log():
    line = event_line(ServerSaid(time_s=1.0, line="bad \udcff name\nsecond"))
    assert json.loads(line)["line"] == "bad ? name\nsecond"
    assert line.count(b"\n") == 1


def test_facts_after_the_end_are_ignored_and_closing_twice_is_harmless(folder: RunFolder):
    writer = RunWriter(folder, SystemClock())
    writer.open(manifest())
    writer.close(manifest(outcome=PromptOutcome.success))
    writer.accept(ServerSaid(time_s=1.0, line="late"))
    again = writer.close(manifest(outcome=PromptOutcome.success))
    assert not again.incomplete
    assert folder.events.read_bytes() == b""


def test_a_folder_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(AppError) as caught:
        RunWriter(RunFolder(tmp_path / "file" / "run"), SystemClock()).open(manifest())
    assert caught.value.problem.code == "file_unwritable"


class _Disk:
    """Makes every append fail while it is full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_full = False
        write = AppendFile.write_lines

        def write_lines(file: AppendFile, lines: object) -> None:
            if self.is_full:
                raise OSError(errno.ENOSPC, "No space left on device")
            write(file, lines)  # type: ignore[arg-type]

        monkeypatch.setattr(AppendFile, "write_lines", write_lines)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> _Disk:
    return _Disk(monkeypatch)


def test_a_disk_that_is_full_for_a_while_loses_nothing(folder: RunFolder, disk: _Disk):
    told: list[Problem] = []
    writer = RunWriter(folder, SystemClock(), on_problem=told.append)
    writer.open(manifest())
    disk.is_full = True
    for fact in cold_job():
        writer.accept(fact)
    writer.accept(sample(1.0))
    wait_until(lambda: bool(told))
    disk.is_full = False
    wait_until(lambda: len(folder.events.read_bytes().splitlines()) == len(cold_job()))
    closed = writer.close(manifest(outcome=PromptOutcome.success))
    assert [found.code for found in told] == ["disk_full"]
    assert not closed.incomplete
    assert list(open_run(folder).events) == cold_job()
    assert len(read_telemetry(folder.telemetry)) == 2


def test_a_disk_that_stays_full_marks_the_run_and_lets_it_end(folder: RunFolder, disk: _Disk):
    told: list[Problem] = []
    writer = RunWriter(folder, SystemClock(), on_problem=told.append, close_limit_s=0.3)
    writer.open(manifest())
    disk.is_full = True
    writer.accept(ServerSaid(time_s=1.0, line="lost"))
    closed = writer.close(manifest(outcome=PromptOutcome.success))
    assert closed.incomplete
    assert read_manifest(folder).incomplete
    assert len(told) == 1
    assert "incomplete" in open_run(folder).notes[-1]


def test_in_need_the_oldest_readings_go_but_no_event(folder: RunFolder, disk: _Disk):
    writer = RunWriter(folder, SystemClock(), on_problem=lambda _: None, max_waiting_rows=4)
    writer.open(manifest())
    disk.is_full = True
    for number in range(10):
        writer.accept(sample(float(number)))
        writer.accept(StepDone(time_s=float(number), prompt_id=ID, node="57", value=number, maximum=10))
    wait_until(writer._inbox.empty)
    disk.is_full = False
    closed = writer.close(manifest(outcome=PromptOutcome.success))
    assert closed.incomplete
    assert len(open_run(folder).events) == 10
    assert read_telemetry(folder.telemetry).column("time_s").tolist() == [8.0, 8.0, 9.0, 9.0]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system with 64 KiB, where the machine lets us make one."""
    place = tmp_path / "tiny disk"
    place.mkdir()
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("needs root on Linux to mount a tiny file system")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], capture_output=True)
    if made.returncode != 0:
        pytest.skip("this machine does not let us mount a tiny file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True, capture_output=True)


def test_a_really_full_disk(tiny_disk: Path):
    told: list[Problem] = []
    folder = RunFolder(tiny_disk / "run")
    writer = RunWriter(folder, SystemClock(), on_problem=told.append)
    writer.open(manifest())
    ballast = tiny_disk / "ballast"
    ballast.write_bytes(bytes(20_000))
    said = [ServerSaid(time_s=float(number), line="x" * 500) for number in range(120)]
    for fact in said:
        writer.accept(fact)
        writer.accept(sample(fact.time_s))
    wait_until(lambda: bool(told))
    for line in folder.events.read_bytes().splitlines():
        json.loads(line)
    assert told[0].code == "disk_full"
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=1m", str(tiny_disk)], check=True, capture_output=True)
    closed = writer.close(manifest(outcome=PromptOutcome.success))
    assert not closed.incomplete
    run = open_run(folder)
    assert list(run.events) == said
    assert len(run.telemetry) == 2 * len(said)
    assert run.notes == run.telemetry.notes == ()


WRITE_UNTIL_KILLED = """
import sys, time
from pathlib import Path
from wan22.runs.layout import RunFolder
from wan22.runs.writer import RunWriter
from wan22.schema.events import StepDone
from wan22.schema.gpu import GpuReading, GpuSampled
from wan22.schema.run import RunManifest
from wan22.system.clock import SystemClock

clock = SystemClock()
writer = RunWriter(RunFolder(Path(sys.argv[1])), clock)
writer.open(RunManifest(app_version="0", run_id="run", created_at="now", started_s=clock.now()))
for number in range(1_000_000):
    now_s = clock.now()
    writer.accept(StepDone(time_s=now_s, prompt_id="p", node="57", value=number, maximum=1_000_000))
    writer.accept(GpuSampled(now_s, (GpuReading(now_s, 0, power_w=float(number)),)))
    sys.stdout.write(f"{number} {now_s!r}\\n")
    sys.stdout.flush()
    time.sleep(0.002)
"""


@pytest.mark.parametrize("trial", range(5))
def test_a_killed_program_loses_nothing_older_than_a_moment(tmp_path: Path, trial: int):
    folder = RunFolder(tmp_path / "run")
    child = subprocess.Popen(
        [sys.executable, "-c", WRITE_UNTIL_KILLED, str(folder.path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "app")},
    )
    assert child.stdout is not None
    accepted: list[tuple[int, float]] = []
    for line in child.stdout:
        number, moment_s = line.split()
        accepted.append((int(number), float(moment_s)))
        if len(accepted) == 60 + 37 * trial:
            break
    child.kill()
    accepted += [(int(line.split()[0]), float(line.split()[1])) for line in child.stdout if line.endswith("\n")]
    child.stdout.close()
    child.wait(10)
    run = open_run(folder)
    values = [event.value for event in run.events if isinstance(event, StepDone)]
    last_s = accepted[-1][1]
    due = [number for number, moment_s in accepted if moment_s <= last_s - 0.2]
    assert values == list(range(len(values)))
    assert len(values) > len(due)
    assert len(run.telemetry) > len(due)
    assert run.manifest.outcome is None
    assert "not closed" in run.notes[-1]
