"""Links of a graph in API form: what feeds what, and which literal stands behind an input."""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wan22.comfy.client import Graph
from wan22.comfy.math_expression import evaluate

Link = tuple[str, int]
"""Node id and output slot that feed an input."""

Literal = int | float | bool | str

_PRIMITIVE = re.compile(
    r"^(Primitive|INTConstant$|FloatConstant$|StringConstant|BOOLConstant$|easy (int|float|string)$)"
)
_MAX_DEPTH = 64


def link_of(value: object) -> Link | None:
    """`value` as a link, or None when it is a literal."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        return None
    source, slot = value
    if not isinstance(source, str) or not isinstance(slot, int) or isinstance(slot, bool):
        return None
    return source, slot


def class_of(graph: Graph, node_id: str) -> str:
    """Class of a node; empty text when the graph has no such node."""
    name = graph.get(node_id, {}).get("class_type", "")
    return name if isinstance(name, str) else ""


def inputs_of(graph: Graph, node_id: str) -> Mapping[str, Any]:
    """Inputs of a node; empty when the graph has no such node."""
    inputs = graph.get(node_id, {}).get("inputs", {})
    return inputs if isinstance(inputs, Mapping) else {}


def links_of(graph: Graph, node_id: str) -> Iterator[tuple[str, Link]]:
    """All linked inputs of a node: (input name, link)."""
    for name, value in inputs_of(graph, node_id).items():
        link = link_of(value)
        if link is not None:
            yield name, link


def title_of(graph: Graph, node_id: str) -> str:
    """How to name a node in a sentence: class, id and, when it has one, its title."""
    meta = graph.get(node_id, {}).get("_meta")
    title = meta.get("title") if isinstance(meta, Mapping) else None
    name = f"{class_of(graph, node_id)} (node {node_id})"
    return f"{name} '{title}'" if isinstance(title, str) and title and title != class_of(graph, node_id) else name


def switched(graph: Graph, link: Link | None) -> Link | None:
    """Follow `link` through switch nodes whose choice is known; None when it leads nowhere."""
    for _ in range(_MAX_DEPTH):
        if link is None or link[0] not in graph:
            return None
        inputs = inputs_of(graph, link[0])
        if not {"switch", "on_false", "on_true"} <= inputs.keys():
            return link
        choice = literal_of(graph, inputs["switch"])
        if choice is None:
            return link
        link = link_of(inputs["on_true" if choice else "on_false"])
    return None


def source_of(graph: Graph, node_id: str, *names: str) -> Link | None:
    """Link behind the first of the inputs `names` that is linked, switches followed."""
    inputs = inputs_of(graph, node_id)
    for name in names:
        link = switched(graph, link_of(inputs.get(name)))
        if link is not None:
            return link
    return None


def ancestors(graph: Graph, start: Iterable[str]) -> tuple[str, ...]:
    """`start` and everything that feeds it, nearest first; ids that the graph lacks are left out."""
    waiting = deque(start)
    seen: dict[str, None] = {}
    while waiting:
        node_id = waiting.popleft()
        if node_id in seen or node_id not in graph:
            continue
        seen[node_id] = None
        for _, link in links_of(graph, node_id):
            chosen = switched(graph, link)
            waiting.append(chosen[0] if chosen else link[0])
    return tuple(seen)


def is_primitive(graph: Graph, node_id: str) -> bool:
    """Whether a node only holds one literal, in its input `value`."""
    return bool(_PRIMITIVE.match(class_of(graph, node_id))) and "value" in inputs_of(graph, node_id)


def primitive_of(graph: Graph, value: object) -> str | None:
    """Id of the node that directly feeds `value` and holds its literal; None for anything else."""
    link = link_of(value)
    if link is None or not is_primitive(graph, link[0]) or link_of(inputs_of(graph, link[0])["value"]) is not None:
        return None
    return link[0]


def literal_of(graph: Graph, value: object, depth: int = 0) -> Literal | None:
    """The literal behind `value`: itself, or what primitives, switches and formulas make of it; None = not known."""
    if depth > _MAX_DEPTH:
        return None
    link = link_of(value)
    if link is None:
        return value if isinstance(value, int | float | str) else None
    source, slot = link
    inputs = inputs_of(graph, source)
    if is_primitive(graph, source):
        return literal_of(graph, inputs["value"], depth + 1)
    if {"switch", "on_false", "on_true"} <= inputs.keys():
        choice = literal_of(graph, inputs["switch"], depth + 1)
        if choice is None:
            return None
        return literal_of(graph, inputs["on_true" if choice else "on_false"], depth + 1)
    if class_of(graph, source) == "ComfyMathExpression":
        return _formula(graph, inputs, slot, depth)
    return None


def _formula(graph: Graph, inputs: Mapping[str, Any], slot: int, depth: int) -> Literal | None:
    """Value of a ComfyMathExpression; its outputs are a float, an int and a boolean."""
    text = inputs.get("expression")
    names: dict[str, float] = {}
    for key, value in inputs.items():
        if not key.startswith("values."):
            continue
        number = literal_of(graph, value, depth + 1)
        if not isinstance(number, int | float):
            return None
        names[key.removeprefix("values.")] = number
    result = evaluate(text, names) if isinstance(text, str) else None
    if result is None:
        return None
    return (float(result), int(result), bool(result))[slot] if 0 <= slot <= 2 else None


def int_of(graph: Graph, value: object) -> int | None:
    """`literal_of` as a whole number; None when it is none."""
    number = literal_of(graph, value)
    if isinstance(number, str):
        try:
            return int(number)
        except ValueError:
            return None
    if number is None or number != number or abs(number) == float("inf"):
        return None
    return int(number)


def float_of(graph: Graph, value: object) -> float | None:
    """`literal_of` as a number, the template's 5.000000000000001 rounded to 5.0; None when it is none."""
    number = literal_of(graph, value)
    try:
        return None if number is None else round(float(number), 6)
    except (ValueError, OverflowError):
        return None


def text_of(graph: Graph, value: object) -> str | None:
    """`literal_of` as text; None when it is none."""
    text = literal_of(graph, value)
    return text if isinstance(text, str) else None
