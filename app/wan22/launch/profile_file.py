"""Profile files as text: TOML in, validated shapes or one clear complaint out; and TOML written."""

import codecs
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import tomlkit
from pydantic import BaseModel, ValidationError

from wan22.launch.shape_complaint import Complaint, complaints
from wan22.schema.problem import AppError, app_error
from wan22.schema.profile import FORMAT, TARGETS_NAME, Profile, ProfileFile
from wan22.system.files import file_error, write_text_atomic

_Shape = TypeVar("_Shape", bound=BaseModel)
_POSITION = re.compile(r"\s*\((?:at )?(line \d+, column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True)
class TomlDocument:
    """One parsed file: where it lies and what it says, not validated yet."""

    path: Path
    data: Mapping[str, Any]

    def has(self, key_path: Sequence[str | int]) -> bool:
        """Whether this very file holds something at that place."""
        value: Any = self.data
        for key in key_path:
            try:
                value = value[key]
            except (KeyError, IndexError, TypeError):
                return False
        return True


def read_toml(path: Path) -> TomlDocument:
    """Read and parse one file of this program's format; its `format` number is checked.

    UTF-8 and UTF-16, with or without a byte order mark (Windows editors and shells write all of them).
    Errors: AppError `file_unreadable`, `profile_invalid`.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise file_error(error, path, writing=False) from error
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _invalid(path, f"line {line} is not UTF-8 text", "Save the file as UTF-8.") from error
    try:
        data = tomllib.loads(text)
    except RecursionError as error:
        raise _invalid(path, "its tables or lists lie too deep in each other", "Write it flatter.") from error
    except ValueError as error:  # also of a number with thousands of digits, which is no TOMLDecodeError
        words = str(error)
        found = _POSITION.search(words)
        place = found[1] if found else "the file"
        raise _invalid(
            path, f"{place} is not valid TOML: {_POSITION.sub('', words)}", "Mend that line and try again."
        ) from error
    _check_format(path, data.get("format", FORMAT))
    return TomlDocument(path, data)


def validated(shape: type[_Shape], data: Mapping[str, Any], sources: Sequence[TomlDocument]) -> _Shape:
    """Turn data merged from `sources` (the last one wins) into `shape`.

    Errors: AppError `profile_invalid`; its message names the file, the key and the nearest right name, all further
    complaints stand in its details.
    """
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        found = [(complaint, _blamed(complaint, sources)) for complaint in complaints(error, shape)]
        first, path = found[0]
        raise app_error(
            "profile_invalid",
            f"{path.name}: {first.sentence}",
            hint=first.hint or None,
            detail="\n".join(f"{where}: {complaint.sentence}" for complaint, where in found),
            file=path,
            key=first.key,
        ) from error


def profile_toml(profile: Profile) -> str:
    """The whole profile as TOML text that `read_toml` takes back unchanged."""
    data = ProfileFile.model_validate(profile.model_dump() | {"standalone": True}).model_dump(
        mode="json", exclude_none=True
    )
    head = {"format": data.pop("format"), "standalone": data.pop("standalone")}
    return "# A whole profile: nothing of a shipped profile is mixed in.\n" + tomlkit.dumps(head | data)


def save_user_profile(folder: Path, profile: Profile) -> Path:
    """Write a whole profile into the folder of the user's profiles, in one step; returns the file.

    Errors: AppError `disk_full`, `file_unwritable`.
    """
    path = folder / f"{profile.name}.toml"
    write_text_atomic(path, profile_toml(profile))
    return path


def profile_files(folder: Path | None) -> dict[str, Path]:
    """Profile name → file, for every `*.toml` of a folder; a folder that is not there has none."""
    if folder is None or not folder.is_dir():
        return {}
    return {path.stem.lower(): path for path in sorted(folder.glob("*.toml")) if path.stem.lower() != TARGETS_NAME}


def _blamed(complaint: Complaint, sources: Sequence[TomlDocument]) -> Path:
    """The file that said it last; for something missing, the one that said the table around it last."""
    for depth in range(len(complaint.key_path), 0, -1):
        for source in reversed(sources):
            if source.has(complaint.key_path[:depth]):
                return source.path
    return sources[-1].path


def _check_format(path: Path, found: object) -> None:
    if found == FORMAT and not isinstance(found, bool):
        return
    if isinstance(found, int) and not isinstance(found, bool) and found > FORMAT:
        raise _invalid(
            path,
            f"it was written for a newer version of this program (format {found}, this one reads format {FORMAT})",
            "Upgrade this program.",
        )
    raise _invalid(path, f"format = {found!r} is not a format of profiles", f"Write format = {FORMAT}.")


def _invalid(path: Path, what: str, hint: str) -> AppError:
    return app_error("profile_invalid", f"{path.name}: {what}.", hint=hint, detail=str(path), file=path)
