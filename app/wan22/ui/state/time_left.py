"""How long a job still takes, in words that are no surer than what is known. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from wan22.job.eta import Eta, eta
from wan22.runs.own_band import BOTH, TOTAL, Usual
from wan22.runs.stages import PASSES
from wan22.schema.duration_text import EN_DASH
from wan22.schema.events import Role
from wan22.schema.summary import StageTiming
from wan22.schema.verdict import Level, Verdict
from wan22.ui.number_text import rough
from wan22.ui.verdict_word import GLYPHS, Tone

SURE_SHARE = 0.1
SURE_S = 4.0
"""A range this narrow is said as one number."""
_HOURS_FROM_S = 7200.0


@dataclass(frozen=True, slots=True)
class TargetText:
    """The target in words, how the job stands to it (None: cannot be said), and the sentence behind it."""

    text: str
    tone: Tone | None = None
    basis: str = ""


def left_of(stages: Sequence[StageTiming], current: Role | None, usual: Mapping[Role, Usual]) -> Eta | None:
    """As `job.eta.eta`, without stages that are over but were not seen: the connection was lost meanwhile."""
    return eta([stage for stage in stages if not _went_unseen(stage, current)], usual)


def _went_unseen(stage: StageTiming, current: Role | None) -> bool:
    return stage.started_s is not None and stage.seconds is None and stage.role is not current


def is_sure(left: Eta) -> bool:
    """Whether one number says it."""
    return left.complete and left.high_s - left.low_s <= max(SURE_S, SURE_SHARE * left.high_s)


def left_text(left: Eta) -> str | None:
    """`58 s left`, `40–60 s left`, `at least 40 s left`; None when nothing helpful can be said."""  # noqa: RUF002
    if not left.complete:
        return f"At least {rough(left.low_s)} left" if left.low_s >= 1.0 else None
    if left.high_s <= 0.0:
        return "Longer than usual"
    if is_sure(left):
        return f"{rough(max(1.0, (left.low_s + left.high_s) / 2))} left"
    if left.low_s < 1.0:
        return f"Up to {rough(max(1.0, left.high_s))} left"
    return f"{rough_range(left.low_s, left.high_s)} left"


def rough_range(low_s: float, high_s: float) -> str:
    """Both ends rounded outwards as far as the spread deserves."""
    if low_s >= _HOURS_FROM_S:
        low, high = 300.0 * math.floor(low_s / 300), 300.0 * math.ceil(high_s / 300)
        return f"{rough(low)} {EN_DASH} {rough(high)}" if high > low else rough(low)
    if low_s >= 90.0:
        return f"{math.floor(low_s / 60)}{EN_DASH}{math.ceil(high_s / 60)} min"
    grain = 5 if high_s - low_s >= 10 else 1
    low, high = grain * math.floor(low_s / grain), grain * math.ceil(high_s / grain)
    if high > 99:
        return f"{rough(low)} {EN_DASH} {rough(high)}"
    return f"{low}{EN_DASH}{high} s"


def ready_text(left: Eta, now_s: float) -> str:
    """`ready at 14:52:08`, to the minute when it is not sure; empty when the end is not known."""
    if not left.complete or left.high_s <= 0.0:
        return ""
    end = datetime.fromtimestamp(now_s + (left.low_s + left.high_s) / 2, UTC).astimezone()
    return f"ready at {end:%H:%M:%S}" if is_sure(left) else f"ready at about {end:%H:%M}"


def target_text(
    verdicts: Sequence[Verdict],
    stages: Sequence[StageTiming],
    usual: Mapping[Role, Usual],
    elapsed_s: float,
    current: Role | None = None,
) -> TargetText | None:
    """The target of the whole job, or of both passes together, and whether it will be met."""
    whole = next((verdict for verdict in verdicts if verdict.subject == TOTAL), None)
    both = next((verdict for verdict in verdicts if verdict.subject == BOTH), None)
    for verdict in (whole, both):
        limit_s = limit_of(verdict)
        if verdict is None or limit_s is None:
            continue
        counted = [stage for stage in stages if verdict.subject == TOTAL or stage.role in PASSES]
        so_far_s = elapsed_s if verdict.subject == TOTAL else sum(stage.seconds or 0.0 for stage in counted)
        name = "the whole job" if verdict.subject == TOTAL else "both passes"
        return _against(limit_s, name, so_far_s, left_of(counted, current, usual), verdict.source)
    none = next((verdict for verdict in (whole, both) if verdict is not None), None)
    return None if none is None else TargetText("no target for this job", None, none.text)


def limit_of(verdict: Verdict | None) -> float | None:
    """The longest time that still counts as good; None without a target."""
    if verdict is None or verdict.level is Level.no_target:
        return None
    if verdict.limit_s is not None:
        return verdict.limit_s
    return verdict.band_s[1] if verdict.band_s is not None else None


def _against(limit_s: float, name: str, so_far_s: float, left: Eta | None, source: str) -> TargetText:
    text = f"target for {name}: under {rough(limit_s)}"
    if so_far_s > limit_s or (left is not None and so_far_s + left.low_s > limit_s):
        return TargetText(f"{text} · will be missed {GLYPHS[Tone.slow]}", Tone.slow, source)
    if left is not None and left.complete and so_far_s + left.high_s <= limit_s:
        return TargetText(f"{text} · on course {GLYPHS[Tone.good]}", Tone.good, source)
    return TargetText(text, None, source)
