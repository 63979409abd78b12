"""Judgements as a tone, a glyph and a word: never by colour alone."""

from collections.abc import Mapping
from enum import Enum


class Tone(Enum):
    """How something is to be taken."""

    good = "good"
    slow = "slow"
    bad = "bad"
    running = "running"
    unknown = "unknown"


GLYPHS: Mapping[Tone, str] = {
    Tone.good: "✓",
    Tone.slow: "!",
    Tone.bad: "✕",
    Tone.running: "▸",
    Tone.unknown: "?",
}
WORDS: Mapping[Tone, str] = {
    Tone.good: "good",
    Tone.slow: "slow",
    Tone.bad: "bad",
    Tone.running: "running",
    Tone.unknown: "unknown",
}
