"""Numbers as they stand on the screen: thin spaces, en dashes, the decimals they deserve."""

import re

from wan22.schema.duration_text import EN_DASH, duration

MISSING = "N/A"
THIN_SPACE = "\u2009"
MINUS = "\u2212"
NO_BREAK_SPACE = "\u00a0"
_BEFORE_UNIT = r"(?<=\d) (?=[%°A-Za-z])"


def number(value: float | None, decimals: int = 0) -> str:
    """`2 746`, `27.4`, `−3`; a missing reading is N/A."""  # noqa: RUF002 - the true minus sign
    if value is None:
        return MISSING
    text = f"{abs(value):,.{decimals}f}".replace(",", THIN_SPACE)
    return MINUS + text if value < 0 and float(f"{abs(value):.{decimals}f}") > 0 else text


def with_unit(value: float | None, unit: str, decimals: int = 0) -> str:
    """A number and its unit; without a number no unit either."""
    return MISSING if value is None else f"{number(value, decimals)} {unit}".rstrip()


def number_range(low: float | None, high: float | None, unit: str, decimals: int = 0) -> str:
    """`0–100 %`; one number when both ends read the same."""  # noqa: RUF002
    if low is None or high is None:
        return MISSING
    first, last = number(low, decimals), number(high, decimals)
    return f"{first} {unit}".rstrip() if first == last else f"{first}{EN_DASH}{last} {unit}".rstrip()


def rough(seconds: float) -> str:
    """A time that is only expected: `9 s`, `72 s`, `2 min 05 s`; below a second with one decimal."""
    return duration(seconds) if seconds < 0.95 or seconds >= 9.95 else f"{seconds:.0f} s"


def tick_text(seconds: float) -> str:
    """A moment on a time axis: `0`, `20 s`, `1 min 20 s`, `−5 min`, `2 h`."""  # noqa: RUF002
    sign = MINUS if seconds < 0 else ""
    whole = round(abs(seconds))
    if whole == 0:
        return "0 s"
    if whole < 60:
        return f"{sign}{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60 or (minutes % 60 and minutes < 180):
        return f"{sign}{minutes} min" if rest == 0 else f"{sign}{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours} h" if minutes == 0 else f"{sign}{hours} h {minutes:02d} min"


def moment_text(moment_s: float, span_s: float) -> str:
    """A moment under the cursor: as `tick_text`, with tenths of a second where the span shows them."""
    if span_s > 600 or abs(moment_s) < 0.05:
        return tick_text(moment_s)
    minutes, seconds = divmod(abs(moment_s), 60)
    sign = MINUS if moment_s < 0 else ""
    return f"{sign}{seconds:.1f} s" if minutes < 1 else f"{sign}{minutes:.0f} min {seconds:04.1f} s"


def unbroken(text: str) -> str:
    """The same text with every number kept on one line with the unit behind it."""
    return re.sub(_BEFORE_UNIT, NO_BREAK_SPACE, text)
