import pytest

from wan22.schema.duration_text import duration, duration_range, measured


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (8.44, "8.4 s"),
        (9.96, "10 s"),
        (72.4, "72 s"),
        (99.6, "1 min 40 s"),
        (125.0, "2 min 05 s"),
        (3720, "1 h 02 min"),
    ],
)
def test_duration(seconds: float, text: str):
    assert duration(seconds) == text


def test_measured_keeps_the_decimals_it_deserves_and_says_unknown():
    assert measured(None) == "unknown"
    assert measured(7.333) == "7.33 s"
    assert measured(9.997) == "10.0 s"
    assert measured(72.44) == "72.4 s"
    assert measured(134.2) == "2 min 14 s"


def test_a_range_names_its_unit_once():
    assert duration_range(40.2, 55.1) == "40\N{EN DASH}55 s"
    assert duration_range(50.0, 50.2) == "50 s"
    assert duration_range(70.0, 130.0) == "70 s \N{EN DASH} 2 min 10 s"
