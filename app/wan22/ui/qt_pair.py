"""Which Qt binding works with which Python. Needs no Qt."""

from collections.abc import Sequence


def refusal(qt_version: str, python_version: Sequence[int], platform: str) -> str | None:
    """Why this pair must not be started, in a sentence; None when it works.

    PySide6's Linux wheels from 6.12.0 on drop a reference to None with every call before Python 3.12 and abort the
    interpreter after a few thousand of them (PYSIDE-3474).
    """
    numbers = tuple(int(part) for part in qt_version.split(".")[:2] if part.isdigit())
    if not platform.startswith("linux") or numbers < (6, 12) or tuple(python_version[:2]) >= (3, 12):
        return None
    python = ".".join(str(part) for part in python_version[:3])
    return (
        f"PySide6 {qt_version} crashes under Python {python}, so the window is not opened. "
        'Use Python 3.12 or newer, or run: pip install "PySide6-Essentials>=6.8,<6.12"'
    )
