"""The node packs beside a ComfyUI, enabled or not."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from wan22.audit.collect_comfyui import installation_of
from wan22.audit.source import AuditSources, Found
from wan22.comfy.model_places import PACKS
from wan22.launch.git_commit import commit_of
from wan22.schema.audit import PackFacts
from wan22.schema.problem import AppError
from wan22.system.cancel import CancelToken

_DISABLED = ".disabled"
_NO_PACKS = frozenset({"__pycache__", _DISABLED, "example_node.py.example"})


def collect_packs(sources: AuditSources, cancel: CancelToken) -> Found:
    """`PackFacts` of every pack, sorted by name. AppError `comfyui_not_found`, `cancelled`."""
    installation = installation_of(sources)
    try:
        folders = [folder.path for folder in sources.models().places.folders(PACKS)]
    except AppError:  # the part about models says why
        folders = [installation.folder / PACKS]
    packs: dict[str, PackFacts] = {}
    for folder in folders:
        for pack in _packs(folder, cancel):
            packs.setdefault(pack.folder.casefold(), pack)
    return Found(tuple(packs[name] for name in sorted(packs)))


def _packs(folder: Path, cancel: CancelToken) -> Iterator[PackFacts]:
    for path in _inside(folder):
        if path.name in _NO_PACKS or path.name.startswith("."):
            continue
        cancel.raise_if_set()
        yield from _pack(path, is_enabled=not path.name.endswith(_DISABLED))
    for path in _inside(folder / _DISABLED):  # where the Manager puts what it switches off
        yield from _pack(path, is_enabled=False)


def _pack(path: Path, *, is_enabled: bool) -> Iterator[PackFacts]:
    name = path.name.removesuffix(_DISABLED)
    if path.is_dir():
        commit = commit_of(path) if (path / ".git").exists() else None
        yield PackFacts(folder=name, version=_version(path), commit=commit, is_enabled=is_enabled)
    elif name.endswith(".py"):
        yield PackFacts(folder=name, is_enabled=is_enabled)


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _version(pack: Path) -> str | None:
    """What its pyproject.toml says; most packs have one for the registry."""
    try:
        document = tomllib.loads((pack / "pyproject.toml").read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError, RecursionError):
        return None
    project = document.get("project")
    version = project.get("version") if isinstance(project, dict) else None
    return version[:40] if isinstance(version, str) else None
