"""Which LoRAs a chain of model nodes applies, and how strongly: single loaders, stacks, and loaders with a list."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from wan22.comfy.client import Graph
from wan22.comfy.graph_link import class_of, float_of, inputs_of, link_of, source_of, text_of

_STACK_ROW = re.compile(r"^lora_\d+$")
_LIST_INPUTS = ("lora", "prev_lora", "loras", "lora_stack")
_MAX_CHAIN = 64
_NO_FILE = frozenset({"", "none"})


@dataclass(frozen=True, slots=True)
class LoraUse:
    """One LoRA at one node. `strength` is None when it cannot be read. `input`: the input that names the file."""

    file: str
    strength: float | None
    node: str
    input: str

    @property
    def counts(self) -> bool:
        """Whether it changes anything."""
        return self.strength != 0.0


def loras_on(graph: Graph, chain: Sequence[str]) -> tuple[LoraUse, ...]:
    """LoRAs of a chain of model nodes (nearest to the sampler first), in the order in which they are applied."""
    found: list[LoraUse] = []
    for node in chain:
        found[:0] = [*_own(graph, node), *_listed(graph, node)]
    return tuple(found)


def _own(graph: Graph, node: str) -> Iterator[LoraUse]:
    inputs = inputs_of(graph, node)
    name = text_of(graph, inputs.get("lora_name"))
    if name:
        yield LoraUse(name, float_of(graph, inputs.get("strength_model", 1.0)), node, "lora_name")
    for key, row in inputs.items():
        if not _STACK_ROW.match(key):
            continue
        file = row.get("lora") if isinstance(row, Mapping) else text_of(graph, row)
        if not isinstance(file, str) or file.strip().casefold() in _NO_FILE:
            continue
        if isinstance(row, Mapping):
            strength = row.get("strength", 1.0) if row.get("on", True) else 0.0
        else:
            strength = inputs.get(key.replace("lora_", "strength_"), 1.0)
        yield LoraUse(file, float_of(graph, strength), node, key)


def _listed(graph: Graph, node: str) -> Iterator[LoraUse]:
    """LoRAs that reach a model loader as a list, each entry linked to the one before it."""
    link = next((found for name in _LIST_INPUTS if (found := source_of(graph, node, name)) is not None), None)
    seen: list[str] = []
    while link is not None and link[0] not in seen and len(seen) < _MAX_CHAIN:
        seen.append(link[0])
        link = source_of(graph, link[0], *_LIST_INPUTS)
    for entry in reversed(seen):
        inputs = inputs_of(graph, entry)
        if "Lora" not in class_of(graph, entry):
            continue
        name = text_of(graph, inputs.get("lora")) if link_of(inputs.get("lora")) is None else None
        if name and name.casefold() not in _NO_FILE:
            yield LoraUse(name, float_of(graph, inputs.get("strength", 1.0)), entry, "lora")
        yield from _own(graph, entry)
