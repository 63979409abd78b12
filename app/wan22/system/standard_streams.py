"""Standard output and error output in UTF-8 when no screen shows them but a file or a program reads them."""

import io
import os
import sys
from collections.abc import Mapping


def use_utf8_when_redirected() -> None:
    """Windows gives pipes and files the old code page, in which JSON and TOML are not what they should be."""
    if sys.platform == "win32":
        for stream in (sys.stdout, sys.stderr):
            use_utf8(stream, os.environ)


def use_utf8(stream: object, environment: Mapping[str, str]) -> None:
    """Change the encoding of a stream that leads to no screen; the user's own PYTHONIOENCODING is kept."""
    if "PYTHONIOENCODING" in environment or not isinstance(stream, io.TextIOWrapper):  # a windowed program has none
        return
    if not stream.isatty():
        stream.reconfigure(encoding="utf-8")
