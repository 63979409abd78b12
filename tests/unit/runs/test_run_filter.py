from collections.abc import Sequence

import pytest

from wan22.runs.run_filter import Ending, RunFilter, RunOrder, boards_of, ending_of, filtered, ordered
from wan22.schema.events import PromptOutcome, Role
from wan22.schema.problem import problem
from wan22.schema.run_row import RunRow
from wan22.schema.summary import StageTiming


def passes(first_s: float, second_s: float) -> tuple[StageTiming, ...]:
    return (StageTiming(role=Role.pass_1, seconds=first_s), StageTiming(role=Role.pass_2, seconds=second_s))


ROWS = (
    RunRow(
        run_id="a",
        started_s=100.0,
        title="Lake at dusk",
        prompt="a sailing boat",
        outcome=PromptOutcome.success,
        total_s=160.0,
        stages=passes(72.0, 74.0),
        board="RTX 5090",
        starred=True,
    ),
    RunRow(
        run_id="b",
        started_s=200.0,
        title="Straße",
        note="the SAILING one, better",
        outcome=PromptOutcome.success,
        total_s=90.0,
        stages=passes(40.0, 40.0),
        board="H100 80GB HBM3",
        simulated=True,
    ),
    RunRow(run_id="c", started_s=300.0, title="x", outcome=PromptOutcome.error, total_s=5.0, board="RTX 5090", seed=99),
    RunRow(run_id="d", started_s=400.0, title="y", outcome=PromptOutcome.cancelled, profile="rtx4090"),
    RunRow(run_id="e", started_s=500.0, title="z"),
    RunRow(run_id="f", unreadable=problem("run_invalid", "Broken.")),
)


def ids(rows: Sequence[RunRow]) -> str:
    return "".join(row.run_id for row in rows)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (RunFilter(), "abcdef"),
        (RunFilter(text="sailing"), "ab"),
        (RunFilter(text="  SAILING   boat "), "a"),
        (RunFilter(text="strasse"), "b"),
        (RunFilter(text="rtx4090"), "d"),
        (RunFilter(text="99"), "c"),
        (RunFilter(text="nothing like it"), ""),
        (RunFilter(endings=frozenset({Ending.done})), "ab"),
        (RunFilter(endings=frozenset({Ending.failed})), "cf"),
        (RunFilter(endings=frozenset({Ending.stopped, Ending.open})), "de"),
        (RunFilter(starred_only=True), "a"),
        (RunFilter(hides_simulated=True), "acdef"),
        (RunFilter(board="5090"), "ac"),
        (RunFilter(since_s=200.0, until_s=400.0), "bc"),
        (RunFilter(text="sailing", hides_simulated=True, starred_only=True), "a"),
    ],
)
def test_filters(wanted: RunFilter, found: str):
    assert ids(filtered(ROWS, wanted)) == found
    assert wanted.is_empty is (wanted == RunFilter())


@pytest.mark.parametrize(
    ("order", "found"),
    [
        (RunOrder.newest, "edcbaf"),
        (RunOrder.oldest, "abcdef"),
        (RunOrder.fastest_pass, "baedcf"),
        (RunOrder.slowest_pass, "abedcf"),
        (RunOrder.fastest, "baedcf"),
        (RunOrder.slowest, "abedcf"),
        (RunOrder.title, "fabcde"),
    ],
)
def test_orders(order: RunOrder, found: str):
    assert ids(ordered(ROWS, order)) == found


def test_what_is_not_known_is_never_the_fastest():
    part = StageTiming(role=Role.pass_1, seconds=1.0, complete=False)
    cached = StageTiming(role=Role.pass_2, seconds=0.0, cached=True)
    rows = [*ROWS[:2], RunRow(run_id="g", started_s=900.0, stages=(part, cached), outcome=PromptOutcome.success)]
    assert ids(ordered(rows, RunOrder.fastest_pass)) == "bag"
    assert rows[-1].pass_s is None


def test_endings_and_boards():
    assert [ending_of(row) for row in ROWS] == [
        Ending.done,
        Ending.done,
        Ending.failed,
        Ending.stopped,
        Ending.open,
        Ending.failed,
    ]
    assert ending_of(RunRow(run_id="l", outcome=PromptOutcome.lost)) is Ending.failed
    assert boards_of(ROWS) == ("H100 80GB HBM3", "RTX 5090")
