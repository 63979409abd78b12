"""Times in words, with the decimals they deserve: the same in the window, the terminal and the documents."""

EN_DASH = "\u2013"


def duration(seconds: float) -> str:
    """`8.4 s`, `72 s`, `2 min 05 s`, `1 h 02 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def measured(seconds: float | None) -> str:
    """A measured time: `7.33 s`, `72.4 s`, `2 min 14 s`; unknown is said."""
    if seconds is None:
        return "unknown"
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    return f"{seconds:.1f} s" if seconds < 119.95 else duration(seconds)


def duration_range(low_s: float, high_s: float) -> str:
    """`67–80 s`; one value when both read the same."""  # noqa: RUF002
    low, high = duration(low_s), duration(high_s)
    if low == high:
        return low
    if low.endswith(" s") and high.endswith(" s") and "min" not in high:
        return f"{low.removesuffix(' s')}{EN_DASH}{high}"
    return f"{low} {EN_DASH} {high}"
