import pytest

from wan22.ui.number_text import moment_text, number, number_range, rough, tick_text, unbroken, with_unit


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(None, 0, "N/A"), (2746, 0, "2\u2009746"), (27.44, 1, "27.4"), (-3.2, 0, "\u22123"), (-0.2, 0, "0"), (0, 0, "0")],
)
def test_numbers(value: float | None, decimals: int, text: str):
    assert number(value, decimals) == text


def test_units_and_ranges():
    assert with_unit(5, "W") == "5 W"
    assert with_unit(None, "W") == "N/A"
    assert number_range(0, 100, "%") == "0\u2013100 %"
    assert number_range(5, 5, "") == "5"
    assert number_range(None, 5, "W") == "N/A"


def test_expected_times_are_rough():
    assert (rough(0.4), rough(8.6), rough(72.2)) == ("0.4 s", "9 s", "72 s")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (-50, "\u221250 s"), (-60, "\u22121 min"), (80, "1 min 20 s"), (-7200, "\u22122 h"), (5400, "90 min")],
)
def test_ticks(seconds: float, text: str):
    assert tick_text(seconds) == text


def test_a_number_stays_with_its_unit():
    assert unbroken("at most 63 °C · 0.0 % of the time") == "at most 63\u00a0°C · 0.0\u00a0% of the time"


def test_moments_under_the_cursor():
    assert moment_text(-12.34, 60) == "\u221212.3 s"
    assert moment_text(121.4, 300) == "2 min 01.4 s"
    assert moment_text(-3600, 86400) == "\u22121 h"
    assert moment_text(0.0, 60) == "0 s"
