from pathlib import Path

from tests.unit.runs.facts import KEY, UUID, cold_job, stored_run, warm_job
from wan22.runs.catalog import own_band
from wan22.runs.reader import open_run
from wan22.runs.run_index import RunIndex
from wan22.runs.run_judgement import judged_rows, level_of
from wan22.runs.summary import summary_of
from wan22.runs.verdict import verdicts
from wan22.schema.profile import Target
from wan22.schema.verdict import Level

TARGET = Target(key=KEY, pass_excellent_s=(67.0, 80.0), pass_good_below_s=90.0, source="guide")


def test_many_are_judged_as_one_by_one(tmp_path: Path):
    root = tmp_path / "runs"
    for number in range(8):
        stored_run(root, f"2026-01-0{number}", warm_job(1000.0 * number, 70.0 + 0.1 * number))
    slow = stored_run(root, "2026-01-09", warm_job(9000.0, 95.0))
    rows = RunIndex(root, tmp_path / "cache").rows()
    found = judged_rows(rows)
    assert set(found) == {f"2026-01-0{number}" for number in (5, 6, 7, 9)}
    stored = open_run(slow)
    band = own_band(root, KEY, UUID, before_s=stored.manifest.started_s)
    alone = verdicts(summary_of(stored), stored.manifest, (), band)
    assert found["2026-01-09"] == tuple(one for one in alone if one.level is not Level.no_target)
    assert level_of(found["2026-01-09"]) is Level.slow
    assert level_of(found["2026-01-07"]) is Level.good


def test_targets_come_before_own_runs(tmp_path: Path):
    root = tmp_path / "runs"
    stored_run(root, "fast", warm_job(0.0, 72.0))
    stored_run(root, "fair", warm_job(500.0, 85.0))
    stored_run(root, "slow", warm_job(1000.0, 120.0))
    stored_run(root, "cold", cold_job(2000.0), target_key=KEY.model_copy(update={"steps": 20}))
    found = judged_rows(RunIndex(root, tmp_path / "cache").rows(), [TARGET])
    assert {name: level_of(said) for name, said in found.items()} == {
        "fast": Level.excellent,
        "fair": Level.good,
        "slow": Level.slow,
    }
    assert level_of(()) is None


def test_imported_and_simulated_runs_say_nothing_about_what_is_usual(tmp_path: Path):
    root = tmp_path / "runs"
    for number in range(6):
        stored_run(root, f"other-{number}", warm_job(1000.0 * number, 10.0), origin="imported")
        stored_run(root, f"demo-{number}", warm_job(1000.0 * number, 10.0), simulated=True)
    stored_run(root, "own", warm_job(9000.0, 70.0))
    assert judged_rows(RunIndex(root, tmp_path / "cache").rows()) == {}
