"""What the look-alike refuses, in ComfyUI's own shapes: the top error and the errors of each node."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from wan22.demo.definitions import Definitions

Graph = Mapping[str, Mapping[str, Any]]
NodeError = dict[str, Any]

_MOST_CHOICES_TOLD = 20
_NUMBERS: dict[str, Callable[[Any], Any]] = {"INT": int, "FLOAT": float}


@dataclass(frozen=True, slots=True)
class PromptCheck:
    """The answer: output nodes that may run, the error of a 400, and the errors of nodes that also a 200 may carry."""

    outputs: tuple[str, ...] = ()
    error: Mapping[str, Any] | None = None
    node_errors: Mapping[str, Any] = field(default_factory=dict)


def check_prompt(graph: Graph, definitions: Definitions, has_image: Callable[[str], bool]) -> PromptCheck:
    """Check a graph as ComfyUI 0.25 does. `has_image` tells whether a start image of that name is there."""
    for node_id, node in graph.items():
        missing = _unknown_class(node_id, node, definitions)
        if missing is not None:
            return PromptCheck(error=missing)
    outputs = [node_id for node_id, node in graph.items() if definitions.is_output(node["class_type"])]
    if not outputs:
        return PromptCheck(error=error_document("prompt_no_outputs", "Prompt has no outputs"))
    checker = _Checker(graph, definitions, has_image)
    errors: dict[str, Any] = {}
    good: list[str] = []
    for output in outputs:
        bad = [one for one in ancestors(graph, output) if checker.errors(one)]
        if not bad:
            good.append(output)
        for bad_id in bad:
            entry = errors.setdefault(
                bad_id,
                {
                    "errors": checker.errors(bad_id),
                    "dependent_outputs": [],
                    "class_type": graph[bad_id]["class_type"],
                },
            )
            entry["dependent_outputs"].append(output)
    if not good:
        failed = error_document("prompt_outputs_failed_validation", "Prompt outputs failed validation")
        return PromptCheck(error=failed, node_errors=errors)
    return PromptCheck(outputs=tuple(good), node_errors=errors)


def error_document(kind: str, message: str, details: str = "", **extra: Any) -> dict[str, Any]:
    """One error in ComfyUI's form."""
    return {"type": kind, "message": message, "details": details, "extra_info": extra}


def link_of(value: Any) -> tuple[str, int] | None:
    """Node id and output of a link."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], int):
        return str(value[0]), value[1]
    return None


def ancestors(graph: Graph, node_id: str) -> tuple[str, ...]:
    """The node and all it depends on, sources first: inputs from the last to the first, as ComfyUI walks them."""
    order: dict[str, None] = {}
    open_nodes: set[str] = set()

    def visit(node: str) -> None:
        if node in order or node in open_nodes or node not in graph:
            return
        open_nodes.add(node)
        for value in reversed(list(graph[node].get("inputs", {}).values())):
            link = link_of(value)
            if link is not None:
                visit(link[0])
        order[node] = None

    visit(node_id)
    return tuple(order)


def cycle_of(graph: Graph, node_id: str) -> tuple[str, ...]:
    """Nodes on a way from the node back to itself; empty when there is none."""
    open_ways: list[tuple[str, ...]] = [(node_id,)]
    seen: set[str] = set()
    while open_ways:
        way = open_ways.pop()
        for value in graph[way[-1]].get("inputs", {}).values():
            link = link_of(value)
            if link is None or link[0] not in graph:
                continue
            if link[0] == node_id:
                return way
            if link[0] not in seen:
                seen.add(link[0])
                open_ways.append((*way, link[0]))
    return ()


def _unknown_class(node_id: str, node: Mapping[str, Any], definitions: Definitions) -> dict[str, Any] | None:
    class_type = node.get("class_type")
    title = node.get("_meta", {}).get("title")
    details = f"Node ID '#{node_id}'"
    extra = {"node_id": node_id, "class_type": class_type, "node_title": title or class_type}
    if class_type is None:
        shown = title or f"ID #{node_id}"
        message = f"Node '{shown}' has no class_type. The workflow may be corrupted or a custom node is missing."
        return error_document("missing_node_type", message, details, **extra)
    if definitions.get(class_type) is None:
        message = f"Node '{title or class_type}' not found. The custom node may not be installed."
        return error_document("missing_node_type", message, details, **extra)
    return None


class _Checker:
    """Errors of single nodes, found once."""

    def __init__(self, graph: Graph, definitions: Definitions, has_image: Callable[[str], bool]) -> None:
        self._graph = graph
        self._definitions = definitions
        self._has_image = has_image
        self._found: dict[str, list[NodeError]] = {}

    def errors(self, node_id: str) -> list[NodeError]:
        """What is wrong with the node's own inputs."""
        if node_id not in self._found:
            self._found[node_id] = list(self._look(node_id))
        return self._found[node_id]

    def _look(self, node_id: str) -> Iterator[NodeError]:
        node = self._graph[node_id]
        cycle = cycle_of(self._graph, node_id)
        if cycle:
            path = " -> ".join(f"{one} ({self._graph[one]['class_type']})" for one in (*cycle, cycle[0]))
            extra = {"node_id": node_id, "cycle_nodes": list(cycle)}
            yield error_document("dependency_cycle", "Dependency cycle detected", path, **extra)
            return
        class_type, given = node["class_type"], node.get("inputs", {})
        required, optional = self._definitions.inputs(class_type)
        for name, spec in {**required, **optional}.items():
            if name not in given:
                if name in required and not _is_open(spec[0]):
                    yield error_document("required_input_missing", "Required input is missing", name, input_name=name)
                continue
            value, link = given[name], link_of(given[name])
            if link is not None:
                yield from self._link(name, spec, given[name], link)
            elif isinstance(value, list):
                details = f"{name}, a link is a list of two: node id and output index"
                yield error_document(
                    "bad_linked_input",
                    "Bad linked input, must be a length-2 list of [node_id, slot_index]",
                    details,
                    input_name=name,
                    input_config=_config(spec),
                    received_value=value,
                )
            elif class_type == "LoadImage" and name == "image":
                yield from self._image(name, value)
            else:
                yield from _value(name, spec, value)

    def _link(self, name: str, spec: Any, value: Any, link: tuple[str, int]) -> Iterator[NodeError]:
        source = self._graph.get(link[0])
        kinds = () if source is None else self._definitions.outputs(source["class_type"])
        if link[1] >= len(kinds):
            error = "KeyError" if source is None else "IndexError"
            extra: dict[str, Any] = {"input_name": name, "input_config": _config(spec), "linked_node": value}
            extra |= {"exception_message": repr(link[0]), "exception_type": error, "traceback": []}
            yield error_document(
                "exception_during_inner_validation", "Exception when validating inner node", repr(link[0]), **extra
            )
        elif not _fits(kinds[link[1]], spec[0]):
            received = kinds[link[1]]
            yield error_document(
                "return_type_mismatch",
                "Return type mismatch between linked nodes",
                f"{name}, received_type({received}) mismatch input_type({spec[0]})",
                input_name=name,
                input_config=_config(spec),
                received_type=received,
                linked_node=value,
            )

    def _image(self, name: str, value: Any) -> Iterator[NodeError]:
        if not self._has_image(str(value)):
            yield error_document(
                "custom_validation_failed",
                "Custom validation failed for node",
                f"{name} - Invalid image file: {value}",
                input_name=name,
            )


def _value(name: str, spec: Any, value: Any) -> Iterator[NodeError]:
    kind, settings = spec[0], spec[1] if len(spec) > 1 else {}
    choices = kind if isinstance(kind, list) else settings.get("options") if kind == "COMBO" else None
    if choices is not None:
        if value not in choices:
            yield _not_in_list(name, spec, value, choices)
        return
    convert = _NUMBERS.get(kind)
    if convert is None:
        return
    try:
        number = convert(value)
    except (TypeError, ValueError) as error:
        yield error_document(
            "invalid_input_type",
            f"Failed to convert an input value to a {kind} value",
            f"{name}, {value}, {error}",
            input_name=name,
            input_config=_config(spec),
            received_value=value,
            exception_message=str(error),
        )
        return
    extra = {"input_name": name, "input_config": _config(spec), "received_value": value}
    low, high = settings.get("min"), settings.get("max")
    if low is not None and number < low:
        yield error_document("value_smaller_than_min", f"Value {value} smaller than min of {low}", name, **extra)
    if high is not None and number > high:
        yield error_document("value_bigger_than_max", f"Value {value} bigger than max of {high}", name, **extra)


def _not_in_list(name: str, spec: Any, value: Any, choices: list[Any]) -> NodeError:
    is_long = len(choices) > _MOST_CHOICES_TOLD
    told = f"(list of length {len(choices)})" if is_long else str(choices)
    return error_document(
        "value_not_in_list",
        "Value not in list",
        f"{name}: '{value}' not in {told}",
        input_name=name,
        input_config=None if is_long else _config(spec),
        received_value=value,
    )


def _config(spec: Any) -> list[Any]:
    return [spec[0], spec[1] if len(spec) > 1 else {}]


def _fits(received: str, wanted: Any) -> bool:
    if not isinstance(wanted, str) or "*" in (received, wanted) or _is_open(received) or _is_open(wanted):
        return True
    return not set(received.split(",")).isdisjoint(wanted.split(","))


def _is_open(kind: Any) -> bool:
    """Whether a type is settled by what is linked to it, or its inputs come under other names."""
    return isinstance(kind, str) and kind.endswith("_V3")
