"""The catalogue of node packs: which one brings a class, and where it is published."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from wan22.comfy.node_packs import pack_of
from wan22.schema.node_pack import PackSource
from wan22.schema.pack_address import address_fault, folder_fault, is_commit, revision_fault, same_repository
from wan22.schema.problem import AppError, app_error
from wan22.system.files import read_text


class PackCatalog:
    """Packs by id, name, address and class. Names are compared without case, dashes and underlines."""

    def __init__(self, packs: Iterable[PackSource]) -> None:
        self.packs = tuple(packs)
        self._by_class = {name: pack for pack in reversed(self.packs) for name in pack.classes}

    def of_class(self, class_type: str) -> PackSource | None:
        """The pack that brings a class: by its own list, else by how such names look."""
        found = self._by_class.get(class_type)
        if found is not None:
            return found
        known = pack_of(class_type)
        return self.at(known.url) if known is not None and not known.core else None

    def named(self, name: str) -> PackSource | None:
        """The pack of that id, name or folder; None when there is none."""
        wanted = _plain(name)
        for pack in self.packs:
            if wanted in (_plain(pack.id), _plain(pack.name), _plain(pack.folder)):
                return pack
        return None

    def at(self, url: str) -> PackSource | None:
        """The pack that is published at an address."""
        return next((pack for pack in self.packs if same_repository(pack.url, url)), None)

    def chosen(self, text: str, *, files_allowed: bool = False) -> PackSource:
        """What a person named: a pack of the catalogue, `owner/name` or an address, each with `@REVISION` if wanted.

        Raises AppError `pack_unknown`, `pack_address_refused`.
        """
        name, revision = _with_revision(text.strip())
        found = self.named(name)
        if found is None and re.fullmatch(r"[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}", name):
            name = f"https://github.com/{name}"
        if found is None and ("/" in name or ":" in name):
            found = self.at(name) or source_at(name, files_allowed=files_allowed)
        if found is None:
            known = ", ".join(pack.id for pack in self.packs)
            message = f"No node pack '{name[:80]}' is in the catalogue."
            raise app_error("pack_unknown", message, hint=f"Known are {known}. Any other: name its https address.")
        if revision is None:
            return found
        fault = revision_fault(revision)
        if fault is not None:
            message = f"'{revision[:80]}' after the @ cannot be fetched: {fault}."
            raise app_error("pack_address_refused", message, hint="Write a commit, tag or branch after the @.")
        return found.model_copy(update={"revision": revision, "version": None})


def load_pack_catalog(path: Path) -> PackCatalog:
    """The catalogue in a TOML file. Raises AppError `file_unreadable`, `pack_catalogue_invalid`."""
    text = read_text(path)
    try:
        entries = tomllib.loads(text).get("pack", [])
        packs = [PackSource.model_validate(entry) for entry in entries]
    except tomllib.TOMLDecodeError as error:
        raise app_error("pack_catalogue_invalid", f"{path} is not valid TOML: {error}.", file=path) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = f"{path} holds a node pack that is not valid: {where}: {first['msg']}."
        raise app_error("pack_catalogue_invalid", message, detail=str(error), file=path) from error
    return PackCatalog(packs)


def source_at(url: str, *, files_allowed: bool = False) -> PackSource:
    """A pack that is in no catalogue, by the address of its repository. AppError `pack_address_refused`."""
    address = url.rstrip("/")
    fault = address_fault(address, files_allowed=files_allowed)
    folder = address.rpartition("/")[2].removesuffix(".git")
    if fault is None:
        fault = folder_fault(folder)
    if fault is not None:
        raise _refused(url, fault)
    return PackSource(id=folder.lower(), name=folder, folder=folder, url=address)


def archive_url(source: PackSource) -> str | None:
    """Where the same content comes as a ZIP file, for machines without git; None when the host has no such thing.

    Only for a full commit at GitHub: the archive of a branch could be another one tomorrow.
    """
    match = re.fullmatch(r"https://github\.com/([A-Za-z0-9-]+)/([A-Za-z0-9._-]+?)(?:\.git)?", source.url)
    if match is None or source.revision is None or not is_commit(source.revision):
        return None
    return f"https://codeload.github.com/{match[1]}/{match[2]}/zip/{source.revision}"


def _with_revision(text: str) -> tuple[str, str | None]:
    """`name@revision` in its parts; an @ before the path of an address belongs to a user name."""
    head, mark, tail = text.rpartition("@")
    if not mark or "://" in tail or (":" in tail and "/" in tail) or ("://" in head and head.count("/") < 4):
        return text, None
    return head, tail


def _refused(url: str, fault: str) -> AppError:
    shown = re.sub(r"//[^/@]*@", "//…@", url)  # a password is not repeated
    return app_error("pack_address_refused", f"'{shown[:120]}' is not used as the address of a node pack: {fault}.")


def _plain(name: str) -> str:
    return re.sub(r"[-_. ]+", "-", name).casefold()
