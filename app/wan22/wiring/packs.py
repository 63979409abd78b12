"""Node packs: what a workflow needs of the chosen ComfyUI, and how a pack is installed into it."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wan22.comfy.http import HttpComfyClient, parse_server_url
from wan22.comfy.manager_api import ManagerClient
from wan22.comfy.model_places import PACKS
from wan22.comfy.object_info import NodeDefinitions
from wan22.comfy.pack_catalog import PackCatalog, load_pack_catalog
from wan22.comfy.pack_need import pack_needs
from wan22.job.pack_check import PackShelf, ServerView, check_packs, installed_statuses
from wan22.job.pack_job import PackInstall, Restart
from wan22.job.pack_prepare import PackTarget
from wan22.launch.discovery import Installation, find_installation
from wan22.launch.pack_folder import core_classes, find_pack, installed_packs
from wan22.launch.port import usable_port
from wan22.schema.node_pack import PackSource, PackStatus
from wan22.schema.problem import AppError, app_error
from wan22.schema.settings import Settings
from wan22.system.cancel import CancelToken
from wan22.system.clock import SystemClock
from wan22.system.paths import data_folder
from wan22.wiring.models import model_store
from wan22.wiring.parts import Parts
from wan22.wiring.server import owned_server
from wan22.wiring.workflow import imported_workflow, shipped_definitions


@dataclass(frozen=True, slots=True)
class PackReport:
    """How packs stand. `folders`: where packs lie, empty without a ComfyUI folder. `url`: the server that was asked."""

    statuses: tuple[PackStatus, ...]
    folders: tuple[Path, ...] = ()
    url: str | None = None

    @property
    def absent(self) -> tuple[PackStatus, ...]:
        """Those that a workflow cannot have its nodes from as things are."""
        return tuple(status for status in self.statuses if not status.is_usable)


def pack_catalog() -> PackCatalog:
    """The catalogue that comes with the program."""
    return load_pack_catalog(data_folder() / "resources" / "node_packs.toml")


def pack_folders(chosen: Settings) -> tuple[Path, ...]:
    """The custom_nodes folders of the ComfyUI of the settings, its own first; empty when there is none."""
    if chosen.comfyui is None:
        return ()
    return tuple(folder.path for folder in model_store(chosen).places.folders(PACKS))


def server_view(url: str) -> ServerView:
    """What a running server shows. Raises AppError `server_unreachable` and the like."""
    client = HttpComfyClient(parse_server_url(url), clock=SystemClock())
    definitions = NodeDefinitions(client.object_info())
    try:
        text = client.logs()
    except AppError:
        text = None
    return ServerView(definitions, None if text is None else text.splitlines(), client.url)


def pack_report(chosen: Settings, workflow: str | None, view: ServerView | None = None) -> PackReport:
    """How the packs of a workflow stand, or all of the installation; by `view`, else by the disk alone.

    Raises AppError `workflow_not_found`, `workflow_invalid`, `comfyui_not_found` …
    """
    folders = pack_folders(chosen)
    shelf = PackShelf(pack_catalog(), installed_packs(folders) if folders else None)
    if workflow is None:
        if not folders and view is None:
            raise app_error("comfyui_not_found", "No ComfyUI is named whose node packs could be looked at.")
        return PackReport(installed_statuses(shelf, view), folders, view.url if view else None)
    definitions = view.definitions if view is not None else shipped_definitions()
    imported = imported_workflow(workflow, definitions, lenient=True).workflow
    own = _core_lookup(chosen) if view is None else None
    needs = pack_needs(imported.graph, shelf.catalog, definitions, source=imported.source, core_has=own)
    return PackReport(check_packs(needs, shelf, view), folders, view.url if view else None)


def needed_classes(report: PackReport, source: PackSource) -> tuple[str, ...]:
    """Classes of a report that come from a pack."""
    return tuple(
        name
        for status in report.statuses
        if status.need.id == source.id or status.need.url == source.url
        for name in status.need.classes
    )


def pack_install(chosen: Settings, source: PackSource, shared: Parts, *, files_allowed: bool = False) -> PackInstall:
    """An installation of `source` into the ComfyUI of the settings. Raises AppError `comfyui_not_found` …"""
    if chosen.comfyui is None:
        message = "No ComfyUI is named that the node pack could be installed into."
        raise app_error("comfyui_not_found", message, hint="Name its folder with --comfyui DIR.")
    installation = find_installation(chosen.comfyui, chosen.python)
    folders = pack_folders(chosen)
    names = [source.folder, source.name]
    installed = find_pack(installed_packs(folders), identity=source.id, url=source.url, names=names)
    target = PackTarget(installation, folders[0], installed)
    return PackInstall(source, target, shared.bus.publish, shared.clock, files_allowed=files_allowed)


def short_start(chosen: Settings, shared: Parts) -> Restart:
    """Starts the ComfyUI of the settings on a free port, looks at what it has, and stops it again."""

    def look(cancel: CancelToken) -> ServerView:
        port = usable_port("127.0.0.1", chosen.port)
        provider = owned_server(chosen.model_copy(update={"port": port, "url": None}), shared).provider
        try:
            handle = provider.acquire(cancel)
            log = handle.log_lines()
            return ServerView(NodeDefinitions(handle.client.object_info()), log, handle.url)
        finally:
            provider.stop()

    return look


def manager_client(url: str) -> ManagerClient:
    """A running server whose Manager is asked."""
    return ManagerClient(parse_server_url(url), clock=SystemClock())


def _core_lookup(chosen: Settings) -> Callable[[str], bool] | None:
    """Asks the files of the ComfyUI of the settings whether a class is its own; None without one."""
    if chosen.comfyui is None:
        return None
    folder = _folder(chosen).folder
    known: dict[str, bool] = {}

    def has(class_type: str) -> bool:
        if class_type not in known:
            known[class_type] = bool(core_classes(folder, (class_type,)))
        return known[class_type]

    return has


def _folder(chosen: Settings) -> Installation:
    assert chosen.comfyui is not None
    return find_installation(chosen.comfyui, chosen.python or Path(sys.executable))
