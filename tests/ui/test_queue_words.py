"""What the queue says, and the orders that it can be brought into."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wan22.job.eta import Eta
from wan22.runs.job_times import QueueTime, TimeRange
from wan22.schema.panel_fact import QueueChanged
from wan22.schema.problem import problem
from wan22.schema.queue import JobState, QueuedJob
from wan22.schema.request import GenerationRequest
from wan22.ui.state.queue_order import moved_by, moved_to
from wan22.ui.state.queue_view import QueueView
from wan22.ui.state.queue_words import (
    batch_time,
    grounds,
    headline,
    left_of_queue,
    moment_text,
    note_text,
    running_texts,
    spoken,
    state_text,
    time_texts,
)

NOW_S = 1_800_000_000.0
KNOWN = TimeRange(200.0, 220.0, 210.0, 12)


def job(number: int, state: JobState = JobState.waiting, **update: Any) -> QueuedJob:
    request = GenerationRequest(image=Path("boat.png"), prompt=f"job {number}", seed=7)
    made = QueuedJob(job_id=number, position=number, state=state, request=request, created_s=NOW_S)
    return made.model_copy(update=update)


def view(*jobs: QueuedJob, is_paused: bool = False, held: tuple[int, ...] = ()) -> QueueView:
    made = QueueView()
    made.apply([QueueChanged(time_s=NOW_S, jobs=jobs, is_paused=is_paused, held_back=frozenset(held))])
    return made


def left(*times: TimeRange | None, now: Eta | None = None, is_running: bool = False) -> QueueTime:
    return left_of_queue(times, now, is_running=is_running)


def test_the_answer_is_the_end_of_it_all():
    end = moment_text(NOW_S + 3 * 210, NOW_S)
    three = view(job(1), job(2), job(3))
    assert headline(three, left(KNOWN, KNOWN, KNOWN), NOW_S) == f"3 jobs, done at about {end} (10\u201311 min)"
    assert headline(three, left(KNOWN, None, KNOWN), NOW_S) == "3 jobs, at least 6\u20138 min left"
    assert headline(three, left(None, None, None), NOW_S) == "3 jobs, end unknown"
    assert headline(three, None, NOW_S) == "3 jobs"


def test_the_job_at_work_counts_with_what_remains_of_it():
    at_work = left(KNOWN, now=Eta(20.0, 30.0, True), is_running=True)
    assert (at_work.low_s, at_work.high_s, at_work.known, at_work.unknown) == (220.0, 250.0, 2, 0)
    assert left(KNOWN, now=Eta(20.0, 30.0, False), is_running=True).unknown == 1
    assert left(KNOWN, is_running=True).unknown == 1
    running = view(job(1, JobState.running))
    assert headline(running, left(now=Eta(20.0, 30.0, True), is_running=True), NOW_S).startswith("1 job, done at about")


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (view(), "Nothing waits"),
        (view(is_paused=True), "Paused: nothing waits"),
        (view(job(1), job(2), job(3), is_paused=True), "Paused: 3 jobs wait"),
        (view(job(1, JobState.running), job(2), is_paused=True), "Paused after this job: 1 job waits"),
        (view(job(1), job(2), job(3), held=(1, 2, 3)), "3 jobs wait from last time"),
        (
            view(job(1), job(2, JobState.interrupted), held=(1, 2)),
            "2 jobs wait from last time, 1 of them was interrupted",
        ),
        (view(job(2, JobState.interrupted), held=(2,)), "1 job was interrupted last time"),
        (view(job(1, JobState.done)), "Nothing waits"),
    ],
)
def test_other_answers(seen: QueueView, said: str):
    assert headline(seen, left(), NOW_S) == said


def test_what_is_held_back_since_then_is_not_from_last_time():
    seen = view(job(1))
    seen.apply([QueueChanged(time_s=NOW_S, jobs=(job(1), job(2)), held_back=frozenset({1, 2}))])
    assert headline(seen, left(), NOW_S) == "2 jobs wait until you resume"


def test_the_grounds_count_what_is_over_and_name_the_basis():
    seen = view(job(1), job(2, JobState.done), job(3, JobState.failed), job(4, JobState.done), job(5), held=(5,))
    assert grounds(seen, left(KNOWN), left(), 12) == (
        "From 12 earlier runs on this machine · 1 job waits from last time · 2 done, 1 failed"
    )
    assert grounds(view(job(1)), left(None), left(), 0).startswith("No earlier run here tells")
    assert "2 jobs of unknown length" in grounds(view(job(1), job(2)), left(KNOWN, None, None), left(), 1)
    assert "survive a crash" in grounds(view(), None, left(), 0)
    held = grounds(view(job(1), held=(1,)), None, left(KNOWN), 1)
    assert held == "3\u20134 min of work, from 1 earlier run on this machine"


def test_a_state_is_a_glyph_and_a_word():
    for state in JobState:
        said = state_text(job(1, state))
        assert said.glyph
        assert said.word
    assert state_text(job(1), is_held=True).word == "held back"
    failed = job(1, JobState.failed, problem=problem("out_of_memory", "It needed 2.6 GB more."))
    assert state_text(failed).help_text == note_text(failed, NOW_S) == "It needed 2.6 GB more."


def test_times_are_ranges_and_unknown_is_said():
    assert time_texts(job(1), KNOWN, is_asked=True) == ("3–4 min", "from 12 runs")  # noqa: RUF001
    assert time_texts(job(1), None, is_asked=True) == ("unknown", "no run yet")
    assert time_texts(job(1), None, is_asked=False) == ("", "")
    done = job(1, JobState.done, started_s=NOW_S, finished_s=NOW_S + 125)
    assert time_texts(done, KNOWN, is_asked=True) == ("2 min 05 s", "took")
    assert running_texts(None) is None
    assert running_texts(Eta(0.0, -3.0, True)) == ("any moment", "longer than usual")
    assert running_texts(Eta(40.0, 40.0, False)) == ("at least 40 s", "left")
    assert batch_time(QueueTime(0.0, 0.0, 0, 3)) == "Time unknown: no earlier run here tells."
    assert batch_time(QueueTime(7300.0, 7900.0, 3, 0)) == "About 2 h 00 min \u2013 2 h 15 min."


def test_attempts_and_moments():
    assert note_text(job(1), NOW_S) == f"Added {moment_text(NOW_S, NOW_S)}"
    assert note_text(job(1, attempt=1), NOW_S).endswith("· try 2")
    assert note_text(job(1, JobState.done, attempt=2, finished_s=NOW_S), NOW_S).endswith("· try 2")
    assert moment_text(NOW_S + 86_400, NOW_S).endswith(" tomorrow")
    assert " on " in moment_text(NOW_S + 3 * 86_400, NOW_S)
    assert "job 1" in spoken(job(1), ("", ""), NOW_S, is_held=False)


ORDERS = st.lists(st.integers(1, 50), unique=True, max_size=12)


@given(ORDERS, st.sets(st.integers(1, 50)), st.sampled_from([-1, 1]))
def test_a_step_keeps_all_and_the_order_of_the_chosen(order: list[int], chosen: set[int], step: int):
    moved = moved_by(order, chosen, step)
    assert sorted(moved) == sorted(order)
    for group in (lambda one: one in chosen, lambda one: one not in chosen):
        assert [one for one in moved if group(one)] == [one for one in order if group(one)]
    for one in chosen & set(order):
        assert (moved.index(one) - order.index(one)) in (0, step)


@given(ORDERS, st.sets(st.integers(1, 50)), st.integers(1, 50) | st.none())
def test_a_drop_puts_them_together_before_what_was_meant(order: list[int], chosen: set[int], before: int | None):
    moved = moved_to(order, chosen, before)
    assert sorted(moved) == sorted(order)
    picked = [one for one in order if one in chosen]
    if picked:
        start = moved.index(picked[0])
        assert moved[start : start + len(picked)] == picked
        if before in order and before not in chosen:
            assert moved[start + len(picked)] == before
