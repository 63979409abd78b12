"""Node packs as they lie on the disk: enabled, disabled, from git or not; read without running anything of them."""

import configparser
import json
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wan22.launch.git_commit import commit_of
from wan22.schema.pack_address import same_repository

OWN_MARK = ".wan22-pack.json"
"""Says where a pack came from that was unpacked from an archive."""
WORK_PREFIX = ".wan22-"
"""Begins the names of our own folders beside the packs; they end with .disabled, so that ComfyUI passes them over."""
_DISABLED = ".disabled"
_MAX_TEXT_BYTES = 1_000_000
_MAX_SOURCES = 3000


@dataclass(frozen=True, slots=True)
class InstalledPack:
    """A folder (or single file) below custom_nodes. `name`: without the mark of a disabled one.

    `url`: where git says it came from. `id`, `version`: from its pyproject.toml. None = not told.
    """

    path: Path
    name: str
    is_enabled: bool
    is_git: bool = False
    url: str | None = None
    commit: str | None = None
    id: str | None = None
    version: str | None = None


def installed_packs(folders: Iterable[Path]) -> tuple[InstalledPack, ...]:
    """All packs in these custom_nodes folders, enabled ones first. A folder that cannot be read has none."""
    found: list[InstalledPack] = []
    for folder in folders:
        for path in _entries(folder):
            if path.name == _DISABLED:
                found += [_pack(inner, is_enabled=False) for inner in _entries(path) if inner.is_dir()]
            elif not path.name.startswith((WORK_PREFIX, "__pycache__")) and _is_pack(path):
                found.append(_pack(path, is_enabled=not path.name.endswith(_DISABLED)))
    return tuple(sorted(found, key=lambda pack: (not pack.is_enabled, pack.name.casefold())))


def find_pack(
    packs: Sequence[InstalledPack], *, identity: str | None, url: str | None, names: Iterable[str]
) -> InstalledPack | None:
    """The installed pack with this identity, address or one of these folder names; an enabled one before others."""
    wanted = {_plain(name) for name in names if name}
    if identity:
        wanted.add(_plain(identity))
    for pack in packs:
        own = {_plain(pack.name), _plain(pack.name.partition("@")[0])}
        if (pack.id and identity and _plain(pack.id) == _plain(identity)) or own & wanted:
            return pack
        if url and pack.url and same_repository(pack.url, url):
            return pack
    return None


def names_in_sources(folder: Path, wanted: Iterable[str]) -> frozenset[str]:
    """Which of these class names stand in quotes in the Python files below `folder` (or in that one file)."""
    left = set(wanted)
    found: set[str] = set()
    for number, path in enumerate(sorted(folder.rglob("*.py")) if folder.is_dir() else [folder]):
        if not left or number >= _MAX_SOURCES:
            break
        text = _text(path) or ""
        here = {name for name in left if f'"{name}"' in text or f"'{name}'" in text}
        found |= here
        left -= here
    return frozenset(found)


def core_classes(comfyui: Path, wanted: Iterable[str]) -> frozenset[str]:
    """Which of these classes ComfyUI's own sources hold: nodes.py, comfy_extras and comfy_api_nodes."""
    names = set(wanted)
    found = names_in_sources(comfyui / "nodes.py", names)
    for name in ("comfy_extras", "comfy_api_nodes"):
        found |= names_in_sources(comfyui / name, names - found)
    return found


def write_mark(folder: Path, url: str, commit: str) -> None:
    """Note in `folder` where its content came from."""
    text = json.dumps({"url": url, "commit": commit}, indent=2) + "\n"
    (folder / OWN_MARK).write_text(text, encoding="utf-8")


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _is_pack(path: Path) -> bool:
    name = path.name.removesuffix(_DISABLED)
    if path.is_dir():
        return True
    return name.endswith(".py") and name not in ("__init__.py", "websocket_image_save.py")


def _pack(path: Path, *, is_enabled: bool) -> InstalledPack:
    mark = _json(path / OWN_MARK) if path.is_dir() else {}
    project = _project(path / "pyproject.toml") if path.is_dir() else {}
    is_git = path.is_dir() and (path / ".git").exists()
    commit = commit_of(path) if is_git else _word(mark.get("commit"))
    return InstalledPack(
        path=path,
        name=path.name.removesuffix(_DISABLED).removesuffix(".py"),
        is_enabled=is_enabled,
        is_git=is_git,
        url=_origin(path / ".git" / "config") if is_git else _word(mark.get("url")),
        commit=commit,
        id=_word(project.get("name")),
        version=_word(project.get("version")),
    )


def _origin(path: Path) -> str | None:
    """Address of the remote `origin`; None when there is none or the file makes no sense."""
    text = _text(path)
    if text is None:
        return None
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string("\n".join(line.strip() for line in text.splitlines()))
    except configparser.Error:
        return None
    return _word(parser.get('remote "origin"', "url", fallback=None))


def _project(path: Path) -> dict[str, Any]:
    try:
        project = tomllib.loads(_text(path) or "").get("project", {})
    except tomllib.TOMLDecodeError:
        return {}
    return project if isinstance(project, dict) else {}


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(_text(path) or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(path: Path) -> str | None:
    try:
        if not path.is_file() or path.stat().st_size > _MAX_TEXT_BYTES:
            return None
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return None


def _word(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return "".join(letter for letter in value if letter.isprintable())[:300].strip() or None


def _plain(name: str) -> str:
    return re.sub(r"[-_. ]+", "-", name).casefold()
