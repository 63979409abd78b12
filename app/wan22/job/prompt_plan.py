"""What is sent to the server and what is known of it beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wan22.comfy.client import Graph
from wan22.comfy.roles import roles_from_graph, steps_of_pass
from wan22.runs.stages import PASSES
from wan22.schema.events import Role


@dataclass(frozen=True, slots=True)
class PromptPlan:
    """A graph with the roles, titles and planned steps of its nodes. `extra` goes along as `extra_data`."""

    graph: Graph
    roles: dict[str, Role]
    titles: dict[str, str]
    steps: dict[str, int]
    seed: int | None
    extra: Mapping[str, Any]


def prompt_plan(graph: Graph, seed: int | None, *, previews: bool) -> PromptPlan:
    """The plan of a graph as it is sent. `previews`: ask for pictures while it samples."""
    roles = roles_from_graph(graph)
    return PromptPlan(
        graph=graph,
        roles=roles,
        titles={node: _title(item) for node, item in graph.items()},
        steps={
            node: count
            for node, role in roles.items()
            if role in PASSES and (count := steps_of_pass(graph, node)) is not None
        },
        seed=seed,
        extra={"preview_method": "auto" if previews else "none"},
    )


def _title(node: Mapping[str, Any]) -> str:
    meta = node.get("_meta")
    title = meta.get("title") if isinstance(meta, Mapping) else None
    return str(title or node.get("class_type", "?"))
