from dataclasses import replace

import pytest

from wan22.runs.job_times import JobKey, TimeRange, expected_time, key_of_row, queue_time, range_of
from wan22.schema.events import PromptOutcome, Role
from wan22.schema.run_row import RunRow
from wan22.schema.summary import StageTiming

KEY = JobKey("two_pass", "rtx5090", 640, 640, 81, 4, gpu="NVIDIA GeForce RTX 5090")


def row(total_s: float | None, *, warm: bool = True, cached_pass: bool = False, **change: object) -> RunRow:
    values: dict[str, object] = {
        "run_id": "r",
        "workflow": "two_pass",
        "profile": "rtx5090",
        "width": 640,
        "height": 640,
        "length": 81,
        "steps": 4,
        "board": "RTX 5090",
        "outcome": PromptOutcome.success,
        "total_s": total_s,
        "stages": (
            StageTiming(role=Role.load, cached=warm),
            StageTiming(role=Role.pass_1, seconds=30.0, cached=cached_pass),
            StageTiming(role=Role.pass_2, seconds=30.0),
        ),
    }
    return RunRow.model_validate(values | change)


def test_few_runs_give_their_whole_range_many_their_middle_half():
    assert expected_time([row(70.0), row(74.0)], KEY, is_warm=True) == TimeRange(70.0, 74.0, 72.0, 2)
    many = [row(seconds) for seconds in (60.0, 70.0, 71.0, 72.0, 200.0)]
    assert expected_time(many, KEY, is_warm=True) == TimeRange(70.0, 72.0, 71.0, 5)
    assert expected_time([], KEY, is_warm=True) is None
    assert range_of([]) is None


def test_cold_and_warm_are_apart():
    rows = [row(70.0), row(97.0, warm=False)]
    assert expected_time(rows, KEY, is_warm=True) == TimeRange(70.0, 70.0, 70.0, 1)
    assert expected_time(rows, KEY, is_warm=False) == TimeRange(97.0, 97.0, 97.0, 1)
    nothing_loaded = row(80.0).model_copy(update={"stages": row(80.0).stages[1:]})
    assert expected_time([nothing_loaded], KEY, is_warm=True) is None


@pytest.mark.parametrize(
    "other",
    [
        row(10.0, cached_pass=True),
        row(None),
        row(10.0, outcome=PromptOutcome.error),
        row(10.0, incomplete=True),
        row(10.0, origin="imported"),
        row(10.0, simulated=True),
        row(10.0, workflow="other"),
        row(10.0, profile="cpu"),
        row(10.0, width=832),
        row(10.0, length=49),
        row(10.0, steps=20),
        row(10.0, interpolation="rife"),
        row(10.0, board="RTX 4090"),
        row(10.0, board=""),
        RunRow(run_id="broken"),
    ],
)
def test_what_is_not_the_same_job_does_not_count(other: RunRow):
    assert expected_time([other, row(70.0)], KEY, is_warm=True) == TimeRange(70.0, 70.0, 70.0, 1)


def test_only_the_newest_runs_count():
    rows = [row(70.0)] * 30 + [row(500.0)] * 30
    found = expected_time(rows, KEY, is_warm=True)
    assert found is not None
    assert (found.high_s, found.count) == (70.0, 30)


def test_what_is_unknown_has_no_time():
    assert expected_time([row(70.0, width=None)], replace(KEY, width=None), is_warm=True) is None
    assert expected_time([row(70.0, board="")], replace(KEY, gpu=None), is_warm=True) is None


def test_the_key_of_a_row_is_that_of_its_job():
    assert key_of_row(row(70.0)) == replace(KEY, gpu="RTX 5090")


def test_a_queue_adds_up_and_says_what_it_does_not_know():
    known = TimeRange(60.0, 70.0, 65.0, 5)
    assert queue_time([known, known]).text == "2 min 00 s – 2 min 20 s"  # noqa: RUF001
    mixed = queue_time([known, None, None])
    assert (mixed.low_s, mixed.high_s, mixed.known, mixed.unknown) == (60.0, 70.0, 1, 2)
    assert mixed.text.endswith("and 2 of unknown length")
    assert queue_time([None]).text == "unknown: no earlier run here tells"
    assert queue_time([]).text == "nothing"
    assert known.text == "60–70 s (5 runs)"  # noqa: RUF001
