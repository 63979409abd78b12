"""Settings: defaults < TOML file < WAN22_* environment < flags, merged as dicts and validated once."""

import difflib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wan22.schema.problem import AppError, app_error
from wan22.schema.settings import FORMAT, Settings
from wan22.system.files import read_text, write_text_atomic
from wan22.system.paths import HOME_VARIABLE

_PREFIX = "WAN22_"
_FORMAT_KEY = "format"
NOT_SETTINGS = frozenset({HOME_VARIABLE})
"""Variables with our prefix that are no settings."""


def load_settings(
    path: Path, environment: Mapping[str, str] | None = None, overrides: Mapping[str, Any] | None = None
) -> Settings:
    """The settings in force. A missing file is an empty one; an empty variable and an override of None are not given.

    AppError `settings_invalid` names the key and where it came from; `file_unreadable`.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}

    def take(key: str, value: Any, origin: str, shown: str) -> None:
        if key not in Settings.model_fields:
            raise _unknown_key(key, shown, origin)
        values[key], origins[key] = _home_expanded(value), origin

    for key, value in _file_values(path).items():
        take(key, value, f"the file {path}", key)
    for name, text in sorted((environment or {}).items()):
        if name.startswith(_PREFIX) and name not in NOT_SETTINGS and text.strip():
            take(name.removeprefix(_PREFIX).lower(), text.strip(), f"the environment variable {name}", name)
    for key, value in (overrides or {}).items():
        if value is not None:
            take(key, value, "the command line", key)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise _invalid(error, origins) from error


def save_settings(path: Path, settings: Settings) -> None:
    """Write what differs from the defaults as TOML. AppError `disk_full`, `file_unwritable`."""
    lines = ["# Settings of wan22. What is not here has its default value.", f"{_FORMAT_KEY} = {FORMAT}"]
    changed = settings.model_dump(mode="json", exclude_defaults=True)
    lines += [f"{key} = {_toml_value(value)}" for key, value in changed.items()]
    write_text_atomic(path, "\n".join(lines) + "\n")


def _file_values(path: Path) -> dict[str, Any]:
    """What the file says, without its format number."""
    if not path.exists():
        return {}
    try:
        values = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise app_error(
            "settings_invalid",
            f"{path} is not valid TOML: {error}.",
            hint="Write Windows paths in single quotes, or with doubled backslashes.",
            file=path,
        ) from error
    number = values.pop(_FORMAT_KEY, FORMAT)
    if number != FORMAT:
        raise app_error(
            "settings_invalid",
            f"{path} has format {number!r}; this version reads format {FORMAT}.",
            hint="Upgrade this program, or delete the file to return to the defaults.",
            file=path,
        )
    return values


def _home_expanded(value: Any) -> Any:
    """A path that starts with `~` means the home folder, as in a shell."""
    if isinstance(value, str) and value.startswith(("~/", "~\\")):
        try:
            return str(Path(value).expanduser())
        except RuntimeError:  # nobody knows where home is
            return value
    return value


def _toml_value(value: str | float) -> str:
    """A TOML scalar. JSON's escapes are TOML's, except that TOML wants DEL escaped too."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def _unknown_key(key: str, shown: str, origin: str) -> AppError:
    near = difflib.get_close_matches(key, Settings.model_fields, n=1)
    names = ", ".join(sorted(Settings.model_fields))
    right = (_PREFIX + near[0].upper() if shown.startswith(_PREFIX) else near[0]) if near else ""
    return app_error(
        "settings_invalid",
        f"There is no setting '{key}' (from {origin}).",
        hint=f"Did you mean '{right}'?" if right else f"The settings are: {names}.",
        key=key,
        origin=origin,
        nearest=right or None,
    )


def _invalid(error: ValidationError, origins: Mapping[str, str]) -> AppError:
    """All bad values in one sentence each; `where` names the first."""
    faults = [(str(fault["loc"][0]), fault) for fault in error.errors()]
    message = " ".join(
        f"The setting '{key}' (from {origins[key]}) is {fault['input']!r}: {fault['msg']}." for key, fault in faults
    )
    first = faults[0][0]
    return app_error("settings_invalid", message, key=first, origin=origins[first])
