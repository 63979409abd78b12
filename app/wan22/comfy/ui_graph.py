"""A workflow in the editor's form, read into plain shapes. Whatever has the wrong shape is refused or left out.

Links come as arrays `[id, from node, from slot, to node, to slot, type]` (version 0.4) or as objects with the same
facts (version 1, and inside of subgraphs). A subgraph is a node whose type is the id of an entry of
`definitions.subgraphs`; there the node ids -10 and -20 stand for its input and output panel.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from wan22.comfy.ui_node_ids import renumbered
from wan22.schema.problem import AppError, app_error

INPUT_PANEL, OUTPUT_PANEL = "-10", "-20"
MUTED, BYPASSED = 2, 4
_MAX_NODES = 20_000
_MAX_SLOTS = 2_000


@dataclass(frozen=True, slots=True)
class UiInput:
    """An input slot. `link`: id of its link, None = not connected. `widget`: the value could also be typed in."""

    name: str
    type: str
    link: str | None = None
    widget: str | None = None


@dataclass(frozen=True, slots=True)
class UiOutput:
    """An output slot."""

    name: str
    type: str
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UiNode:
    """A node as the editor saved it. `values` is a list by position, or an object by name (some node packs)."""

    id: str
    type: str
    title: str
    mode: int
    inputs: tuple[UiInput, ...]
    outputs: tuple[UiOutput, ...]
    values: Sequence[Any] | Mapping[str, Any]
    properties: Mapping[str, Any]

    @property
    def first_value(self) -> Any:
        """Value of the first widget; None when there is none."""
        return self.values[0] if isinstance(self.values, Sequence) and self.values else None


@dataclass(frozen=True, slots=True)
class UiLink:
    """A connection inside of one graph."""

    id: str
    source: str
    source_slot: int
    target: str
    target_slot: int
    type: str


@dataclass(frozen=True, slots=True)
class UiGraph:
    """Nodes and links of one level. `everywhere`: links that cg-use-everywhere makes at run time."""

    nodes: Mapping[str, UiNode]
    links: Mapping[str, UiLink]
    everywhere: Mapping[tuple[str, int], tuple[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UiPort:
    """A slot of a subgraph's panel, with the ids of the inner links that hang on it."""

    name: str
    type: str
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UiSubgraph:
    """A graph that hides behind one node."""

    id: str
    name: str
    graph: UiGraph
    inputs: tuple[UiPort, ...]
    outputs: tuple[UiPort, ...]


@dataclass(frozen=True, slots=True)
class UiWorkflow:
    """A whole file: the outermost graph and all subgraphs by id."""

    graph: UiGraph
    subgraphs: Mapping[str, UiSubgraph]


def read_ui_workflow(value: Mapping[str, Any]) -> UiWorkflow:
    """Shapes of a parsed file. Raises AppError `workflow_invalid` for one that makes no sense."""
    definitions = value.get("definitions")
    entries = _objects(definitions.get("subgraphs") if isinstance(definitions, Mapping) else None)
    new_ids = renumbered(value, entries)
    by_id = {str(entry.get("id")): ids for entry, ids in zip(entries, new_ids, strict=True)}
    subgraphs: dict[str, UiSubgraph] = {}
    for entry, ids in zip(entries, new_ids, strict=True):
        subgraph = _subgraph(entry, ids)
        if subgraph.id in subgraphs:
            raise _invalid(f"has two subgraphs with the id {_shown(subgraph.id)}")
        subgraphs[subgraph.id] = replace(subgraph, graph=_with_new_proxies(subgraph.graph, by_id))
    return UiWorkflow(_with_new_proxies(_graph(value, {}), by_id), subgraphs)


def _with_new_proxies(graph: UiGraph, by_id: Mapping[str, Mapping[str, str]]) -> UiGraph:
    """`graph` with its hosts' `proxyWidgets` pointing at the new ids of the nodes inside."""
    nodes = dict(graph.nodes)
    for key, node in nodes.items():
        ids, proxies = by_id.get(node.type), node.properties.get("proxyWidgets")
        if ids and isinstance(proxies, list):
            moved = [
                [ids.get(str(item[0]), item[0]), *item[1:]] if isinstance(item, list) and item else item
                for item in proxies
            ]
            nodes[key] = replace(node, properties={**node.properties, "proxyWidgets": moved})
    return replace(graph, nodes=nodes)


def all_nodes(workflow: UiWorkflow) -> Iterator[UiNode]:
    """Every node of every level."""
    yield from workflow.graph.nodes.values()
    for subgraph in workflow.subgraphs.values():
        yield from subgraph.graph.nodes.values()


def _subgraph(entry: Mapping[str, Any], new_ids: Mapping[str, str]) -> UiSubgraph:
    identity = entry.get("id")
    if not isinstance(identity, str) or not identity:
        raise _invalid("has a subgraph without an id")
    return UiSubgraph(
        id=identity,
        name=_text(entry.get("name")) or identity,
        graph=_graph(entry, new_ids),
        inputs=tuple(_port(port) for port in _objects(entry.get("inputs"))),
        outputs=tuple(_port(port) for port in _objects(entry.get("outputs"))),
    )


def _graph(value: Mapping[str, Any], new_ids: Mapping[str, str]) -> UiGraph:
    raw = value.get("nodes")
    if isinstance(raw, Mapping):
        raw = list(raw.values())
    nodes: dict[str, UiNode] = {}
    for number, entry in enumerate(_objects(raw)):
        if number >= _MAX_NODES:
            raise _invalid(f"has more than {_MAX_NODES:,} nodes")
        node = _node(entry)
        if node.id in nodes:
            raise _invalid(f"has two nodes with the id {_shown(node.id)}")
        nodes[node.id] = node
    links = _links(value.get("links"))
    if new_ids:
        nodes = {new_ids.get(key, key): replace(node, id=new_ids.get(key, key)) for key, node in nodes.items()}
        links = {
            key: replace(
                link, source=new_ids.get(link.source, link.source), target=new_ids.get(link.target, link.target)
            )
            for key, link in links.items()
        }
    return UiGraph(nodes, links, _everywhere(value.get("extra")))


def _node(entry: Mapping[str, Any]) -> UiNode:
    identity, kind = _identity(entry.get("id")), entry.get("type")
    if identity is None:
        raise _invalid("has a node without an id")
    if not isinstance(kind, str) or not kind:
        raise _invalid(f"has a node without a type (node {_shown(identity)})")
    values = entry.get("widgets_values")
    mode, properties = entry.get("mode"), entry.get("properties")
    return UiNode(
        id=identity,
        type=kind,
        title=_text(entry.get("title")),
        mode=mode if isinstance(mode, int) and not isinstance(mode, bool) else 0,
        inputs=tuple(_input(item) for item in _slots(entry.get("inputs"))),
        outputs=tuple(_output(item) for item in _slots(entry.get("outputs"))),
        values=values if isinstance(values, list | Mapping) else (),
        properties=properties if isinstance(properties, Mapping) else {},
    )


def _input(item: Mapping[str, Any]) -> UiInput:
    widget = item.get("widget")
    name = _text(item.get("name"))
    marked = widget.get("name") if isinstance(widget, Mapping) else None
    return UiInput(
        name=name,
        type=_type(item.get("type")),
        link=_identity(item.get("link")),
        widget=(_text(marked) or name) if isinstance(widget, Mapping) else None,
    )


def _output(item: Mapping[str, Any]) -> UiOutput:
    return UiOutput(_text(item.get("name")), _type(item.get("type")), _identities(item.get("links")))


def _port(item: Mapping[str, Any]) -> UiPort:
    return UiPort(_text(item.get("name")), _type(item.get("type")), _identities(item.get("linkIds")))


def _links(raw: object) -> dict[str, UiLink]:
    """Links of both forms by id; one that does not name both of its ends is no link."""
    found: dict[str, UiLink] = {}
    items = raw.values() if isinstance(raw, Mapping) else raw if isinstance(raw, list) else ()
    for item in items:
        if isinstance(item, Mapping):
            names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
            parts: Sequence[Any] = [item.get(name) for name in names]
        elif isinstance(item, list) and len(item) >= 5:
            parts = [*item[:5], item[5] if len(item) > 5 else None]
        else:
            continue
        identity, source, target = _identity(parts[0]), _identity(parts[1]), _identity(parts[3])
        source_slot, target_slot = _slot(parts[2]), _slot(parts[4])
        if identity is None or source is None or target is None or source_slot is None or target_slot is None:
            continue
        found[identity] = UiLink(identity, source, source_slot, target, target_slot, _type(parts[5]))
    return found


def _everywhere(extra: object) -> dict[tuple[str, int], tuple[str, int]]:
    """(node, input) → (node, output) of the links that cg-use-everywhere keeps under `extra.ue_links`."""
    found: dict[tuple[str, int], tuple[str, int]] = {}
    for item in _objects(extra.get("ue_links") if isinstance(extra, Mapping) else None):
        target, source = _identity(item.get("downstream")), _identity(item.get("upstream"))
        target_slot, source_slot = _slot(item.get("downstream_slot")), _slot(item.get("upstream_slot"))
        if target is not None and source is not None and target_slot is not None and source_slot is not None:
            found[target, target_slot] = (source, source_slot)
    return found


def _objects(raw: object) -> list[Mapping[str, Any]]:
    return [item for item in raw if isinstance(item, Mapping)] if isinstance(raw, list) else []


def _slots(raw: object) -> list[Mapping[str, Any]]:
    """Slots in order; a broken one keeps its place, because links count positions."""
    return [item if isinstance(item, Mapping) else {} for item in raw[:_MAX_SLOTS]] if isinstance(raw, list) else []


def _identity(value: object) -> str | None:
    """Ids are numbers in some files and texts in others: "12" and 12 are the same one."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return str(value) or None


def _identities(raw: object) -> tuple[str, ...]:
    items = raw if isinstance(raw, list) else ()
    return tuple(found for item in items if (found := _identity(item)) is not None)


def _slot(value: object) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) < 6:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 100_000 else None


def _type(value: object) -> str:
    """A slot's type; 0, -1 and nothing stand for any type, a list of choices for COMBO."""
    if isinstance(value, list):
        return "COMBO"
    return value if isinstance(value, str) and value else "*"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _shown(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:80]}…"


def _invalid(what: str) -> AppError:
    return app_error("workflow_invalid", f"The workflow {what}.")
