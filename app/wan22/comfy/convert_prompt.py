"""What the editor does to texts before it sends them: comments, alternatives in braces, placeholders in file names."""

import re
from collections.abc import Callable
from datetime import datetime
from random import Random

from wan22.schema.problem import app_error

_COMMENT = re.compile(r"/\*[\s\S]*?\*/|//[^\n\r\u2028\u2029]*")
_ESCAPED = re.compile(r"\\([{}|])")
_PLACEHOLDER = re.compile(r"%([^%]+)%")
_NO_FILE_NAME = re.compile(r'[/?<>\\:*|"\x00-\x1F\x7F]')
_DATE_PART = re.compile(r"y+|M+|d+|h+|m+|s+")
_MAX_DEPTH = 50

WidgetValue = Callable[[str, str], object]
"""Value of a widget by the node's name or title and the widget's name; None when there is none."""


def worked_out_prompt(text: str, random: Random) -> str:
    """`text` without comments, one alternative drawn for each `{a|b}`; `\\{`, `\\}` and `\\|` stand for themselves.

    Braces may hold braces. Raises AppError `workflow_invalid` for more than 50 levels of them.
    """
    return _worked_out(text, random, 0)


def _worked_out(text: str, random: Random, depth: int) -> str:
    if depth > _MAX_DEPTH:
        raise app_error("workflow_invalid", f"A prompt has alternatives nested more than {_MAX_DEPTH} deep.")
    text = _COMMENT.sub("", text)
    parts: list[str] = []
    at = 0
    while at < len(text):
        letter = text[at]
        if letter == "\\":
            parts.append(text[at : at + 2])
            at += 2
        elif letter == "{":
            choices, at = _choices(text, at + 1)
            parts.append(_worked_out(random.choice(choices), random, depth + 1))
        else:
            parts.append(letter)
            at += 1
    return _ESCAPED.sub(r"\1", "".join(parts))


def _choices(text: str, at: int) -> tuple[list[str], int]:
    """The alternatives of a block that starts at `at`, and the place behind it; an open block ends with the text."""
    choices, letters, level = [], list[str](), 0
    while at < len(text):
        letter = text[at]
        at += 1
        if letter == "\\":
            letters.append(text[at - 1 : at + 1])
            at += 1
            continue
        if letter == "{":
            level += 1
        elif letter == "}":
            if level == 0:
                break
            level -= 1
        elif letter == "|" and level == 0:
            choices.append("".join(letters))
            letters = []
            continue
        letters.append(letter)
    choices.append("".join(letters))
    return choices, at


def filled_file_name(text: str, now: datetime, widget: WidgetValue) -> str:
    """`text` with `%date:yyyy-MM-dd%` and `%Node.widget%` filled in; other words between % are left to the server."""

    def filled(match: re.Match[str]) -> str:
        word = match.group(1)
        node, dot, name = word.partition(".")
        if dot and "." not in name:
            value = widget(node, name)
            return match.group(0) if value is None else _NO_FILE_NAME.sub("_", _as_text(value))
        return _date_text(word[5:], now) if word.startswith("date:") else match.group(0)

    return _PLACEHOLDER.sub(filled, text)


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _date_text(pattern: str, now: datetime) -> str:
    """A date by the editor's letters: y year, M month, d day, h hour, m minute, s second; doubled means two digits."""
    numbers = {"y": now.year, "M": now.month, "d": now.day, "h": now.hour, "m": now.minute, "s": now.second}

    def part(match: re.Match[str]) -> str:
        letters = match.group(0)
        number = numbers[letters[0]]
        if letters[0] == "y":
            return str(number)[-2:] if len(letters) == 2 else str(number)
        return f"{number:02d}" if len(letters) >= 2 else str(number)

    return _DATE_PART.sub(part, pattern)
