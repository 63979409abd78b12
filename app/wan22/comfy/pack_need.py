"""Which node packs a workflow needs: by what the server says, what the file says, and what the catalogue knows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wan22.comfy.client import Graph
from wan22.comfy.graph_link import class_of
from wan22.comfy.node_packs import pack_of
from wan22.comfy.object_info import NodeDefinitions
from wan22.comfy.pack_catalog import PackCatalog
from wan22.comfy.ui_graph import all_nodes, read_ui_workflow
from wan22.schema.node_pack import PackNeed
from wan22.schema.pack_address import address_fault

CORE_NAME = "ComfyUI"
_CORE_ID = "comfy-core"
_CORE_MODULES = ("nodes", "comfy_extras", "comfy_api_nodes", "comfy_api")
_CUSTOM = "custom_nodes."

HasClass = Callable[[str], bool]


@dataclass
class _Group:
    name: str
    told_by: str
    id: str | None = None
    url: str | None = None
    is_core: bool = False
    version: str | None = None
    classes: dict[str, None] = field(default_factory=dict)
    nodes: list[str] = field(default_factory=list)


def pack_needs(
    graph: Graph,
    catalog: PackCatalog,
    definitions: NodeDefinitions,
    *,
    source: Mapping[str, Any] | None = None,
    core_has: HasClass | None = None,
) -> tuple[PackNeed, ...]:
    """Packs of the nodes of `graph`, ComfyUI itself first, then by name.

    `source`: the document in the editor's form, whose nodes may name their pack. `core_has`: whether ComfyUI's own
    sources hold a class, for a look without a server.
    """
    told = _told_by_file(source)
    groups: dict[str, _Group] = {}
    for node_id in graph:
        class_type = class_of(graph, node_id)
        if not class_type:
            continue
        found = _group_of(class_type, told.get(class_type, {}), catalog, definitions, core_has)
        group = groups.setdefault(_key(found), found)
        group.classes.setdefault(class_type)
        group.nodes.append(node_id)
        group.version = group.version or found.version
    ordered = sorted(groups.values(), key=lambda group: (not group.is_core, group.name.casefold()))
    return tuple(_need(group) for group in ordered)


def folder_of_module(python_module: str | None) -> str | None:
    """Folder below custom_nodes that a class was loaded from; None for ComfyUI's own."""
    if not python_module or not python_module.startswith(_CUSTOM):
        return None
    return python_module.removeprefix(_CUSTOM)


def loaded_folders(definitions: NodeDefinitions) -> frozenset[str]:
    """Folders below custom_nodes that have brought at least one class."""
    modules = (definitions.python_module(name) for name in definitions.class_types)
    return frozenset(folder for module in modules if (folder := folder_of_module(module)) is not None)


def _need(group: _Group) -> PackNeed:
    return PackNeed(
        name=group.name,
        id=group.id,
        url=group.url,
        is_core=group.is_core,
        classes=tuple(group.classes),
        nodes=tuple(group.nodes),
        wanted_version=group.version,
        told_by=group.told_by,
    )


def _key(group: _Group) -> str:
    return "core" if group.is_core else (group.id or group.url or group.name).casefold()


def _group_of(
    class_type: str,
    properties: Mapping[str, Any],
    catalog: PackCatalog,
    definitions: NodeDefinitions,
    core_has: HasClass | None,
) -> _Group:
    module = definitions.python_module(class_type)
    if module and module.partition(".")[0] in _CORE_MODULES:
        return _Group(CORE_NAME, "the server", id=_CORE_ID, is_core=True)
    folder = folder_of_module(module)
    if folder is not None:
        known = catalog.named(folder) or catalog.of_class(class_type)
        name, identity, url = (known.name, known.id, known.url) if known else (folder, None, None)
        return _Group(name, "the server", id=identity, url=url)
    if core_has is not None and core_has(class_type):
        return _Group(CORE_NAME, "ComfyUI's own files", id=_CORE_ID, is_core=True)
    return _from_file(class_type, properties, catalog) or _from_knowledge(class_type, catalog)


def _from_file(class_type: str, properties: Mapping[str, Any], catalog: PackCatalog) -> _Group | None:
    """What the workflow file itself says; ids of strangers are shown, addresses checked."""
    version = _word(properties.get("ver"), 60)
    identity, repository = _word(properties.get("cnr_id"), 100), _word(properties.get("aux_id"), 140)
    if identity == _CORE_ID:
        return _Group(CORE_NAME, "the workflow file", id=_CORE_ID, is_core=True, version=version)
    if identity is not None:
        known = catalog.named(identity) or catalog.of_class(class_type)
        if known is not None:
            return _Group(known.name, "the workflow file", id=known.id, url=known.url, version=version)
        return _Group(identity, "the workflow file", id=identity.lower(), version=version)
    if repository is not None and repository.count("/") == 1:
        url = f"https://github.com/{repository}"
        if address_fault(url) is None:
            known = catalog.at(url)
            name = known.name if known else repository.partition("/")[2]
            return _Group(name, "the workflow file", id=known.id if known else None, url=url, version=version)
    return None


def _from_knowledge(class_type: str, catalog: PackCatalog) -> _Group:
    known = catalog.of_class(class_type)
    if known is not None:
        return _Group(known.name, "the catalogue", id=known.id, url=known.url)
    pattern = pack_of(class_type)
    if pattern is not None and pattern.core:
        return _Group(CORE_NAME, "the catalogue", id=_CORE_ID, is_core=True)
    if pattern is not None:
        return _Group(pattern.name, "the name of the class", url=pattern.url)
    return _Group(f"the pack of '{class_type[:80]}'", "nobody")


def _told_by_file(source: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    """Properties by class, of the first node of that class that names its pack."""
    found: dict[str, Mapping[str, Any]] = {}
    if source is None:
        return found
    for node in all_nodes(read_ui_workflow(source)):
        if node.properties.get("cnr_id") or node.properties.get("aux_id"):
            found.setdefault(node.type, node.properties)
    return found


def _word(value: object, most: int) -> str | None:
    """A short text without control characters; None for anything else."""
    if not isinstance(value, str):
        return None
    text = "".join(letter for letter in value if letter.isprintable()).strip()
    return text[:most] or None


def split_by_presence(classes: Iterable[str], definitions: NodeDefinitions) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`classes` in those that the server knows and those that it does not."""
    wanted = tuple(classes)
    return (
        tuple(name for name in wanted if definitions.has(name)),
        tuple(name for name in wanted if not definitions.has(name)),
    )
