"""`extra_model_paths.yaml`: folders of models beside ComfyUI's own, read as ComfyUI reads them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from wan22.schema.problem import AppError, app_error
from wan22.system.files import file_error

CONFIG_NAMES = ("extra_paths.yaml", "extra_model_paths.yaml")
"""The newer name wins where ComfyUI knows it; the older one is then not read at all."""


@dataclass(frozen=True, slots=True)
class ExtraFolder:
    """One line of the file: `kind` as written (`loras`, `unet`, …), the folder, and whether it goes first."""

    kind: str
    path: Path
    is_default: bool
    config: Path


def own_config(comfyui: Path) -> Path | None:
    """The file that this ComfyUI reads by itself; None when there is none.

    Whether it knows the newer name is told by its main.py.
    """
    newer, older = (comfyui / name for name in CONFIG_NAMES)
    if newer.is_file():
        try:
            knows = newer.name in (comfyui / "main.py").read_text(encoding="utf-8", errors="replace")
        except OSError:
            knows = False
        if knows:
            return newer
    return older if older.is_file() else None


def read_extra_folders(config: Path, flavour: ModuleType = os.path) -> tuple[ExtraFolder, ...]:
    """The folders that `config` adds, in its order. They need not exist.

    `~` and variables are expanded in `base_path` alone, as ComfyUI does; relative folders are relative to
    `base_path`, and that to the file. `flavour` is the path module of the platform. AppError `file_unreadable`,
    `model_paths_invalid`.
    """
    home = flavour.dirname(flavour.abspath(str(config)))
    found: list[ExtraFolder] = []
    for section, entries in _sections(config).items():
        if entries is None:
            continue
        if not isinstance(entries, dict):
            raise _invalid(config, f"'{section}' must hold lines such as `loras: models/loras`")
        base = entries.get("base_path")
        if base is not None and not isinstance(base, str):
            raise _invalid(config, f"base_path of '{section}' is {base!r}, a folder is expected")
        is_default = bool(entries.get("is_default", False))
        top = _base(base, home, flavour)
        for kind, value in entries.items():
            if kind in ("base_path", "is_default"):
                continue
            paths = _folders(config, section, kind, value, top, home, flavour)
            found += [ExtraFolder(str(kind), Path(path), is_default, config) for path in paths]
    return tuple(found)


def _sections(config: Path) -> dict[Any, Any]:
    try:
        document = yaml.safe_load(config.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise file_error(error, config, writing=False) from error
    except UnicodeDecodeError as error:
        raise _invalid(config, f"it is not a text in UTF-8: byte {error.start} does not fit") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark is not None else ""
        reason = getattr(error, "problem", None) or "it is not valid YAML"
        hint = "A TAB cannot indent YAML, and `C:\\folder` must not stand in double quotes."
        raise _invalid(config, f"{reason}{place}", hint=hint, detail=str(error)) from error
    if document is None:
        # Only comments: ComfyUI stumbles over such a file, yet it adds nothing.
        return {}
    if not isinstance(document, dict):
        raise _invalid(config, f"it holds {type(document).__name__}, sections with a name are expected")
    return document


def _base(written: str | None, home: str, flavour: ModuleType) -> str | None:
    if written is None:
        return None
    base: str = flavour.expandvars(flavour.expanduser(written))
    return base if flavour.isabs(base) else flavour.abspath(flavour.join(home, base))


def _folders(
    config: Path, section: object, kind: object, value: object, top: str | None, home: str, flavour: ModuleType
) -> Iterator[str]:
    if not isinstance(value, str):
        wanted = "a folder, or several below each other after `|`, is expected"
        raise _invalid(config, f"'{kind}' of '{section}' is {value!r}; {wanted}")
    for line in value.split("\n"):
        if line:
            yield flavour.normpath(flavour.join(top or home, line))


def _invalid(config: Path, reason: str, *, hint: str | None = None, detail: str = "") -> AppError:
    message = f"{config} cannot be read: {reason}."
    return app_error("model_paths_invalid", message, hint=hint, detail=detail, file=config)
