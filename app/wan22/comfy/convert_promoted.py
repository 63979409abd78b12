"""Widgets that a subgraph shows on its outside: whose value counts, in all three generations of the editor.

`proxyWidgets` entries `["-1", input]` with values on the host; then `[inner node, widget]` with the host's list empty
and the truth inside; then no `proxyWidgets`, the host's list by position over those inputs that are widgets inside.
Values on the host win. (Editors before mid-2026 read the third kind as the second: the note says where that matters.)
"""

from collections.abc import Mapping
from typing import Any

from wan22.comfy.convert_link import promoted_source
from wan22.comfy.convert_place import Level, Place, port_targets, ports_of
from wan22.comfy.convert_widget import is_widget
from wan22.comfy.object_info import NodeDefinitions
from wan22.comfy.ui_graph import UiPort

_ON_HOST = "-1"


def spread_promoted(top: Level, definitions: NodeDefinitions) -> list[str]:
    """Write the values of all hosts into the levels behind them, outside in; one note for each that changes much."""
    notes: list[str] = []
    waiting = [top]
    while waiting:
        level = waiting.pop()
        for place in level.places.values():
            if place.inside is not None:
                notes += _spread(place, place.inside, definitions)
                waiting.append(place.inside)
    return notes


def _spread(host: Place, inside: Level, definitions: NodeDefinitions) -> list[str]:
    stored: dict[str, Any] = {}
    values = host.node.values
    if isinstance(values, Mapping):
        stored = {str(name): value for name, value in values.items() if name in ports_of(inside)}
    elif values:
        proxies = _proxies(host)
        names = proxies if proxies is not None else [(_ON_HOST, name) for name in _widget_ports(inside, definitions)]
        for (node, name), value in zip(names, values, strict=False):
            if value is None:  # not kept on the outside
                continue
            if node == _ON_HOST:
                stored[name] = value
            elif node in inside.places:
                inside.inner[node, name] = value
    before = {name: _inside_value(inside, name, definitions) for name in stored}
    inside.promoted.update(stored)
    linked = {slot.name for slot in host.node.inputs if slot.link is not None}
    differ = [name for name, old in before.items() if old != (stored[name],) and old is not None and name not in linked]
    if not differ:
        return []
    shown = ", ".join(f"'{name}'" for name in differ[:6]) + (f" and {len(differ) - 6} more" if len(differ) > 6 else "")
    note = (
        f"{host.title}: the subgraph's node and the nodes inside hold different values for {shown}. "
        "Those on the outside are taken, as newer editors do; editors before mid-2026 may take those inside."
    )
    return [note]


def _inside_value(inside: Level, name: str, definitions: NodeDefinitions) -> tuple[Any] | None:
    port = ports_of(inside).get(name)
    source = promoted_source(inside, port, definitions) if port is not None else None
    return (source.value,) if source is not None else None


def _proxies(host: Place) -> list[tuple[str, str]] | None:
    """Entries of `proxyWidgets` as (node id, name); None when there is no such list."""
    raw = host.node.properties.get("proxyWidgets")
    if not isinstance(raw, list):
        return None
    found = []
    for item in raw:
        if isinstance(item, list) and len(item) >= 2 and isinstance(item[1], str):
            found.append((str(item[0]), item[1]))
        else:
            found.append(("", ""))
    return found


def _widget_ports(inside: Level, definitions: NodeDefinitions) -> list[str]:
    """Inputs of a subgraph that are widgets inside, in order."""
    ports = inside.subgraph.inputs if inside.subgraph is not None else ()
    return [port.name for port in ports if _is_widget_port(inside, port, definitions, 0)]


def _is_widget_port(inside: Level, port: UiPort, definitions: NodeDefinitions, depth: int) -> bool:
    for target, slot in port_targets(inside, port):
        if target.inside is None:
            return is_widget(definitions, target.node.type, slot.widget or slot.name, slot)
        inner = ports_of(target.inside).get(slot.name)
        if slot.widget is not None:
            return True
        return inner is not None and depth < 30 and _is_widget_port(target.inside, inner, definitions, depth + 1)
    return False
