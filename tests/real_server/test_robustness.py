"""The true ComfyUI when things go wrong: frozen while it samples; a panel killed while its job goes on."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.real_server.conftest import comfyui_processes
from wan22 import wiring
from wan22.job.adopted import AdoptedProvider
from wan22.job.liveness import Patience
from wan22.job.recover import RecoveredJob
from wan22.job.telemetry import JobTelemetry
from wan22.launch.server_record import find_left_server
from wan22.runs.layout import RunFolder
from wan22.runs.reader import open_run
from wan22.runs.summary import summary_of
from wan22.schema.events import JobStalled, Liveness, PromptOutcome, ServerReady, StepDone
from wan22.schema.request import GenerationRequest
from wan22.schema.settings import Settings
from wan22.system.bus import Fact
from wan22.system.cancel import CancelToken
from wan22.wiring.generation import job_parts
from wan22.wiring.server import choose_profile, client_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="freezes a process with a POSIX signal")

QUICK = Patience(look_s=1.0, observe_s=3.0, silent_s=8.0, answering_s=20.0, unreachable_s=2.0)

WORK = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from wan22 import wiring
    from wan22.job.adopted import AdoptedProvider
    from wan22.job.session import GenerationJob
    from wan22.job.telemetry import JobTelemetry
    from wan22.launch.server_record import find_left_server
    from wan22.schema.events import StepDone
    from wan22.schema.request import GenerationRequest
    from wan22.schema.settings import Settings
    from wan22.system.cancel import CancelToken
    from wan22.wiring.generation import job_parts
    from wan22.wiring.server import choose_profile, client_of

    folder, runs, image = Path(sys.argv[1]), Path(sys.argv[3]), Path(sys.argv[4])
    port, what = int(sys.argv[2]), sys.argv[5]
    chosen = Settings(comfyui=folder, port=port, output=runs, profile="cpu")
    shared = wiring.parts()
    if what == "leave":
        server = wiring.owned_server(chosen, shared, keep=True)
        server.provider.acquire(CancelToken())
        server.provider.leave_running()
        sys.exit()
    record = find_left_server(shared.folders.data)
    client = client_of(record.url, shared.clock)
    provider = AdoptedProvider(record, shared.folders.data, client, shared.bus, shared.clock, stop_limit_s=8.0)
    telemetry = lambda: JobTelemetry(None, shared.bus, shared.clock, 0.2)
    parts = job_parts(chosen, shared, provider, choose_profile(chosen), telemetry, simulated=False)
    shared.bus.subscribe(lambda fact: print("STEP", flush=True) if isinstance(fact, StepDone) else None)
    GenerationJob(parts).run(GenerationRequest(image=image, width=128, height=128, length=17, seed=5), CancelToken())
    """
)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "start.png"
    Image.new("RGB", (64, 64), "teal").save(path)
    return path


def test_a_frozen_server_is_found_to_be_dead_and_ended(
    comfyui: Path, port: int, tmp_path: Path, image: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("wan22.job.hang_watch.Patience", lambda: QUICK)
    monkeypatch.setattr("wan22.job.follow.UNREACHABLE_LIMIT_S", 5.0)
    shared = wiring.parts()
    facts: list[Fact] = []
    pids: list[int] = []

    def hear(fact: Fact) -> None:
        facts.append(fact)
        if isinstance(fact, ServerReady) and fact.pid is not None:
            pids.append(fact.pid)
        if isinstance(fact, StepDone) and len([one for one in facts if isinstance(one, StepDone)]) == 1:
            os.kill(pids[0], signal.SIGSTOP)

    shared.bus.subscribe(hear)
    chosen = Settings(comfyui=comfyui, port=port, output=tmp_path / "runs", profile="cpu", stop_limit_s=3.0)
    job = wiring.generation_job(chosen, shared, gpu="none")
    result = job.run(GenerationRequest(image=image, width=192, height=192, length=33), CancelToken())
    assert result.problem is not None
    assert result.problem.code == "server_hung"
    stalled = [fact for fact in facts if isinstance(fact, JobStalled)]
    assert stalled[-1].verdict is Liveness.dead
    assert stalled[-1].answers is False
    assert (stalled[-1].cpu_share or 0.0) < 0.05
    assert open_run(result.folder).manifest.outcome is PromptOutcome.error
    assert comfyui_processes(port) == []


@pytest.fixture
def left(comfyui: Path, port: int, tmp_path: Path, image: Path) -> Iterator[list[str]]:
    """The words of a panel; what it leaves running is stopped in the end."""
    yield [sys.executable, "-X", "utf8", "-c", WORK, str(comfyui), str(port), str(tmp_path / "runs"), str(image)]
    shared = wiring.parts()
    record = find_left_server(shared.folders.data)
    if record is not None:
        client = client_of(record.url, shared.clock)
        AdoptedProvider(record, shared.folders.data, client, shared.bus, shared.clock, stop_limit_s=8.0).stop()


def test_a_panel_killed_while_its_left_server_samples(left: list[str], comfyui: Path, port: int, tmp_path: Path):
    subprocess.run([*left, "leave"], check=True, timeout=120)
    with subprocess.Popen([*left, "work"], stdout=subprocess.PIPE, text=True, encoding="utf-8") as panel:
        assert panel.stdout is not None
        assert panel.stdout.readline() == "STEP\n"
        panel.kill()
    (path,) = (tmp_path / "runs").iterdir()
    folder = RunFolder(path)
    assert open_run(folder).manifest.outcome is None

    shared = wiring.parts()
    record = find_left_server(shared.folders.data)
    assert record is not None
    client = client_of(record.url, shared.clock)
    provider = AdoptedProvider(record, shared.folders.data, client, shared.bus, shared.clock, stop_limit_s=8.0)
    chosen = Settings(comfyui=comfyui, port=port, output=tmp_path / "runs", profile="cpu")
    parts = job_parts(
        chosen,
        shared,
        provider,
        choose_profile(chosen),
        lambda: JobTelemetry(None, shared.bus, shared.clock, 0.2),
        simulated=False,
    )
    result = RecoveredJob(parts).run(folder, CancelToken())
    assert (result.problem, result.manifest.outcome) == (None, PromptOutcome.success)
    assert len(result.outputs) == 1
    stored = open_run(folder)
    kinds = [event.kind for event in stored.events]
    assert "step_done" in kinds[kinds.index("job_recovered") :]
    assert summary_of(stored).total_s is not None
