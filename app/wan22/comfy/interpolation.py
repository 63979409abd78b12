"""Nodes that put frames between frames, in the order in which they work."""

import re

from wan22.comfy.client import Graph
from wan22.comfy.graph_link import ancestors, class_of, inputs_of, int_of, source_of

_INTERPOLATES = re.compile(r"VFI$|^Rife|^RIFE|^FILM|FrameInterpolat")
_NOT_ITSELF = re.compile(r"Loader|StateList|State List")
_MULTIPLIERS = ("multiplier", "interpolation_factor", "factor")


def interpolations_of(graph: Graph) -> tuple[str, ...]:
    """Ids of all interpolating nodes, the one nearest to the sampler first."""
    nodes = [
        node
        for node in graph
        if _INTERPOLATES.search(class_of(graph, node)) and not _NOT_ITSELF.search(class_of(graph, node))
    ]
    return tuple(sorted(nodes, key=lambda node: sum(other in nodes for other in ancestors(graph, [node]))))


def multiplier_of(graph: Graph, node: str) -> int | None:
    """How many frames come for one; None when it cannot be read."""
    inputs = inputs_of(graph, node)
    name = next((name for name in _MULTIPLIERS if name in inputs), None)
    value = int_of(graph, inputs[name]) if name else None
    return value if value is not None and value >= 1 else None


def frames_source(graph: Graph, node: str) -> tuple[str, int] | None:
    """Link behind the frames that a node takes."""
    return source_of(graph, node, "frames", "images", "image")
