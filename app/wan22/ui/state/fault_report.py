"""What is copied from the banner of a problem: what happened, versions, the last lines of the server. Pure."""

from collections.abc import Sequence

import PySide6
from PySide6.QtCore import qVersion

from wan22.audit.diagnostics_text import LINES, clean, version_lines
from wan22.audit.privacy import Privacy

__all__ = ["LINES", "fault_report"]


def fault_report(details: str, lines: Sequence[str], privacy: Privacy) -> str:
    """One text, without names of people and machine, passwords and keys."""
    parts = [details, "", "[Versions]", *version_lines(), f"Qt {qVersion()}, PySide6 {PySide6.__version__}"]
    if lines:
        parts += ["", "[Last lines of the server]", *lines]
    return "\n".join(clean(line, privacy) for part in parts for line in part.split("\n")) + "\n"
