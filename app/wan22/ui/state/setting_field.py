"""The fields of a settings model as a form needs them: made from the model alone."""

import types
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from wan22.schema.duration_text import EN_DASH

_NUMBER = "It must be a number."
_WHOLE = "It must be a whole number."
_WORDS: Mapping[str, str] = {
    "int_parsing": _WHOLE,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": "This number is too large.",
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "finite_number": "It must be a finite number.",
    "greater_than_equal": "It must be {ge} or more.",
    "greater_than": "It must be more than {gt}.",
    "less_than_equal": "It must be {le} or less.",
    "less_than": "It must be less than {lt}.",
    "string_too_short": "It must have {min_length} letters or more.",
    "string_too_long": "It must have {max_length} letters or fewer.",
    "literal_error": "It must be {expected}.",
    "enum": "It must be {expected}.",
}


class FieldKind(Enum):
    """How a value is entered."""

    text = "text"
    whole = "whole"
    number = "number"
    folder = "folder"
    file = "file"
    switch = "switch"
    choice = "choice"


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting. `default`: its value when nothing is given; `limits`: what is allowed, in words, may be empty."""

    key: str
    title: str
    help: str
    kind: FieldKind
    default: Any
    limits: str = ""
    choices: tuple[str, ...] = ()

    @property
    def default_text(self) -> str:
        """The default as it is written into a field; empty when there is none."""
        return text_of(self.default)


def setting_fields(model: type[BaseModel]) -> tuple[SettingField, ...]:
    """All settings of a model, in its order."""
    return tuple(_field(key, info) for key, info in model.model_fields.items())


def text_of(value: object) -> str:
    """A value as it stands in a field; None is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return str(value.value)
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def value_of(field: SettingField, text: str) -> object:
    """What is given to the model for a text; an empty one is the default. `~` is the home folder."""
    plain = text.strip()
    if not plain:
        return field.default
    if field.kind in (FieldKind.folder, FieldKind.file):
        plain = plain.strip('"')
        if plain.startswith(("~/", "~\\")):
            return Path(plain).expanduser()
    return plain


def complaints(model: type[BaseModel], values: Mapping[str, object]) -> dict[str, str]:
    """What the model's own rules say against the values: key → sentence, "" for the whole; empty when all is well."""
    try:
        model.model_validate(dict(values))
    except ValidationError as error:
        found: dict[str, str] = {}
        for detail in error.errors(include_url=False):
            found.setdefault(str(detail["loc"][0]) if detail["loc"] else "", _sentence(detail))
        return found
    return {}


def _field(key: str, info: FieldInfo) -> SettingField:
    kinds = _kinds_of(info.annotation)
    title = info.title or key.replace("_", " ").capitalize()
    help_text = info.description or ""
    kind, choices = _entry(kinds, f"{title} {help_text}")
    return SettingField(
        key=key,
        title=title,
        help=help_text,
        kind=kind,
        default=info.get_default(call_default_factory=True) if not info.is_required() else None,
        limits=_limits(info),
        choices=choices,
    )


def _kinds_of(annotation: Any) -> tuple[Any, ...]:
    """The types that are allowed, None left out."""
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(one for one in get_args(annotation) if one is not type(None))
    return (annotation,)


def _entry(kinds: tuple[Any, ...], words: str) -> tuple[FieldKind, tuple[str, ...]]:
    kind = kinds[0] if len(kinds) == 1 else str
    if get_origin(kind) is Literal:
        return FieldKind.choice, tuple(text_of(one) for one in get_args(kind))
    if not isinstance(kind, type):
        return FieldKind.text, ()
    if issubclass(kind, bool):
        return FieldKind.switch, ()
    if issubclass(kind, Enum):
        return FieldKind.choice, tuple(text_of(one) for one in kind)
    if issubclass(kind, Path):
        return (FieldKind.folder if "folder" in words.lower() else FieldKind.file), ()
    if issubclass(kind, int):
        return FieldKind.whole, ()
    return (FieldKind.number, ()) if issubclass(kind, float) else (FieldKind.text, ())


def _limits(info: FieldInfo) -> str:
    found: dict[str, Any] = {}
    for rule in info.metadata:
        for name in ("ge", "gt", "le", "lt"):
            limit = getattr(rule, name, None)
            if limit is not None:
                found[name] = text_of(limit)
    if "ge" in found and "le" in found:
        return f"{found['ge']}{EN_DASH}{found['le']}"
    words = {"ge": "{} or more", "gt": "more than {}", "le": "{} or less", "lt": "less than {}"}
    return ", ".join(words[name].format(limit) for name, limit in found.items())


def _sentence(detail: ErrorDetails) -> str:
    context = {name: text_of(value) for name, value in detail.get("ctx", {}).items()}
    if detail["type"] == "value_error":
        return f"{context['error'][:1].upper()}{context['error'][1:]}.".replace("..", ".")
    words = _WORDS.get(detail["type"])
    return words.format(**context) if words is not None else detail["msg"].replace("Input", "It", 1) + "."
