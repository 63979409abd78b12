"""From the editor's form of a workflow to the API form that a server takes.

The result is what the editor itself would send, with three differences a person is told about in `notes`: choices
written with another case or slash get the server's spelling, circular links are an error instead of an endless loop,
and nothing is dropped in silence.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random, SystemRandom
from typing import Any

from wan22.comfy.client import Graph
from wan22.comfy.convert_link import FromNode, FromValue, LinkFollower
from wan22.comfy.convert_place import Level, Place, active_places, opened
from wan22.comfy.convert_promoted import spread_promoted
from wan22.comfy.convert_prompt import filled_file_name, worked_out_prompt
from wan22.comfy.convert_refusal import refuse_group_nodes, unknown_nodes
from wan22.comfy.convert_special import special_values
from wan22.comfy.convert_widget import has_widget, seed_control, widget_values
from wan22.comfy.graph_link import link_of
from wan22.comfy.object_info import InputKind, NodeDefinitions
from wan22.comfy.ui_graph import UiWorkflow, read_ui_workflow
from wan22.schema.problem import AppError, Problem

_SAVERS = frozenset(
    {
        "SaveImage", "SaveVideo", "SaveAnimatedWEBP", "SaveWEBM", "SaveAudio", "SaveGLB", "SaveAnimatedPNG",
        "CLIPSave", "VAESave", "ModelSave", "LoraSave", "SaveLatent",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Conversion:
    """A converted graph. `notes`: one sentence for each thing that a person should know about it.

    `unknown`: a problem for each class without a definition (only with `lenient`); values of such nodes are missing.
    `seed_after`: what the editor does with the seed of a node after each run, by node.
    """

    graph: Graph
    notes: tuple[str, ...] = ()
    unknown: tuple[Problem, ...] = ()
    seed_after: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """How to convert. `titles`: keep the nodes' titles under `_meta`. `lenient`: go on with classes nobody knows.

    `random` draws for `{a|b}` in prompts, `now` fills `%date:…%` in file names.
    """

    titles: bool = True
    lenient: bool = False
    random: Random | None = None
    now: datetime | None = None


def convert_workflow(
    value: Mapping[str, Any], definitions: NodeDefinitions, options: ConvertOptions | None = None
) -> Conversion:
    """API form of a parsed file in the editor's form.

    Raises AppError `workflow_invalid` (no usable graph), `workflow_group_node`, `node_type_missing` (all unknown
    classes named with their node packs; not with `lenient`).
    """
    workflow = read_ui_workflow(value)
    refuse_group_nodes(workflow)
    top = opened(workflow)
    unknown = unknown_nodes([place for place in active_places(top) if place.is_sent], definitions)
    options = options or ConvertOptions()
    if unknown and not options.lenient:
        first = unknown[0]
        rest = "".join(f"\n{problem.message}" for problem in unknown[1:])
        raise AppError(first.model_copy(update={"detail": rest.strip()}))
    converter = _Converter(workflow, top, definitions, options)
    graph = converter.graph()
    return Conversion(graph, tuple(converter.notes), unknown, converter.seed_after())


class _Converter:
    """Builds the nodes of one workflow."""

    def __init__(self, workflow: UiWorkflow, top: Level, definitions: NodeDefinitions, options: ConvertOptions) -> None:
        self._workflow = workflow
        self._top = top
        self._definitions = definitions
        self._options = options
        self._random = options.random or SystemRandom()
        self._follower = LinkFollower(definitions)
        self.notes: list[str] = spread_promoted(top, definitions)

    def graph(self) -> Graph:
        """All nodes that are sent."""
        graph: Graph = {}
        for place in active_places(self._top):
            if place.is_sent:
                graph[place.address] = self._node(place)
        for node in graph.values():
            inputs = node["inputs"]
            for name in [key for key, item in inputs.items() if (link := link_of(item)) and link[0] not in graph]:
                del inputs[name]
        return graph

    def seed_after(self) -> dict[str, str]:
        """Settings behind the seeds of all nodes that are sent."""
        sent = [place for place in active_places(self._top) if place.is_sent]
        words = {place.address: seed_control(place.node, self._definitions.node(place.node.type)) for place in sent}
        return {address: word for address, word in words.items() if word is not None}

    def _node(self, place: Place) -> dict[str, Any]:
        values = self._values(place)
        for index, slot in enumerate(place.node.inputs):
            if not slot.name:
                continue
            match self._follower.source(place, index):
                case FromNode(place=giver, slot=number):
                    values[slot.name] = [giver.address, number]
                case FromValue(value=value):
                    if _from_primitive(place, index):
                        value = self._sent(place, slot.name, value)
                    values[slot.name] = _wrapped(value)
        node: dict[str, Any] = {"class_type": place.node.type, "inputs": values}
        if self._options.titles:
            node["_meta"] = {"title": place.node.title or place.node.type}
        return node

    def _values(self, place: Place) -> dict[str, Any]:
        """Values that the node holds itself, or that the outside of its subgraph holds for it, ready to be sent."""
        values = special_values(place.node) or widget_values(place.node, self._definitions.node(place.node.type))
        for name in values:
            if (place.node.id, name) in place.level.inner:
                values[name] = place.level.inner[place.node.id, name]
        return {name: _wrapped(self._sent(place, name, value)) for name, value in values.items()}

    def _sent(self, place: Place, name: str, value: Any) -> Any:
        """A widget's value as it is sent: prompts worked out, placeholders filled, the server's own spelling."""
        if not isinstance(value, str):
            return value
        spec = next((item for item in self._definitions.inputs(place.node.type) if item.name == name), None)
        if (
            spec is not None
            and spec.kind is InputKind.string
            and self._is_dynamic(place.node.type, spec.dynamic_prompts)
        ):
            worked_out = worked_out_prompt(value, self._random)
            if worked_out != value:
                self.notes.append(
                    f"{place.title}: comments and braces in '{name}' were worked out, as the editor does."
                )
            return worked_out
        if name == "filename_prefix" and place.node.type in _SAVERS and "%" in value:
            return filled_file_name(value, self._options.now or datetime.now(), self._named_widget)  # noqa: DTZ005
        if spec is not None and spec.options and value not in spec.options and has_widget(spec):
            alike = [item for item in spec.options if isinstance(item, str) and _plain(item) == _plain(value)]
            if len(alike) == 1:
                self.notes.append(f"{place.title}: '{name}' is written '{alike[0]}' here; the file says '{value}'.")
                return alike[0]
        return value

    def _is_dynamic(self, class_type: str, marked: bool) -> bool:
        """Whether braces mean something; definitions without marks for the editor leave it to the class's name."""
        return marked or (not self._definitions.has_editor_marks and "TextEncode" in class_type)

    def _named_widget(self, node: str, name: str) -> object:
        """A widget's value for `%node.name%`: by the class name, else by the title."""
        places = list(active_places(self._top))
        by_name = [place for place in places if place.node.properties.get("Node name for S&R") == node]
        for place in by_name or [place for place in places if place.node.title == node]:
            return widget_values(place.node, self._definitions.node(place.node.type)).get(name)
        return None


def _from_primitive(place: Place, index: int) -> bool:
    """Whether the value came over a link of the node's own level; the editor works such a text out like a typed one."""
    link = place.level.link(place.node.inputs[index].link)
    return link is not None and not link.source.startswith("-")


def _wrapped(value: Any) -> Any:
    """Lists are values here, not links: they travel in an object that says so."""
    return {"__value__": value} if isinstance(value, list) else value


def _plain(text: str) -> str:
    return text.replace("\\", "/").casefold()
