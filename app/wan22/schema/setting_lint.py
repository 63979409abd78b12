"""What one setting of a profile is worth, in words for the person who wrote it."""

from enum import Enum

from wan22.schema.frozen import Tolerant


class Effect(Enum):
    """What a setting does to a Wan 2.2 job."""

    known_effect = "known_effect"
    no_effect = "no_effect"
    harmful = "harmful"
    unknown = "unknown"


class SettingLint(Tolerant):
    """Judgement of one setting, or of one part of it (`--fast` takes several), or of several that clash.

    `value` is the part judged, empty for a bare flag. `advice` says what to do, `source` where the reason is from.
    """

    setting: str
    value: str
    effect: Effect
    reason: str
    advice: str = ""
    source: str = ""
