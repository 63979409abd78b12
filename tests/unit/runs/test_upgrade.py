import json
from pathlib import Path
from typing import Any

import pytest

from wan22.runs.layout import RunFolder
from wan22.runs.reader import open_run
from wan22.runs.summary import summary_of
from wan22.runs.upgrade import UPGRADES, Document, UpgradeStep, upgrade_for
from wan22.runs.verify import verify_run
from wan22.schema.problem import AppError
from wan22.schema.run import FORMAT
from wan22.schema.summary import RunSummary

SAMPLES = Path(__file__).resolve().parents[2] / "data" / "runs"


def renamed(document: Document, old: str, new: str) -> Document:
    return {new if key == old else key: value for key, value in document.items()}


STEPS = {
    1: UpgradeStep(
        manifest=lambda document: renamed(document, "begin", "started"),
        event=lambda document: {**document, "time_s": document["time_ms"] / 1000},
        columns={"watts": "power_mw"},
    ),
    2: UpgradeStep(
        manifest=lambda document: renamed(document, "started", "started_s"), columns={"power_mw": "power_w"}
    ),
}


def assert_close(found: Any, golden: Any) -> None:
    """Equal, except for the last digits of numbers, which another processor may round differently."""
    if isinstance(golden, dict):
        assert found.keys() == golden.keys()
        for key in golden:
            assert_close(found[key], golden[key])
    elif isinstance(golden, tuple | list):
        assert len(found) == len(golden)
        for one, other in zip(found, golden, strict=True):
            assert_close(one, other)
    else:
        assert found == (pytest.approx(golden, rel=1e-9) if isinstance(golden, float) else golden)


def test_steps_are_taken_one_after_the_other():
    upgrade = upgrade_for({"format": 1, "begin": 5}, newest=3, steps=STEPS)
    assert upgrade.manifest({"format": 1, "begin": 5}) == {"format": 3, "started_s": 5}
    assert upgrade.event({"time_ms": 1500})["time_s"] == 1.5
    assert upgrade.column("watts") == "power_w"
    assert upgrade.column("gpu") == "gpu"


def test_a_run_of_the_middle_takes_only_the_rest():
    upgrade = upgrade_for({"format": 2}, newest=3, steps=STEPS)
    assert upgrade.manifest({"format": 2, "started": 5, "begin": 1}) == {"format": 3, "started_s": 5, "begin": 1}


def test_the_newest_format_needs_nothing():
    assert upgrade_for({"format": FORMAT}).steps == ()


@pytest.mark.parametrize("number", [None, "1", 0, -1, True, 1.0])
def test_a_format_that_is_none_is_refused(number: object):
    with pytest.raises(AppError) as caught:
        upgrade_for({"format": number})
    assert caught.value.problem.code == "run_invalid"


def test_a_hole_in_the_chain_is_refused():
    with pytest.raises(AppError) as caught:
        upgrade_for({"format": 1}, newest=3, steps={2: STEPS[2]})
    assert caught.value.problem.code == "run_invalid"


def test_every_format_has_a_way_to_the_next():
    assert sorted(UPGRADES) == list(range(1, FORMAT))


@pytest.mark.parametrize("number", range(1, FORMAT + 1))
def test_every_format_has_a_sample_that_still_reads_the_same(number: int):
    """A frozen run of each format, and the summary that it had; the numbers must stay, whatever is added."""
    place = SAMPLES / f"format_{number}"
    (folder,) = (RunFolder(path) for path in place.iterdir() if path.is_dir())
    golden = RunSummary.model_validate_json((place / "golden_summary.json").read_bytes())
    assert json.loads(folder.manifest.read_text(encoding="utf-8"))["format"] == number
    run = open_run(folder)
    now = summary_of(run)
    assert run.notes == ()
    assert_close(now.model_dump(exclude={"app_version"}), golden.model_dump(exclude={"app_version"}))
    assert verify_run(folder) == []
