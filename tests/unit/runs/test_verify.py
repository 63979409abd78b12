import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.runs.facts import cold_job, stored_run
from wan22.runs.layout import RunFolder
from wan22.runs.reader import open_run
from wan22.runs.summary import summary_of, write_summary
from wan22.runs.telemetry import header_row, reading_row
from wan22.runs.verify import verify_run
from wan22.runs.writer import event_line
from wan22.schema.events import NodeStarted, OutputSaved, RunStarted, TelemetryStatus
from wan22.schema.gpu import GpuReading
from wan22.schema.problem import Severity

VIDEO = b"the bytes of a video"


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A run without a fault."""
    saved = OutputSaved(
        time_s=27.5,
        path="outputs/clip 1.mp4",
        byte_count=len(VIDEO),
        sha256=hashlib.sha256(VIDEO).hexdigest(),
    )
    made = stored_run(tmp_path, "run", [*cold_job(), saved])
    (made.outputs / "clip 1.mp4").write_bytes(VIDEO)
    readings(made, *(step / 5 for step in range(150)))
    write_summary(made, summary_of(open_run(made)))
    return made


def readings(folder: RunFolder, *times_s: float) -> None:
    rows = "".join(reading_row(GpuReading(time_s, 0, power_w=500.0)) for time_s in times_s)
    folder.telemetry.write_text(header_row() + rows, encoding="utf-8", newline="\n")
    folder.summary.unlink(missing_ok=True)


def edit_manifest(folder: RunFolder, **update: object) -> None:
    document = json.loads(folder.manifest.read_text(encoding="utf-8"))
    folder.manifest.write_text(json.dumps({**document, **update}), encoding="utf-8")
    folder.summary.unlink(missing_ok=True)


def append(folder: RunFolder, line: bytes) -> None:
    folder.events.write_bytes(folder.events.read_bytes() + line)
    folder.summary.unlink(missing_ok=True)


def found(folder: RunFolder) -> list[tuple[str, Severity]]:
    return [(problem.code, problem.severity) for problem in verify_run(folder)]


def test_a_run_without_a_fault(folder: RunFolder):
    assert verify_run(folder) == []


def test_what_is_no_run_has_one_problem(tmp_path: Path, folder: RunFolder):
    assert [code for code, _ in found(RunFolder(tmp_path / "nowhere"))] == ["run_not_found"]
    edit_manifest(folder, format=99)
    assert [code for code, _ in found(folder)] == ["run_too_new"]


def test_a_killed_run_has_only_doubts(folder: RunFolder):
    lines = folder.events.read_bytes().splitlines(keepends=True)
    folder.events.write_bytes(b"".join(lines[:-3]) + lines[-3][:30])
    folder.telemetry.write_bytes(folder.telemetry.read_bytes()[:-7])
    edit_manifest(folder, outcome=None, finished_s=None)
    assert found(folder) == [("run_incomplete", Severity.warning)] * 3


def test_a_closed_run_with_a_torn_log_is_at_fault(folder: RunFolder):
    folder.events.write_bytes(folder.events.read_bytes()[:-10])
    folder.summary.unlink()
    messages = [problem.message for problem in verify_run(folder)]
    assert "The last line of the log is torn and was left out." in messages
    assert "The run is closed, but its log has no end." in messages


def spoil_size(folder: RunFolder) -> None:
    (folder.outputs / "clip 1.mp4").write_bytes(VIDEO + b"!")


def spoil_content(folder: RunFolder) -> None:
    (folder.outputs / "clip 1.mp4").write_bytes(VIDEO.swapcase())


def spoil_middle(folder: RunFolder) -> None:
    lines = folder.events.read_bytes().splitlines(keepends=True)
    folder.events.write_bytes(b"".join([*lines[:3], b"{}\n", *lines[3:]]))


def spoil_outcome(folder: RunFolder) -> None:
    edit_manifest(folder, outcome="error")


def spoil_finish(folder: RunFolder) -> None:
    edit_manifest(folder, finished_s=-5.0)


def spoil_readings(folder: RunFolder) -> None:
    readings(folder)
    append(folder, event_line(TelemetryStatus(time_s=1.0, available=True)))


def spoil_row(folder: RunFolder) -> None:
    folder.telemetry.write_bytes(folder.telemetry.read_bytes() + b"x,y\n")
    folder.summary.unlink()


def spoil_cache(folder: RunFolder) -> None:
    write_summary(folder, summary_of(open_run(folder)).model_copy(update={"total_s": 1.0}))


def spoil_order(folder: RunFolder) -> None:
    append(folder, event_line(NodeStarted(time_s=2.5, prompt_id=open_run(folder).events[1].prompt_id, node="8")))  # type: ignore[union-attr]


def spoil_path(folder: RunFolder) -> None:
    append(folder, event_line(OutputSaved(time_s=28.0, path="../outside.mp4", byte_count=1)))


def spoil_beginnings(folder: RunFolder) -> None:
    append(folder, event_line(RunStarted(time_s=28.0, run_id="run")))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (spoil_size, "has 21 bytes; 20 were saved"),
        (spoil_content, "SHA-256"),
        (spoil_middle, "Line 4 of the log"),
        (spoil_outcome, "ends with 'success', but the manifest says 'error'"),
        (spoil_finish, "ends 5.0 s before it starts"),
        (spoil_readings, "announced, but there are none"),
        (spoil_row, "1 rows of the telemetry"),
        (spoil_cache, "differs from the run in: total_s"),
        (spoil_order, "'decode' began before 'pass_2'"),
        (spoil_path, "outside of the run folder"),
        (spoil_beginnings, "2 beginnings and 1 ends"),
    ],
)
def test_a_fault_is_named(folder: RunFolder, spoil: Callable[[RunFolder], None], words: str):
    spoil(folder)
    problems = verify_run(folder)
    errors = [problem for problem in problems if problem.severity is Severity.error]
    assert any(words in problem.message for problem in errors), problems
    assert {problem.code for problem in errors} == {"run_inconsistent"}


def test_missing_outputs_are_named(folder: RunFolder, tmp_path: Path):
    (folder.outputs / "clip 1.mp4").unlink()
    assert found(folder) == [("output_missing", Severity.error)]
    assert found(stored_run(tmp_path, "without", cold_job())) == [("output_missing", Severity.error)]


def test_gaps_in_the_readings_are_named_with_place_and_length(folder: RunFolder):
    readings(folder, *(step / 5 for step in range(50)), *(15 + step / 5 for step in range(80)))
    (problem,) = verify_run(folder)
    assert (problem.code, problem.severity) == ("telemetry_gap", Severity.warning)
    assert problem.message == "GPU 0 has no readings for 5.2 s, 9.8 s after the first one."


def test_many_gaps_are_counted(folder: RunFolder):
    readings(folder, *(step * 3.0 for step in range(10)))
    problems = verify_run(folder)
    assert len(problems) == 6
    assert problems[-1].message == "GPU 0 has 4 more such gaps."


def test_columns_that_are_missing_are_named(folder: RunFolder):
    folder.telemetry.write_text("time_s,gpu,power_w\n1,0,5\n", encoding="utf-8")
    folder.summary.unlink()
    (problem,) = verify_run(folder)
    assert problem.severity is Severity.warning
    assert "temperature_c" in problem.message
    assert "power_w" not in problem.message


def test_a_cache_of_another_version_is_left_alone(folder: RunFolder):
    other = summary_of(open_run(folder)).model_copy(update={"total_s": 1.0, "app_version": "0.0.1"})
    write_summary(folder, other)
    assert verify_run(folder) == []
    folder.summary.write_text("{", encoding="utf-8")
    assert found(folder) == [("run_inconsistent", Severity.warning)]


def test_a_moved_run_and_an_incomplete_one_are_doubts(folder: RunFolder):
    edit_manifest(folder, run_id="another", incomplete=True)
    codes = found(folder)
    assert codes == [
        ("run_incomplete", Severity.warning),
        ("run_inconsistent", Severity.warning),
        ("run_inconsistent", Severity.warning),
    ]
