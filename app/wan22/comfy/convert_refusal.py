"""What cannot be converted, said with node, class and the pack that it comes from."""

from collections.abc import Iterable, Mapping
from typing import Any

from wan22.comfy.convert_place import Place
from wan22.comfy.node_packs import pack_of
from wan22.comfy.object_info import NodeDefinitions
from wan22.comfy.ui_graph import UiNode, UiWorkflow, all_nodes
from wan22.schema.problem import Problem, app_error, problem

_MAX_SHOWN = 4
_CORE_ID = "comfy-core"


def refuse_group_nodes(workflow: UiWorkflow) -> None:
    """Raises AppError `workflow_group_node` for group nodes, the editor's older way of putting nodes together."""
    groups = [node for node in all_nodes(workflow) if node.type.startswith(("workflow>", "workflow/"))]
    if not groups:
        return
    shown = ", ".join(f"'{node.type[9:][:60]}' (node {node.id})" for node in groups[:_MAX_SHOWN])
    more = f" and {len(groups) - _MAX_SHOWN} more" if len(groups) > _MAX_SHOWN else ""
    raise app_error(
        "workflow_group_node",
        f"The workflow uses group nodes, which cannot be converted: {shown}{more}.",
        node=groups[0].id,
    )


def unknown_nodes(places: Iterable[Place], definitions: NodeDefinitions) -> tuple[Problem, ...]:
    """node_type_missing for each class that has no definition, with its nodes and the pack that brings it."""
    missing: dict[str, list[Place]] = {}
    for place in places:
        if not definitions.has(place.node.type):
            missing.setdefault(place.node.type, []).append(place)
    return tuple(_missing(kind, found) for kind, found in missing.items())


def _missing(kind: str, places: list[Place]) -> Problem:
    names = ", ".join(_name(place) for place in places[:_MAX_SHOWN])
    more = f" and {len(places) - _MAX_SHOWN} more" if len(places) > _MAX_SHOWN else ""
    pack, url = pack_named(kind, places[0].node.properties)
    origin = f" It comes with {pack}." if pack else " The file does not say which node pack it comes from."
    return problem(
        "node_type_missing",
        f"The class '{kind[:80]}' is not known here, so that {names}{more} cannot be converted.{origin}",
        hint=(f"Install {pack}{f' ({url})' if url else ''} and restart ComfyUI, then " if pack else "Start ComfyUI, ")
        + "convert with its own definitions (--url), or export the workflow there with Export (API).",
        node=places[0].address,
        class_type=kind,
        pack=pack,
    )


def _name(place: Place) -> str:
    title = place.node.title
    return f"node {place.address}" + (f" '{title[:60]}'" if title and title != place.node.type else "")


def pack_named(kind: str, properties: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Name and address of the pack of a class: as the file says (`cnr_id`, `aux_id`), else as known here."""
    known = pack_of(kind)
    named, ver = properties.get("cnr_id"), properties.get("ver")
    repository = properties.get("aux_id")
    version = f" {ver[:20]}" if isinstance(ver, str) and ver else ""
    if isinstance(named, str) and named:
        if named == _CORE_ID:
            return f"ComfyUI{version} or newer", known.url if known else None
        return f"the node pack {named[:80]}{version}", known.url if known else None
    if isinstance(repository, str) and repository.count("/") == 1:
        return f"the node pack {repository[:100]}", f"https://github.com/{repository[:100]}"
    return (f"the node pack {known.name}" if not known.core else known.name, known.url) if known else (None, None)


def packs_of(nodes: Iterable[UiNode]) -> dict[str, str]:
    """Pack by class, for the classes whose nodes or names tell it."""
    return {node.type: name for node in nodes if (name := pack_named(node.type, node.properties)[0])}
