from pathlib import Path

import pytest

from tests.unit.runs.facts import KEY, UUID, cold_job, stored_run, warm_job
from wan22.runs.catalog import baseline_runs, find_run, list_runs, own_band, played_runs
from wan22.runs.own_band import PASS_1
from wan22.runs.reader import read_manifest
from wan22.schema.problem import AppError
from wan22.schema.run import ServerIdentity
from wan22.schema.server import SystemInfo, SystemStats


def problem_of(root: Path, name: str) -> tuple[str, str]:
    with pytest.raises(AppError) as caught:
        find_run(root, name)
    return caught.value.problem.code, caught.value.problem.message


def test_runs_are_listed_newest_first_and_broken_ones_are_named(tmp_path: Path):
    for number in (3, 1, 2):
        stored_run(tmp_path, f"2026-01-0{number}", cold_job(100.0 * number))
    broken = stored_run(tmp_path, "2026-01-04", cold_job(900.0))
    broken.manifest.write_text("{", encoding="utf-8")
    lost = stored_run(tmp_path, "2026-01-05", cold_job(950.0))
    lost.manifest.unlink()
    (tmp_path / "not a run").mkdir()
    (tmp_path / "file").write_text("", encoding="utf-8")
    entries = list_runs(tmp_path)
    assert [entry.folder.run_id for entry in entries[:3]] == ["2026-01-03", "2026-01-02", "2026-01-01"]
    assert {entry.folder.run_id: entry.problem.code for entry in entries if entry.problem is not None} == {
        "2026-01-04": "run_invalid",
        "2026-01-05": "run_invalid",
    }


def test_a_folder_that_is_not_there_has_no_runs(tmp_path: Path):
    assert list_runs(tmp_path / "nothing") == ()


def test_only_manifests_are_read(tmp_path: Path):
    folder = stored_run(tmp_path, "run", cold_job())
    folder.events.write_bytes(b"\xff not an event\n" * 10)
    assert list_runs(tmp_path)[0].problem is None


def test_a_run_is_found_by_name_by_its_beginning_and_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    one = stored_run(tmp_path / "Läufe", "2026-01-01_a", cold_job(100.0))
    two = stored_run(tmp_path / "Läufe", "2026-01-01_b", cold_job(200.0))
    root = tmp_path / "Läufe"
    assert find_run(root, "2026-01-01_a") == one
    assert find_run(root, "2026-01-01_b") == two
    assert find_run(root, "last") == two
    assert find_run(tmp_path, str(one.path)) == one
    monkeypatch.chdir(root)
    assert find_run(tmp_path, "2026-01-01_a").path == one.path


def test_a_run_that_cannot_be_meant_is_said(tmp_path: Path):
    assert problem_of(tmp_path, "last")[0] == "run_not_found"
    for letter in "ab":
        stored_run(tmp_path, f"2026-01-01_{letter}", cold_job())
    code, message = problem_of(tmp_path, "2026")
    assert code == "run_not_found"
    assert "2026-01-01_a, 2026-01-01_b" in message
    assert problem_of(tmp_path, "2027")[0] == "run_not_found"
    assert problem_of(tmp_path, "")[0] == "run_not_found"


def test_the_own_band_is_made_of_fitting_runs_alone(tmp_path: Path):
    for number in range(5):
        stored_run(tmp_path, f"warm-{number}", warm_job(100.0 * number, 70.0 + number))
    assert len(baseline_runs(tmp_path, KEY, UUID)) == 5
    stored_run(tmp_path, "cold", cold_job(600.0))
    stored_run(tmp_path, "simulated", warm_job(700.0, 1.0), simulated=True)
    stored_run(tmp_path, "imported", warm_job(800.0, 1.0), origin="imported")
    stored_run(tmp_path, "other job", warm_job(900.0, 1.0), target_key=KEY.model_copy(update={"steps": 8}))
    stored_run(tmp_path, "failed", warm_job(950.0, 1.0), outcome=None)
    band = own_band(tmp_path, KEY, UUID)
    assert band is not None
    assert (band.usual[PASS_1].count, band.usual[PASS_1].median_s) == (5, 72.0)
    assert own_band(tmp_path, KEY, "another board") is None
    assert own_band(tmp_path, KEY, UUID, before_s=400.0) is None


def test_a_run_that_cannot_be_read_is_passed_over(tmp_path: Path):
    for number in range(6):
        stored_run(tmp_path, f"warm-{number}", warm_job(100.0 * number, 70.0))
    (tmp_path / "warm-0" / "telemetry.csv").write_text("this,is\nno,telemetry\n", encoding="utf-8")
    band = own_band(tmp_path, KEY, UUID)
    assert band is not None
    assert band.usual[PASS_1].count == 5


def test_a_simulated_run_is_compared_with_the_same_stand_in_alone(tmp_path: Path):
    def server(*argv: str) -> ServerIdentity:
        stats = SystemStats(system=SystemInfo(argv=("main.py", *argv)))
        return ServerIdentity(url="http://127.0.0.1:8188", owned=True, stats=stats)

    fast = server("--port", "8188", "--demo-speed", "10")
    stored_run(tmp_path, "a", warm_job(100.0, 7.0), simulated=True, server=fast)
    stored_run(tmp_path, "b", warm_job(200.0, 7.0), simulated=True, server=server("--demo-speed", "1", "--port", "1"))
    stored_run(tmp_path, "c", warm_job(300.0, 7.0), server=fast)
    folder = stored_run(
        tmp_path, "d", warm_job(400.0, 7.0), simulated=True, server=server("--port", "9", "--demo-speed", "10")
    )
    found = played_runs(tmp_path, read_manifest(folder))
    assert {summary.run_id for summary in found} == {"a", "d"}
