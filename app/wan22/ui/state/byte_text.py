"""Numbers of bytes as they are read: decimal, as disks and hosts count."""

from wan22.ui.number_text import NO_BREAK_SPACE


def byte_text(count: int | None) -> str:
    """`14.3 GB`, `253.8 MB`, `512 bytes`; unknown is said."""
    if count is None:
        return "unknown size"
    if count >= 99.95e9:
        text, unit = f"{count / 1e9:.0f}", "GB"
    elif count >= 1e9:
        text, unit = f"{count / 1e9:.1f}", "GB"
    elif count >= 1e5:
        text, unit = f"{count / 1e6:.1f}", "MB"
    else:
        text, unit = str(count), "byte" if count == 1 else "bytes"
    return f"{text}{NO_BREAK_SPACE}{unit}"


def rate_text(bytes_s: float) -> str:
    """`84.2 MB/s`."""
    return f"{bytes_s / 1e6:.1f}{NO_BREAK_SPACE}MB/s"
