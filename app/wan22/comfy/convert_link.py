"""What really feeds an input: links followed through subgraphs, bypassed nodes, reroutes, Get/Set and primitives.

The rules are the editor's own: a bypassed node hands on the input that stands opposite of the wanted output when the
types fit, else its first input of the wanted type; a muted one hands on nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wan22.comfy.convert_place import Level, Place, is_editor_only, port_targets, ports_of
from wan22.comfy.convert_widget import input_types, is_widget, widget_value
from wan22.comfy.object_info import NodeDefinitions
from wan22.comfy.ui_graph import BYPASSED, INPUT_PANEL, MUTED, UiInput, UiPort
from wan22.schema.problem import app_error

_MAX_HOPS = 500


@dataclass(frozen=True, slots=True)
class FromNode:
    """An input is fed by an output slot of a node."""

    place: Place
    slot: int


@dataclass(frozen=True, slots=True)
class FromValue:
    """An input gets a value from elsewhere: a primitive, or a widget that a subgraph shows on its outside."""

    value: Any


Source = FromNode | FromValue


class LinkFollower:
    """Follows links of one opened workflow; the definitions tell sockets from widgets."""

    def __init__(self, definitions: NodeDefinitions) -> None:
        self._definitions = definitions
        self._hops: set[tuple[str, int, str]] = set()

    def source(self, place: Place, index: int) -> Source | None:
        """What feeds the input at `index` of the file's list; None when nothing does.

        Raises AppError `workflow_invalid` when links run in a circle.
        """
        self._hops.clear()
        return self._input(place, place.node.inputs[index], index)

    def _step(self, place: Place, slot: int, side: str) -> None:
        hop = (place.address, slot, side)
        if hop in self._hops or len(self._hops) > _MAX_HOPS:
            what = "run in a circle" if hop in self._hops else f"go through more than {_MAX_HOPS} nodes"
            message = f"The workflow is not usable: its links {what} at {place.title}."
            raise app_error("workflow_invalid", message, node=place.address)
        self._hops.add(hop)

    def _input(self, place: Place, slot: UiInput, index: int, wanted: str | None = None) -> Source | None:
        self._step(place, index, "in")
        level = place.level
        link = level.link(slot.link)
        if link is None:
            far = level.graph.everywhere.get((place.node.id, index)) if slot.link is None else None
            giver = level.places.get(far[0]) if far is not None else None
            return self._output(giver, far[1], slot.type) if giver is not None and far is not None else None
        if link.source == INPUT_PANEL and level.subgraph is not None:
            return self._port(level, link.source_slot, wanted)
        giver = level.places.get(link.source)
        return self._output(giver, link.source_slot, wanted or slot.type) if giver is not None else None

    def _port(self, level: Level, number: int, wanted: str | None) -> Source | None:
        """What comes in through the panel of a subgraph: a link from outside, or the value that its host shows."""
        host, subgraph = level.host, level.subgraph
        if host is None or subgraph is None or not 0 <= number < len(subgraph.inputs):
            return None
        port = subgraph.inputs[number]
        for index, slot in enumerate(host.node.inputs):
            if slot.name == port.name and slot.link is not None:
                return self._input(host, slot, index, wanted)
        return promoted_source(level, port, self._definitions)

    def _output(self, place: Place, slot: int, wanted: str) -> Source | None:
        self._step(place, slot, "out")
        node = place.node
        if node.type == "PrimitiveNode":
            return FromValue(node.first_value)
        if node.mode == MUTED:
            return None
        if node.mode == BYPASSED:
            index = self._opposite(place, slot, wanted)
            return self._input(place, node.inputs[index], index) if index is not None else None
        if place.inside is not None:
            return self._panel(place.inside, slot, wanted)
        if not is_editor_only(node.type):
            return FromNode(place, slot)
        if node.type.casefold().removeprefix("easy ") == "getnode":
            return self._named(place, wanted)
        through = slot if slot < len(node.inputs) else 0
        return self._input(place, node.inputs[through], through, wanted) if node.inputs else None

    def _panel(self, level: Level, slot: int, wanted: str) -> Source | None:
        """What a subgraph gives out at an output slot."""
        outputs = level.subgraph.outputs if level.subgraph is not None else ()
        port = outputs[slot] if 0 <= slot < len(outputs) else None
        link = next((found for name in port.links if (found := level.link(name)) is not None), None) if port else None
        if link is None:
            return None
        if link.source == INPUT_PANEL:
            return self._port(level, link.source_slot, wanted)
        giver = level.places.get(link.source)
        return self._output(giver, link.source_slot, wanted) if giver is not None else None

    def _named(self, getter: Place, wanted: str) -> Source | None:
        """What the Set node of the same name holds: at the same level, else further out."""
        name = getter.node.first_value
        level: Level | None = getter.level
        while level is not None:
            for place in level.places.values():
                kind = place.node.type.casefold().removeprefix("easy ")
                if kind == "setnode" and name and place.node.first_value == name and place.node.inputs:
                    return self._input(place, place.node.inputs[0], 0, wanted)
            level = level.host.level if level.host is not None else None
        return None

    def _opposite(self, place: Place, slot: int, wanted: str) -> int | None:
        """Index of the input that a bypassed node hands on; None when none fits."""
        order = self._all_inputs(place)
        given = place.node.outputs[slot].type if slot < len(place.node.outputs) else wanted
        if wanted == "*":
            chosen = slot if slot < len(order) else 0
            return order[chosen][1] if order else None
        if slot < len(order) and _connects(order[slot][0], given) and _connects(order[slot][0], wanted):
            return order[slot][1]
        exact = [index for kind, index in order if kind == wanted]
        loose = [index for kind, index in order if _connects(kind, given) and _connects(kind, wanted)]
        return (exact or loose or [None])[0]

    def _all_inputs(self, place: Place) -> Sequence[tuple[str, int | None]]:
        """(type, index in the file) of all inputs in the editor's order: sockets, widgets, then whatever is extra.

        Files leave out widgets that nothing is connected to; they still take a place in this order (index None).
        """
        inputs = place.node.inputs
        in_file = {slot.name: index for index, slot in enumerate(inputs)}
        subgraph = place.inside.subgraph if place.inside is not None else None
        if subgraph is not None:
            defined = {port.name: port.type for port in subgraph.inputs}
        else:
            defined = input_types(self._definitions, place.node.type, list(in_file))
        known = [(kind, in_file.get(name)) for name, kind in defined.items()]
        return [*known, *((slot.type, index) for index, slot in enumerate(inputs) if slot.name not in defined)]


def _connects(first: str, second: str) -> bool:
    """The editor's rule for types: any type in common, case aside; `*` goes with everything."""
    ones, others = first.casefold().split(","), second.casefold().split(",")
    return "*" in (first, second) or any(one in others for one in ones)


def promoted_source(level: Level, port: UiPort, definitions: NodeDefinitions) -> FromValue | None:
    """Value that the host of a subgraph gives to an input that nothing is linked to; None when it has none.

    The host's own value wins. Without one, what the first connected widget inside holds goes to all of them.
    """
    host = level.host
    if host is None:
        return None
    if (host.node.id, port.name) in host.level.inner:
        return FromValue(host.level.inner[host.node.id, port.name])
    if port.name in level.promoted:
        return FromValue(level.promoted[port.name])
    for target, slot in port_targets(level, port):
        name = slot.widget or slot.name
        if (target.node.id, name) in level.inner:
            return FromValue(level.inner[target.node.id, name])
        if target.inside is not None:
            inner = ports_of(target.inside).get(slot.name)
            return promoted_source(target.inside, inner, definitions) if inner is not None else None
        if not is_widget(definitions, target.node.type, name, slot):
            return None
        found = widget_value(target, definitions, name)
        return FromValue(found[0]) if found else None
    return None
