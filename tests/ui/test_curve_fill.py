"""The tint below a curve is as fine as the curve, whatever it does."""

import numpy as np
import pytest
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from wan22.ui.palette import Metric
from wan22.ui.theme import Theme
from wan22.ui.widgets.curve_fill import column_tops, is_restless, premultiplied, tint
from wan22.ui.widgets.strip_plot import Curve, StripPlot, StripSpec


def test_tops_are_those_of_the_line_and_gaps_stay_open():
    x = np.array([0.0, 1.0, 1.0, 2.0, 3.0, 4.0])
    y = np.array([0.0, 10.0, 20.0, 20.0, np.nan, 5.0])
    tops = column_tops(x, y, -1.0, 4.0, 10)
    assert np.isnan(tops[:2]).all()
    assert tops[2:6].tolist() == [2.5, 7.5, 20.0, 20.0]
    assert np.isnan(tops[6:]).all()


def test_a_tint_lies_between_zero_and_the_curve():
    pixels = tint(np.array([2.0, np.nan, 4.0]), -1.0, 4.0, 5, 7)
    assert pixels.tolist() == [[0, 0, 7], [0, 0, 7], [7, 0, 7], [7, 0, 7], [0, 0, 0]]
    assert premultiplied(QColor(200, 100, 0, 51)) == 51 << 24 | 40 << 16 | 20 << 8


def test_restless_is_much_up_and_down():
    assert not is_restless(np.linspace(0, 100, 1000), 100.0)
    assert is_restless(np.tile([0.0, 100.0], 20), 100.0)
    assert not is_restless(np.tile([0.0, 100.0], 5), 100.0)


@pytest.mark.parametrize("count", [40, 120, 600])
def test_no_pixel_below_a_restless_line_is_left_out(qtbot: QtBot, theme: Theme, count: int):
    """As many readings as a run of a few seconds has, and more: the tint ends where the line is."""
    strip = StripPlot(theme, StripSpec("Load", "%", Metric.utilisation, "tip"))
    qtbot.addWidget(strip)
    strip.resize(900, 120)
    strip.show()
    strip.set_span(0.0, 1.0, [])
    strip.set_range(0.0, 100.0, "0-100")
    x = np.linspace(0.0, 1.0, count)
    y = np.where(np.arange(count) % 2, 90.0, 10.0)
    strip.show_curves([Curve(x, y)])
    assert strip._fill is not None
    assert strip._fill._is_restless
    strip._curves[0][1].setVisible(False)
    qtbot.wait(50)
    picture = strip.view.grab().toImage()
    width, height = strip.view.width(), strip.view.height()
    tops = column_tops(x, y, 0.0, 1.0, width)
    ground = picture.pixelColor(width // 2, 2)
    for column in range(1, width - 1):
        row = (1 - tops[column] / 100.0) * height
        assert picture.pixelColor(column, round(row) + 2) != ground
        assert picture.pixelColor(column, round(row) - 3) == ground
