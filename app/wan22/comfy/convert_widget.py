"""Values that a node of the editor holds, by the name of the input: their places in `widgets_values` worked out.

The list has one value for each widget in the order of the node's definition. Slots that only serve the editor stand
in between: what happens to a seed after each run, the filter of a combo, the button for uploads.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from wan22.comfy.convert_place import Place
from wan22.comfy.object_info import InputKind, InputSpec, NodeDefinition, NodeDefinitions
from wan22.comfy.ui_graph import UiInput, UiNode

_CONTROL_WORDS = frozenset({"fixed", "increment", "decrement", "randomize", "increment-wrap"})
_SEED_NAMES = frozenset({"seed", "noise_seed"})
_OTHER_WIDGETS = frozenset({"COLOR", "MARKDOWN", "BOUNDING_BOX", "CURVE", "RANGE", "TEXTAREA", "PAINTER", "GALLERIA"})
_SAMPLERS = frozenset({"KSampler", "KSamplerAdvanced"})
_MAX_DEPTH = 8
_MISSING = object()

Wanted = tuple[InputSpec, str]
"""A widget's definition and its full, dotted name."""


def has_widget(spec: InputSpec) -> bool:
    """Whether the editor shows an input as something to type or choose, and keeps its value."""
    if spec.only_linked or spec.kind is InputKind.autogrow:
        return False
    return spec.kind is not InputKind.socket or spec.type in _OTHER_WIDGETS


def is_widget(definitions: NodeDefinitions, class_type: str, name: str, slot: UiInput | None = None) -> bool:
    """Whether an input of a node is a widget, by its definition, else by what the file says."""
    for spec in definitions.inputs(class_type):
        if spec.name == name:
            return has_widget(spec)
    return slot is not None and slot.widget is not None


def input_types(definitions: NodeDefinitions, class_type: str, in_file: Sequence[str]) -> dict[str, str]:
    """Types of all inputs of a class in the editor's order: sockets first, then widgets.

    Of a growing list only those inputs are there that the file has (`in_file`).
    """
    found: dict[str, str] = {}
    for spec in sorted(definitions.inputs(class_type), key=has_widget):
        if spec.kind is InputKind.autogrow:
            grown = {f"{spec.name}.{inner.name}": inner.type for inner in spec.grown}
            found |= {name: grown.get(name, "*") for name in in_file if name.startswith(f"{spec.name}.")}
        else:
            found[spec.name] = "*" if spec.type == "COMFY_MATCHTYPE_V3" else spec.type
    return found


def widget_value(place: Place, definitions: NodeDefinitions, name: str) -> tuple[Any] | None:
    """The value that a node itself holds for a widget, in a tuple; None when it holds none."""
    values = widget_values(place.node, definitions.node(place.node.type))
    return (values[name],) if name in values else None


def widget_values(node: UiNode, definition: NodeDefinition | None) -> dict[str, Any]:
    """All values of a node by the name that the server knows; whatever the file lacks has its default.

    Without a definition only values that the file itself names are found.
    """
    if definition is None:
        return named_values(node)
    if isinstance(node.values, Mapping):
        return _by_name(node.values, definition)
    return _read(node, node.values, definition)[0]


def seed_control(node: UiNode, definition: NodeDefinition | None) -> str | None:
    """What the editor does with the node's seed after each run (fixed, randomize …); None when it has none."""
    if definition is None or isinstance(node.values, Mapping):
        return None
    return _read(node, node.values, definition)[1]


def _read(node: UiNode, values: Sequence[Any], definition: NodeDefinition) -> tuple[dict[str, Any], str | None]:
    reader = _Reader(_without_socket_values(values, definition), node)
    found: dict[str, Any] = {}
    for spec in _in_editor_order(definition):
        reader.read(spec, spec.name, found, 0)
    return found, reader.control


def _in_editor_order(definition: NodeDefinition) -> Iterator[InputSpec]:
    """Required inputs, the button for uploads, then optional ones."""
    uploads = any(spec.uploads for spec in definition.inputs)
    button = InputSpec(name="", kind=InputKind.string, type="UPLOAD", required=True)
    required = True
    for spec in definition.inputs:
        if required and not spec.required and uploads:
            yield button
        required = spec.required
        yield spec


class _Reader:
    """Takes values from the list one by one."""

    def __init__(self, values: Sequence[Any], node: UiNode) -> None:
        self._values = values
        self._node = node
        self._at = 0
        self.control: str | None = None

    def read(self, spec: InputSpec, name: str, found: dict[str, Any], depth: int) -> None:
        """Values of a widget and of whatever belongs to it."""
        if spec.type == "UPLOAD":
            self._at += 1
            return
        if not has_widget(spec):
            return
        value = self._take()
        value = default_of(spec) if value is _MISSING else _mended(value, spec, self._node)
        found[name] = value
        if spec.kind is InputKind.dynamic_combo and depth < _MAX_DEPTH:
            branch = (spec.branches or {}).get(value, ()) if isinstance(value, str) else ()
            for inner in branch:
                self.read(inner, f"{name}.{inner.name}", found, depth + 1)
        self._skip_control(spec, name)

    def _take(self) -> Any:
        self._at += 1
        return self._values[self._at - 1] if self._at <= len(self._values) else _MISSING

    def _skip_control(self, spec: InputSpec, name: str) -> None:
        """The slot behind a seed: there when the next value reads like one, and not like the next widget's."""
        following = self._values[self._at] if self._at < len(self._values) else None
        is_word = isinstance(following, str) and following in _CONTROL_WORDS
        marked = spec.control or name.rpartition(".")[2] in _SEED_NAMES
        if spec.kind in (InputKind.int, InputKind.float):
            if is_word or (marked and isinstance(following, bool)):
                self._at += 1
                self.control = self.control or (following if isinstance(following, str) else None)
        elif spec.kind is InputKind.combo and spec.control and is_word:
            self._at += 1
            after = self._values[self._at] if self._at < len(self._values) else None
            if isinstance(after, str):  # a filter for the choices
                self._at += 1


def _without_socket_values(values: Sequence[Any], definition: NodeDefinition) -> Sequence[Any]:
    """Older editors kept values for inputs that are only sockets now; they show by the length of the list."""
    slots: list[bool] = []
    for spec in definition.inputs:
        if has_widget(spec) or spec.only_linked:
            slots += [spec.only_linked, False] if spec.control else [spec.only_linked]
    if not any(slots) or len(slots) != len(values):
        return values
    return [value for value, is_socket in zip(values, slots, strict=True) if not is_socket]


def default_of(spec: InputSpec) -> Any:
    """Value of a widget that nobody has touched."""
    if spec.default is not None and not (spec.kind is InputKind.combo and isinstance(spec.default, list)):
        return spec.default
    match spec.kind:
        case InputKind.int | InputKind.float:
            return 0
        case InputKind.boolean:
            return False
        case InputKind.combo | InputKind.dynamic_combo:
            return spec.options[0] if spec.options else None
    return ""


def _mended(value: Any, spec: InputSpec, node: UiNode) -> Any:
    """Small repairs that the editor makes when it opens a file."""
    if value is None and spec.kind is InputKind.combo and spec.options:
        return spec.options[0]
    if spec.name == "sampler_name" and node.type in _SAMPLERS and isinstance(value, str):
        return value.removeprefix("sample_")
    if isinstance(value, float) and not math.isfinite(value):
        return default_of(spec)
    return value


def _by_name(values: Mapping[str, Any], definition: NodeDefinition) -> dict[str, Any]:
    """Values that a node pack's own script keeps by name; plain ones that the definition lacks go along."""
    found: dict[str, Any] = {}
    waiting = [replace(spec) for spec in definition.inputs]
    while waiting:
        spec = waiting.pop(0)
        if not has_widget(spec):
            continue
        value = values.get(spec.name, _MISSING)
        found[spec.name] = value = default_of(spec) if value is _MISSING else value
        branch = (spec.branches or {}).get(value, ()) if isinstance(value, str) else ()
        if spec.name.count(".") < _MAX_DEPTH:
            waiting += [replace(inner, name=f"{spec.name}.{inner.name}") for inner in branch]
    sockets = {spec.name for spec in definition.inputs if not has_widget(spec)}
    extra = {str(name): value for name, value in values.items() if isinstance(value, str | int | float)}
    return {name: value for name, value in extra.items() if name not in sockets and name not in found} | found


def named_values(node: UiNode) -> dict[str, Any]:
    """Values of a node whose class nobody knows: an object's own names, else the names of its widget slots.

    The slots tell only when there is one for every value, the slots behind seeds aside.
    """
    if isinstance(node.values, Mapping):
        return {str(key): value for key, value in node.values.items() if isinstance(value, str | int | float)}
    names = [slot.widget for slot in node.inputs if slot.widget is not None]
    values = list(node.values)
    found: dict[str, Any] = {}
    for name in names:
        if not values:
            return {}
        found[name] = values.pop(0)
        is_number = isinstance(found[name], int | float) and not isinstance(found[name], bool)
        if is_number and values and isinstance(values[0], str) and values[0] in _CONTROL_WORDS:
            values.pop(0)
    return {} if values else found
