"""The commit of a git checkout, read from its files: git itself need not be installed."""

import re
from pathlib import Path

_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def commit_of(folder: Path) -> str | None:
    """Hex hash of what is checked out in `folder`; None when it is no checkout or cannot be read."""
    try:
        git = _git_folder(folder)
        head = _text(git / "HEAD")
        if not head.startswith("ref:"):
            return _hash(head)
        name = head.removeprefix("ref:").strip()
        # A worktree keeps its HEAD apart and shares the branches with the main checkout.
        shared = git / _text(git / "commondir") if (git / "commondir").is_file() else git
        for place in (git, shared):
            if (place / name).is_file():
                return _hash(_text(place / name))
        return _packed(shared / "packed-refs", name)
    except OSError:
        return None


def _git_folder(folder: Path) -> Path:
    """`.git`, or where it points to when it is a file (a worktree, a submodule)."""
    git = folder / ".git"
    if git.is_file():
        return folder / _text(git).removeprefix("gitdir:").strip()
    return git


def _packed(path: Path, name: str) -> str | None:
    for line in _text(path).splitlines():
        commit, _, reference = line.partition(" ")
        if reference.strip() == name:
            return _hash(commit)
    return None


def _hash(text: str) -> str | None:
    return text if _HASH.fullmatch(text) else None


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").strip()
