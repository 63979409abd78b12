import pytest

from wan22.job.eta import Eta
from wan22.runs.own_band import Usual
from wan22.schema.events import Role
from wan22.schema.summary import StageTiming
from wan22.schema.verdict import Level, Verdict
from wan22.ui.state.time_left import left_of, left_text, ready_text, target_text
from wan22.ui.verdict_word import Tone

NOON_S = 1_800_000_000.0


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (Eta(57.0, 59.0, complete=True), "58 s left"),
        (Eta(41.0, 58.0, complete=True), "40\u201360 s left"),
        (Eta(0.2, 12.0, complete=True), "Up to 12 s left"),
        (Eta(95.0, 110.0, complete=True), "1\u20132 min left"),
        (Eta(80.0, 130.0, complete=True), "80 s \u2013 2 min 10 s left"),
        (Eta(0.0, 0.0, complete=True), "Longer than usual"),
        (Eta(40.0, 60.0, complete=False), "At least 40 s left"),
        (Eta(0.4, 2.0, complete=False), None),
    ],
)
def test_no_surer_than_what_is_known(left: Eta, text: str | None):
    assert left_text(left) == text


def test_the_moment_is_as_exact_as_the_range():
    assert ready_text(Eta(57.0, 59.0, complete=True), NOON_S).count(":") == 2
    assert ready_text(Eta(40.0, 90.0, complete=True), NOON_S).count(":") == 1
    assert ready_text(Eta(40.0, 41.0, complete=False), NOON_S) == ""


def stages(pass_1_s: float, *, is_over: bool) -> list[StageTiming]:
    return [
        StageTiming(role=Role.pass_1, seconds=pass_1_s, started_s=0.0, complete=is_over),
        StageTiming(role=Role.pass_2, complete=False),
    ]


USUAL = {role: Usual(5, 70.0, 69.0, 71.0) for role in (Role.pass_1, Role.pass_2)}
BOTH = Verdict(subject="both", level=Level.unknown, limit_s=180.0, band_s=(134.0, 160.0))


def test_the_target_is_met_or_missed_only_when_that_is_sure():
    on_course = target_text([BOTH], stages(70.0, is_over=True), USUAL, 70.0)
    assert on_course is not None
    assert (on_course.text, on_course.tone) == ("target for both passes: under 3 min 00 s · on course ✓", Tone.good)
    missed = target_text([BOTH], stages(120.0, is_over=True), USUAL, 120.0)
    assert missed is not None
    assert missed.tone is Tone.slow
    unsure = target_text([BOTH], stages(70.0, is_over=True), {}, 70.0)
    assert unsure is not None
    assert unsure.tone is None


def test_a_job_without_a_target_says_why():
    none = Verdict(subject="both", level=Level.no_target, text="no target for 64x64")
    found = target_text([none], [], {}, 0.0)
    assert found is not None
    assert (found.text, found.basis) == ("no target for this job", "no target for 64x64")
    assert target_text([], [], {}, 0.0) is None


def test_what_went_by_unseen_is_not_counted_again():
    unseen = StageTiming(role=Role.pass_1, started_s=1.0, seconds=None, complete=False)
    rest = StageTiming(role=Role.pass_2, started_s=80.0, seconds=10.0, complete=False)
    left = left_of([unseen, rest], Role.pass_2, USUAL)
    assert left is not None
    assert (left.low_s, left.high_s) == (59.0, 61.0)
