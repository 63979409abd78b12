from datetime import UTC, datetime
from random import Random

import pytest

from wan22.comfy.convert_prompt import filled_file_name, worked_out_prompt
from wan22.schema.problem import AppError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a {red|red} cat // remark\nwalks /* block */ on", "a red cat \nwalks  on"),
        ("see https://example.org/x\r\nnext", "see https:\r\nnext"),
        ("{a|a {b|b}}", None),
        (r"\{kept\|\}", "{kept|}"),
        (r"a\b", r"a\b"),
        ("{open|open", "open"),
        ("no } closing", "no } closing"),
        ("{}", ""),
        ("/* never closed", "/* never closed"),
        ("ends with \\", "ends with \\"),
        ("", ""),
    ],
)
def test_texts_as_the_editor_sends_them(text: str, expected: str | None) -> None:
    assert worked_out_prompt(text, Random(1)) in ((expected,) if expected is not None else ("a", "a b"))


def test_braces_in_braces_have_an_end() -> None:
    with pytest.raises(AppError):
        worked_out_prompt("{" * 200, Random(1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%date:yyyy-MM-dd hh.mm.ss%", "2026-03-04 05.06.07"),
        ("%date:yy M d h%", "26 3 4 5"),
        ("%Seed.value%", "a_b"),
        ("%Nobody.value%", "%Nobody.value%"),
        ("%width%", "%width%"),
        ("100%", "100%"),
    ],
)
def test_file_names(text: str, expected: str) -> None:
    values = {("Seed", "value"): "a/b"}
    now = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert filled_file_name(text, now, lambda node, name: values.get((node, name))) == expected
