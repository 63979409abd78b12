"""Flags as they will be given: read from words, checked against what the installation knows, freed of conflicts."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from wan22.launch.flag_schema import FlagSchema
from wan22.launch.help_text import FlagSpec

_NUMBER = re.compile(r"-\d*\.?\d+")


class Origin(Enum):
    """Who asked for a flag, the weakest first: a later one wins."""

    program = "this program"
    profile = "the profile"
    person = "the extra flags"


@dataclass(frozen=True, slots=True)
class FlagUse:
    """One flag with its values."""

    name: str
    values: tuple[str, ...]
    origin: Origin

    @property
    def words(self) -> tuple[str, ...]:
        """As they stand in the command."""
        return (self.name, *self.values)

    def __str__(self) -> str:
        return " ".join(self.words)


def flags_from_words(words: Sequence[str], origin: Origin) -> tuple[list[FlagUse], list[str]]:
    """Flags out of `("--reserve-vram", "2", "--fast=autotune")`, and notices about words that belong to none."""
    flags: list[FlagUse] = []
    notices: list[str] = []
    for word in _separate(words):
        if word.startswith("-") and not _NUMBER.fullmatch(word):
            name, equals, value = word.partition("=")
            flags.append(FlagUse(name, (value,) if equals else (), origin))
        elif flags:
            flags[-1] = replace(flags[-1], values=(*flags[-1].values, word))
        else:
            notices.append(f"'{word}' stands before the first flag and belongs to none: left out.")
    return flags, notices


def _separate(words: Iterable[str]) -> Iterator[str]:
    """`--port 8200` typed as one word is a flag and its value; a value may hold spaces (a folder, say)."""
    for word in words:
        name, space, value = word.strip().partition(" ")
        if space and name.startswith("--") and "=" not in name:
            yield from (name, value.strip())
        else:
            yield word


def full_names(flags: Iterable[FlagUse], schema: FlagSchema | None) -> list[FlagUse]:
    """`flags` with short forms written out; what the schema does not know stays as it is."""
    if schema is None:
        return list(flags)
    specs = ((flag, schema.find(flag.name)) for flag in flags)
    return [flag if spec is None else replace(flag, name=spec.name) for flag, spec in specs]


def known_flags(flags: Iterable[FlagUse], schema: FlagSchema) -> tuple[list[FlagUse], list[str]]:
    """Those that this ComfyUI takes; the notices name every other one and the version."""
    comfyui = f"ComfyUI {schema.version}" if schema.version else "this ComfyUI"
    kept: list[FlagUse] = []
    notices: list[str] = []
    for flag in flags:
        spec = schema.flags.get(flag.name)
        if spec is None:
            notices.append(f"{flag.name} is not known to {comfyui}: left out.")
            continue
        fitting, notice = _fitting(flag, spec, comfyui)
        if fitting is not None:
            kept.append(fitting)
        if notice:
            notices.append(notice)
    return kept, notices


def _fitting(flag: FlagUse, spec: FlagSpec, comfyui: str) -> tuple[FlagUse | None, str]:
    """`flag` as ComfyUI would accept it, None when it would not, and what to say about it."""
    count = len(flag.values)
    if spec.takes == "none" and count:
        return replace(flag, values=()), f"{flag.name} takes no value in {comfyui}: {' '.join(flag.values)} left out."
    if spec.takes == "one" and count != 1:
        return None, f"{flag.name} takes one value in {comfyui}, {count} were given: left out."
    if spec.takes == "optional" and count > 1:
        return None, f"{flag.name} takes at most one value in {comfyui}, {count} were given: left out."
    wrong = [value for value in flag.values if spec.choices and value not in spec.choices]
    if wrong:
        allowed = ", ".join(spec.choices)
        return None, f"{flag.name} does not take {' '.join(wrong)} in {comfyui} (allowed: {allowed}): left out."
    return flag, ""


def without_conflicts(flags: Sequence[FlagUse], schema: FlagSchema | None) -> tuple[list[FlagUse], list[str]]:
    """Later flags win over the same flag of a weaker origin and over earlier members of their exclusive group.

    A flag that one origin gives twice stays twice: some flags collect their values.
    """
    kept: list[FlagUse] = []
    notices: list[str] = []
    for flag in flags:
        for earlier in list(kept):
            same = earlier.name == flag.name
            if same and earlier.origin is flag.origin:
                continue
            if same or _exclude_each_other(earlier, flag, schema):
                kept.remove(earlier)
                if earlier.words != flag.words:
                    notices.append(f"{flag} from {flag.origin.value} replaces {earlier} from {earlier.origin.value}.")
        kept.append(flag)
    return kept, notices


def _exclude_each_other(one: FlagUse, other: FlagUse, schema: FlagSchema | None) -> bool:
    if schema is None or one.name == other.name:
        return False
    first, second = schema.flags.get(one.name), schema.flags.get(other.name)
    if first is None or second is None:
        return False
    return first.group is not None and first.group == second.group
