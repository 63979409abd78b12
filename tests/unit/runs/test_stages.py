import pytest

from tests.unit.runs.facts import ID, ROLES, cached, cold_job, finished, node, queued, started, step, warm_job
from wan22.runs.stages import end_s, stage_timings, total_s
from wan22.runs.state import Fact, reduce_all
from wan22.schema.events import PromptFinished, PromptOutcome, PromptQueued, Role, SocketLost, SocketRestored
from wan22.schema.summary import StageTiming


def stages(facts: list[Fact], now_s: float | None = None) -> dict[Role, StageTiming]:
    return {stage.role: stage for stage in stage_timings(reduce_all(facts), now_s)}


def test_a_cold_job_with_a_loader_between_the_passes():
    found = stages(cold_job())
    assert [role.value for role in found] == ["load", "encode", "pass_1", "pass_2", "decode", "save"]
    times = {role.value: stage.seconds for role, stage in found.items()}
    assert times == {"load": 3.0, "encode": 1.0, "pass_1": 10.0, "pass_2": 8.0, "decode": 3.0, "save": 1.0}
    assert all(stage.complete and not stage.cached for stage in found.values())
    first = found[Role.pass_1]
    assert (first.steps_done, first.steps_total) == (2, 2)
    assert (first.first_report_s, first.load_s, first.step_s, first.tail_s) == (6.0, 3.0, (3.0,), 1.0)
    assert total_s(reduce_all(cold_job())) == pytest.approx(26.9)


def test_a_warm_job_has_cached_stages():
    found = stages(warm_job(100.0, 8.0))
    for role in (Role.load, Role.encode):
        assert (found[role].seconds, found[role].cached, found[role].complete) == (0.0, True, True)
    assert found[Role.pass_1].load_s == 0.0
    assert found[Role.pass_1].seconds == 8.0


def test_an_exact_repeat_runs_nothing_at_all():
    facts: list[Fact] = [queued(), started(), cached(*ROLES), finished(0.2)]
    assert all(stage.cached and stage.seconds == 0.0 for stage in stages(facts).values())


def test_the_load_is_never_less_than_nothing_and_unknown_with_one_step():
    facts: list[Fact] = [queued(), started(), node(1.0, "57"), step(2.0, "57", 1), step(5.0, "57", 2), node(6.0, "58")]
    facts += [step(8.0, "58", 1), node(9.0, "8"), finished(10.0)]
    found = stages(facts)
    assert found[Role.pass_1].load_s == 0.0
    assert found[Role.pass_2].load_s is None
    assert found[Role.pass_2].first_report_s == 2.0
    assert found[Role.pass_2].steps_done == 1


def test_steps_that_are_reported_together_share_their_time():
    facts: list[Fact] = [queued(), started(), node(0.0, "57"), step(7.0, "57", 2, 10), step(11.0, "57", 6, 10)]
    facts += [step(11.0, "57", 6, 10), step(15.0, "57", 10, 10), node(16.0, "8"), finished(17.0)]
    first = stages(facts)[Role.pass_1]
    assert first.step_s == (1.0,) * 8
    assert first.load_s == 5.0
    assert first.steps_done == 10


def test_a_live_view_counts_up_to_now():
    facts: list[Fact] = cold_job()[:7]
    assert stages(facts)[Role.pass_1].seconds is None
    live = stages(facts, 10.5)
    assert live[Role.pass_1].seconds == 7.5
    assert not live[Role.pass_1].complete
    assert live[Role.encode].complete
    assert (live[Role.load].seconds, live[Role.load].complete) == (1.0, False), "the second loader is still to come"
    assert live[Role.decode].seconds is None
    assert not live[Role.decode].cached


def test_cached_loaders_are_not_done_while_another_one_is_to_come():
    facts: list[Fact] = [queued(), started(), cached("37", "6"), node(1.0, "57")]
    live = stages(facts, 2.0)
    assert live[Role.load].seconds is None
    assert not live[Role.load].cached
    assert live[Role.encode].cached


def test_a_node_that_was_not_needed_does_not_make_a_cached_stage_unknown():
    facts: list[Fact] = [*warm_job(0.0, 5.0)]
    facts[2] = cached("37", "6")
    assert stages(facts)[Role.load].cached


def test_an_error_leaves_the_stages_before_it_whole():
    facts: list[Fact] = [*cold_job()[:7], finished(10.0, PromptOutcome.error)]
    found = stages(facts)
    assert (found[Role.encode].seconds, found[Role.encode].complete) == (1.0, True)
    assert (found[Role.pass_1].seconds, found[Role.pass_1].complete) == (7.0, False)
    assert (found[Role.pass_2].seconds, found[Role.pass_2].complete) == (None, False)
    assert total_s(reduce_all(facts)) == pytest.approx(9.9)


def test_a_killed_run_has_no_end():
    found = stages(cold_job()[:7])
    assert found[Role.pass_1].started_s == 3.0
    assert found[Role.pass_1].finished_s is None
    assert found[Role.pass_1].steps_done == 1
    assert total_s(reduce_all(cold_job()[:7])) is None


def test_a_lost_job_ended_nobody_knows_when():
    state = reduce_all([*cold_job()[:7], finished(60.0, PromptOutcome.lost)])
    assert end_s(state) is None
    assert {stage.role: stage.seconds for stage in stage_timings(state)}[Role.pass_1] is None


def test_what_a_lost_connection_hid_is_unknown_and_not_nothing():
    history = PromptFinished(
        time_s=40.0,
        prompt_id=ID,
        outcome=PromptOutcome.success,
        server_started_ms=100,
        server_ended_ms=27_000,
        from_history=True,
    )
    facts: list[Fact] = [*cold_job()[:7], SocketLost(time_s=10.0), SocketRestored(time_s=12.0), history]
    found = stages(facts)
    assert (found[Role.encode].seconds, found[Role.encode].complete) == (1.0, True)
    for role in (Role.load, Role.pass_1, Role.pass_2, Role.decode, Role.save):
        assert (found[role].seconds, found[role].complete, found[role].cached) == (None, False, False), role
    assert found[Role.pass_1].steps_done == 1
    assert total_s(reduce_all(facts)) == pytest.approx(26.9)


def test_a_connection_lost_before_the_job_touches_nothing():
    facts: list[Fact] = [SocketLost(time_s=-9.0), SocketRestored(time_s=-8.0), *cold_job()]
    assert stages(facts) == stages(list(cold_job()))


def test_nodes_without_a_role_are_other():
    facts: list[Fact] = [queued(), started(), node(1.0, "900"), finished(3.0)]
    assert stages(facts)[Role.other].seconds == 2.0


def test_three_passes_add_up_by_role():
    roles = {"1": Role.pass_1, "2": Role.pass_1, "3": Role.pass_2}
    facts: list[Fact] = [PromptQueued(time_s=0.0, prompt_id=ID, roles=roles, steps={"1": 2, "2": 2, "3": 2}), started()]
    for start_s, name in ((1.0, "1"), (5.0, "2"), (9.0, "3")):
        facts += [node(start_s, name), step(start_s + 2, name, 1), step(start_s + 3, name, 2)]
    first = stages([*facts, finished(13.0)])[Role.pass_1]
    assert (first.seconds, first.steps_done, first.steps_total) == (8.0, 4, 4)
    assert (first.load_s, first.step_s, first.tail_s) == (2.0, (1.0, 1.0), 2.0)
