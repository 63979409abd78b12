"""Every node of a workflow at its place: subgraphs opened, once for each node that stands for one.

A place has an address of node ids from the outside in, joined by `:` (`129:86`), which is also its id in API form.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from wan22.comfy.ui_graph import (
    BYPASSED,
    INPUT_PANEL,
    MUTED,
    UiGraph,
    UiInput,
    UiLink,
    UiNode,
    UiPort,
    UiSubgraph,
    UiWorkflow,
)
from wan22.schema.problem import app_error

MAX_DEPTH = 20
MAX_PLACES = 50_000

_EDITOR_ONLY = re.compile(
    r"^(Note|MarkdownNote|Reroute|PrimitiveNode|(easy )?(set|get)Node|Anything Everywhere\W*\d?|Prompts Everywhere|"
    r"Seed Everywhere|Simple String|Fast (Groups )?(Muter|Bypasser|Actions Button)( \(rgthree\))?|"
    r"(Label|Bookmark|Reroute|Node Collector|Mute / Bypass Repeater|Mute / Bypass Relay|Random Unmuter) \(rgthree\))$",
    re.IGNORECASE,
)


def is_editor_only(kind: str) -> bool:
    """Whether nodes of a class live in the editor alone and never reach a server."""
    return bool(_EDITOR_ONLY.match(kind))


@dataclass(slots=True)
class Level:
    """One opened graph. `host`: the place that stands for it, None for the outermost one.

    `promoted`: values that the host holds, by input of the subgraph; `inner`: those by (inner node, widget).
    """

    graph: UiGraph
    address: str = ""
    host: "Place | None" = None
    subgraph: UiSubgraph | None = None
    promoted: dict[str, Any] = field(default_factory=dict)
    inner: dict[tuple[str, str], Any] = field(default_factory=dict)
    places: dict[str, "Place"] = field(default_factory=dict)

    def link(self, identity: str | None) -> UiLink | None:
        """A link by its id."""
        return self.graph.links.get(identity) if identity is not None else None


@dataclass(slots=True, eq=False)
class Place:
    """A node at its address. `inside`: the graph that it stands for, when it is a subgraph."""

    node: UiNode
    level: Level
    address: str
    inside: Level | None = None

    @property
    def is_sent(self) -> bool:
        """Whether the node itself belongs into the API form."""
        return self.inside is None and self.node.mode not in (MUTED, BYPASSED) and not is_editor_only(self.node.type)

    @property
    def title(self) -> str:
        """How to name the node in a sentence: class, address and title."""
        kind = self.inside.subgraph.name if self.inside and self.inside.subgraph else self.node.type
        title = self.node.title
        shown = f"{kind} (node {self.address})"
        return f"{shown} '{title[:60]}'" if title and title != kind else shown


def opened(workflow: UiWorkflow) -> Level:
    """The outermost level with everything below it opened.

    Raises AppError `workflow_invalid` for a subgraph that holds itself, and for more nodes than anybody can use.
    """
    top = Level(workflow.graph)
    waiting: list[tuple[Level, tuple[str, ...]]] = [(top, ())]
    count = 0
    while waiting:
        level, above = waiting.pop()
        for node in level.graph.nodes.values():
            count += 1
            if count > MAX_PLACES:
                raise app_error("workflow_invalid", f"The workflow has more than {MAX_PLACES:,} nodes.")
            address = f"{level.address}:{node.id}" if level.address else node.id
            place = level.places[node.id] = Place(node, level, address)
            subgraph = workflow.subgraphs.get(node.type)
            if subgraph is None:
                continue
            if subgraph.id in above or len(above) >= MAX_DEPTH:
                what = "contains itself" if subgraph.id in above else f"is nested more than {MAX_DEPTH} deep"
                message = f"The workflow is not usable: the subgraph '{subgraph.name[:60]}' (node {address}) {what}."
                raise app_error("workflow_invalid", message, node=address)
            place.inside = Level(subgraph.graph, address, place, subgraph)
            waiting.append((place.inside, (*above, subgraph.id)))
    return top


def active_places(level: Level) -> Iterator[Place]:
    """Places that may be sent, outside in; what a muted or bypassed subgraph holds is left out."""
    waiting = [level]
    while waiting:
        current = waiting.pop()
        for place in current.places.values():
            yield place
            if place.inside is not None and place.node.mode not in (MUTED, BYPASSED):
                waiting.append(place.inside)


def port_targets(level: Level, port: UiPort) -> Iterator[tuple[Place, UiInput]]:
    """Inner inputs that hang on an input of a subgraph, in the order in which they were connected."""
    for identity in port.links:
        link = level.link(identity)
        target = level.places.get(link.target) if link is not None and link.source == INPUT_PANEL else None
        slot = next((item for item in target.node.inputs if item.link == identity), None) if target else None
        if target is not None and slot is not None:
            yield target, slot


def ports_of(level: Level) -> Mapping[str, UiPort]:
    """Inputs of an opened subgraph by name."""
    return {port.name: port for port in level.subgraph.inputs} if level.subgraph is not None else {}
