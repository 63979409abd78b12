import hashlib
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.file_server import Act, FileServer
from wan22.comfy.fetch_plan import fetch_plan
from wan22.comfy.file_fetch import FetchLimits
from wan22.comfy.hash_cache import HashCache
from wan22.job.fetch_pace import FetchPace
from wan22.job.model_job import ModelFetch
from wan22.schema.model_file import (
    FetchOutcome,
    FetchPhase,
    ModelFetchAdvanced,
    ModelFetchEnded,
    ModelFetchStarted,
    ModelFile,
    ModelFileEnded,
    ModelState,
    ModelStatus,
)
from wan22.schema.panel_fact import PanelFact
from wan22.system.cancel import CancelToken

CONTENT = hashlib.shake_256(b"x").digest(200_000)
LIMITS = FetchLimits(tries=2, margin_bytes=0)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("http_proxy", raising=False)
    monkeypatch.delenv("HTTP_PROXY", raising=False)


def statuses(server: FileServer, folder: Path, *, sizes: bool = True) -> list[ModelStatus]:
    found = []
    for name in ("a.safetensors", "b.safetensors", "c.safetensors"):
        file = ModelFile(
            file=name,
            folder="models/vae",
            url=f"{server.url}/{name}",
            bytes=len(CONTENT) if sizes else None,
            sha256=hashlib.sha256(CONTENT).hexdigest(),
        )
        found.append(ModelStatus(file=file, state=ModelState.missing, target=folder / name))
    return found


class Job:
    def __init__(self, server: FileServer, folder: Path, *, sizes: bool = True) -> None:
        self.facts: list[PanelFact] = []
        self.cancel = CancelToken()
        self.hashes = HashCache(folder / "cache.json")
        plan = fetch_plan(statuses(server, folder / "models", sizes=sizes))
        self.clock = FakeClock(auto=True)
        self._job = ModelFetch(plan, self._take, self.clock, self.hashes, limits=LIMITS)
        self.on_fact = lambda _fact: None

    def _take(self, fact: PanelFact) -> None:
        self.clock.advance(0.5)
        self.facts.append(fact)
        self.on_fact(fact)

    def run(self) -> ModelFetchEnded:
        return self._job.run(self.cancel)

    def ended(self) -> list[ModelFileEnded]:
        return [fact for fact in self.facts if isinstance(fact, ModelFileEnded)]


def test_all_files_come_and_the_totals_add_up(tmp_path: Path) -> None:
    with FileServer(CONTENT) as server:
        job = Job(server, tmp_path)
        result = job.run()
    assert (result.fetched, result.failed, result.problem) == (3, 0, None)
    assert isinstance(job.facts[0], ModelFetchStarted)
    assert job.facts[0].total_bytes == 600_000
    assert [one.verified for one in job.ended()] == [True] * 3
    last = [fact for fact in job.facts if isinstance(fact, ModelFetchAdvanced)][-1]
    assert (last.index, last.count, last.all_total_bytes) == (3, 3, 600_000)
    assert 400_000 < last.all_done_bytes <= 600_000
    assert job.hashes.known(tmp_path / "models" / "a.safetensors") == hashlib.sha256(CONTENT).hexdigest()
    assert job.facts[-1] == result


def test_a_file_that_fails_does_not_keep_the_next_from_coming(tmp_path: Path) -> None:
    with FileServer(CONTENT) as server:
        server.acts = [Act(status=404, body=b""), Act(), Act(corrupt_at=3)]
        job = Job(server, tmp_path)
        result = job.run()
    assert [one.outcome for one in job.ended()] == [FetchOutcome.failed, FetchOutcome.fetched, FetchOutcome.failed]
    assert (result.fetched, result.failed) == (1, 2)
    assert result.problem is not None
    assert result.problem.code == "download_failed"
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["b.safetensors"]


def test_cancel_ends_the_whole_fetch(tmp_path: Path) -> None:
    with FileServer(CONTENT) as server:
        job = Job(server, tmp_path)
        job.on_fact = lambda fact: job.cancel.set() if isinstance(fact, ModelFileEnded) else None
        result = job.run()
        assert len(server.asked) == 1
    assert (result.fetched, result.failed) == (1, 2)


def test_a_full_disk_ends_the_whole_fetch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wan22.comfy.file_fetch.free_bytes", lambda _path: 10)
    with FileServer(CONTENT) as server:
        job = Job(server, tmp_path)
        result = job.run()
        assert server.asked == []
    assert len(job.ended()) == 1
    assert result.problem is not None
    assert result.problem.code == "disk_full"


def test_waiting_is_told_with_its_reason_and_unknown_sizes_stay_unknown(tmp_path: Path) -> None:
    with FileServer(CONTENT) as server:
        server.acts = [Act(status=503, body=b"")]
        job = Job(server, tmp_path, sizes=False)
        job.run()
    waits = [fact for fact in job.facts if isinstance(fact, ModelFetchAdvanced) and fact.phase is FetchPhase.waiting]
    assert "busy (HTTP 503)" in waits[0].note
    assert (waits[0].all_total_bytes, waits[0].eta_s, waits[0].rate_bytes_s) == (None, None, None)


def test_the_pace_is_that_of_the_last_seconds() -> None:
    pace = FetchPace()
    assert pace.rate_bytes_s() is None
    pace.note(0.0, 0)
    pace.note(0.5, 100)
    assert pace.rate_bytes_s() is None
    for second in range(1, 31):
        pace.note(float(second), second * 1000)
    assert pace.rate_bytes_s() == pytest.approx(1000)
    for second in range(31, 61):
        pace.note(float(second), 30_000)
    assert pace.rate_bytes_s() == 0
