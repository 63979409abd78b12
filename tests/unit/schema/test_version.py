import pytest
from hypothesis import given
from hypothesis import strategies as st

from wan22.schema.version import version_tuple


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.3.64", (0, 3, 64)),
        ("v0.25.0", (0, 25, 0)),
        (" 0.38.1\n", (0, 38, 1)),
        ("2.14.1+cu130", (2, 14, 1)),
        ("2.11.0a0+git1234", (2, 11, 0)),
        ("2.10.0rc1", (2, 10, 0)),
        ("0.3.64-12-gabc123", (0, 3, 64)),
        ("2.7", (2, 7, 0)),
        ("3", (3, 0, 0)),
        ("580.159.04", (580, 159, 4)),
        ("1.2.3.4", (1, 2, 3, 4)),
    ],
)
def test_leading_numbers_are_read(text: str, expected: tuple[int, ...]):
    assert version_tuple(text) == expected


@pytest.mark.parametrize("text", [None, "", "unknown", "nightly-2", "cu130"])
def test_no_number_is_no_version(text: str | None):
    assert version_tuple(text) is None


def test_order_is_that_of_comfyui_releases():
    texts = ["0.3.9", "0.3.64", "0.3.76", "0.4.0", "0.15.1", "0.25.0", "0.38.1"]
    assert sorted(texts, key=lambda text: version_tuple(text) or ()) == texts
    assert sorted(texts) != texts


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=5))
def test_any_numbers_come_back(numbers: list[int]):
    found = version_tuple(".".join(map(str, numbers)))
    assert found is not None
    assert found[: len(numbers)] == tuple(numbers)
    assert len(found) >= 3
    assert not any(found[len(numbers) :])
