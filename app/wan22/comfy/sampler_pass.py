"""One sampling pass of a graph: which nodes are samplers, in which order, with which model, steps and shift."""

import re
from collections.abc import Mapping

from wan22.comfy.client import Graph
from wan22.comfy.graph_link import (
    Link,
    ancestors,
    class_of,
    float_of,
    inputs_of,
    int_of,
    literal_of,
    source_of,
    text_of,
)
from wan22.comfy.lora_use import loras_on

_EXACT = frozenset({"KSampler", "KSamplerAdvanced", "SamplerCustom", "SamplerCustomAdvanced"})
_LIKE = re.compile(r"KSampler(?!Select)|^SamplerCustom|VideoSampler")
_LATENT_INPUTS = ("latent_image", "samples", "latent", "latents")
_MODEL_INPUTS = ("model", "model_high_noise", "unet")
_MAX_CHAIN = 64
MAX_PASSES = 40
"""Most samplers of a workflow that is analysed."""


def is_sampler(graph: Graph, node_id: str) -> bool:
    """Whether a node denoises a latent: one of the core samplers, or a custom one with a latent or model and steps."""
    name = class_of(graph, node_id)
    if name in _EXACT:
        return True
    if not _LIKE.search(name):
        return False
    takes_model = "steps" in inputs_of(graph, node_id) and source_of(graph, node_id, *_MODEL_INPUTS) is not None
    return takes_model or source_of(graph, node_id, *_LATENT_INPUTS) is not None


def earlier_samplers(graph: Graph, sampler: str) -> frozenset[str]:
    """Samplers whose result reaches the latent of `sampler`, through any chain of nodes."""
    link = source_of(graph, sampler, *_LATENT_INPUTS)
    if link is None:
        return frozenset()
    return frozenset(node for node in ancestors(graph, [link[0]]) if node != sampler and is_sampler(graph, node))


def has_too_many_passes(graph: Graph) -> bool:
    """Whether a graph has more samplers than anybody looks through; comparing all of them would take minutes."""
    return sum(is_sampler(graph, node) for node in graph) > MAX_PASSES


def pass_nodes(graph: Graph) -> tuple[str, ...]:
    """Ids of the samplers in the order in which they work; independent ones keep the order of the file."""
    samplers = [node for node in graph if is_sampler(graph, node)]
    return tuple(sorted(samplers, key=lambda node: len(earlier_samplers(graph, node))))


def model_chain(graph: Graph, sampler: str) -> tuple[str, ...]:
    """Nodes between a sampler and its model file, nearest first; the last one is the loader."""
    link = source_of(graph, sampler, *_MODEL_INPUTS)
    if link is None:
        guider = source_of(graph, sampler, "guider")
        link = source_of(graph, guider[0], "model") if guider else None
    chain: list[str] = []
    while link is not None and link[0] not in chain and len(chain) < _MAX_CHAIN:
        chain.append(link[0])
        link = source_of(graph, link[0], *_MODEL_INPUTS)
    return tuple(chain)


def expert_of(graph: Graph, sampler: str) -> str | None:
    """Model file of a pass, or the id of its loader when the file is not known; None without a model link."""
    chain = model_chain(graph, sampler)
    return (expert_file(graph, chain[-1]) or chain[-1]) if chain else None


def expert_file(graph: Graph, loader: str) -> str | None:
    """File that a model loader names; None when it names none."""
    inputs = inputs_of(graph, loader)
    for name in ("unet_name", "ckpt_name", "model_name", "model"):
        text = text_of(graph, inputs.get(name))
        if text:
            return text
    return None


def lora_files(graph: Graph, sampler: str) -> tuple[str, ...]:
    """LoRA files of a pass that have any strength, in the order in which they are applied."""
    return tuple(use.file for use in loras_on(graph, model_chain(graph, sampler)) if use.counts)


def shift_of_pass(graph: Graph, sampler: str) -> float | None:
    """Shift that a pass samples with; None when no node of its model chain sets one."""
    for node in model_chain(graph, sampler):
        inputs = inputs_of(graph, node)
        if class_of(graph, node).startswith("ModelSampling") and "shift" in inputs:
            return float_of(graph, inputs["shift"])
    return float_of(graph, inputs_of(graph, sampler).get("shift"))


def cfg_of_pass(graph: Graph, sampler: str) -> float | None:
    """CFG of a pass, read at the sampler or at its guider; a guider without one samples at 1."""
    inputs = inputs_of(graph, sampler)
    if "cfg" in inputs:
        return float_of(graph, inputs["cfg"])
    guider = source_of(graph, sampler, "guider")
    if guider is None:
        return None
    if class_of(graph, guider[0]) == "BasicGuider":
        return 1.0
    return float_of(graph, inputs_of(graph, guider[0]).get("cfg"))


def adds_noise(graph: Graph, sampler: str) -> bool | None:
    """Whether a pass starts from fresh noise; None when that cannot be read."""
    inputs = inputs_of(graph, sampler)
    if "add_noise" in inputs:
        value = literal_of(graph, inputs["add_noise"])
        if isinstance(value, str):
            return value == "enable"
        return None if value is None else bool(value)
    noise = source_of(graph, sampler, "noise")
    if noise is not None:
        return class_of(graph, noise[0]) != "DisableNoise"
    return True if "seed" in inputs else None


def leaves_noise(graph: Graph, sampler: str) -> bool | None:
    """Whether a pass hands on its leftover noise; None when the sampler has no such switch."""
    value = text_of(graph, inputs_of(graph, sampler).get("return_with_leftover_noise"))
    return None if value is None else value == "enable"


def step_window(graph: Graph, sampler: str) -> tuple[int, int, int] | None:
    """(first step, end step, steps of the whole schedule) of a pass, clamped as ComfyUI does; None = not known."""
    inputs = inputs_of(graph, sampler)
    if "sigmas" in inputs:
        link = source_of(graph, sampler, "sigmas")
        return _sigma_window(graph, link, 0) if link else None
    steps = int_of(graph, inputs.get("steps"))
    if steps is None or steps < 0:
        return None
    if "start_step" in inputs and "end_step" in inputs:  # samplers of the wrapper: -1 means to the end
        first, last = int_of(graph, inputs["start_step"]), int_of(graph, inputs["end_step"])
        if first is None or last is None:
            return None
        last = steps if last < 0 else min(last, steps)
        return min(max(first, 0), last), last, steps
    if "start_at_step" not in inputs and "end_at_step" not in inputs:
        denoise = float_of(graph, inputs.get("denoise", 1.0))
        if denoise is None:
            return None
        return _denoised(steps, denoise)
    start, end = int_of(graph, inputs.get("start_at_step", 0)), int_of(graph, inputs.get("end_at_step", steps))
    if start is None or end is None:
        return None
    end = min(max(end, 0), steps)
    return min(max(start, 0), end), end, steps


def _denoised(steps: int, denoise: float) -> tuple[int, int, int]:
    """`denoise` below 1 stretches the schedule and runs its last `steps` steps; 0 or less runs none."""
    if denoise <= 0:
        return 0, 0, steps
    whole = steps if denoise > 0.9999 else int(steps / denoise)
    return whole - steps, whole, whole


def _sigma_window(graph: Graph, link: Link, depth: int) -> tuple[int, int, int] | None:
    """Window of a list of sigmas: a scheduler's whole list, or what SplitSigmas left of it."""
    node, slot = link
    inputs = inputs_of(graph, node)
    if class_of(graph, node) != "SplitSigmas":
        return _schedule(graph, inputs)
    inner = source_of(graph, node, "sigmas")
    window = _sigma_window(graph, inner, depth + 1) if inner and depth < _MAX_CHAIN else None
    cut = int_of(graph, inputs.get("step"))
    if window is None or cut is None or cut < 0:
        return None
    start, end, whole = window
    middle = min(start + cut, end)
    return (start, middle, whole) if slot == 0 else (middle, end, whole)


def _schedule(graph: Graph, inputs: Mapping[str, object]) -> tuple[int, int, int] | None:
    """Window of a scheduler node that has `steps` and, perhaps, `denoise`."""
    steps = int_of(graph, inputs.get("steps"))
    denoise = float_of(graph, inputs.get("denoise", 1.0))
    if steps is None or steps < 0 or denoise is None:
        return None
    return _denoised(steps, denoise)


def steps_of_pass(graph: Graph, node: str) -> int | None:
    """Steps that a sampler really does, its window clamped to its schedule; None when they cannot be read."""
    window = step_window(graph, node)
    return None if window is None else window[1] - window[0]
