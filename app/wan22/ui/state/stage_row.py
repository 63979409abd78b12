"""One stage of a job as it is shown: measured, expected, target. Plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from wan22.schema.duration_text import EN_DASH, duration_range, measured
from wan22.ui.number_text import rough
from wan22.ui.verdict_word import GLYPHS, Tone


class StageState(Enum):
    """How far a stage is."""

    waiting = "waiting"
    running = "running"
    done = "done"
    cached = "cached"
    failed = "failed"
    partial = "in part"


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage. `seconds`: measured so far; `expected_s`: what it usually takes; None = unknown.

    `target_s`: lower and upper edge of the target (a lower edge of None: only a limit). `verdict`: how the time is to
    be taken, `basis` says why. `left_s` is said instead of the time while it runs.
    """

    name: str
    state: StageState
    seconds: float | None = None
    expected_s: float | None = None
    left_s: float | None = None
    target_s: tuple[float | None, float] | None = None
    verdict: Tone | None = None
    basis: str = ""

    @property
    def time_text(self) -> str:
        """What stands in the column of times."""
        if self.state is StageState.cached:
            return "cached"
        if self.state is StageState.running and self.left_s is not None:
            return f"{rough(self.left_s)} left"
        if self.state is StageState.waiting:
            return f"about {rough(self.expected_s)}" if self.expected_s is not None else EN_DASH
        if self.state is StageState.running and self.seconds is None:
            return "…"
        return measured(self.seconds) + (" …" if self.state is StageState.running else "")

    @property
    def target_text(self) -> str:
        """The target in words, with the verdict's glyph."""
        if self.target_s is None:
            return EN_DASH
        low_s, high_s = self.target_s
        text = f"under {rough(high_s)}" if low_s is None else duration_range(low_s, high_s)
        return f"{text} {GLYPHS[self.verdict]}" if self.verdict is not None else text

    @property
    def longest_s(self) -> float:
        """How far the axis must reach for it."""
        return max(self.seconds or 0.0, self.expected_s or 0.0, self.target_s[1] if self.target_s else 0.0)


def axis_end(rows: Sequence[StageRow]) -> float:
    """A round end of the axis that holds every stage."""
    longest_s = max((row.longest_s for row in rows), default=0.0)
    for end_s in (1, 2, 4, 8, 10, 20, 40, 60, 80, 100, 120, 160, 200, 240, 300, 400, 600, 800, 1200, 1800, 2400, 3600):
        if longest_s <= 0.97 * end_s:
            return float(end_s)
    return longest_s * 1.05
