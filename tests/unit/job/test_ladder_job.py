"""A ladder over real jobs with a scripted server that has memory only from some rung on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.job.test_session import ROOT, Setup
from wan22.comfy.model_manifest import load_model_manifest
from wan22.job.ladder_job import LadderJob, LadderParts, Offer
from wan22.job.session import GenerationJob, JobParts, JobResult
from wan22.job.telemetry import JobTelemetry
from wan22.launch.flag_schema import FlagSchema
from wan22.launch.help_text import FlagSpec
from wan22.launch.profile_store import ProfileStore
from wan22.runs.reader import open_run
from wan22.runs.state import reduce_all
from wan22.schema.events import PromptOutcome, RungTried
from wan22.schema.ladder import OomPolicy
from wan22.schema.request import GenerationRequest

OOM = {
    "node_id": "86",
    "node_type": "KSamplerAdvanced",
    "exception_type": "torch.OutOfMemoryError",
    "exception_message": "out of memory",
    "traceback": [],
}
FLAGS = FlagSchema(flags={name: FlagSpec(name=name, takes="none") for name in ("--reserve-vram", "--novram")})


class Climb:
    """`fits(flags, width)`: whether the server has the memory."""

    def __init__(self, folder: Path, fits: Callable[[tuple[str, ...], int], bool]) -> None:
        self.setup = Setup(folder)
        self.fits = fits
        self.made: list[tuple[tuple[str, ...], bool]] = []
        self.offers: list[Offer] = []
        self.opened: list[str] = []
        self.failed: list[JobResult] = []
        self.answers: list[OomPolicy] = []

    def run(self, *answers: OomPolicy, asks_each: bool = False) -> JobResult:
        self.answers = list(answers)
        parts = LadderParts(
            make_job=self.make,
            schema=lambda: FLAGS,
            consent=self.consent,
            asks_each=asks_each,
            failed=self.failed.append,
        )
        request = GenerationRequest(image=self.setup.image, width=640, height=640, length=81)
        return LadderJob(parts).run(request, self.setup.cancel, self.opened.append)

    def consent(self, offer: Offer) -> OomPolicy:
        self.offers.append(offer)
        return self.answers.pop(0)

    def make(self, flags: tuple[str, ...], is_fresh: bool) -> GenerationJob:
        self.made.append((flags, is_fresh))
        client, bus = self.setup.client, self.setup.bus
        client.on_submit = lambda prompt_id: self.work(prompt_id, flags)
        return GenerationJob(
            JobParts(
                clock=client.clock,
                bus=bus,
                provider=self.setup.provider,
                profile=ProfileStore(ROOT / "profiles", None).load("cpu").profile,
                runs_root=self.setup.runs,
                workflow_folders=(ROOT / "workflows",),
                models=load_model_manifest(ROOT / "workflows/models.json"),
                telemetry=lambda: JobTelemetry(None, bus, client.clock, 0.2),
            )
        )

    def work(self, prompt_id: str, flags: tuple[str, ...]) -> None:
        graph = self.setup.client.submitted[-1][0]
        width = next(item["inputs"]["width"] for item in graph.values() if "width" in item["inputs"])
        self.setup.client.fail = None if self.fits(flags, width) else OOM
        self.setup.client.work(prompt_id)


def runs(climb: Climb) -> list[Any]:
    return [open_run(type(climb.failed[0].folder)(climb.setup.runs / run_id)) for run_id in climb.opened]


def test_it_climbs_until_it_fits_and_every_rung_is_a_run(tmp_path: Path):
    climb = Climb(tmp_path, lambda flags, _width: "--novram" in flags)
    result = climb.run(OomPolicy.same_picture)
    assert (result.problem, result.manifest.outcome) == (None, PromptOutcome.success)
    assert len(climb.offers) == 1
    assert climb.offers[0].problem.code == "out_of_memory"
    stored = runs(climb)
    first, *tried = stored
    assert [run.manifest.outcome for run in stored][-1] is PromptOutcome.success
    assert (first.manifest.retry_of, first.manifest.rung) == (None, None)
    assert [run.manifest.retry_of for run in tried] == [first.manifest.run_id] * len(tried)
    assert [run.manifest.rung.name for run in tried] == ["clean_start", "headroom", "novram"]
    facts = [event for run in tried for event in run.events if isinstance(event, RungTried)]
    assert [(fact.number, fact.count) for fact in facts] == [(1, 3), (2, 3), (3, 3)]
    state = reduce_all(tried[-1].events)
    assert state.retry is not None
    assert state.retry.retry_of == first.manifest.run_id
    assert len({run.manifest.parameters.seed for run in stored}) == 1  # the same picture needs the same seed
    assert climb.made[-1] == (("--reserve-vram", "2", "--novram"), True)
    assert len(climb.failed) == 3


def test_another_picture_only_with_consent(tmp_path: Path):
    climb = Climb(tmp_path, lambda _flags, width: width < 500)
    refused = climb.run(OomPolicy.same_picture)
    assert refused.problem is not None
    assert refused.problem.code == "out_of_memory"
    assert all(run.manifest.parameters.width == 640 for run in runs(climb))
    result = climb.run(OomPolicy.any)
    assert result.problem is None
    assert result.manifest.parameters is not None
    assert (result.manifest.parameters.width, result.manifest.parameters.height) == (448, 448)


def test_never_means_one_run(tmp_path: Path):
    climb = Climb(tmp_path, lambda _flags, _width: False)
    result = climb.run(OomPolicy.never)
    assert result.problem is not None
    assert len(climb.opened) == 1
    assert climb.failed == []


def test_asked_before_each_rung_one_can_stop(tmp_path: Path):
    climb = Climb(tmp_path, lambda _flags, _width: False)
    climb.run(OomPolicy.same_picture, OomPolicy.same_picture, OomPolicy.never, asks_each=True)
    assert len(climb.opened) == 3
    assert [len(offer.rungs) for offer in climb.offers] == sorted(
        (len(offer.rungs) for offer in climb.offers), reverse=True
    )


def test_a_job_that_fits_is_never_asked_about(tmp_path: Path):
    climb = Climb(tmp_path, lambda _flags, _width: True)
    assert climb.run().problem is None
    assert climb.offers == []


def test_another_fault_on_a_rung_ends_it(tmp_path: Path):
    climb = Climb(tmp_path, lambda _flags, _width: False)

    def consent(offer: Offer) -> OomPolicy:
        climb.setup.cancel.set()
        return OomPolicy.any

    climb.consent = consent  # type: ignore[method-assign]
    result = climb.run()
    assert result.problem is not None
    assert result.problem.code == "out_of_memory"
    assert len(climb.opened) == 1


@pytest.mark.parametrize("break_it", ["workflow.api.json"])
def test_a_folder_without_its_graph_has_no_ladder(tmp_path: Path, break_it: str):
    climb = Climb(tmp_path, lambda _flags, _width: False)
    result = climb.run(OomPolicy.never)
    (result.folder.path / break_it).unlink()
    assert LadderJob(LadderParts(climb.make, lambda: FLAGS, climb.consent)).rungs_for(result) == ()
