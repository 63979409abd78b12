from datetime import UTC, datetime

import pytest

from wan22.runs.run_filter import RunFilter, RunOrder
from wan22.schema.events import PromptOutcome, Role
from wan22.schema.problem import problem
from wan22.schema.run_row import RunRow
from wan22.schema.summary import StageTiming
from wan22.schema.verdict import Level
from wan22.ui.state import history_words as words
from wan22.ui.verdict_word import Tone

NOW_S = datetime(2026, 11, 25, 14, 0).astimezone().timestamp()
DONE = RunRow(
    run_id="a",
    started_s=NOW_S - 600.0,
    title="boat",
    outcome=PromptOutcome.success,
    total_s=158.0,
    width=640,
    height=480,
    length=81,
    steps=4,
    seed=7,
    stages=(StageTiming(role=Role.pass_1, seconds=72.4), StageTiming(role=Role.pass_2, seconds=74.1)),
)
OOM = RunRow(
    run_id="b",
    started_s=NOW_S - 900.0,
    outcome=PromptOutcome.error,
    total_s=61.0,
    fault=problem("out_of_memory", "The GPU ran out of memory."),
)


def test_the_headline_is_the_answer():
    assert words.headline([DONE, OOM], is_read=True) == "Last video: done in 2 min 38 s · 2 runs, 1 failed"
    later = OOM.model_copy(update={"started_s": NOW_S})
    assert words.headline([DONE, later], is_read=True) == "Last video: out of memory after 61 s · 2 runs, 1 failed"
    assert words.headline([DONE.model_copy(update={"outcome": None})], is_read=True).endswith("cut short · 1 run")
    assert words.headline([], is_read=True) == "No videos yet"
    assert words.headline([], is_read=False) == "Reading the runs …"
    unknown = DONE.model_copy(update={"total_s": None})
    assert words.headline([unknown], is_read=True) == "Last video: done · 1 run"


def test_the_grounds_say_what_is_shown():
    starred = DONE.model_copy(update={"starred": True})
    text = words.grounds([starred, OOM], [starred, OOM], RunFilter(), RunOrder.newest)
    assert text == "3 min 39 s of work · 1 with a star · newest first"
    assert words.grounds([DONE, OOM], [DONE], RunFilter(text="x"), RunOrder.title) == "1 of 2 shown · by title"
    assert words.grounds([], [], RunFilter(), RunOrder.newest) == ""


@pytest.mark.parametrize(
    ("row", "level", "tone", "word"),
    [
        (DONE, Level.excellent, Tone.good, "excellent"),
        (DONE, Level.slow, Tone.slow, "slow"),
        (DONE, None, Tone.good, "done"),
        (DONE.model_copy(update={"simulated": True}), Level.excellent, Tone.good, "done"),
        (OOM, None, Tone.bad, "out of memory"),
        (OOM.model_copy(update={"fault": None}), Level.good, Tone.bad, "failed"),
        (DONE.model_copy(update={"outcome": PromptOutcome.cancelled}), None, Tone.unknown, "stopped"),
        (DONE.model_copy(update={"outcome": None}), None, Tone.unknown, "not closed"),
        (RunRow(run_id="c", unreadable=problem("run_invalid", "Torn.")), None, Tone.bad, "cannot be read"),
    ],
)
def test_how_a_run_is_to_be_taken(row: RunRow, level: Level | None, tone: Tone, word: str):
    chip = words.ending_chip(row, level)
    assert (chip.tone, chip.word) == (tone, word)


def test_nothing_stands_for_what_is_not_known():
    bare = RunRow(run_id="d")
    assert (words.time_text(bare), words.pass_text(bare), words.job_text(bare)) == ("", "", "")
    assert words.when_text(None, NOW_S) == "Time unknown"
    assert words.pass_text(DONE) == "72.4 s + 74.1 s"
    assert words.pass_text(DONE.model_copy(update={"outcome": PromptOutcome.error})) == ""
    assert words.job_text(DONE) == "640 × 480 · 81 frames · 4 steps · seed 7"  # noqa: RUF001 - as people write sizes
    assert "seed" not in words.job_text(DONE, with_seed=False)


def test_days_are_the_users_own():
    assert words.when_text(NOW_S - 600, NOW_S) == "Today 13:50"
    assert words.when_text(NOW_S - 86_400, NOW_S) == "Yesterday 14:00"
    assert words.when_text(NOW_S - 5 * 86_400, NOW_S) == "20 Nov 2026, 14:00"
    today_s = words.since_of("today", NOW_S)
    assert today_s is not None
    assert datetime.fromtimestamp(today_s, UTC).astimezone().strftime("%d %H:%M:%S") == "25 00:00:00"
    week_s = words.since_of("week", NOW_S)
    assert week_s is not None
    assert datetime.fromtimestamp(week_s, UTC).astimezone().day == 19
    assert words.since_of("any", NOW_S) is None


def test_a_row_is_read_out_whole():
    said = words.spoken(DONE.model_copy(update={"starred": True, "note": "the best"}), Level.good, NOW_S)
    assert said.startswith("boat, with a star, good, 2 min 38 s, Today 13:50")
    assert said.endswith("the best")
