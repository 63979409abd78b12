from itertools import pairwise

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.page_check import cut_off, texts
from tests.ui.stage import sample_run
from wan22.runs.own_band import Usual
from wan22.runs.stages import stage_timings
from wan22.runs.state import reduce_all
from wan22.schema.events import PromptOutcome, Role
from wan22.schema.summary import StageTiming
from wan22.schema.verdict import Level, Verdict
from wan22.ui.palette import Metric
from wan22.ui.state.phase_span import phase_spans
from wan22.ui.state.stage_row import StageRow, StageState, axis_end
from wan22.ui.state.stage_rows import stage_rows
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.chip import Chip
from wan22.ui.widgets.icon import icon_names, icon_pixmap
from wan22.ui.widgets.segment import Segment
from wan22.ui.widgets.sparkline import Sparkline
from wan22.ui.widgets.stage_list import StageList
from wan22.ui.widgets.time_axis import ticks


@pytest.mark.parametrize("tone", Tone)
def test_a_chip_has_glyph_and_word(qtbot: QtBot, theme: Theme, tone: Tone):
    chip = Chip(theme, tone)
    qtbot.addWidget(chip)
    chip.show()
    assert chip.text().endswith(tone.value)
    assert len(chip.text()) > len(tone.value)
    assert chip.accessibleName() == tone.value
    ground = chip.grab().toImage().pixelColor(chip.width() // 2, 2)
    assert ground == theme.ground(tone)


@pytest.mark.parametrize("name", icon_names())
def test_every_icon_draws_something_in_its_colour(qapp: QApplication, theme: Theme, name: str):
    picture = icon_pixmap(name, theme.colour("text"), ratio=2.0).toImage()
    assert picture.width() == 32
    assert sum(picture.pixelColor(x, y).alpha() > 200 for x in range(32) for y in range(32)) > 10


def rows() -> list[StageRow]:
    return [
        StageRow("Load models", StageState.done, 3.1),
        StageRow("Pass 1", StageState.done, 72.4, target_s=(67.0, 80.0), verdict=Tone.good),
        StageRow("Pass 2", StageState.running, 31.0, 72.0, 41.0, (67.0, 80.0)),
        StageRow("Decode", StageState.waiting, None, 9.0),
        StageRow("Save", StageState.waiting),
        StageRow("Interpolate", StageState.failed, 1.5, target_s=(None, 20.0)),
        StageRow("Encode", StageState.cached, 0.0),
    ]


def test_a_stage_list_says_every_stage_in_words(qtbot: QtBot, theme: Theme):
    stages = StageList(theme)
    qtbot.addWidget(stages)
    stages.resize(900, 320)
    stages.show_stages(rows())
    stages.show()
    said = texts(stages)
    for text in (
        "72.4 s",
        "67\u201380 s ✓",
        "41 s left",
        "67\u201380 s",
        "about 9 s",
        "\u2013",
        "under 20 s",
        "cached",
    ):
        assert text in said
    assert cut_off(stages) == []
    stages.show_stages(rows()[:2])
    assert "41 s left" not in texts(stages)


def test_measured_is_solid_and_expected_is_an_outline(qtbot: QtBot, theme: Theme):
    stages = StageList(theme)
    qtbot.addWidget(stages)
    stages.resize(900, 320)
    stages.show_stages(rows())
    stages.show()
    bars = [cells[1] for cells in stages._cells]
    pictures = [bar.grab().toImage() for bar in bars]
    middle = pictures[0].height() // 2
    measured, expected = pictures[1].pixelColor(40, middle), pictures[3].pixelColor(40, middle)
    assert measured == theme.colour("accent")
    assert expected != theme.colour("accent")


def test_the_axis_holds_the_longest_stage():
    assert axis_end(rows()) == 100.0
    assert axis_end([]) == 1.0
    assert axis_end([StageRow("x", StageState.done, 9000.0)]) > 9000.0


def test_rows_of_a_real_run():
    state = reduce_all(sample_run().events)
    found = stage_rows(stage_timings(state), None, {}, (), state.outcome)
    assert [(row.name, row.state) for row in found] == [
        ("Load models", StageState.cached),
        ("Encode", StageState.cached),
        ("Pass 1 · high noise", StageState.done),
        ("Pass 2 · low noise", StageState.done),
        ("Decode", StageState.done),
        ("Save", StageState.done),
    ]
    assert found[2].time_text == "7.33 s"


def test_rows_while_it_runs_and_when_it_failed():
    stages = (
        StageTiming(role=Role.pass_1, seconds=70.0, started_s=0.0),
        StageTiming(role=Role.pass_2, seconds=30.0, started_s=70.0, complete=False),
        StageTiming(role=Role.decode, complete=False),
        StageTiming(role=Role.other, seconds=0.1, started_s=1.0),
    )
    usual = {Role.pass_2: Usual(5, 72.0, 67.0, 80.0)}
    verdict = Verdict(subject="pass_1", level=Level.slow, band_s=(50.0, 60.0), text="Slower than usual.")
    live = stage_rows(stages, Role.pass_2, usual, [verdict])
    assert [row.state for row in live] == [StageState.done, StageState.running, StageState.waiting]
    assert (live[0].verdict, live[0].target_s, live[0].basis) == (Tone.slow, (50.0, 60.0), "Slower than usual.")
    assert live[1].time_text == "42 s left"
    dead = stage_rows(stages, None, usual, [], PromptOutcome.error)
    assert [row.state for row in dead] == [StageState.done, StageState.failed, StageState.waiting]


def test_phases_of_a_real_run_do_not_overlap():
    from wan22.runs.stages import node_intervals

    state = reduce_all(sample_run().events)
    spans = phase_spans(node_intervals(state), state.roles)
    assert [span.role for span in spans if span.role in (Role.pass_1, Role.pass_2)] == [Role.pass_1, Role.pass_2]
    for before, after in pairwise(spans):
        assert before.finished_s is not None
        assert before.finished_s <= after.started_s


def test_ticks_are_round_and_apart():
    assert ticks(-60.0, 0.0, 800) == [-60.0, -50.0, -40.0, -30.0, -20.0, -10.0, 0.0]
    assert ticks(-86400.0, 0.0, 800)[-2:] == [-14400.0, 0.0]
    assert ticks(0.0, 0.0, 800) == []
    assert len(ticks(-3600.0, 0.0, 400)) <= 4


def test_a_segment_tells_only_the_users_choice(qtbot: QtBot, theme: Theme):
    segment = Segment(theme, "Span", [("1 min", "a"), ("1 h", "b")])
    qtbot.addWidget(segment)
    told: list[int] = []
    segment.chosen.connect(told.append)
    segment.select(1)
    assert (segment.selected, told) == (1, [])
    segment._group.button(0).click()
    assert (segment.selected, told) == (0, [0])


def test_a_sparkline_breaks_where_nothing_was_read(qtbot: QtBot, theme: Theme):
    spark = Sparkline(theme, Metric.power)
    qtbot.addWidget(spark)
    spark.show_values([1.0, 2.0, float("nan"), 3.0, 4.0, float("nan"), 5.0], 5.0)
    assert [len(line) for line in spark._lines()] == [2, 2]
    spark.show()
    assert not spark.grab().isNull()
