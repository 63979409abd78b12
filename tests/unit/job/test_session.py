"""A whole job with a scripted server: real run folder, real graph, real definitions of ComfyUI 0.25."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.unit.job.scripted_client import ScriptedClient
from wan22.comfy.client import HistoryEntry
from wan22.comfy.model_manifest import load_model_manifest
from wan22.job.hang_watch import HangWatch
from wan22.job.server import ServerHandle
from wan22.job.session import GenerationJob, JobParts, JobResult
from wan22.job.telemetry import JobTelemetry, SamplerFactory
from wan22.launch.profile_store import ProfileStore
from wan22.runs.layout import RunFolder
from wan22.runs.reader import open_run
from wan22.schema.events import JobStalled, Liveness, OutputFile, ProblemFound, PromptOutcome, PromptQueued
from wan22.schema.gpu import GpuReading, GpuSampled
from wan22.schema.problem import AppError, app_error
from wan22.schema.request import GenerationRequest
from wan22.system.bus import Bus
from wan22.system.cancel import CancelToken

ROOT = Path(__file__).parents[3]


def definitions() -> dict[str, Any]:
    """The fixture lists no model files; the server of this test has those of the graph."""
    path = ROOT / "tests/data/comfy/object_info.0.25.0.json.gz"
    found: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    graph = json.loads((ROOT / "workflows/wan22_i2v_two_pass.json").read_text(encoding="utf-8"))
    for node in graph.values():
        for name, value in node["inputs"].items():
            spec = found[node["class_type"]]["input"].get("required", {}).get(name)
            if isinstance(value, str) and value.endswith(".safetensors") and spec is not None:
                if isinstance(spec[0], list):
                    spec[0] = sorted({*spec[0], value})
                else:
                    spec[1]["options"] = sorted({*spec[1].get("options", []), value})
    return found


class Server(ScriptedClient):
    """Knows the nodes, and runs every prompt to its end at once."""

    def __init__(self) -> None:
        super().__init__()
        self.definitions = definitions()
        self.on_submit = self.work
        self.fail: dict[str, Any] | None = None

    def object_info(self) -> Mapping[str, Any]:
        return self.definitions

    def work(self, prompt_id: str) -> None:
        graph = self.submitted[-1][0]
        samplers = [node for node, item in graph.items() if item["class_type"] == "KSamplerAdvanced"]
        self.say("execution_start", prompt_id=prompt_id, timestamp=1000)
        for node in samplers:
            self.say("executing", prompt_id=prompt_id, node=node)
            self.say("progress", prompt_id=prompt_id, node=node, value=1, max=2)
            self.say("progress", prompt_id=prompt_id, node=node, value=2, max=2)
        if self.fail is not None:
            self.say("execution_error", prompt_id=prompt_id, **self.fail)
        files = () if self.fail else (("108", OutputFile(filename="v.mp4", subfolder="video")),)
        stamps = (("execution_start", {"timestamp": 1000}), ("execution_success", {"timestamp": 1700}))
        self.entries[prompt_id] = HistoryEntry(
            prompt_id=prompt_id, status="error" if self.fail else "success", messages=stamps, files=files
        )
        self.running = ()
        self.say("executing", prompt_id=prompt_id, node=None)


class Provider:
    """Hands out the server and counts how often it gets it back."""

    def __init__(self, client: Server) -> None:
        self.client = client
        self.released = 0
        self.refuse: AppError | None = None

    def acquire(self, cancel: CancelToken) -> ServerHandle:
        if self.refuse is not None:
            raise self.refuse
        self.client.say("connected")
        return ServerHandle(client=self.client, stats=self.client.stats(), owned=False, local=False)

    def release(self, handle: ServerHandle) -> None:
        self.released += 1


class Setup:
    def __init__(self, folder: Path) -> None:
        self.client = Server()
        self.provider = Provider(self.client)
        self.bus = Bus(self.client.clock)
        self.facts: list[Any] = []
        self.bus.subscribe(self.facts.append)
        self.runs = folder / "runs"
        self.image = folder / "start ü.png"
        Image.new("RGB", (64, 64), "teal").save(self.image)
        self.cancel = CancelToken()
        self.sampler: SamplerFactory | None = None

    def run(self, **fields: Any) -> JobResult:
        parts = JobParts(
            clock=self.client.clock,
            bus=self.bus,
            provider=self.provider,
            profile=ProfileStore(ROOT / "profiles", None).load("cpu").profile,
            runs_root=self.runs,
            workflow_folders=(ROOT / "workflows",),
            models=load_model_manifest(ROOT / "workflows/models.json"),
            telemetry=lambda: JobTelemetry(self.sampler, self.bus, self.client.clock, 0.2, is_shared=True),
        )
        values = {"image": self.image, "width": 64, "height": 64, "length": 5, **fields}
        return GenerationJob(parts).run(GenerationRequest.model_validate(values), self.cancel)


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    return Setup(tmp_path)


def test_a_job_ends_in_a_closed_run_folder(setup: Setup):
    result = setup.run(prompt="a boat", negative="blur", seed=11)
    assert result.problem is None
    assert result.manifest.outcome is PromptOutcome.success
    assert [path.read_bytes() for path in result.outputs] == [b"video"]
    stored = open_run(result.folder)
    kinds = [event.kind for event in stored.events]
    assert kinds[0] == "run_started"
    assert kinds[-1] == "run_finished"
    assert kinds.count("output_saved") == 1
    assert kinds == [fact.kind for fact in setup.facts]
    parameters = stored.manifest.parameters
    assert parameters is not None
    assert (parameters.prompt, parameters.negative, parameters.seed) == ("a boat", "blur", 11)
    assert (parameters.width, parameters.height, parameters.length, parameters.steps) == (64, 64, 5, 4)
    sent = setup.client.submitted[0][0]
    assert json.loads(result.folder.workflow.read_text(encoding="utf-8")) == sent
    assert setup.provider.released == 1


def test_a_seed_is_drawn_and_recorded(setup: Setup):
    first, second = setup.run(), setup.run()
    seeds = [fact.seed for fact in setup.facts if isinstance(fact, PromptQueued)]
    assert len(set(seeds)) == 2
    for result, seed in zip((first, second), seeds, strict=True):
        assert result.manifest.parameters is not None
        assert result.manifest.parameters.seed == seed


def test_a_missing_model_stops_it_before_anything_is_sent(setup: Setup):
    setup.client.definitions["VAELoader"]["input"]["required"]["vae_name"][0] = ["other.safetensors"]
    setup.client.definitions["VAELoader"]["input"]["required"]["vae_name"][1:] = []
    result = setup.run()
    assert result.problem is not None
    assert result.problem.code == "model_missing"
    assert setup.client.submitted == []
    assert result.manifest.outcome is PromptOutcome.error
    assert setup.provider.released == 1


def test_an_execution_error_keeps_the_run(setup: Setup):
    setup.client.fail = {
        "node_id": "86",
        "node_type": "KSamplerAdvanced",
        "exception_type": "torch.OutOfMemoryError",
        "exception_message": "out of memory",
        "traceback": [],
    }
    result = setup.run()
    assert result.problem is not None
    assert result.problem.code == "out_of_memory"
    kinds = [event.kind for event in open_run(result.folder).events]
    assert "step_done" in kinds
    assert kinds[-2:] == ["problem_found", "run_finished"]


def test_a_server_that_does_not_start_keeps_the_run_and_its_reason(setup: Setup):
    setup.provider.refuse = app_error("port_in_use", "Port 8188 is taken.")
    result = setup.run()
    assert result.problem is not None
    assert result.problem.code == "port_in_use"
    assert result.manifest.outcome is PromptOutcome.error
    assert setup.provider.released == 0


def test_a_stop_before_the_queue_is_a_cancelled_run(setup: Setup):
    setup.cancel.set()
    result = setup.run()
    assert result.manifest.outcome is PromptOutcome.cancelled
    assert setup.client.submitted == []
    assert setup.provider.released == 1


def test_a_request_that_cannot_begin_leaves_no_folder(setup: Setup):
    setup.image.write_bytes(b"no picture")
    with pytest.raises(AppError):
        setup.run()
    assert not setup.runs.exists()
    with pytest.raises(AppError):
        Setup(setup.runs.parent).run(workflow="no such workflow")
    assert not setup.runs.exists()


def test_leaving_at_once_still_leaves_a_run_that_says_why(setup: Setup):
    def second_ctrl_c(_prompt_id: str) -> None:
        raise KeyboardInterrupt

    setup.client.on_submit = second_ctrl_c
    with pytest.raises(KeyboardInterrupt):
        setup.run()
    (folder,) = setup.runs.iterdir()
    stored = open_run(RunFolder(folder))
    assert stored.manifest.outcome is PromptOutcome.cancelled
    (told,) = [fact.problem for fact in setup.facts if isinstance(fact, ProblemFound)]
    assert told.code == "cancelled"
    assert "may still be working" in told.hint  # the server is not ours
    assert setup.provider.released == 1


def test_a_strange_server_that_does_not_stop_is_not_said_to_be_stopped(setup: Setup, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("wan22.job.follow.INTERRUPT_LIMIT_S", 0.2)
    setup.client.on_submit = lambda _prompt_id: setup.cancel.set()
    result = setup.run()
    assert result.manifest.outcome is PromptOutcome.cancelled
    assert result.problem is not None
    assert "did not stop the job" in result.problem.message
    assert "look at its queue" in result.problem.hint


def test_readings_of_this_machine_stay_out_of_a_job_on_another_one(setup: Setup):
    class Live:
        def start(self) -> None: ...

        def stop(self) -> None: ...

    def read(fact: Any) -> None:
        if isinstance(fact, PromptQueued):
            reading = GpuReading(time_s=fact.time_s, gpu=0, power_w=250.0)
            setup.bus.publish(GpuSampled(time_s=fact.time_s, readings=(reading,)))

    setup.sampler = lambda *_: Live()
    setup.bus.subscribe(read)
    result = setup.run()
    assert result.manifest.outcome is PromptOutcome.success
    assert any(isinstance(fact, GpuSampled) for fact in setup.facts)
    assert len(result.folder.telemetry.read_text(encoding="utf-8").splitlines()) == 1


def test_a_server_that_hangs_is_handed_back_as_dead(setup: Setup, monkeypatch: pytest.MonkeyPatch):
    def look(watch: HangWatch, **_: bool) -> JobStalled:
        return JobStalled(time_s=1.0, prompt_id="p", verdict=Liveness.dead, silent_s=700.0, allowed_s=300.0)

    handles: list[ServerHandle] = []
    acquire = setup.provider.acquire

    def owned(cancel: CancelToken) -> ServerHandle:
        handle = acquire(cancel)
        handle.owned = True
        handles.append(handle)
        return handle

    monkeypatch.setattr(HangWatch, "look", look)
    monkeypatch.setattr(setup.provider, "acquire", owned)
    setup.client.on_submit = lambda _prompt_id: None
    result = setup.run()
    assert result.problem is not None
    assert result.problem.code == "server_hung"
    assert result.manifest.outcome is PromptOutcome.error
    assert [handle.is_dead for handle in handles] == [True]


def test_a_server_that_does_not_end_leaves_a_closed_run(setup: Setup, monkeypatch: pytest.MonkeyPatch):
    def refuse(_handle: ServerHandle) -> None:
        raise app_error("server_not_stopped", "ComfyUI (process 5) does not end, not even by force.")

    monkeypatch.setattr(setup.provider, "release", refuse)
    result = setup.run()
    stored = open_run(result.folder)
    assert stored.manifest.outcome is PromptOutcome.success
    kinds = [event.kind for event in stored.events]
    assert kinds[-2:] == ["problem_found", "run_finished"]
