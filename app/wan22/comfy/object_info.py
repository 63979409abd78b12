"""Node definitions of a live server (`/object_info`), and a graph made to fit them.

An input arrives in one of several shapes: `[[options], {…}]` (old combo), `["COMBO", {"options": […]}]`,
`["COMFY_DYNAMICCOMBO_V3", {"options": [{"key", "inputs"}]}]` whose sub-inputs are sent as dotted keys,
`["COMFY_AUTOGROW_V3", {"template": …}]` for growing lists, else `["TYPE", {…}]`.
"""

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from wan22.comfy.client import Graph
from wan22.comfy.graph_link import class_of

_DYNAMIC, _AUTOGROW = "COMFY_DYNAMICCOMBO_V3", "COMFY_AUTOGROW_V3"
_MAX_DEPTH = 8
_MAX_GROWTH = 100


class InputKind(Enum):
    """How an input is filled: with a choice, a number, a text, a switch, or only with a link (socket)."""

    combo = "combo"
    int = "int"
    float = "float"
    string = "string"
    boolean = "boolean"
    socket = "socket"
    dynamic_combo = "dynamic_combo"
    autogrow = "autogrow"


_SCALARS = {
    "INT": InputKind.int,
    "FLOAT": InputKind.float,
    "STRING": InputKind.string,
    "BOOLEAN": InputKind.boolean,
    "COMBO": InputKind.combo,
    _DYNAMIC: InputKind.dynamic_combo,
    _AUTOGROW: InputKind.autogrow,
}


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input of a node class.

    `type`: the server's own word ("MODEL", "FLOAT,INT", "COMBO"). `options`: choices of a combo, keys of a dynamic
    one. `branches`: sub-inputs of each key of a dynamic combo. `grown`: the inputs of a growing list, those beyond
    its minimum optional. `uploads`: the choices are files that may be uploaded, so that the list is never complete.
    For the editor alone: `only_linked` (shown as a socket although its type could be typed in), `control` (a choice of
    what happens after each run belongs to it), `dynamic_prompts` (braces and comments in its text are worked out).
    """

    name: str
    kind: InputKind
    type: str
    required: bool
    options: tuple[Any, ...] = ()
    default: Any = None
    min: float | None = None
    max: float | None = None
    step: float | None = None
    multiselect: bool = False
    uploads: bool = False
    only_linked: bool = False
    control: bool = False
    dynamic_prompts: bool = False
    branches: Mapping[str, tuple["InputSpec", ...]] | None = None
    grown: tuple["InputSpec", ...] = ()


@dataclass(frozen=True, slots=True)
class NodeDefinition:
    """One node class of the server: inputs in order, types of its output slots, where it comes from."""

    class_type: str
    inputs: tuple[InputSpec, ...]
    outputs: tuple[str, ...]
    output_names: tuple[str, ...]
    is_output: bool
    python_module: str


class NodeDefinitions:
    """All node classes of one server. A definition that makes no sense is skipped and named in `broken`.

    `has_editor_marks`: the definitions say which prompts are dynamic; those that were cut down for storing do not.
    """

    def __init__(self, raw: Mapping[str, Any]) -> None:
        nodes: dict[str, NodeDefinition] = {}
        broken: list[str] = []
        for class_type, entry in raw.items():
            definition = _definition(str(class_type), entry)
            if definition is None:
                broken.append(str(class_type))
            else:
                nodes[definition.class_type] = definition
        self._nodes = nodes
        self.broken: tuple[str, ...] = tuple(broken)
        self.has_editor_marks = any(spec.dynamic_prompts for node in nodes.values() for spec in node.inputs)

    @property
    def class_types(self) -> tuple[str, ...]:
        """Names of all usable classes."""
        return tuple(self._nodes)

    def has(self, class_type: str) -> bool:
        """Whether the server knows the class and its definition could be read."""
        return class_type in self._nodes

    def node(self, class_type: str) -> NodeDefinition | None:
        """Definition of a class; None when the server does not know it."""
        return self._nodes.get(class_type)

    def inputs(self, class_type: str) -> tuple[InputSpec, ...]:
        """Inputs of a class in the server's order; empty for an unknown class."""
        definition = self._nodes.get(class_type)
        return definition.inputs if definition else ()

    def input(self, class_type: str, name: str) -> InputSpec | None:
        """One input of a class by its plain name; None when there is none."""
        return next((spec for spec in self.inputs(class_type) if spec.name == name), None)

    def outputs(self, class_type: str) -> tuple[str, ...]:
        """Types of the output slots of a class; empty for an unknown class."""
        definition = self._nodes.get(class_type)
        return definition.outputs if definition else ()

    def is_output(self, class_type: str) -> bool:
        """Whether a class ends a graph (saves or shows something)."""
        definition = self._nodes.get(class_type)
        return definition is not None and definition.is_output

    def python_module(self, class_type: str) -> str | None:
        """`nodes`, `comfy_extras.…` or `custom_nodes.<folder>`; None for an unknown class."""
        definition = self._nodes.get(class_type)
        return definition.python_module if definition else None

    def expected_inputs(self, class_type: str, given: Mapping[str, Any]) -> Iterator[InputSpec]:
        """Inputs of a node that holds the values `given`: dynamic combos and growing lists as dotted names."""
        for spec in self.inputs(class_type):
            yield from _spelled_out(spec, given, "", 0)


def _spelled_out(spec: InputSpec, given: Mapping[str, Any], prefix: str, depth: int) -> Iterator[InputSpec]:
    """`spec` under its full dotted name and whatever its chosen branch asks for."""
    name = f"{prefix}{spec.name}"
    if spec.kind is InputKind.autogrow:
        for grown in spec.grown:
            yield replace(grown, name=f"{name}.{grown.name}")
        return
    yield replace(spec, name=name)
    if spec.branches is None or depth > _MAX_DEPTH:
        return
    chosen = given.get(name)
    for inner in spec.branches.get(chosen, ()) if isinstance(chosen, str) else ():
        yield from _spelled_out(inner, given, f"{name}.", depth + 1)


def _definition(class_type: str, entry: object) -> NodeDefinition | None:
    if not isinstance(entry, Mapping):
        return None
    groups = entry.get("input", {})
    outputs = entry.get("output", ())
    if not isinstance(groups, Mapping) or not isinstance(outputs, Sequence) or isinstance(outputs, str):
        return None
    inputs = _inputs(groups, 0)
    if inputs is None:
        return None
    names = entry.get("output_name", ())
    return NodeDefinition(
        class_type=class_type,
        inputs=inputs,
        outputs=tuple(_type_word(item) for item in outputs),
        output_names=tuple(str(name) for name in names) if isinstance(names, Sequence) else (),
        is_output=bool(entry.get("output_node", False)),
        python_module=str(entry.get("python_module", "")),
    )


def _inputs(groups: Mapping[str, Any], depth: int) -> tuple[InputSpec, ...] | None:
    """Required, then optional inputs; None when one of them makes no sense. Hidden ones are never sent."""
    found: list[InputSpec] = []
    for group in ("required", "optional"):
        members = groups.get(group) or {}
        if not isinstance(members, Mapping):
            return None
        for name, raw in members.items():
            spec = _spec(str(name), raw, group == "required", depth)
            if spec is None:
                return None
            found.append(spec)
    return tuple(found)


def _type_word(raw: object) -> str:
    """The server's word for a type; a list of options counts as COMBO."""
    return raw if isinstance(raw, str) else "COMBO"


def _spec(name: str, raw: object, required: bool, depth: int) -> InputSpec | None:
    if isinstance(raw, str):
        raw = [raw]
    if not isinstance(raw, Sequence) or not raw or depth > _MAX_DEPTH:
        return None
    head = raw[0]
    config: Mapping[str, Any] = raw[1] if len(raw) > 1 and isinstance(raw[1], Mapping) else {}
    if not isinstance(head, str | Sequence):
        return None
    word = _type_word(head)
    kind = InputKind.combo if not isinstance(head, str) else _SCALARS.get(head, InputKind.socket)
    options = config.get("options", ()) if isinstance(head, str) else head
    options = tuple(options) if isinstance(options, Sequence) and not isinstance(options, str) else ()
    branches = None
    if kind is InputKind.dynamic_combo:
        branches = _branches(options, depth)
        if branches is None:
            return None
        options = tuple(branches)
    grown: tuple[InputSpec, ...] = ()
    if kind is InputKind.autogrow:
        grown = _grown(config.get("template"), required, depth)
    return InputSpec(
        name=name,
        kind=kind,
        type=word,
        required=required,
        options=options,
        default=config.get("default"),
        min=_number(config.get("min")),
        max=_number(config.get("max")),
        step=_number(config.get("step")),
        multiselect=bool(config.get("multiselect", False) or config.get("multi_select", False)),
        uploads=any(bool(value) for key, value in config.items() if str(key).endswith("_upload")),
        only_linked=bool(config.get("forceInput", False)),
        control=bool(config.get("control_after_generate", False)),
        dynamic_prompts=bool(config.get("dynamicPrompts", False)),
        branches=branches,
        grown=grown,
    )


def _branches(options: Sequence[Any], depth: int) -> dict[str, tuple[InputSpec, ...]] | None:
    branches: dict[str, tuple[InputSpec, ...]] = {}
    for option in options:
        if not isinstance(option, Mapping) or not isinstance(option.get("key"), str):
            return None
        groups = option.get("inputs") or {}
        inner = _inputs(groups, depth + 1) if isinstance(groups, Mapping) else None
        if inner is None:
            return None
        branches[option["key"]] = inner
    return branches


def _grown(template: object, required: bool, depth: int) -> tuple[InputSpec, ...]:
    """Inputs of a growing list: names given or made of a prefix and a number; the first `min` are required."""
    if not isinstance(template, Mapping) or not isinstance(template.get("input"), Mapping):
        return ()
    inner = _inputs(template["input"], depth + 1)
    if not inner:
        return ()
    least = int(_number(template.get("min")) or 0)
    names = template.get("names")
    if not isinstance(names, Sequence) or isinstance(names, str):
        count = min(int(_number(template.get("max")) or 0), _MAX_GROWTH)
        names = [f"{template.get('prefix', inner[0].name)}{number}" for number in range(count)]
    return tuple(
        replace(inner[0], name=str(name), required=required and inner[0].required and number < least)
        for number, name in enumerate(names[:_MAX_GROWTH])
    )


def _number(value: object) -> float | None:
    """A limit as number; whole numbers stay whole, because seeds do not fit into a float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None


# Inputs that carry what a job means: a missing one is a mistake of the graph, never something to be filled in.
_NEVER_GUESSED = frozenset(
    {
        "steps",
        "cfg",
        "seed",
        "noise_seed",
        "denoise",
        "add_noise",
        "start_at_step",
        "end_at_step",
        "return_with_leftover_noise",
        "sampler_name",
        "scheduler",
        "text",
        "prompt",
        "width",
        "height",
        "length",
        "num_frames",
        "shift",
        "fps",
        "frame_rate",
        "multiplier",
        "strength_model",
        "strength_clip",
        "weight_dtype",
        "type",
        "value",
        "switch",
        "expression",
        "image",
    }
)
_MODEL_SUFFIXES = (".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".onnx", ".engine")


def names_files(spec: InputSpec) -> bool:
    """Whether the choices of a combo are files, so that an absent one has to be brought, not chosen."""
    return spec.uploads or any(str(option).lower().endswith(_MODEL_SUFFIXES) for option in spec.options)


def is_model_file(value: object) -> bool:
    """Whether a value reads like the name of a model file."""
    return isinstance(value, str) and value.lower().endswith(_MODEL_SUFFIXES)


def graph_for_server(graph: Graph, definitions: NodeDefinitions) -> tuple[Graph, tuple[str, ...]]:
    """A copy of `graph` that fits this server, and one sentence for each thing that was changed.

    Required inputs that a newer node asks for get the definition's default, dynamic combos their sub-inputs, and
    choices that differ only in case or in `\\` against `/` the server's own spelling. Inputs that carry what the job
    means (steps, cfg, text, size …) and model files are never guessed: `check_graph` reports them.
    """
    fitted = copy.deepcopy(graph)
    notes: list[str] = []
    for node_id in fitted:
        class_type = class_of(fitted, node_id)
        inputs = fitted[node_id].get("inputs")
        if not isinstance(inputs, dict) or not definitions.has(class_type):
            continue
        for _ in range(_MAX_DEPTH):
            specs = tuple(definitions.expected_inputs(class_type, inputs))
            changes = [note for spec in specs if (note := _fit(inputs, spec, class_type)) is not None]
            notes += [f"{class_type} (node {node_id}): {change}" for change in changes]
            if not changes:
                break
    return fitted, tuple(notes)


def _fit(inputs: dict[str, Any], spec: InputSpec, class_type: str) -> str | None:
    """Mend one input in place; says what was done, None when nothing was."""
    if spec.name not in inputs:
        value = _filling(inputs, spec) if spec.required else None
        if value is None:
            return None
        inputs[spec.name] = value
        return (
            f"'{spec.name}' was not in the workflow and is set to {value!r}, the default of this server's {class_type}."
        )
    value = inputs[spec.name]
    if not spec.options or not isinstance(value, str) or value in spec.options:
        return None
    alike = [item for item in spec.options if isinstance(item, str) and _plain(item) == _plain(value)]
    if len(alike) != 1:
        return None
    inputs[spec.name] = alike[0]
    return f"'{spec.name}' is written {alike[0]!r} on this server; the workflow says {value!r}."


def _filling(inputs: Mapping[str, Any], spec: InputSpec) -> Any:
    """Value for an input that the graph lacks; None when it must not be guessed."""
    leaf = spec.name.rpartition(".")[2]
    if leaf in _NEVER_GUESSED or spec.kind in (InputKind.socket, InputKind.autogrow) or names_files(spec):
        return None
    if leaf != spec.name and inputs.get(leaf) in spec.options:
        return inputs[leaf]
    if spec.default is None and spec.options and spec.kind in (InputKind.combo, InputKind.dynamic_combo):
        return spec.options[0]
    return spec.default


def _plain(text: str) -> str:
    """A choice without the differences that do not matter: case and the kind of slash."""
    return text.replace("\\", "/").casefold()
