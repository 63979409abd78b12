"""What a time means, where it may mean anything at all."""

from enum import Enum

from pydantic import Field

from wan22.schema.frozen import Strict, Tolerant


class TargetKey(Strict):
    """What a target band belongs to; any other job has no target. `gpu` is a word in the board's name."""

    gpu: str = Field(min_length=1)
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    length: int = Field(gt=0)
    steps: int = Field(gt=0)
    cfg: float = Field(gt=0)
    interpolation: str = "none"


class Level(Enum):
    """Judgement of one time. `no_target` and `unknown` are honest answers, not failures."""

    excellent = "excellent"
    good = "good"
    slow = "slow"
    no_target = "no_target"
    unknown = "unknown"


class Verdict(Tolerant):
    """Judgement of one measured time against one band; `text` is the sentence to show."""

    subject: str
    level: Level
    measured_s: float | None = None
    band_s: tuple[float, float] | None = None
    limit_s: float | None = None
    source: str = ""
    text: str = ""
