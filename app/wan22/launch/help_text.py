"""What argparse prints for `--help`, turned back into flags: which there are, what they take, which exclude each other.

Two parts are read. The usage shows how many values a flag takes and which flags exclude each other
(`[--a | --b]`); the list of options below it shows other names of the same flag.
"""

import re
from collections.abc import Iterator
from typing import Literal

from wan22.schema.frozen import Tolerant

Takes = Literal["none", "one", "optional", "many"]

_USAGE = re.compile(r"^usage:", re.IGNORECASE)
_OPTION_LINE = re.compile(r"^ {1,4}(-\S.*)$")
_FLAG = re.compile(r"--[A-Za-z0-9][\w.-]*")
_ALWAYS_THERE = "--help"  # argparse's own: it only prints and ends


class FlagSpec(Tolerant):
    """One flag. `choices`: the values it allows, empty when any is; `group`: flags of one number exclude each other."""

    name: str
    takes: Takes
    choices: tuple[str, ...] = ()
    group: int | None = None


def flags_from_help(text: str) -> dict[str, FlagSpec]:
    """All flags of an argparse help text, by name; empty when the text is none."""
    usage, options = _parts(text)
    flags: dict[str, FlagSpec] = {}
    for number, alternatives in enumerate(_usage_items(usage)):
        specs = [spec for spec in map(_spec, alternatives) if spec is not None]
        group = number if len(specs) > 1 else None
        for spec in specs:
            flags.setdefault(spec.name, spec.model_copy(update={"group": group}))
    for line in options:
        _add_option_line(line, flags)
    flags.pop(_ALWAYS_THERE, None)
    return flags


def _parts(text: str) -> tuple[str, list[str]]:
    """The usage on one line, without the program's name, and the first lines of the options."""
    lines = text.splitlines()
    start = next((number for number, line in enumerate(lines) if _USAGE.match(line)), None)
    if start is None:
        return "", []
    end = start + 1
    while end < len(lines) and lines[end].startswith(" "):
        end += 1
    usage = " ".join(" ".join(lines[start:end]).split())
    brackets = [place for place in (usage.find(" ["), usage.find(" (--")) if place >= 0]
    usage = usage[min(brackets) :] if brackets else ""
    options = [match.group(1) for match in map(_OPTION_LINE.match, lines[end:]) if match]
    return usage, options


def _usage_items(usage: str) -> Iterator[list[str]]:
    """Each `[…]` or `(…)` of the usage as its alternatives, split at ` | ` outside of inner brackets."""
    depth, begin = 0, 0
    for place, letter in enumerate(usage):
        if letter in "[({":
            if depth == 0:
                begin = place + 1
            depth += 1
        elif letter in "])}" and depth > 0:
            depth -= 1
            if depth == 0:
                yield _split(usage[begin:place])


def _split(text: str) -> list[str]:
    parts, depth, begin = [], 0, 0
    for place, letter in enumerate(text):
        depth += letter in "[({"
        depth -= letter in "])}"
        if letter == "|" and depth == 0:
            parts.append(text[begin:place].strip())
            begin = place + 1
    return [*parts, text[begin:].strip()]


def _spec(text: str) -> FlagSpec | None:
    """One alternative of the usage, such as `--fast [FAST ...]`; None for a short option or a positional argument."""
    name, _, rest = text.partition(" ")
    if not _FLAG.fullmatch(name):
        return None
    takes, choices = _values(rest.strip())
    return FlagSpec(name=name, takes=takes, choices=choices)


def _values(text: str) -> tuple[Takes, tuple[str, ...]]:
    """How many values the text behind a flag stands for, and which ones are allowed."""
    if not text:
        return "none", ()
    if text.startswith("[") and text.endswith("]") and text.find("]") == len(text) - 1:
        inner = text[1:-1]
        if inner.endswith("..."):
            return "many", _choices(inner)
        # A made-up name like `[none,auto]` lists the choices of one value, an optional value is one word.
        if "," in inner and not inner.startswith("{"):
            return "one", tuple(inner.split(","))
        return "optional", _choices(inner)
    if "..." in text or (" " in text and not text.startswith("{")):
        return "many", _choices(text)
    return "one", _choices(text)


def _choices(text: str) -> tuple[str, ...]:
    match = re.match(r"\{([^{}]*)\}", text)
    return tuple(part.strip() for part in match.group(1).split(",")) if match else ()


def _add_option_line(line: str, flags: dict[str, FlagSpec]) -> None:
    """Give the other names of a flag what the usage says of one of them; take a flag the usage does not show."""
    names_part = re.split(r" {2,}", line, maxsplit=1)[0]
    names: list[str] = []
    values = ""
    for part in re.split(r", (?=-)", names_part):
        name, _, rest = part.partition(" ")
        values = rest.strip() or values
        if _FLAG.fullmatch(name):
            names.append(name)
    known = next((flags[name] for name in names if name in flags), None)
    for name in names:
        if name in flags:
            continue
        if known is None:
            takes, choices = _values(values)
            flags[name] = FlagSpec(name=name, takes=takes, choices=choices)
        else:
            flags[name] = known.model_copy(update={"name": name})
