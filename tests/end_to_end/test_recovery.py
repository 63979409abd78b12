"""A job whose panel dies or closes while the server goes on: found again, followed or collected, closed."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.end_to_end.test_server_process import eventually, free_port
from wan22 import wiring
from wan22.job.adopted import AdoptedProvider
from wan22.job.left_job import Whereabouts, read_left_job, recover_job
from wan22.job.recover import RecoveredJob
from wan22.job.session import JobResult
from wan22.job.telemetry import JobTelemetry
from wan22.launch.server_record import find_left_server
from wan22.runs.layout import RunFolder
from wan22.runs.reader import open_run
from wan22.runs.state import reduce_all
from wan22.runs.summary import stage_of, summary_of
from wan22.runs.verify import verify_run
from wan22.schema.events import JobRecovered, PromptOutcome, Role
from wan22.schema.problem import Severity
from wan22.schema.settings import Settings
from wan22.system.cancel import CancelToken
from wan22.wiring.generation import job_parts
from wan22.wiring.gpu_reading import sampler_factory
from wan22.wiring.server import choose_profile, client_of

COMMON = """
import sys
from pathlib import Path
from wan22 import wiring
from wan22.schema.settings import Settings
from wan22.system.cancel import CancelToken
chosen = Settings(port=int(sys.argv[1]), output=Path(sys.argv[2]), profile="rtx5090")
shared = wiring.parts()
"""

LEAVE = COMMON + textwrap.dedent(
    """
    server = wiring.demo_server(wiring.Demo("healthy", float(sys.argv[3])), chosen, shared, keep=True)
    server.provider.acquire(CancelToken())
    server.provider.leave_running()
    """
)

WORK = COMMON + textwrap.dedent(
    """
    import threading
    from wan22.job.adopted import AdoptedProvider
    from wan22.job.session import GenerationJob
    from wan22.job.telemetry import JobTelemetry
    from wan22.launch.server_record import find_left_server
    from wan22.schema.events import PromptQueued, StepDone
    from wan22.schema.request import GenerationRequest
    from wan22.wiring.generation import job_parts
    from wan22.wiring.gpu_reading import sampler_factory
    from wan22.wiring.server import choose_profile, client_of

    record = find_left_server(shared.folders.data)
    client = client_of(record.url, shared.clock)
    provider = AdoptedProvider(record, shared.folders.data, client, shared.bus, shared.clock, stop_limit_s=8.0)
    sampler = sampler_factory(f"simulated:{record.url}", 5.0, shared.clock)
    telemetry = lambda: JobTelemetry(sampler, shared.bus, shared.clock, 0.2)
    parts = job_parts(chosen, shared, provider, choose_profile(chosen), telemetry, simulated=True)
    cancel = CancelToken()

    def hear(fact):
        if isinstance(fact, StepDone):
            print("STEP", flush=True)
        if isinstance(fact, PromptQueued):
            print("QUEUED", flush=True)

    shared.bus.subscribe(hear)
    threading.Thread(target=lambda: (sys.stdin.readline(), cancel.leave()), daemon=True).start()
    result = GenerationJob(parts).run(GenerationRequest(image=Path(sys.argv[3]), prompt="a boat"), cancel)
    print("END", result.manifest.outcome.value, flush=True)
    """
)


class Scene:
    """A demo server that a panel left running, and panels that come and go."""

    def __init__(self, folder: Path, port: int) -> None:
        self.runs = folder / "Läufe"
        self.image = folder / "start ü.png"
        Image.new("RGB", (64, 64), "teal").save(self.image)
        self.port = port
        self.shared = wiring.parts()
        self.facts: list[object] = []
        self.shared.bus.subscribe(self.facts.append)
        self.panels: list[subprocess.Popen[str]] = []
        self.provider: AdoptedProvider | None = None

    def leave_server(self, speed: float) -> None:
        self.panel(LEAVE, speed).wait(60)

    def panel(self, script: str, *words: object) -> "subprocess.Popen[str]":
        command = [sys.executable, "-X", "utf8", "-c", script, str(self.port), str(self.runs), *map(str, words)]
        panel = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True
        )
        self.panels.append(panel)
        return panel

    def panel_at(self, word: str) -> "subprocess.Popen[str]":
        """A panel that works, once it has said `word`."""
        panel = self.panel(WORK, self.image)
        assert panel.stdout is not None
        for line in panel.stdout:
            if line.startswith(word):
                return panel
        raise AssertionError("the panel ended too early")

    def folder(self) -> RunFolder:
        (path,) = self.runs.iterdir()
        return RunFolder(path)

    def adopt(self) -> AdoptedProvider:
        if self.provider is None:
            record = find_left_server(self.shared.folders.data)
            assert record is not None
            client = client_of(record.url, self.shared.clock)
            data = self.shared.folders.data
            self.provider = AdoptedProvider(record, data, client, self.shared.bus, self.shared.clock, stop_limit_s=8.0)
        return self.provider

    def recover(self) -> JobResult:
        provider = self.adopt()
        chosen = Settings(port=self.port, output=self.runs, profile="rtx5090")
        sampler = sampler_factory(f"simulated:{provider.record.url}", 5.0, self.shared.clock)
        parts = job_parts(
            chosen,
            self.shared,
            provider,
            choose_profile(chosen),
            lambda: JobTelemetry(sampler, self.shared.bus, self.shared.clock, 0.2),
            simulated=True,
        )
        return RecoveredJob(parts).run(self.folder(), CancelToken())

    def close(self) -> None:
        for panel in self.panels:
            panel.kill()
            panel.communicate()
        if find_left_server(self.shared.folders.data) is not None or self.provider is not None:
            self.adopt().stop()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path, free_port())
    yield made
    made.close()


def test_a_panel_killed_while_it_samples(scene: Scene):
    scene.leave_server(speed=6.0)
    panel = scene.panel_at("STEP")
    os.kill(panel.pid, signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
    panel.wait(10)
    folder = scene.folder()
    before = folder.events.read_bytes()
    assert open_run(folder).manifest.outcome is None
    with folder.events.open("ab") as file:
        file.write(b'{"time_s": 1.0, "kind": "step_do')  # what a killed writer may leave
    found = recover_job(folder, scene.adopt()._client)
    assert found.whereabouts is Whereabouts.running

    result = scene.recover()
    assert result.problem is None
    assert result.manifest.outcome is PromptOutcome.success
    assert result.manifest.recovered
    assert [path.suffix for path in result.outputs] == [".mp4"]
    assert folder.events.read_bytes().startswith(before)
    stored = open_run(folder)
    kinds = [event.kind for event in stored.events]
    assert kinds.count("job_recovered") == 1
    assert kinds[-1] == "run_finished"
    after = kinds[kinds.index("job_recovered") :]
    assert "step_done" in after  # heard live again, under the dead panel's own id
    state = reduce_all(stored.events)
    assert state.outcome is PromptOutcome.success
    summary = summary_of(stored)
    assert summary.total_s is not None
    assert summary.total_s > 2.0
    encode = stage_of(summary, Role.encode)
    assert encode is not None
    assert encode.seconds is not None  # it was over before the panel died
    pass_1 = stage_of(summary, Role.pass_1)
    assert pass_1 is not None
    assert pass_1.seconds is None  # partly unseen: unknown, not guessed
    assert any("connection was lost" in note for note in summary.notes)
    assert any(note.startswith("Line ") for note in stored.notes)
    # The torn line is said; while no panel lived there were no readings, which is said when it took long enough.
    said = [one for one in verify_run(folder) if one.code != "telemetry_gap"]
    assert [one.severity for one in said] == [Severity.warning]
    assert scene.adopt().is_running


def test_a_panel_closed_while_it_samples_and_the_job_ends_unseen(scene: Scene):
    scene.leave_server(speed=20.0)
    panel = scene.panel_at("STEP")
    assert panel.stdin is not None
    panel.stdin.write("\n")
    panel.stdin.flush()
    assert panel.stdout is not None
    assert panel.stdout.read().split()[-2:] == ["END", "lost"]
    panel.wait(10)
    folder = scene.folder()
    left = read_left_job(folder)
    assert left.manifest.outcome is PromptOutcome.lost
    client = scene.adopt()._client
    eventually(lambda: client.history(left.state.prompt_id or "") is not None, 30.0)
    time.sleep(0.2)

    result = scene.recover()
    assert (result.problem, result.manifest.outcome) == (None, PromptOutcome.success)
    assert len(result.outputs) == 1
    (recovered,) = [fact for fact in scene.facts if isinstance(fact, JobRecovered)]
    assert recovered.found == "finished"
    assert recovered.unseen_s > 0.2
    summary = summary_of(open_run(folder))
    assert summary.outcome is PromptOutcome.success
    assert summary.total_s is not None
    assert result.manifest.finished_s is not None
    assert result.manifest.finished_s < recovered.time_s  # when the server ended it, not when we looked
    again = scene.recover()
    assert again.outputs == result.outputs
    assert len(list(folder.outputs.iterdir())) == 1
    assert verify_run(folder) == []
    assert recover_job(folder, client).whereabouts is Whereabouts.closed


def test_a_server_that_knows_nothing_of_it_leaves_the_run_as_it_is(scene: Scene):
    scene.leave_server(speed=6.0)
    panel = scene.panel_at("STEP")
    panel.kill()
    panel.wait(10)
    provider = scene.adopt()
    left = read_left_job(scene.folder())
    provider._client.interrupt(left.state.prompt_id or "")
    eventually(lambda: provider._client.history(left.state.prompt_id or "") is not None, 10.0)
    assert recover_job(scene.folder(), provider._client).whereabouts is Whereabouts.finished
    provider.stop()
    scene.provider = None
    scene.leave_server(speed=6.0)
    before = {path: path.read_bytes() for path in scene.folder().path.iterdir() if path.is_file()}
    result = scene.recover()
    assert result.problem is not None
    assert result.problem.code == "generation_lost"
    assert result.manifest.outcome is None
    assert {path: path.read_bytes() for path in before} == before
