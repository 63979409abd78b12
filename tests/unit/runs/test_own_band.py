import pytest

from tests.unit.runs.facts import KEY, UUID, cold_job, manifest, warm_job
from wan22.runs.own_band import BOTH, PASS_1, PASS_2, TOTAL, band_from_runs, is_baseline, is_warm, measured
from wan22.runs.summary import summary_from_run
from wan22.runs.telemetry import empty_telemetry
from wan22.schema.events import PromptOutcome
from wan22.schema.run import RunManifest
from wan22.schema.summary import GpuSummary, RunSummary

DONE = manifest(outcome=PromptOutcome.success)


def warm(pass_s: float, of: RunManifest = DONE) -> RunSummary:
    return summary_from_run(of, warm_job(0.0, pass_s), empty_telemetry())


def test_what_can_be_judged():
    assert measured(warm(70.0)) == {PASS_1: 70.0, PASS_2: 70.0, BOTH: 140.0, TOTAL: 144.0}


def test_a_part_of_a_pass_is_not_judged():
    cut = summary_from_run(
        manifest(outcome=PromptOutcome.error),
        [*cold_job()[:11], cold_job()[-1].model_copy(update={"outcome": PromptOutcome.error})],
        empty_telemetry(),
    )
    assert measured(cut) == {PASS_1: 10.0}


def test_only_whole_warm_healthy_runs_of_this_machine_say_what_is_usual():
    assert is_warm(warm(70.0))
    assert is_baseline(DONE, warm(70.0))
    cold = summary_from_run(DONE, cold_job(), empty_telemetry())
    assert not is_baseline(DONE, cold)
    for change in (
        {"outcome": PromptOutcome.error},
        {"outcome": None},
        {"simulated": True},
        {"incomplete": True},
        {"origin": "imported"},
    ):
        other = DONE.model_copy(update=change)
        assert not is_baseline(other, warm(70.0)), change


@pytest.mark.parametrize(("shares", "healthy"), [({"power_cap": 1.0}, True), ({"hw_thermal": 0.2}, False)])
def test_a_hot_run_is_no_measure(shares: dict[str, float], healthy: bool):
    found = warm(70.0).model_copy(update={"gpu": GpuSummary(limiter_share=shares)})
    assert is_baseline(DONE, found) is healthy


def test_five_runs_make_a_band_of_three_scaled_deviations():
    times = (70.0, 71.0, 72.0, 73.0, 74.0)
    assert band_from_runs(KEY, UUID, [warm(seconds) for seconds in times[:4]]) is None
    band = band_from_runs(KEY, UUID, [warm(seconds) for seconds in times])
    assert band is not None
    usual = band.usual[PASS_1]
    assert (usual.count, usual.median_s) == (5, 72.0)
    assert usual.high_s == pytest.approx(72.0 + 3 * 1.4826)
    assert usual.low_s == pytest.approx(72.0 - 3 * 1.4826)


def test_equal_times_still_leave_room_for_noise():
    band = band_from_runs(KEY, UUID, [warm(50.0)] * 6)
    assert band is not None
    assert (band.usual[PASS_1].low_s, band.usual[PASS_1].high_s) == (49.5, 50.5)
