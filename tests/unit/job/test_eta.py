from wan22.job.eta import eta, usual_from_runs
from wan22.runs.own_band import Usual
from wan22.schema.events import Role
from wan22.schema.summary import RunSummary, StageTiming


def stage(role: Role, seconds: float | None = None, **fields: object) -> StageTiming:
    return StageTiming.model_validate({"role": role, "seconds": seconds, "complete": False, **fields})


def test_nothing_is_known_before_the_first_steps():
    stages = [stage(Role.pass_1, steps_total=2), stage(Role.pass_2, steps_total=2), stage(Role.decode)]
    assert eta(stages, {}) is None


def test_own_steps_count_for_both_passes_and_the_rest_makes_it_a_lower_bound():
    stages = [
        stage(Role.pass_1, 30.0, steps_done=2, steps_total=4, step_s=(10.0,)),
        stage(Role.pass_2, steps_total=4),
        stage(Role.decode),
    ]
    left = eta(stages, {})
    assert left is not None
    assert left.low_s == 0.8 * 60
    assert left.high_s == 1.3 * 60
    assert not left.complete


def test_usual_times_make_it_complete_and_shrink_with_the_time_spent():
    usual = {role: Usual(5, 10.0, 9.0, 12.0) for role in (Role.pass_1, Role.pass_2, Role.decode, Role.save)}
    stages = [
        stage(Role.pass_1, 10.0, complete=True),
        stage(Role.pass_2, 4.0),
        stage(Role.decode),
        stage(Role.save),
    ]
    left = eta(stages, usual)
    assert left is not None
    assert (left.low_s, left.high_s) == (5.0 + 9.0 + 9.0, 8.0 + 12.0 + 12.0)
    assert left.complete


def test_a_stage_that_takes_longer_than_usual_never_counts_negative():
    left = eta([stage(Role.pass_1, 99.0)], {Role.pass_1: Usual(5, 10.0, 9.0, 12.0)})
    assert left is not None
    assert (left.low_s, left.high_s) == (0.0, 0.0)


def test_usual_times_come_from_all_runs_that_measured_the_stage():
    runs = [
        RunSummary(run_id=str(number), stages=(stage(Role.decode, seconds), stage(Role.save, None)))
        for number, seconds in enumerate((2.0, 3.0, 2.5))
    ]
    usual = usual_from_runs(runs)
    assert usual[Role.decode].median_s == 2.5
    assert usual[Role.decode].count == 3
    assert Role.save not in usual
