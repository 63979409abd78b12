"""Values of settings as they are typed into a field, and back."""

import re

from wan22.schema.profile import FlagValue

_WORD = re.compile(r'"([^"]*)"|(\S+)')


def text_of_value(value: FlagValue) -> str:
    """What stands in the field of a value; a bare flag and one that is not given have nothing there.

    Of several values those with spaces stand in quotes.
    """
    if isinstance(value, bool):
        return ""
    if isinstance(value, tuple):
        return " ".join(f'"{word}"' if not word or re.search(r"\s", word) else word for word in value)
    return str(value)


def value_of_text(text: str, *, takes_many: bool = False) -> FlagValue:
    """The value of a flag that is given: true for an empty text, a number where the text is the usual form of one."""
    if not text.strip():
        return True
    if takes_many:
        words = tuple(quoted or plain for quoted, plain in _WORD.findall(text))
        return words or True
    return number_or_text(text.strip())


def number_or_text(text: str) -> int | float | str:
    """A number where its usual form is the text itself, so that nothing is changed by reading it as one."""
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        if str(number) == text and text not in ("nan", "inf", "-inf"):
            return number
    return text
