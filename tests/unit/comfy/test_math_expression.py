import pytest

from wan22.comfy.math_expression import evaluate


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("floor (a * b + 1)", 81),
        ("a + b", 21),
        ("-a // 2", -3),
        ("max(a, b) % 7", 2),
        ("round(b / a)", 3),
        ("+1.5", 1.5),
    ],
)
def test_formulas(text: str, value: float) -> None:
    assert evaluate(text, {"a": 5, "b": 16}) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a +",
        "c",
        "a / 0",
        "a ** 9",
        "'x'",
        "a.real",
        "__import__('os')",
        "(lambda: 1)()",
        "floor(a, key=b)",
        "floor('a')",
        "[a][0]",
        "1e999",
        "9" * 400 + "*1.0",
        "(" * 300 + "a" + ")" * 300,
        "a+" * 400 + "a",
    ],
)
def test_anything_else_has_no_value(text: str) -> None:
    assert evaluate(text, {"a": 5, "b": 16}) is None
