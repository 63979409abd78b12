import pytest

from wan22.job.stall_limit import FIRST_STEP_FLOOR_S, STEP_FLOOR_S, UNKNOWN_S, WAITING_S, JobProgress
from wan22.runs.own_band import Usual
from wan22.schema.events import AnyEvent, NodeStarted, PreviewReceived, PromptStarted, Role, StepDone

ROLES = {"1": Role.load, "2": Role.pass_1, "3": Role.pass_2, "4": Role.decode}
DECODE = {Role.decode: Usual(6, 40.0, 38.0, 44.0), Role.pass_2: Usual(6, 70.0, 60.0, 80.0)}


def started(node: str, time_s: float = 0.0) -> NodeStarted:
    return NodeStarted(time_s=time_s, prompt_id="p", node=node)


def step(node: str, value: int, time_s: float) -> StepDone:
    return StepDone(time_s=time_s, prompt_id="p", node=node, value=value, maximum=4)


def progress(*facts: AnyEvent, usual: dict[Role, Usual] | None = None) -> JobProgress:
    made = JobProgress(ROLES, usual or {})
    for fact in facts:
        assert made.accept(fact)
    return made


def test_a_job_that_is_next_must_begin_soon():
    assert progress().allowed().seconds == WAITING_S
    assert progress(PromptStarted(time_s=0, prompt_id="p")).allowed().seconds == UNKNOWN_S[Role.load]


@pytest.mark.parametrize(("node", "role"), [("2", Role.pass_1), ("4", Role.decode), ("9", Role.other)])
def test_without_history_the_stage_decides(node: str, role: Role):
    allowed = progress(started(node)).allowed()
    assert allowed.seconds == UNKNOWN_S[role]
    assert "no earlier run" in allowed.reason


def test_own_steps_count_first():
    facts = (started("2"), step("2", 1, 300.0), step("2", 2, 330.0), step("2", 3, 372.0))
    allowed = progress(*facts, usual=DECODE).allowed()
    assert allowed.seconds == 5 * 42.0
    assert "42.0 s" in allowed.reason
    quick = (started("2"), step("2", 1, 300.0), step("2", 2, 301.0))
    assert progress(*quick).allowed().seconds == STEP_FLOOR_S


def test_the_first_step_of_the_second_pass_holds_loading():
    facts = (started("2"), step("2", 1, 300.0), step("2", 2, 330.0), started("3", 340.0))
    assert progress(*facts).allowed().seconds == UNKNOWN_S[Role.pass_2]
    assert progress(*facts, usual=DECODE).allowed().seconds == FIRST_STEP_FLOOR_S
    # One report of this pass was seen, and steps of the run are known: no more loading.
    assert progress(*facts, step("3", 1, 400.0)).allowed().seconds == 150.0


def test_earlier_runs_tell_how_long_a_stage_takes():
    allowed = progress(started("4"), usual=DECODE).allowed()
    assert allowed.seconds == 5 * 44.0
    assert "6 earlier runs" in allowed.reason


def test_steps_that_come_together_share_their_time_and_repeats_are_none():
    facts = (started("2"), step("2", 1, 100.0), step("2", 3, 180.0), step("2", 3, 400.0))
    assert progress(*facts).allowed().seconds == 200.0


def test_a_preview_alone_is_no_sign():
    assert not progress().accept(PreviewReceived(time_s=0, image_format="jpeg", byte_count=1))
