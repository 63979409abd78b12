"""How the node packs of a workflow stand: what it needs, against the disk and a running server."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wan22.comfy.object_info import NodeDefinitions
from wan22.comfy.pack_catalog import PackCatalog
from wan22.comfy.pack_need import folder_of_module, loaded_folders, split_by_presence
from wan22.launch.pack_folder import InstalledPack, find_pack, names_in_sources
from wan22.launch.pack_import_error import failure_of, import_failures, pack_name
from wan22.schema.node_pack import ImportFailure, PackNeed, PackProof, PackSource, PackState, PackStatus


@dataclass(frozen=True, slots=True)
class ServerView:
    """What a running server shows: its definitions and its log from the start on; None when it does not tell."""

    definitions: NodeDefinitions
    log: Sequence[str] | None = None
    url: str = ""

    @property
    def failures(self) -> tuple[ImportFailure, ...]:
        """Packs that did not load, as far as the log tells."""
        return import_failures(self.log or ())


@dataclass(frozen=True, slots=True)
class PackShelf:
    """What is on the disk. `packs` None: there is no ComfyUI folder to look into."""

    catalog: PackCatalog
    packs: tuple[InstalledPack, ...] | None = None

    def installed(self, need: PackNeed, folder: str | None = None) -> InstalledPack | None:
        """The folder of a needed pack."""
        known = self.source(need)
        url = need.url or (known.url if known else None)
        names = [folder or "", known.folder if known else "", need.name, (url or "").rpartition("/")[2]]
        found = find_pack(self.packs or (), identity=need.id, url=url, names=names)
        return found or (self._holding(need) if need.id is None and url is None else None)

    def source(self, need: PackNeed) -> PackSource | None:
        """The entry of the catalogue for a needed pack; None when it is not in there."""
        by_url = self.catalog.at(need.url) if need.url else None
        return by_url or (self.catalog.named(need.id) if need.id else None)

    def _holding(self, need: PackNeed) -> InstalledPack | None:
        """A pack that nobody has named, by the class names in its sources."""
        wanted = frozenset(need.classes)
        return next((pack for pack in self.packs or () if names_in_sources(pack.path, wanted)), None)


def check_packs(needs: Iterable[PackNeed], shelf: PackShelf, view: ServerView | None) -> tuple[PackStatus, ...]:
    """How each needed pack stands; by a running server, else by the disk alone."""
    return tuple(_status(need, shelf, view) for need in needs)


def installed_statuses(shelf: PackShelf, view: ServerView | None) -> tuple[PackStatus, ...]:
    """How all packs on the disk stand, and then the packs of the catalogue that are not there."""
    by_folder: dict[str, list[str]] = {}
    if view is not None:
        for name in view.definitions.class_types:
            folder = folder_of_module(view.definitions.python_module(name))
            if folder is not None:
                by_folder.setdefault(folder.casefold(), []).append(name)
    needs: list[PackNeed] = []
    for pack in shelf.packs or ():
        known = _known(pack, shelf.catalog)
        classes = tuple(by_folder.get(pack.name.casefold(), ()))
        needs.append(
            PackNeed(
                name=pack.name,
                id=known.id if known else pack.id or pack.name,
                url=known.url if known else pack.url,
                classes=classes or ((known.classes or ("?",))[:1] if known and view is not None else classes),
                told_by="the disk",
            )
        )
    there = {need.url for need in needs} | {need.id for need in needs}
    needs += [_need_of(one) for one in shelf.catalog.packs if one.url not in there and one.id not in there]
    return check_packs(needs, shelf, view)


def _need_of(source: PackSource) -> PackNeed:
    return PackNeed(name=source.name, id=source.id, url=source.url, classes=source.classes[:1], told_by="the catalogue")


def _known(pack: InstalledPack, catalog: PackCatalog) -> PackSource | None:
    by_url = catalog.at(pack.url) if pack.url else None
    return by_url or (catalog.named(pack.id) if pack.id else None) or catalog.named(pack.name)


def _status(need: PackNeed, shelf: PackShelf, view: ServerView | None) -> PackStatus:
    missing = split_by_presence(need.classes, view.definitions)[1] if view is not None else ()
    if need.is_core:
        too_old = missing if view is not None else (need.classes if need.told_by not in _SURE else ())
        return PackStatus(
            need=need, state=PackState.core_too_old if too_old else PackState.core, missing=tuple(too_old)
        )
    folder = None if view is None else _loaded_from(need, view)
    installed = shelf.installed(need, folder)
    source = shelf.source(need)
    state, failure = _state(need, installed, view, missing, source, shelf)
    address = source.url if source else need.url
    return PackStatus(
        need=need,
        state=state,
        folder=installed.path if installed else None,
        commit=installed.commit if installed else None,
        version=installed.version if installed else None,
        missing=missing,
        failure=failure,
        is_installable=address is not None,
        licence=source.licence if source else None,
        purpose=source.purpose if source else "",
    )


_SURE = ("the server", "ComfyUI's own files")


def _loaded_from(need: PackNeed, view: ServerView) -> str | None:
    """The folder that one of its classes was loaded from."""
    folders = (folder_of_module(view.definitions.python_module(name)) for name in need.classes)
    return next((folder for folder in folders if folder is not None), None)


def _state(
    need: PackNeed,
    installed: InstalledPack | None,
    view: ServerView | None,
    missing: tuple[str, ...],
    source: PackSource | None,
    shelf: PackShelf,
) -> tuple[PackState, ImportFailure | None]:
    is_named = need.id is not None or need.url is not None
    if view is None:
        if installed is not None:
            return PackState.on_disk if installed.is_enabled else PackState.disabled, None
        return (PackState.absent if is_named and shelf.packs is not None else PackState.unknown), None
    names = [installed.path.name if installed else "", source.folder if source else "", need.name]
    loaded = {name.casefold() for name in loaded_folders(view.definitions)}
    is_loaded = any(name.casefold() in loaded for name in names if name)
    if not missing and (need.classes or is_loaded):
        return PackState.loaded, None
    if installed is not None and not installed.is_enabled:
        return PackState.disabled, None
    failure = next((one for name in names if name and (one := failure_of(view.failures, name))), None)
    if failure is not None:
        return PackState.failed, failure
    if is_loaded or len(missing) < len(need.classes):
        return PackState.class_missing, None
    if installed is not None:
        return PackState.restart_needed, None
    return (PackState.absent if is_named else PackState.unknown), None


def prove_pack(folder: Path, wanted: Iterable[str], before: ServerView | None, after: ServerView) -> PackProof:
    """What a server shows after the restart, compared with what it showed before (None: nobody looked)."""
    name = folder.name
    own = tuple(one for one in after.definitions.class_types if _is_from(name, after, one))
    missing = split_by_presence(wanted, after.definitions)[1]
    failed = {one.path for one in after.failures}
    loaded = loaded_folders(after.definitions)
    if before is None:
        return PackProof(present=own, missing=missing, failure=failure_of(after.failures, name))
    failed_before = {one.path for one in before.failures}
    loaded_before = loaded_folders(before.definitions)
    lost = [
        one
        for one in before.definitions.class_types
        if not after.definitions.has(one) and not _is_from(name, before, one)
    ]
    return PackProof(
        present=own,
        missing=missing,
        newly_loaded=tuple(sorted(loaded - loaded_before)),
        newly_failed=tuple(
            sorted(one for one in failed - failed_before if pack_name(one).casefold() != name.casefold())
        ),
        lost=tuple(lost),
        failure=failure_of(after.failures, name),
    )


def _is_from(folder: str, view: ServerView, class_type: str) -> bool:
    found = folder_of_module(view.definitions.python_module(class_type))
    return found is not None and found.casefold() == folder.casefold()
