"""A server's log as evidence: lines of ours or of `/internal/logs`, freed of decoration, asked by pattern."""

import re
from collections.abc import Sequence

from wan22.system.line_text import clean_line, strip_level_tag

_TIME_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+ - ")
_START_FROM = re.compile(r"^pytorch version: ", re.IGNORECASE)
_START_TO = re.compile(r"^Set vram state to: ")
_MODEL_LOADED = re.compile(r"^model weight dtype ")
_JOB = re.compile(r"^got prompt")

NO_LOG = "This server does not give out its log."
START_LOST = "The log does not reach back to the start of the server."


class LogEvidence:
    """The log, or its absence (`None`): then everything it could show is unknown."""

    def __init__(self, lines: Sequence[str] | None) -> None:
        self.is_given = lines is not None
        self._lines = tuple(
            strip_level_tag(clean_line(_TIME_STAMP.sub("", line))).strip() for line in lines or () if line.strip()
        )

    def find(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The first line that `pattern` finds something in."""
        return next((match for line in self._lines if (match := pattern.search(line))), None)

    def find_last(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The last line that `pattern` finds something in."""
        return next((match for line in reversed(self._lines) if (match := pattern.search(line))), None)

    def count(self, pattern: re.Pattern[str]) -> int:
        """How many lines `pattern` finds something in."""
        return sum(pattern.search(line) is not None for line in self._lines)

    @property
    def shows_start(self) -> bool:
        """Whether the part of the start is there in which ComfyUI sets up torch and the device."""
        return self.find(_START_FROM) is not None and self.find(_START_TO) is not None

    @property
    def shows_job(self) -> bool:
        """Whether a job has come since."""
        return self.find(_JOB) is not None

    @property
    def shows_model(self) -> bool:
        """Whether a diffusion model was loaded since."""
        return self.find(_MODEL_LOADED) is not None

    @property
    def silence(self) -> str:
        """Why the log cannot decide something about the start that it does not mention."""
        return START_LOST if self.is_given else NO_LOG
