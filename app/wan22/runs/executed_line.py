"""The line of ComfyUI's log that says how long a job took."""

import re

_EXECUTED = re.compile(r"Prompt executed in (?:(\d+(?:\.\d+)?) seconds|(\d+):(\d\d):(\d\d))")


def executed_seconds(line: str) -> float | None:
    """Seconds of the server's line "Prompt executed in …", in both of its forms; None for any other line."""
    match = _EXECUTED.search(line)
    if match is None:
        return None
    if match[1] is not None:
        return float(match[1])
    return int(match[2]) * 3600.0 + int(match[3]) * 60.0 + int(match[4])
