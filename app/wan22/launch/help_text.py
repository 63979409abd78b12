"""What argparse prints for `--help`, turned back into flags: which there are, what they take, which exclude each other.

Two parts are read. The usage shows how many values a flag takes and which flags exclude each other
(`[--a | --b]`); the list of options below it shows other names of the same flag and what ComfyUI says to it.
"""

import re
from collections.abc import Iterator
from typing import Literal

from wan22.schema.frozen import Tolerant

Takes = Literal["none", "one", "optional", "many"]

_USAGE = re.compile(r"^usage:", re.IGNORECASE)
_OPTION_LINE = re.compile(r"^ {1,4}(-\S.*)$")
_HELP_INDENT = " " * 8
_FLAG = re.compile(r"--[A-Za-z0-9][\w.-]*")
_ALWAYS_THERE = "--help"  # argparse's own: it only prints and ends


class FlagSpec(Tolerant):
    """One flag. `choices`: the values it allows, empty when any is; `group`: flags of one number exclude each other.

    `help`: what ComfyUI itself says to it, on one line; `value_name`: what it calls the value, may be empty.
    """

    name: str
    takes: Takes
    choices: tuple[str, ...] = ()
    group: int | None = None
    help: str = ""
    value_name: str = ""


def flags_from_help(text: str) -> dict[str, FlagSpec]:
    """All flags of an argparse help text, by name; empty when the text is none."""
    usage, options = _parts(text)
    flags: dict[str, FlagSpec] = {}
    for number, alternatives in enumerate(_usage_items(usage)):
        specs = [spec for spec in map(_spec, alternatives) if spec is not None]
        group = number if len(specs) > 1 else None
        for spec in specs:
            flags.setdefault(spec.name, spec.model_copy(update={"group": group}))
    for line, help_text in options:
        _add_option_line(line, help_text, flags)
    flags.pop(_ALWAYS_THERE, None)
    return flags


def _parts(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The usage on one line, without the program's name; of each option its names and its help."""
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
    return usage, _options(lines[end:])


def _options(lines: list[str]) -> list[tuple[str, str]]:
    """Names and help of each option; help that has no room beside the names stands below, further in."""
    found: list[tuple[str, str]] = []
    for line in lines:
        match = _OPTION_LINE.match(line)
        if match:
            names, *rest = re.split(r" {2,}", match.group(1), maxsplit=1)
            found.append((names, rest[0].strip() if rest else ""))
        elif found and line.startswith(_HELP_INDENT):
            names, help_text = found[-1]
            found[-1] = (names, f"{help_text} {line.strip()}".strip())
    return found


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


def _value_name(values: str) -> str:
    """What the help calls one value: `GB` for `[GB ...]`, `KEY[=VALUE]` as it stands."""
    whole = values[1:-1] if values.startswith("[") and values.endswith("]") else values
    return whole.strip("[").partition(" ")[0]


def _choices(text: str) -> tuple[str, ...]:
    match = re.match(r"\{([^{}]*)\}", text)
    return tuple(part.strip() for part in match.group(1).split(",")) if match else ()


def _add_option_line(names_part: str, help_text: str, flags: dict[str, FlagSpec]) -> None:
    """Give the other names of a flag what the usage says of one of them; take a flag the usage does not show."""
    names: list[str] = []
    values = ""
    for part in re.split(r", (?=-)", names_part):
        name, _, rest = part.partition(" ")
        values = rest.strip() or values
        if _FLAG.fullmatch(name):
            names.append(name)
    known = next((flags[name] for name in names if name in flags), None)
    if known is None:
        takes, choices = _values(values)
        known = FlagSpec(name="", takes=takes, choices=choices)
    said = {"help": help_text, "value_name": "" if known.choices else _value_name(values)}
    for name in names:
        flags[name] = flags.get(name, known).model_copy(update={"name": name, **said})
