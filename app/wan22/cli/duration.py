"""Times in words, with the decimals they deserve."""


def spoken(seconds: float) -> str:
    """`8.4 s`, `72 s`, `2 min 05 s`, `1 h 02 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def measured(seconds: float | None) -> str:
    """A measured time with its decimals: `7.33 s`, `72.4 s`, `134 s`; unknown is said."""
    if seconds is None:
        return "unknown"
    if seconds < 10:
        return f"{seconds:.2f} s"
    return f"{seconds:.1f} s" if seconds < 1000 else spoken(seconds)


def spoken_range(low_s: float, high_s: float) -> str:
    """`40–55 s`; one value when both read the same."""  # noqa: RUF002 - a range is written with an en dash
    low, high = spoken(low_s), spoken(high_s)
    if low == high:
        return low
    if low.endswith(" s") and high.endswith(" s") and "min" not in high:
        return f"{low.removesuffix(' s')}–{high}"  # noqa: RUF001
    return f"{low} – {high}"  # noqa: RUF001
