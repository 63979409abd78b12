from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.runs.facts import ID, ROLES, cached, cold_job, finished, node, queued, started, step
from wan22.runs.executed_line import executed_seconds
from wan22.runs.stages import node_intervals, stage_timings, total_s
from wan22.runs.state import Fact, Phase, RunState, reduce, reduce_all
from wan22.schema.events import (
    EVENT_ADAPTER,
    JobRecovered,
    JobStalled,
    LaunchProved,
    Liveness,
    NodeFinished,
    NodesCached,
    NodeStarted,
    OutputFile,
    OutputSaved,
    PreflightFinished,
    PreviewReceived,
    ProblemFound,
    PromptFinished,
    PromptOutcome,
    PromptQueued,
    PromptStarted,
    Role,
    RunFinished,
    RunStarted,
    ServerReady,
    ServerSaid,
    ServerStageReached,
    ServerStarting,
    ServerStopped,
    SocketLost,
    SocketRestored,
    StepDone,
    TelemetryStatus,
)
from wan22.schema.gpu import GpuReading, GpuSampled
from wan22.schema.problem import problem

TIMES = st.floats(min_value=0, max_value=1000)
NODES = st.sampled_from([*ROLES, "99"])
IDS = st.sampled_from([ID, "other"])
FOUND = problem("out_of_memory", "The GPU ran out of memory.")

FACTS: st.SearchStrategy[Fact] = st.one_of(
    st.builds(RunStarted, time_s=TIMES, run_id=st.just("run")),
    st.builds(ServerStarting, time_s=TIMES, argv=st.just(("x",)), folder=st.just("f"), url=st.just("u")),
    st.builds(ServerStageReached, time_s=TIMES, stage=st.just("torch")),
    st.builds(ServerReady, time_s=TIMES, url=st.just("u"), owned=st.booleans(), startup_s=st.none() | TIMES),
    st.builds(ServerSaid, time_s=TIMES, line=st.sampled_from(["x", "Prompt executed in 3.00 seconds"])),
    st.builds(ServerStopped, time_s=TIMES, exit_code=st.none() | st.integers(-9, 255)),
    st.builds(LaunchProved, time_s=TIMES, claims=st.just(())),
    st.builds(PreflightFinished, time_s=TIMES),
    st.builds(PromptQueued, time_s=TIMES, prompt_id=IDS, roles=st.just(ROLES), steps=st.just({"57": 2})),
    st.builds(PromptStarted, time_s=TIMES, prompt_id=IDS),
    st.builds(NodesCached, time_s=TIMES, prompt_id=IDS, nodes=st.lists(NODES, max_size=3).map(tuple)),
    st.builds(NodeStarted, time_s=TIMES, prompt_id=IDS, node=NODES),
    st.builds(StepDone, time_s=TIMES, prompt_id=IDS, node=NODES, value=st.integers(-1, 5), maximum=st.integers(0, 5)),
    st.builds(NodeFinished, time_s=TIMES, prompt_id=IDS, node=NODES, files=st.just((OutputFile(filename="a"),))),
    st.builds(PreviewReceived, time_s=TIMES, image_format=st.just("jpeg"), byte_count=st.just(3)),
    st.builds(SocketLost, time_s=TIMES),
    st.builds(SocketRestored, time_s=TIMES, missed_s=st.none() | TIMES),
    st.builds(
        PromptFinished,
        time_s=TIMES,
        prompt_id=IDS,
        outcome=st.sampled_from(PromptOutcome),
        server_started_ms=st.none() | st.integers(0, 10**6),
        server_ended_ms=st.none() | st.integers(0, 10**6),
        from_history=st.booleans(),
    ),
    st.builds(OutputSaved, time_s=TIMES, path=st.just("outputs/a.mp4"), byte_count=st.just(3)),
    st.builds(TelemetryStatus, time_s=TIMES, available=st.booleans()),
    st.builds(ProblemFound, time_s=TIMES, problem=st.just(FOUND), fatal=st.booleans()),
    st.builds(RunFinished, time_s=TIMES, outcome=st.sampled_from(PromptOutcome)),
    st.builds(GpuSampled, time_s=TIMES, readings=st.lists(st.builds(GpuReading, TIMES, st.integers(0, 2))).map(tuple)),
)
ORDER = list(Phase)


@given(st.lists(FACTS, max_size=40), TIMES)
def test_any_facts_in_any_order_are_taken(facts: Sequence[Fact], now_s: float):
    state = reduce_all(facts)
    total_s(state)
    for stage in (*stage_timings(state), *stage_timings(state, now_s)):
        assert stage.seconds is None or stage.seconds >= 0
        assert stage.load_s is None or stage.load_s >= 0
        assert all(seconds >= 0 for seconds in stage.step_s)
        assert not (stage.cached and stage.seconds != 0)


@given(st.lists(FACTS, max_size=40))
def test_one_job_only_ever_gets_further(facts: Sequence[Fact]):
    state = RunState()
    for fact in facts:
        if getattr(fact, "prompt_id", None) == "other":
            continue
        after = reduce(state, fact)
        assert ORDER.index(after.phase) >= ORDER.index(state.phase)
        assert after.previews >= state.previews
        assert set(after.starts) >= set(state.starts)
        assert after.cached >= state.cached
        assert len(after.outputs) >= len(state.outputs)
        assert len(after.problems) >= len(state.problems)
        assert all(set(after.reports[name]) >= set(found) for name, found in state.reports.items())
        assert state.end is None or after.end is not None
        state = after


@given(st.permutations(cold_job()))
def test_times_do_not_depend_on_the_order_of_arrival(facts: list[Fact]):
    expected = reduce_all(cold_job())
    found = reduce_all(facts)
    assert node_intervals(found) == node_intervals(expected)
    assert stage_timings(found) == stage_timings(expected)
    assert total_s(found) == total_s(expected)


@given(st.lists(FACTS, max_size=40))
def test_what_was_written_and_read_again_gives_the_same_state(facts: list[Fact]):
    events = [fact for fact in facts if not isinstance(fact, GpuSampled)]
    back = [EVENT_ADAPTER.validate_json(event.model_dump_json()) for event in events]
    assert reduce_all(back) == reduce_all(events)


def test_a_job_as_it_goes():
    state = reduce_all([RunStarted(time_s=0, run_id="run", title="a video"), *cold_job()[:7]])
    assert (state.run_id, state.title, state.phase) == ("run", "a video", Phase.running)
    assert (state.current_node, state.current_role) == ("57", Role.pass_1)
    state = reduce_all(cold_job()[7:], state)
    assert state.phase is Phase.collecting
    assert state.current_node is None
    state = reduce(state, RunFinished(time_s=28.0, outcome=PromptOutcome.success))
    assert (state.phase, state.outcome) == (Phase.finished, PromptOutcome.success)


def test_the_server_may_start_before_its_answer_is_here():
    state = reduce_all([started(0.1), cached("37"), node(0.3, "57"), queued(0.0)])
    assert state.phase is Phase.running
    assert state.current_role is Role.pass_1
    assert state.queued_s == 0.0


def test_other_jobs_are_not_ours():
    state = reduce_all([queued(), started(), node(1.0, "57"), node(2.0, "8", prompt_id="someone else's")])
    assert state.current_node == "57"


def test_a_second_try_starts_afresh():
    state = reduce_all([*cold_job(), queued(30.0, prompt_id="second")])
    assert state.phase is Phase.queued
    assert (state.starts, state.end, state.started_s) == ((), None, None)
    state = reduce_all([started(31.0, "second"), node(32.0, "57", "second")], state)
    assert state.current_node == "57"


def test_without_a_connection_the_current_node_is_not_known():
    facts: list[Fact] = [*cold_job()[:6], SocketLost(time_s=4.0)]
    state = reduce_all(facts)
    assert state.is_blind
    assert state.current_node is None
    state = reduce(state, SocketRestored(time_s=6.0, missed_s=2.0))
    assert state.current_node is None
    state = reduce(state, node(7.0, "58"))
    assert state.current_node == "58"


def test_a_loss_before_the_job_does_not_blind_it():
    state = reduce_all([SocketLost(time_s=-5.0), SocketRestored(time_s=-4.0), *cold_job()[:6]])
    assert not state.is_blind


def test_the_history_does_not_overrule_the_end_that_was_seen():
    seen = finished(27.0)
    told = seen.model_copy(update={"time_s": 29.0, "from_history": True})
    assert reduce_all([queued(), seen, told]).end == seen
    assert reduce_all([queued(), told, seen]).end == seen


def test_the_newest_reading_of_each_gpu_is_kept():
    first = GpuSampled(2.0, (GpuReading(2.0, 0, power_w=1.0), GpuReading(2.0, 1, power_w=2.0)))
    late = GpuSampled(1.0, (GpuReading(1.0, 0, power_w=9.0),))
    state = reduce_all([first, late])
    assert {gpu: reading.power_w for gpu, reading in state.readings.items()} == {0: 1.0, 1: 2.0}


def test_the_same_fact_twice_counts_once():
    twice = [fact for fact in cold_job() for _ in range(2)]
    assert stage_timings(reduce_all(twice)) == stage_timings(reduce_all(cold_job()))
    saved = OutputSaved(time_s=1.0, path="outputs/a.mp4", byte_count=1)
    assert reduce_all([saved, saved]).outputs == (saved,)


def test_problems_and_files_are_collected():
    files = NodeFinished(time_s=1.0, prompt_id=ID, node="61", files=(OutputFile(filename="a.mp4"),))
    facts = [ProblemFound(time_s=1.0, problem=FOUND), files, ProblemFound(time_s=2.0, problem=FOUND, fatal=True)]
    state = reduce_all(facts)
    assert state.problems == (FOUND, FOUND)
    assert state.fatal == FOUND
    assert state.files == (("61", OutputFile(filename="a.mp4")),)


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("Prompt executed in 39.78 seconds", 39.78),
        ("\x1b[32mPrompt executed in 1.29 seconds\x1b[0m", 1.29),
        ("Prompt executed in 00:11:05", 665.0),
        ("got prompt", None),
    ],
)
def test_the_servers_own_duration_is_read_in_both_forms(line: str, seconds: float | None):
    assert executed_seconds(line) == seconds


def test_a_state_cannot_be_changed():
    state = reduce_all([queued(), step(1.0, "57", 1)])
    with pytest.raises(AttributeError):
        state.phase = Phase.finished  # type: ignore[misc]


@pytest.mark.parametrize("ready_first", [True, False])
def test_a_simulated_server_marks_the_run_whenever_it_is_known(ready_first: bool):
    started = RunStarted(time_s=0, run_id="run")
    ready = ServerReady(time_s=1, url="u", owned=False, simulated=True)
    state = reduce_all([ready, started] if ready_first else [started, ready])
    assert state.simulated
    assert not reduce_all([started, ServerReady(time_s=1, url="u", owned=False)]).simulated


def stalled(time_s: float, prompt_id: str = ID) -> JobStalled:
    return JobStalled(time_s=time_s, prompt_id=prompt_id, verdict=Liveness.busy, silent_s=60.0, allowed_s=30.0)


def test_a_stall_lasts_until_the_next_sign_of_progress():
    state = reduce_all([queued(), started(), node(1.0, "57"), stalled(90.0), stalled(95.0, "another")])
    assert state.stall is not None
    assert state.stall.time_s == 90.0
    for fact in (step(91.0, "57", 1), node(91.0, "58"), finished(91.0)):
        assert reduce(state, fact).stall is None


def test_a_recovered_job_goes_on_where_its_panel_left_it():
    lost = problem("job_left_running", "The panel was closed.")
    left = reduce_all(
        [
            queued(),
            started(),
            node(1.0, "57"),
            finished(5.0, PromptOutcome.lost),
            ProblemFound(time_s=5.0, problem=lost, fatal=True),
            RunFinished(time_s=5.0, outcome=PromptOutcome.lost),
        ]
    )
    assert left.phase is Phase.finished
    found = JobRecovered(time_s=60.0, prompt_id=ID, found="running", unseen_s=55.0)
    state = reduce(left, found)
    assert (state.phase, state.end, state.outcome, state.fatal) == (Phase.running, None, None, None)
    assert state.recovered == found
    state = reduce_all([finished(70.0), RunFinished(time_s=70.0, outcome=PromptOutcome.success)], state)
    assert (state.phase, state.outcome) == (Phase.finished, PromptOutcome.success)
    waiting = reduce(left, JobRecovered(time_s=60.0, prompt_id=ID, found="waiting", unseen_s=55.0))
    assert waiting.phase is Phase.queued


def test_an_end_that_was_seen_is_not_taken_back():
    ended = reduce_all([queued(), started(), finished(5.0), RunFinished(time_s=5.0, outcome=PromptOutcome.success)])
    again = reduce(ended, JobRecovered(time_s=60.0, prompt_id=ID, found="finished", unseen_s=55.0))
    assert (again.end, again.outcome) == (ended.end, PromptOutcome.success)
