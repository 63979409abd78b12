"""Runs that were left, with a scripted server that still knows the job, or not."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.job.test_session import ROOT, Setup
from wan22.comfy.client import HistoryEntry
from wan22.comfy.model_manifest import load_model_manifest
from wan22.job.left_job import Whereabouts, recover_job
from wan22.job.recover import RecoveredJob, end_torn_line
from wan22.job.session import JobParts, JobResult
from wan22.job.telemetry import JobTelemetry
from wan22.launch.profile_store import ProfileStore
from wan22.runs.layout import RunFolder
from wan22.runs.reader import open_run
from wan22.runs.state import Phase, reduce_all
from wan22.runs.verify import verify_run
from wan22.schema.events import (
    JobRecovered,
    OutputFile,
    ProblemFound,
    PromptOutcome,
    PromptQueued,
    RunFinished,
    RunStarted,
    ServerReady,
)
from wan22.schema.problem import AppError


class Left:
    """A run whose panel left while its job was at work; then the story goes on as the test says."""

    def __init__(self, folder: Path) -> None:
        self.setup = Setup(folder)
        self.setup.client.on_submit = self.leave
        self.left = self.setup.run(seed=4)
        self.setup.facts.clear()
        self.prompt_id = self.setup.client.submitted[0][1]

    @property
    def folder(self) -> RunFolder:
        return self.left.folder

    def leave(self, prompt_id: str) -> None:
        self.setup.client.say("execution_start", prompt_id=prompt_id, timestamp=1000)
        self.setup.cancel.leave()

    def ended(self, status: str = "success", *messages: tuple[str, dict[str, Any]]) -> None:
        stamps = (("execution_start", {"timestamp": 1000}), *messages)
        files = (("108", OutputFile(filename="v.mp4", subfolder="video")),) if status == "success" else ()
        entry = HistoryEntry(prompt_id=self.prompt_id, status=status, messages=stamps, files=files)
        self.setup.client.entries[self.prompt_id] = entry
        self.setup.client.running = ()

    def recover(self) -> JobResult:
        setup = self.setup
        parts = JobParts(
            clock=setup.client.clock,
            bus=setup.bus,
            provider=setup.provider,
            profile=ProfileStore(ROOT / "profiles", None).load("cpu").profile,
            runs_root=setup.runs,
            workflow_folders=(ROOT / "workflows",),
            models=load_model_manifest(ROOT / "workflows/models.json"),
            telemetry=lambda: JobTelemetry(None, setup.bus, setup.client.clock, 0.2),
        )
        return RecoveredJob(parts).run(self.folder, type(setup.cancel)())


@pytest.fixture
def left(tmp_path: Path) -> Left:
    return Left(tmp_path)


def test_a_run_that_was_left_says_so(left: Left):
    assert left.left.manifest.outcome is PromptOutcome.lost
    assert recover_job(left.folder, left.setup.client).whereabouts is Whereabouts.running
    left.setup.client.running, left.setup.client.pending = (), (left.prompt_id,)
    assert recover_job(left.folder, left.setup.client).whereabouts is Whereabouts.waiting


def test_a_finished_job_is_collected_and_its_run_closed(left: Left):
    left.ended("success", ("execution_success", {"timestamp": 3500}))
    before = left.folder.events.read_bytes()
    result = left.recover()
    assert (result.problem, result.manifest.outcome) == (None, PromptOutcome.success)
    assert [path.read_bytes() for path in result.outputs] == [b"video"]
    assert left.folder.events.read_bytes().startswith(before)
    state = reduce_all(open_run(left.folder).events)
    assert (state.phase, state.outcome, state.fatal) == (Phase.finished, PromptOutcome.success, None)
    assert state.recovered is not None
    assert state.end is not None
    assert (state.end.server_started_ms, state.end.server_ended_ms) == (1000, 3500)
    assert verify_run(left.folder) == []
    assert recover_job(left.folder, left.setup.client).whereabouts is Whereabouts.closed
    assert left.setup.provider.released == 2


def test_faces_are_told_what_the_run_was_but_not_that_it_was_over(left: Left):
    left.ended("success", ("execution_success", {"timestamp": 3500}))
    left.recover()
    facts = left.setup.facts
    assert isinstance(facts[0], RunStarted)
    assert facts[0].run_id == left.folder.run_id
    assert sum(isinstance(fact, PromptQueued) for fact in facts) == 1
    assert [fact.outcome for fact in facts if isinstance(fact, RunFinished)] == [PromptOutcome.success]
    assert not any(isinstance(fact, ServerReady | ProblemFound) for fact in facts)
    on_disk = [event.kind for event in open_run(left.folder).events]
    assert on_disk.count("run_started") == 1


def test_a_job_that_failed_meanwhile_is_closed_with_its_reason(left: Left):
    failure = {"node_id": "86", "exception_type": "torch.OutOfMemoryError", "exception_message": "out of memory"}
    left.ended("error", ("execution_error", failure))
    result = left.recover()
    assert result.problem is not None
    assert result.problem.code == "out_of_memory"
    assert open_run(left.folder).manifest.outcome is PromptOutcome.error


def test_a_job_at_work_is_followed_to_its_end(left: Left):
    client = left.setup.client
    left.ended("success", ("execution_success", {"timestamp": 3500}))
    entry = client.entries.pop(left.prompt_id)
    client.running = (left.prompt_id,)
    asked = client.history

    def late(prompt_id: str) -> HistoryEntry | None:
        found = asked(prompt_id)
        if left.prompt_id not in client.entries:
            client.say("connected")
            client.say("progress", prompt_id=left.prompt_id, node="86", value=2, max=2)
            client.say("executing", prompt_id=left.prompt_id, node=None)
            client.entries[left.prompt_id] = entry
        return found

    client.history = late  # type: ignore[method-assign]
    result = left.recover()
    assert (result.problem, result.manifest.outcome) == (None, PromptOutcome.success)
    kinds = [event.kind for event in open_run(left.folder).events]
    assert "step_done" in kinds[kinds.index("job_recovered") :]
    (found,) = [fact for fact in left.setup.facts if isinstance(fact, JobRecovered)]
    assert found.found == "running"


def test_a_job_that_nobody_knows_any_more_is_left_as_it_is(left: Left):
    left.setup.client.running = ()
    before = {path: path.read_bytes() for path in left.folder.path.iterdir() if path.is_file()}
    result = left.recover()
    assert result.problem is not None
    assert result.problem.code == "generation_lost"
    assert "does not know the job any more" in result.problem.message
    assert {path: path.read_bytes() for path in left.folder.path.iterdir() if path.is_file()} == before


def test_a_run_without_a_job_was_never_sent(left: Left):
    lines = left.folder.events.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if b'"prompt_id"' not in line]
    left.folder.events.write_bytes(b"".join(kept))
    found = recover_job(left.folder, left.setup.client)
    assert (found.whereabouts, found.is_possible) == (Whereabouts.never_sent, False)
    assert found.problem is not None
    assert "before the job was sent" in found.problem.message


def test_a_server_that_does_not_answer_changes_nothing(left: Left):
    left.setup.client.unreachable = True
    before = left.folder.events.read_bytes()
    with pytest.raises(AppError):
        left.recover()
    assert left.folder.events.read_bytes() == before
    assert left.setup.provider.released == 2


@pytest.mark.parametrize(("data", "expected"), [(b"", b""), (b"a\n", b"a\n"), (b"a\nb", b"a\nb\n"), (b"{", b"{\n")])
def test_a_torn_line_gets_its_end(tmp_path: Path, data: bytes, expected: bytes):
    path = tmp_path / "events.jsonl"
    path.write_bytes(data)
    end_torn_line(path)
    assert path.read_bytes() == expected
    end_torn_line(tmp_path / "missing")
