"""Validation errors in words for the person who wrote the file: the key, what is wrong, the nearest right name."""

import difflib
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_KINDS = {
    "tuple_type": "a list is expected",
    "dict_type": "a table is expected",
    "model_type": "a table is expected",
    "string_type": "a text in quotes is expected",
    "bool_type": "true or false is expected",
    "bool_parsing": "true or false is expected",
    "int_type": "a whole number is expected",
    "int_parsing": "a whole number is expected",
    "int_from_float": "a whole number is expected",
    "float_type": "a number is expected",
    "float_parsing": "a number is expected",
    "finite_number": "a finite number is expected",
    "string_too_short": "it must not be empty",
    "string_pattern_mismatch": "only small letters, digits, dots, dashes and underscores are allowed",
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong in a file. `key_path` leads to it from the top; `sentence` is complete but for the file."""

    key_path: tuple[str | int, ...]
    sentence: str
    hint: str = ""

    @property
    def key(self) -> str:
        """The key path as TOML writes it."""
        return ".".join(_quoted(part) for part in self.key_path)


def complaints(error: ValidationError, shape: type[BaseModel]) -> tuple[Complaint, ...]:
    """All complaints of a failed validation of `shape`, misspelt keys first, each place once."""
    found: dict[tuple[str | int, ...], Complaint] = {}
    for detail in sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden"):
        key_path, annotation = _place(shape, detail["loc"])
        found.setdefault(key_path, _complaint(detail, key_path, annotation))
    return tuple(found.values())


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that looks most like `name`; None when none is close."""
    by_small = {item.casefold(): item for item in known}
    close = difflib.get_close_matches(name.casefold(), by_small, n=1, cutoff=0.6)
    return by_small[close[0]] if close else None


def _complaint(detail: ErrorDetails, key_path: tuple[str | int, ...], annotation: Any) -> Complaint:
    table, key = _table(key_path[:-1]), _quoted(key_path[-1]) if key_path else ""
    kind, seen = detail["type"], detail.get("input")
    if kind == "extra_forbidden":
        known = _field_names(annotation)
        best = nearest(str(key_path[-1]), known)
        guess = f"; did you mean '{best}'?" if best else "."
        return Complaint(key_path, f"unknown key {key}{table}{guess}", f"Keys known there: {', '.join(known)}.")
    if kind == "missing":
        return Complaint(key_path, f"the key {key}{table} is missing.", f"Add {key} = … there.")
    if annotation is None:  # one of several allowed types: their own complaints would contradict each other
        words = "true, false, a number, a text in quotes or a list of texts is expected"
    elif kind == "literal_error":
        return _choice(key_path, f"{key}{table} is {_shown(seen)}", seen, str(detail["ctx"]["expected"]))
    elif kind == "value_error":
        words = str(detail["ctx"]["error"])
    else:
        words = _KINDS.get(kind, detail["msg"][:1].lower() + detail["msg"][1:])
    if not key_path:
        return Complaint(key_path, f"{words}.")
    if isinstance(seen, Mapping | list | tuple) and kind == "value_error":
        return Complaint(key_path, f"{key}{table}: {words}.")
    return Complaint(key_path, f"{key}{table} is {_shown(seen)}: {words}.")


def _choice(key_path: tuple[str | int, ...], start: str, seen: object, expected: str) -> Complaint:
    choices = [part.strip().strip("'") for part in expected.replace(" or ", ", ").split(",")]
    best = nearest(str(seen), choices)
    guess = f"; did you mean '{best}'?" if best else "."
    return Complaint(key_path, f"{start}, which is none of the choices{guess}", f"Choices: {', '.join(choices)}.")


def _place(shape: type[BaseModel], location: tuple[int | str, ...]) -> tuple[tuple[int | str, ...], Any]:
    """Key path in the file and the annotation of what was expected there.

    The tail of a location names union members that are no keys; it is cut off and the annotation is then None.
    For an unknown key the annotation is that of the table around it.
    """
    annotation: Any = shape
    for depth, part in enumerate(location):
        inner = _inside(annotation, part)
        if inner is None:
            last = depth == len(location) - 1
            is_table = _is_model(annotation)
            return (location, annotation) if is_table and last else (location[:depth], None)
        annotation = inner
    return location, None if _is_union(annotation) else annotation


def _inside(annotation: Any, part: int | str) -> Any:
    """Annotation of the item `part` of a table or list; None when it has no such item."""
    if _is_model(annotation):
        field = annotation.model_fields.get(str(part))
        return field.annotation if field is not None else None
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _inside(args[0], part)
    if origin is dict:
        return args[1]
    if origin is tuple and isinstance(part, int):
        return args[0]
    if _is_union(annotation):
        known = [inner for inner in (_inside(one, part) for one in args if not _is_none(one)) if inner is not None]
        return known[0] if len(args) == 2 and known else None
    return None


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _is_none(annotation: Any) -> bool:
    return annotation is type(None)


def _is_union(annotation: Any) -> bool:
    """Whether several types are allowed there (None beside one type does not count)."""
    if get_origin(annotation) not in (Union, types.UnionType):
        return False
    return sum(not _is_none(one) for one in get_args(annotation)) > 1


def _field_names(annotation: Any) -> tuple[str, ...]:
    return tuple(annotation.model_fields) if _is_model(annotation) else ()


def _quoted(part: str | int) -> str:
    text = str(part)
    return text if text.replace("_", "").replace("-", "").isalnum() and text.isascii() else f'"{text}"'


def _table(key_path: tuple[str | int, ...]) -> str:
    """Where it is: ` in [flags.--fast]`, ` in [[target]] number 2, key`, or nothing for the top."""
    if not key_path:
        return ""
    if len(key_path) > 1 and isinstance(key_path[1], int):
        rest = "".join(f", {_quoted(part)}" for part in key_path[2:])
        return f" in [[{_quoted(key_path[0])}]] number {key_path[1] + 1}{rest}"
    return f" in [{'.'.join(_quoted(part) for part in key_path)}]"


def _shown(value: object) -> str:
    text = f"'{value}'" if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
