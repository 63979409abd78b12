"""Settings: defaults < TOML file < WAN22_* environment < flags, merged as dicts and validated once."""

import difflib
import json
import shutil
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import tomlkit
from pydantic import ValidationError
from tomlkit.exceptions import TOMLKitError

from wan22.schema.problem import AppError, app_error
from wan22.schema.settings import FORMAT, Settings
from wan22.system.files import file_error, read_text, write_text_atomic
from wan22.system.paths import HOME_VARIABLE

_PREFIX = "WAN22_"
_HEAD = "Settings of wan22. What is not here has its default value."
_FORMAT_KEY = "format"
NOT_SETTINGS = frozenset({HOME_VARIABLE})
"""Variables with our prefix that are no settings."""


class SettingOrigin(NamedTuple):
    """Where a value comes from; `variable` names the environment variable, if it is one."""

    kind: Literal["default", "file", "environment"]
    variable: str = ""


def load_settings(
    path: Path, environment: Mapping[str, str] | None = None, overrides: Mapping[str, Any] | None = None
) -> Settings:
    """The settings in force. A missing file is an empty one; an empty text and an override of None are not given.

    AppError `settings_invalid` names the key and where it came from; `file_unreadable`.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}

    def take(key: str, value: Any, origin: str, shown: str) -> None:
        if key not in Settings.model_fields:
            raise _unknown_key(key, shown, origin)
        if isinstance(value, str) and not value.strip():
            return
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


def setting_origins(path: Path, environment: Mapping[str, str]) -> dict[str, SettingOrigin]:
    """Where each value that is not a default comes from; the environment wins over the file.

    AppError `settings_invalid`, `file_unreadable` when the file cannot be used.
    """
    given = {key: value for key, value in _file_values(path).items() if not isinstance(value, str) or value.strip()}
    origins = {key: SettingOrigin("file") for key in given if key in Settings.model_fields}
    variables = _variables(environment)
    return origins | {key: SettingOrigin("environment", name) for key, name in variables.items()}


def save_settings(path: Path, settings: Settings, environment: Mapping[str, str] | None = None) -> None:
    """Write what differs from the defaults; whatever else the user wrote there stays: comments, order, line ends.

    What a variable of `environment` sets is left as the file has it. The file before is kept as `NAME.bak`, or as
    `NAME.broken` when it could not be used. Nothing is written when nothing changes.
    AppError `disk_full`, `file_unwritable` (also for a file that is marked read-only), `file_unreadable`,
    `settings_invalid` for a file of a newer version.
    """
    old = _bytes_of(path)
    text = _text_of(old)
    document = _document_of(text)
    kept = document if document is not None else tomlkit.document()
    if document is not None:
        _check_format(path, kept.unwrap().get(_FORMAT_KEY, FORMAT))
    if not kept.body:
        kept.add(tomlkit.comment(_HEAD))
        kept.add(_FORMAT_KEY, FORMAT)
    _put(kept, settings, frozenset(_variables(environment or {})))
    written = tomlkit.dumps(kept)
    if text is not None and "\r\n" in text:
        written = written.replace("\n", "\r\n")
    if text is not None and document is not None and written.rstrip() == text.rstrip():
        return
    if old is not None:
        _keep_old(path, ".bak" if document is not None else ".broken")
    write_text_atomic(path, written)


def _put(document: tomlkit.TOMLDocument, settings: Settings, untouched: frozenset[str]) -> None:
    """Bring the document to say what the settings say, with as few changes as possible."""
    plain = document.unwrap()
    changed = settings.model_dump(mode="json", exclude_defaults=True)
    for key in plain:
        if key != _FORMAT_KEY and key not in Settings.model_fields:
            document.remove(key)
    for key in Settings.model_fields:
        if key in untouched or (key in plain and _says(key, plain[key], settings)):
            continue
        if key in changed:
            document[key] = tomlkit.value(_toml_value(changed[key]))
        elif key in plain:
            document.remove(key)


def _says(key: str, raw: Any, settings: Settings) -> bool:
    """Whether a value in the file, in whatever style, means the wanted one."""
    if isinstance(raw, str) and not raw.strip():
        raw = Settings.model_fields[key].default
    try:
        read = Settings.model_validate({key: _home_expanded(raw)})
    except ValidationError:
        return False
    same: bool = getattr(read, key) == getattr(settings, key)
    return same


def _bytes_of(path: Path) -> bytes | None:
    """What is there now, None when there is no file; refused when it must not be changed."""
    try:
        mode = path.stat().st_mode
        old = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise file_error(error, path, writing=False) from error
    if not mode & stat.S_IWRITE:
        message = f"{path} could not be written: the file is marked read-only."
        raise app_error("file_unwritable", message, hint="Take the mark away, then save again.", path=path)
    return old


def _text_of(old: bytes | None) -> str | None:
    if old is None:
        return None
    try:
        return old.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _document_of(text: str | None) -> tomlkit.TOMLDocument | None:
    """The file as it was written; None when there is none that can be used."""
    if text is None:
        return None
    lines = text.replace("\r\n", "\n")
    try:
        tomllib.loads(lines)
        return tomlkit.parse(lines if lines.endswith("\n") or not lines else lines + "\n")
    except (tomllib.TOMLDecodeError, TOMLKitError):
        return None


def _keep_old(path: Path, suffix: str) -> None:
    beside = path.with_name(path.name + suffix)
    try:
        shutil.copyfile(path, beside)
    except OSError as error:
        raise file_error(error, beside, writing=True) from error


def _variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Setting → the variable that sets it. A variable that names no setting is not in it."""
    given = {name: name.removeprefix(_PREFIX).lower() for name in environment if name.startswith(_PREFIX)}
    return {
        key: name for name, key in sorted(given.items()) if key in Settings.model_fields and environment[name].strip()
    }


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
    _check_format(path, values.pop(_FORMAT_KEY, FORMAT))
    return values


def _check_format(path: Path, number: object) -> None:
    if number != FORMAT:
        raise app_error(
            "settings_invalid",
            f"{path} has format {number!r}; this version reads format {FORMAT}.",
            hint="Upgrade this program, or delete the file to return to the defaults.",
            file=path,
        )


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
