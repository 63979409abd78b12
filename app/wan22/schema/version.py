"""Versions as tuples of numbers, so that 0.3.64 < 0.4.0 < 0.25.0."""

import re

_NUMBERS = re.compile(r"^\s*v?(\d+(?:\.\d+)*)", re.IGNORECASE)


def version_tuple(text: str | None) -> tuple[int, ...] | None:
    """Leading numbers of a version, at least three; None when there is no number to read.

    `v0.25.0` → (0, 25, 0), `2.14.1+cu130` → (2, 14, 1), `2.7` → (2, 7, 0), `2.11.0a0+git` → (2, 11, 0).
    """
    found = _NUMBERS.match(text or "")
    if found is None:
        return None
    numbers = tuple(int(part) for part in found[1].split("."))
    return numbers + (0,) * (3 - len(numbers))
