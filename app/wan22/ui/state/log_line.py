"""How serious a line of the server is, judged by its words: older servers write no level. Pure."""

import re
from enum import IntEnum
from typing import NamedTuple


class LogLevel(IntEnum):
    """The more serious, the higher."""

    info = 0
    warning = 1
    error = 2


class LogLine(NamedTuple):
    """A line as the server wrote it, how serious it is, and what was done when it came; empty when nothing was."""

    text: str
    level: LogLevel
    stage: str = ""


_TRACEBACK = re.compile(r"Traceback \(most recent call last\):")
_CHAINED = re.compile(r"(During handling of the above exception|The above exception was the direct cause)")
_ERROR = re.compile(
    r"^\s*\[?(error|critical|fatal)\b"
    r"|^[\w.]*(Error|Exception)\b"
    r"|!!! Exception|\bException in thread\b|\bIMPORT FAILED\b|\bFatal Python error\b|\bSegmentation fault\b"
    r"|\bGot an OOM\b|\bCUDA error\b|\bout of memory\b|^Failed to validate prompt|^invalid prompt"
    r"|^Cannot import\b|^Killed\b|\b(is already|already) in use\b",
    re.IGNORECASE,
)
_WARNING = re.compile(
    r"\bwarn(ing)?\b|Warning:|\bdeprecated\b|\blora key not loaded\b|\bretrying with tiled\b|\bfall(ing|s)? back\b",
    re.IGNORECASE,
)
_NO_ERROR = re.compile(r"\bWarning: Ran out of memory\b|^\s*\[?error(s)?: 0\b", re.IGNORECASE)


class LogJudge:
    """Takes lines in their order: a traceback goes on until its last line, which names the exception."""

    def __init__(self) -> None:
        self._in_traceback = False

    def judge(self, text: str, stage: str = "") -> LogLine:
        """One line, how serious it is, and the stage that it came in."""
        return self._judged(text)._replace(stage=stage)

    def _judged(self, text: str) -> LogLine:
        if _TRACEBACK.search(text):
            self._in_traceback = True
            return LogLine(text, LogLevel.error)
        if self._in_traceback:
            self._in_traceback = text[:1].isspace()
            return LogLine(text, LogLevel.error)
        if _CHAINED.search(text):
            return LogLine(text, LogLevel.error)
        if _ERROR.search(text) and not _NO_ERROR.search(text):
            return LogLine(text, LogLevel.error)
        return LogLine(text, LogLevel.warning if _WARNING.search(text) else LogLevel.info)
