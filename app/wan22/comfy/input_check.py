"""Every input of a graph against the server's definitions: what the server would refuse, found before it is asked."""

import difflib
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wan22.comfy.client import Graph
from wan22.comfy.graph_link import class_of, inputs_of, link_of, title_of
from wan22.comfy.node_packs import pack_of
from wan22.comfy.object_info import InputKind, InputSpec, NodeDefinitions, is_model_file, names_files
from wan22.schema.problem import Problem, problem

_ANYTHING = frozenset({"*", "COMFY_MATCHTYPE_V3"})
# Types that only ever come over a link; other unknown types may be widgets of a node's own.
_ONLY_LINKED = frozenset(
    {
        "MODEL", "CLIP", "VAE", "CONDITIONING", "LATENT", "IMAGE", "MASK", "VIDEO", "AUDIO", "NOISE", "GUIDER",
        "SAMPLER", "SIGMAS", "CLIP_VISION", "CLIP_VISION_OUTPUT", "CONTROL_NET", "INTERP_MODEL", "UPSCALE_MODEL",
    }
)  # fmt: skip
_MAX_SHOWN = 12
# Packs whose lists of files are fixed: the file is fetched at the first run, a name outside of the list is a mistake.
_FIXED_LIST = re.compile(r" VFI$")


@dataclass(frozen=True, slots=True)
class _Place:
    """An input of a node, to be named in sentences."""

    graph: Graph
    node_id: str
    spec: InputSpec

    @property
    def node_title(self) -> str:
        return title_of(self.graph, self.node_id)

    @property
    def text(self) -> str:
        return f"Input '{self.spec.name}' of {self.node_title}"

    def problem(self, code: str, message: str, hint: str | None = None) -> Problem:
        return problem(code, message, hint=hint, node=self.node_id, input=self.spec.name)


def is_missing_file(class_type: str, spec: InputSpec, value: object) -> bool:
    """Whether `value` is a model file that the server does not offer, rather than a wrong choice."""
    if spec.kind is not InputKind.combo or spec.uploads or spec.multiselect or value in spec.options:
        return False
    return (is_model_file(value) or (isinstance(value, str) and names_files(spec))) and not _FIXED_LIST.search(
        class_type
    )


def unknown_classes(graph: Graph, definitions: NodeDefinitions) -> Iterator[Problem]:
    """node_type_missing for every class that the server lacks, once a class, with the pack that brings it."""
    missing: dict[str, list[str]] = {}
    for node_id in graph:
        class_type = class_of(graph, node_id)
        if not definitions.has(class_type) and class_type not in definitions.broken:
            missing.setdefault(class_type, []).append(node_id)
    for class_type, node_ids in missing.items():
        pack = pack_of(class_type)
        nodes = f"node {node_ids[0]}" if len(node_ids) == 1 else f"nodes {', '.join(node_ids)}"
        if pack is None:
            hint, origin = None, ""
        elif pack.core:
            hint = f"Update ComfyUI: this node comes with {pack.name} ({pack.url})."
            origin = f" It comes with {pack.name}."
        else:
            hint = f"Install {pack.name} ({pack.url}) and restart ComfyUI."
            origin = f" It comes with the node pack {pack.name}."
        yield problem(
            "node_type_missing",
            f"The server has no node '{class_type}', which the workflow uses ({nodes}).{origin}",
            hint=hint,
            node=node_ids[0],
            class_type=class_type,
            pack=pack.name if pack else None,
        )


def wrong_inputs(
    graph: Graph, definitions: NodeDefinitions, node_id: str, trusted: frozenset[str]
) -> Iterator[Problem]:
    """Everything wrong with the inputs of one node, missing model files excepted (see `model_check`).

    `trusted`: nodes whose files this program uploads itself. A class without a usable definition is not judged,
    except for links to absent nodes.
    """
    inputs = inputs_of(graph, node_id)
    class_type = class_of(graph, node_id)
    judged: set[str] = set()
    for spec in definitions.expected_inputs(class_type, inputs):
        judged.add(spec.name)
        place = _Place(graph, node_id, spec)
        if spec.name not in inputs:
            if spec.required:
                yield place.problem("input_missing", f"{place.node_title} lacks its input '{spec.name}' ({spec.type}).")
            continue
        value = inputs[spec.name]
        if isinstance(value, list) and not (spec.multiselect and link_of(value) is None):
            yield from _wrong_link(place, definitions, value)
        elif node_id not in trusted or not spec.uploads:
            yield from _wrong_value(place, _unwrapped(value))
    for name, value in inputs.items():
        link = link_of(value)
        if name not in judged and link is not None and link[0] not in graph:
            yield problem(
                "input_link_invalid",
                f"Input '{name}' of {title_of(graph, node_id)} is linked to node {link[0]}, "
                "which is not in the workflow.",
                node=node_id,
                input=name,
            )


def _unwrapped(value: Any) -> Any:
    """A list that is a value, not a link, travels as `{"__value__": [...]}`."""
    return value["__value__"] if isinstance(value, Mapping) and "__value__" in value else value


def _wrong_link(place: _Place, definitions: NodeDefinitions, value: list[Any]) -> Iterator[Problem]:
    link = link_of(value)
    if link is None:
        yield place.problem(
            "input_link_invalid",
            f'{place.text} holds the list {_shown(value)}; a link is ["node id", output number].',
        )
        return
    source, slot = link
    if source not in place.graph:
        yield place.problem(
            "input_link_invalid", f"{place.text} is linked to node {source}, which is not in the workflow."
        )
        return
    definition = definitions.node(class_of(place.graph, source))
    if definition is None:
        return
    giver, count = title_of(place.graph, source), len(definition.outputs)
    if not 0 <= slot < count:
        has = f"has {count} output{'s' if count != 1 else ''}" + (f", numbered from 0 to {count - 1}" if count else "")
        yield place.problem("input_link_invalid", f"{place.text} is linked to output {slot} of {giver}, which {has}.")
    elif not _types_fit(definition.outputs[slot], place.spec.type):
        yield place.problem(
            "input_link_invalid",
            f"{place.text} needs {place.spec.type}, but output {slot} of {giver} gives {definition.outputs[slot]}.",
        )


def _types_fit(given: str, wanted: str) -> bool:
    """The server's own rule: one type in common is enough, and some types take anything."""
    given_types = {word.strip() for word in given.split(",")}
    wanted_types = {word.strip() for word in wanted.split(",")}
    return bool(given_types & wanted_types or (given_types | wanted_types) & _ANYTHING)


def _wrong_value(place: _Place, value: Any) -> Iterator[Problem]:
    match place.spec.kind:
        case InputKind.int | InputKind.float:
            yield from _wrong_number(place, value)
        case InputKind.combo | InputKind.dynamic_combo:
            yield from _wrong_choice(place, value)
        case InputKind.socket if set(place.spec.type.split(",")) <= _ONLY_LINKED:
            yield place.problem("input_type_invalid", f"{place.text} must be linked, but holds {_shown(value)}.")
        case InputKind.string if value is None:
            yield place.problem("input_type_invalid", f"{place.text} must be a text, but is empty (null).")


def _wrong_number(place: _Place, value: Any) -> Iterator[Problem]:
    spec = place.spec
    word = "a whole number" if spec.kind is InputKind.int else "a number"
    number: float | None
    try:
        number = int(value) if spec.kind is InputKind.int else float(value)
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None or not (isinstance(number, int) or math.isfinite(number)):
        yield place.problem("input_type_invalid", f"{place.text} must be {word}, but is {_shown(value)}.")
    elif (spec.min is not None and number < spec.min) or (spec.max is not None and number > spec.max):
        limits = [
            f"{bound} {limit if isinstance(limit, int) else f'{limit:g}'}"
            for bound, limit in (("at least", spec.min), ("at most", spec.max))
            if limit is not None
        ]
        yield place.problem(
            "input_value_out_of_range", f"{place.text} is {number}, but must be {' and '.join(limits)}."
        )


def _wrong_choice(place: _Place, value: Any) -> Iterator[Problem]:
    options = place.spec.options
    for item in value if place.spec.multiselect and isinstance(value, list) else [value]:
        if item in options or is_missing_file(class_of(place.graph, place.node_id), place.spec, item):
            continue
        if place.spec.uploads:
            yield from _wrong_upload(place, item)
            continue
        near = difflib.get_close_matches(str(item), [str(option) for option in options], n=1, cutoff=0.6)
        shown = ", ".join(str(option) for option in options[:_MAX_SHOWN]) or "no choice at all"
        more = f" and {len(options) - _MAX_SHOWN} more" if len(options) > _MAX_SHOWN else ""
        yield place.problem(
            "input_value_invalid",
            f"{place.text} is {_shown(item)}, but the server offers {shown}{more}.",
            hint=f"Did you mean {near[0]}?" if near else None,
        )


def _wrong_upload(place: _Place, value: Any) -> Iterator[Problem]:
    """A file of the input folder: only plain names can be judged, the list leaves out sub-folders and other folders."""
    if not isinstance(value, str) or not value:
        yield place.problem("input_type_invalid", f"{place.text} must name a file, but is {_shown(value)}.")
    elif not any(mark in value for mark in "/\\[]"):
        yield place.problem(
            "start_image_missing", f"{place.text} is '{value}', but the server has no such file in its input folder."
        )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
