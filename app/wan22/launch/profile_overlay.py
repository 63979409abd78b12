"""What a user's file must say so that it and the profile below make the wanted one; written with its comments kept."""

import tomllib
from collections.abc import Mapping, MutableMapping
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from wan22.schema.profile import Profile

_OWN_KEYS = ("format", "name", "extends", "standalone")
"""What a file says of itself; an edit leaves it alone."""


def with_unset(below: Profile, wanted: Profile) -> Profile:
    """`wanted` with the flags of `below` that it lacks as "not given": a file on top can only say it so."""
    lacking = {
        name: setting.model_copy(update={"value": False})
        for name, setting in below.flags.items()
        if name not in wanted.flags
    }
    return wanted.model_copy(update={"flags": {**wanted.flags, **lacking}}) if lacking else wanted


def overlay_data(below: Profile, wanted: Profile) -> dict[str, Any] | None:
    """The keys of a file over `below`; empty when nothing differs, None when no such file can say it.

    TOML has no "nothing": a number of the board that is taken away cannot be said.
    """
    low = below.model_dump(mode="json", exclude_none=True, exclude={"name"})
    high = with_unset(below, wanted).model_dump(mode="json", exclude_none=True, exclude={"name"})
    for name in low["environment"].keys() - high["environment"].keys():
        high["environment"][name] = {"value": False}
    return _over(low, high)


def whole_data(wanted: Profile) -> dict[str, Any]:
    """All keys of a file that stands alone, without what is the default."""
    return wanted.model_dump(mode="json", exclude_none=True, exclude_defaults=True, exclude={"name", "format"})


def edited_text(text: str | None, data: Mapping[str, Any]) -> str | None:
    """The TOML `text` changed to say `data`: comments, order and line ends stay. None when it cannot be parsed.

    What the file says of itself (its name, what it extends) stays as well.
    """
    try:
        document = tomlkit.parse((text or "").replace("\r\n", "\n"))
        _put(document, data, is_top=True)
        written = tomlkit.dumps(document)
        tomllib.loads(written)
    except (TOMLKitError, ValueError, RecursionError):
        return None
    return written.replace("\n", "\r\n") if "\r\n" in (text or "") else written


def _over(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any] | None:
    if low.keys() - high.keys():
        return None
    found: dict[str, Any] = {}
    for key, value in high.items():
        if key in low and low[key] == value and type(low[key]) is type(value):
            continue
        if isinstance(value, Mapping) and isinstance(low.get(key), Mapping) and set(value) != {"value"}:
            inner = _over(low[key], value)
            if inner is None:
                return None
            found[key] = inner
        else:
            found[key] = value
    return found


def _put(table: MutableMapping[str, Any], data: Mapping[str, Any], *, is_top: bool = False) -> None:
    for key in [one for one in table if one not in data and not (is_top and one in _OWN_KEYS)]:
        del table[key]
    for key, value in data.items():
        old = table.get(key)
        if isinstance(value, Mapping) and isinstance(old, MutableMapping):
            _put(old, value)
        elif not (old == value and isinstance(old, bool) == isinstance(value, bool)):
            table[key] = value
