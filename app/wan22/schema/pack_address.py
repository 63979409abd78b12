"""Addresses and names that come from strangers: which of them may be given to git and to the file system."""

import re
from urllib.parse import urlsplit

_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_RESERVED = re.compile(r"(?:CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])(?:\..*)?", re.IGNORECASE)
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")


def address_fault(url: str, *, files_allowed: bool = False) -> str | None:
    """Why `url` is no address of a repository that is fetched; None when it is one.

    Only https without a user name, a query or dots that lead upwards. `files_allowed`: file:// as well.
    """
    if any(ord(letter) <= 32 or ord(letter) >= 127 for letter in url):
        return "it holds spaces or characters that no address has"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        return str(error)
    if files_allowed and parts.scheme == "file":
        return None
    if parts.scheme != "https":
        return f"it begins with '{parts.scheme or url[:20]}' and not with https://"
    if parts.username is not None or parts.password is not None:
        return "it holds a user name or a password"
    if not _HOST.fullmatch(host) or "." not in host or port not in (None, 443):
        return "it names no public host"
    if parts.query or parts.fragment:
        return "it has a part after a question mark or a #"
    if not _PATH.fullmatch(parts.path.rstrip("/")) or any(step in (".", "..") for step in parts.path.split("/")):
        return "its path is not the one of a repository"
    return None


def folder_fault(name: str) -> str | None:
    """Why `name` cannot be a folder below custom_nodes; None when it can."""
    if not _FOLDER.fullmatch(name) or name.endswith("."):
        return "only letters, digits, dots, dashes and underlines can be in it"
    if _RESERVED.fullmatch(name):
        return "Windows keeps that name for itself"
    if name.lower().endswith((".disabled", ".py", ".git")):
        return "that ending has a meaning of its own"
    return None


def revision_fault(revision: str) -> str | None:
    """Why `revision` is no commit, tag or branch that is fetched; None when it can be one."""
    if not _REVISION.fullmatch(revision) or ".." in revision or "//" in revision or revision.endswith((".lock", "/")):
        return "it is not the name of a commit, tag or branch"
    return None


def is_commit(revision: str) -> bool:
    """Whether it is a full commit, which always means the same content."""
    return re.fullmatch(r"[0-9a-f]{40}", revision) is not None


def same_repository(one: str, other: str) -> bool:
    """Whether two addresses mean the same repository, however they are spelled."""
    return _plain(one) == _plain(other)


def _plain(url: str) -> str:
    text = url.strip().casefold().rstrip("/").removesuffix(".git")
    text = re.sub(r"^git@([^:]+):", r"https://\1/", text)
    return re.sub(r"^(?:https?|ssh|git)://(?:[^@/]*@)?(?:www\.)?", "", text)
