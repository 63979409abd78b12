"""New ids for nodes of subgraphs whose id is taken, as the editor gives them when it opens a file."""

from collections.abc import Mapping, Sequence
from typing import Any


def renumbered(workflow: Mapping[str, Any], subgraphs: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """For each subgraph its changed ids, old to new, as texts.

    All numbers of a workflow are one pool: the outermost nodes keep theirs, then subgraph after subgraph takes its
    own, or the next one above the highest so far when it is taken.
    """
    taken = set(_numbers(workflow))
    state = workflow.get("state")
    marks = (workflow.get("last_node_id"), state.get("lastNodeId") if isinstance(state, Mapping) else None)
    highest = max((mark for mark in marks if type(mark) is int), default=0)
    found: list[dict[str, str]] = []
    for subgraph in subgraphs:
        changed: dict[str, str] = {}
        for number in _numbers(subgraph):
            if number not in taken:
                taken.add(number)
                highest = max(highest, number)
                continue
            highest += 1
            while highest in taken:
                highest += 1
            taken.add(highest)
            changed[str(number)] = str(highest)
        found.append(changed)
    return found


def _numbers(graph: Mapping[str, Any]) -> list[int]:
    """Ids of a graph's nodes that are numbers, once each, in the file's order."""
    nodes = graph.get("nodes")
    items = nodes if isinstance(nodes, list) else list(nodes.values()) if isinstance(nodes, Mapping) else []
    found = (item.get("id") for item in items if isinstance(item, Mapping))
    return list(dict.fromkeys(number for number in found if type(number) is int))
