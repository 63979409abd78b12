"""Two profiles side by side: only what differs, in words. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from wan22.launch.setting_text import text_of_value
from wan22.schema.profile import Profile, Setting

Part = Literal["flags", "environment", "expectations", "board", "about"]


@dataclass(frozen=True, slots=True)
class ProfileDifference:
    """`left`, `right`: what each profile says there, in words. `sentence` says both with the profiles' names.

    `is_note`: only the words about a setting differ, not what happens.
    """

    part: Part
    name: str
    left: str
    right: str
    sentence: str
    is_note: bool = False


def profile_differences(left: Profile, right: Profile) -> tuple[ProfileDifference, ...]:
    """What differs: flags, environment, expectations, board, then words. Empty when both do and say the same."""
    names = _names(left, right)
    found = [
        *_settings("flags", left.flags, right.flags, names),
        *_settings("environment", left.environment, right.environment, names),
        *_fields("expectations", _expectations(left), _expectations(right), names),
        *_fields("board", _board(left), _board(right), names),
        *_fields("about", _about(left), _about(right), names, is_note=True),
    ]
    return tuple(sorted(found, key=lambda one: one.is_note))


def _names(left: Profile, right: Profile) -> tuple[str, str]:
    return (left.name, right.name) if left.name != right.name else ("the first", "the second")


def _settings(
    part: Part, left: Mapping[str, Setting], right: Mapping[str, Setting], names: tuple[str, str]
) -> Iterator[ProfileDifference]:
    for key in dict.fromkeys((*left, *right)):
        one, other = left.get(key), right.get(key)
        words = (_said(one, part), _said(other, part))
        if words[0] != words[1]:
            yield ProfileDifference(part, key, *words, _sentence(key, words, names))
        elif one is not None and other is not None and (one.note, one.read_by) != (other.note, other.read_by):
            notes = tuple(f"{setting.note} Read by {setting.read_by}." for setting in (one, other))
            sentence = f"{key} is the same in both; the notes differ."
            yield ProfileDifference(part, f"{key}, note", notes[0], notes[1], sentence, is_note=True)


def _said(setting: Setting | None, part: Part) -> str:
    if setting is None or setting.value is False:
        return "not set" if part == "environment" else "not given"
    text = text_of_value(setting.value)
    return text if text or part == "environment" else "given"


def _sentence(key: str, words: tuple[str, str], names: tuple[str, str]) -> str:
    for given, absent in ((0, 1), (1, 0)):
        if words[absent] in ("not given", "not set"):
            value = (
                "" if words[given] == "given" else f" {words[given]}" if key.startswith("--") else f"={words[given]}"
            )
            verb = "gives" if key.startswith("--") else "sets"
            return f"{names[given]} {verb} {key}{value}; {names[absent]} does not."
    return f"{key} is {words[0] or 'empty'} in {names[0]} and {words[1] or 'empty'} in {names[1]}."


def _fields(
    part: Part, left: Mapping[str, str], right: Mapping[str, str], names: tuple[str, str], *, is_note: bool = False
) -> Iterator[ProfileDifference]:
    for key, one in left.items():
        other = right[key]
        if one != other:
            sentence = (
                f"The {key} differs." if is_note else f"The {key} is {one} in {names[0]} and {other} in {names[1]}."
            )
            yield ProfileDifference(part, key, one, other, sentence, is_note)


def _expectations(profile: Profile) -> dict[str, str]:
    expect = profile.expect
    fp16 = "any" if expect.fp16_accumulation is None else "on" if expect.fp16_accumulation else "off"
    return {
        "expected attention": expect.attention,
        "expected allocator": expect.allocator,
        "expected VRAM state": expect.vram_state,
        "expected fp16 accumulation": fp16,
    }


def _board(profile: Profile) -> dict[str, str]:
    gpu = profile.gpu
    every = ["every other NVIDIA board"] if gpu.fallback else []
    return {
        "board": " or ".join((*gpu.match, *every)) or "none",
        "memory counted on": "not said" if gpu.vram_gib is None else f"{gpu.vram_gib:g} GB",
        "usual power limit": "not said" if gpu.power_w is None else f"{gpu.power_w:g} W",
        "choice by itself": "may be chosen" if profile.recommended else "never chosen by itself",
    }


def _about(profile: Profile) -> dict[str, str]:
    return {"title": profile.title, "description": " ".join(profile.description.split()) or "empty"}
