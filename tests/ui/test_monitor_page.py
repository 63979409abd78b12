import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.page_check import texts
from tests.ui.stage import Stage, recorded_run, sample_run
from wan22.schema.gpu import GpuReading, GpuSampled
from wan22.ui.pages.monitor_page import MonitorPage
from wan22.ui.pages.monitor_spec import SPANS, STRIPS
from wan22.ui.state.gpu_history import Series
from wan22.ui.state.stored_run import source_of_run
from wan22.ui.theme import Scheme, Theme


@pytest.fixture
def stage(qtbot: QtBot, theme: Theme, tmp_path: Path):
    made = Stage(theme, tmp_path)
    made.window.resize(1440, 900)
    made.window.show()
    yield made
    made.close()


@pytest.fixture
def page(stage: Stage) -> MonitorPage:
    opened = stage.window.open_page("monitor")
    assert isinstance(opened, MonitorPage)
    stage.settle()
    return opened


def reading(time_s: float, gpu: int = 0, **values: float) -> GpuSampled:
    return GpuSampled(time_s, (GpuReading(time_s=time_s, gpu=gpu, **values),))  # type: ignore[arg-type]


def test_an_empty_page_says_what_will_be_here(page: MonitorPage):
    assert page.title.text() == "No GPU is read yet"
    assert page.grounds.text() == "Curves appear with the first reading."
    assert [strip.readout.value.text() for strip in page.stack.strips] == ["N/A"] * len(STRIPS)


def test_a_recorded_run_is_drawn_with_its_phases(stage: Stage, page: MonitorPage, tmp_path: Path):
    stage.tell_run(recorded_run("640x640x81-cold", tmp_path))
    page.set_span(60.0)
    assert page.title.text().startswith("Used in part")
    said = [text for _, text in page.stack.header.shades]
    assert [text.split(" · ")[0] for text in said if "Pass" in text] == ["Pass 1", "Pass 2"]
    assert page.stack.strips[3].backdrop.limits[0].text == "card 79.6 GiB"
    for strip in page.stack.strips:
        line = strip._curves[0][1]
        assert line.xData.size > 100
        assert float(line.xData.max()) <= 0.1
    util = page.stack.strips[0]._curves[0][1].yData
    assert 0 <= float(util[~(util != util)].min()) <= float(util[~(util != util)].max()) <= 100


def test_spans_change_the_axis(stage: Stage, page: MonitorPage, qtbot: QtBot):
    stage.tell([reading(float(second), utilization_pct=50.0) for second in range(100)])
    for seconds, _, _ in SPANS:
        page.set_span(seconds)
        assert page.stack.span == (-seconds, 0.0)
        assert page.stack.strips[0].box.viewRange()[0] == [-seconds, 0.0]
        assert page.spans.selected == [item[0] for item in SPANS].index(seconds)
    page.spans.chosen.emit(0)
    assert page.stack.span == (-60.0, 0.0)


def test_a_pause_holds_the_picture_and_loses_nothing(stage: Stage, page: MonitorPage, qtbot: QtBot):
    stage.tell([reading(float(second), utilization_pct=20.0) for second in range(30)])
    qtbot.mouseClick(page.pause, Qt.MouseButton.LeftButton)
    assert page.pause.text() == "Go on"
    before = page.stack.strips[0]._curves[0][1].yData.copy()
    stage.clock.advance(5.0)
    stage.tell([reading(float(second), utilization_pct=90.0) for second in range(5)])
    qtbot.wait(150)
    assert (page.stack.strips[0]._curves[0][1].yData == before).all()
    qtbot.mouseClick(page.pause, Qt.MouseButton.LeftButton)
    assert page.pause.text() == "Pause"
    assert page.stack.strips[0]._curves[0][1].yData[-1] == 90.0


def test_min_mean_and_max_of_the_span(stage: Stage, page: MonitorPage):
    values = [10.0, 20.0, 30.0, 100.0]
    stage.tell([reading(float(number), utilization_pct=value) for number, value in enumerate(values)])
    page.refresh()
    notes = [note.text() for note in page.stack.strips[0].readout.notes if not note.isHidden()]
    assert notes == ["mean 40", "min 10 · max 100"]
    assert page.stack.strips[0].readout.value.text() == "100"
    assert page.stack.strips[1].readout.value.text() == "N/A"


def test_the_cursor_reads_the_curves(stage: Stage, page: MonitorPage, qtbot: QtBot):
    stage.tell([reading(float(number), utilization_pct=float(number)) for number in range(61)])
    page.set_span(60.0)
    view = page.stack.strips[0].view
    qtbot.mouseMove(view.viewport(), QPoint(view.width() // 2, 20))
    qtbot.waitUntil(lambda: page.stack._overlay.at_x is not None)
    assert page.stack.strips[0].readout.value.text() == "30"
    assert page.stack.axis.cursor_text.startswith("\u2212")
    assert len(page.stack._overlay.points) == 1
    page.set_cursor(None)
    assert page.stack._overlay.at_x is None
    assert page.stack.strips[0].readout.value.text() == "60"


def test_a_gap_is_not_bridged(stage: Stage, page: MonitorPage):
    stage.tell([reading(float(number), utilization_pct=50.0) for number in (*range(10), *range(30, 40))])
    page.set_span(60.0)
    y = page.stack.strips[0]._curves[0][1].yData
    assert sum(math.isnan(value) for value in y) == 1
    page.set_cursor(-20.0)
    assert page.stack.strips[0].readout.value.text() == "N/A"


def test_several_gpus(stage: Stage, page: MonitorPage):
    facts = [
        GpuSampled(float(second), tuple(GpuReading(float(second), gpu, utilization_pct=20.0 * gpu) for gpu in range(3)))
        for second in range(20)
    ]
    stage.tell(facts)
    page.refresh()
    assert page.gpu_choice.isVisible()
    assert page.gpu_choice.count() == 3
    strip = page.stack.strips[0]
    assert len([line for _, line in strip._curves if line.isVisible()]) == 3
    assert strip.readout.value.text() == "0"
    assert [note.text() for note in strip.readout.notes][2] == "2 others: mean 20\u201340"
    page.choose_gpu(2)
    assert strip.readout.value.text() == "40"


def test_csv_of_the_visible_span(stage: Stage, page: MonitorPage, tmp_path: Path):
    stage.tell([reading(float(second), power_w=float(second)) for second in range(200)])
    page.set_span(60.0)
    target = tmp_path / "visible ünï.csv"
    page.save_csv(target)
    lines = target.read_text(encoding="utf-8").splitlines()
    assert 60 <= len(lines) - 1 <= 61
    column = lines[0].split(",").index("power_w_mean")
    assert [float(line.split(",")[column]) for line in lines[-3:]] == [197.0, 198.0, 199.0]


def test_a_file_that_cannot_be_written_is_a_problem(stage: Stage, page: MonitorPage, tmp_path: Path):
    told: list[str] = []
    page.problem.connect(lambda found: told.append(found.code))
    page.save_csv(tmp_path)
    assert len(told) == 1


def test_a_stored_run_from_start_to_end(stage: Stage, page: MonitorPage):
    source = source_of_run(sample_run())
    page.show_source(source)
    assert page.stack.span[0] == 0.0
    assert 20 < page.stack.span[1] < 40
    assert not page.spans.isVisible()
    assert page.gpu_choice.currentData() == 1
    assert "sample" in page.grounds.text()
    page.set_cursor(10.0)
    assert page.stack.axis.cursor_text == "10.0 s"
    assert source.fixed_span is not None
    assert replace(source, fixed_span=None).fixed_span is None


def test_limiters_have_lanes(stage: Stage, page: MonitorPage):
    stage.tell([reading(float(second), utilization_pct=99.0, clocks_event_reasons=4) for second in range(30)])
    page.refresh()
    assert page.stack.lanes.readout.value.text() == "100"
    bars = page.stack.lanes.lanes[0]._bars
    assert bars is not None
    assert bars.step_s >= 2.0
    assert {"power cap", "heat", "board, brake", "idle, waiting"} <= set(texts(page.stack.lanes))


def test_nothing_is_drawn_while_the_page_is_hidden(stage: Stage, page: MonitorPage, qtbot: QtBot):
    stage.tell([reading(1.0, utilization_pct=50.0)])
    qtbot.waitUntil(lambda: Series.utilisation_pct in page.drawing.drawn)
    page.hide()
    assert not page._timer.isActive()
    page.drawing.drawn = {}
    stage.tell([reading(2.0, utilization_pct=60.0)])
    qtbot.wait(150)
    assert page.drawing.drawn == {}
    page.show()
    assert page._timer.isActive()
    assert Series.utilisation_pct in page.drawing.drawn


def test_a_theme_can_change_while_it_draws(stage: Stage, page: MonitorPage, theme: Theme):
    stage.tell([reading(float(second), utilization_pct=50.0) for second in range(9)])
    page.refresh()
    theme.choose(Scheme.light)
    stage.settle()
    line = page.stack.strips[0]._curves[0][1]
    assert line.opts["pen"].color().name().upper() == "#1A5FCC"


def turn_wheel(page: MonitorPage, share: float, notches: int) -> None:
    viewport = page.stack.strips[1].view.viewport()
    at = QPointF(share * viewport.width(), 20.0)
    no_buttons, no_keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    turned = QPoint(0, 120 * notches)
    event = QWheelEvent(
        at, viewport.mapToGlobal(at), QPoint(), turned, no_buttons, no_keys, Qt.ScrollPhase.NoScrollPhase, False
    )
    QApplication.sendEvent(viewport, event)


def test_the_wheel_zooms_around_the_cursor(stage: Stage, page: MonitorPage):
    page.show_source(source_of_run(sample_run()))
    end_s = page.stack.span[1]
    assert not page.fit_button.isEnabled()
    turn_wheel(page, 0.25, 3)
    first_s, last_s = page.stack.span
    assert last_s - first_s == pytest.approx(end_s / 1.25**3, rel=1e-6)
    assert first_s + 0.25 * (last_s - first_s) == pytest.approx(0.25 * end_s, abs=1e-6)
    assert page.fit_button.isEnabled()
    assert "shown" in page.grounds.text()
    turn_wheel(page, 0.5, -20)
    assert page.stack.span == pytest.approx((0.0, end_s))


def test_the_visible_span_drives_statistics_and_csv(stage: Stage, page: MonitorPage):
    stage.tell([reading(float(second), power_w=float(second)) for second in range(3601)])
    page.set_span(3600.0)
    assert page.stack.strips[2].readout.notes[1].text() == "min 1 · max 3\u2009600"
    turn_wheel(page, 0.5, 5)
    assert page.view.is_held
    assert page.pause.text() == "Go on"
    first_s, last_s = page.stack.span
    assert page.spans.selected == -1
    low, high = (3600.0 + moment for moment in (first_s, last_s))
    column = page.csv().splitlines()[0].split(",").index("power_w_mean")
    values = [float(line.split(",")[column]) for line in page.csv().splitlines()[1:]]
    assert values[0] == pytest.approx(low, abs=2)
    assert values[-1] == pytest.approx(high, abs=2)
    assert page.stack.strips[2].readout.notes[0].text().startswith("mean 1")
    page.fit_button.click()
    assert page.stack.span == (-3600.0, 0.0)
    assert (page.view.moves, page.spans.selected) == (True, 3)


def test_a_drag_pans_a_held_picture_only(stage: Stage, page: MonitorPage, qtbot: QtBot):
    stage.tell([reading(float(second), power_w=float(second)) for second in range(601)])
    page.set_span(60.0)
    viewport = page.stack.strips[0].view.viewport()

    def drag(by: int) -> None:
        start = QPoint(viewport.width() // 2, 20)
        qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
        for step in range(1, 5):
            qtbot.mouseMove(viewport, start + QPoint(by * step // 4, 0))
        qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=start + QPoint(by, 0))

    drag(200)
    assert page.stack.span == (-60.0, 0.0)
    page.set_paused(True)
    drag(200)
    moved_s = 200 / viewport.width() * 60.0
    assert page.stack.span == pytest.approx((-60.0 - moved_s, -moved_s), abs=0.2)
    assert viewport.cursor().shape() == Qt.CursorShape.OpenHandCursor
    qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=QPoint(30, 20))
    assert page.stack.span == (-60.0, 0.0)
    assert page.view.moves


def test_the_keyboard_does_all_of_it_and_says_the_values(stage: Stage, page: MonitorPage, qtbot: QtBot):
    page.show_source(source_of_run(sample_run()))
    stack = page.stack
    whole = stack.span
    stage.window.activateWindow()
    stack.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(stack.hasFocus)
    assert stack._overlay.has_keyboard

    def press(key: Qt.Key, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        qtbot.keyClick(stack, key, keys)

    press(Qt.Key.Key_Home)
    first = page.drawing.cursor_s
    press(Qt.Key.Key_Right)
    second = page.drawing.cursor_s
    assert first is not None
    assert second is not None
    assert 0 < second - first < 1.0
    press(Qt.Key.Key_Left)
    assert page.drawing.cursor_s == first
    press(Qt.Key.Key_End)
    assert page.drawing.cursor_s == pytest.approx(whole[1], abs=0.5)
    description = stack.accessibleDescription()
    assert description.startswith("at the cursor, ")
    assert all(f"{spec.title} " in description for _, spec in STRIPS)
    assert " W," in description
    press(Qt.Key.Key_Plus)
    assert stack.span[1] - stack.span[0] == pytest.approx((whole[1] - whole[0]) / 1.5)
    press(Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert stack.span[1] < whole[1]
    press(Qt.Key.Key_Minus)
    press(Qt.Key.Key_0)
    assert stack.span == whole
    press(Qt.Key.Key_Escape)
    assert page.drawing.cursor_s is None
    assert stack.accessibleDescription().startswith("at the right edge: Utilisation")
    press(Qt.Key.Key_Space)
    assert not page.view.is_held
    page.live.click()
    assert page.source is stage.context.live
    press(Qt.Key.Key_Space)
    assert page.view.is_held
    assert page.pause.isChecked()


def test_the_cursor_says_the_phase(stage: Stage, page: MonitorPage):
    page.show_source(source_of_run(sample_run()))
    shade = next(shade for shade, text in page.stack.header.shades if text.startswith("Pass 2"))
    page.set_cursor((shade.start_s + shade.end_s) / 2)
    assert " in Pass 2: " in page.stack.accessibleDescription()
    assert page.stack.header.basis == "at the cursor"


@pytest.mark.parametrize("width", [1080, 1440])
def test_phase_names_are_whole_and_never_touch(stage: Stage, page: MonitorPage, tmp_path: Path, width: int):
    stage.window.resize(width, 800)
    page.show_source(source_of_run(recorded_run("640x640x81-cold", tmp_path)))
    stage.settle()
    for share in (0.1, 0.5, 0.63, 0.9):
        page.set_cursor(share * page.view.span_s)
        placed = page.stack.header.placed()
        assert sum(bool(words) for _, _, words in placed) >= 2
        for rect, _, words in placed:
            assert page.stack.header.fontMetrics().horizontalAdvance(words) <= rect.width() or not words
        for (before, _, _), (after, _, _) in pairwise(placed):
            assert before.right() <= after.left() + 1e-6
        tag = page.stack.axis.tag()
        assert tag is not None
        names = [rect for _, rect, text in page.stack.axis.placed() if text]
        assert len(names) >= 2
        assert not any(tag.intersects(rect) for rect in names)
        assert all(before.right() < after.left() for before, after in pairwise(names))


def test_a_curve_reaches_both_edges_of_a_part(stage: Stage, page: MonitorPage):
    page.show_source(source_of_run(sample_run()))
    turn_wheel(page, 0.5, 8)
    first_s, last_s = page.stack.span
    x = page.stack.strips[2]._curves[0][1].xData
    assert float(x.min()) <= first_s
    assert float(x.max()) >= last_s


def test_a_low_window_leaves_lines_out_and_cuts_none(stage: Stage, page: MonitorPage):
    stage.tell_run(sample_run())
    stage.window.resize(1080, 680)
    stage.settle()
    page.refresh()
    few = [sum(not note.isHidden() for note in strip.readout.notes) for strip in page.stack.strips]
    stage.window.resize(1080, 1000)
    stage.settle()
    many = [sum(not note.isHidden() for note in strip.readout.notes) for strip in page.stack.strips]
    assert sum(few) < sum(many)


def test_a_long_span_is_drawn_when_it_has_moved_by_a_pixel(stage: Stage, page: MonitorPage, qtbot: QtBot):
    stage.tell([reading(float(second), utilization_pct=50.0) for second in range(60)])
    page._timer.stop()
    page.set_span(3600.0)
    drawn = page.drawing.drawn
    page._dirty()
    page._tick()
    assert page.drawing.drawn is drawn
    for _ in range(15):
        page._tick()
    assert page.drawing.drawn is not drawn
    page.set_span(60.0)
    drawn = page.drawing.drawn
    page._dirty()
    page._tick()
    page._tick()
    assert page.drawing.drawn is not drawn
