"""How much memory of the GPU a job probably needs: an estimate from measured anchors, never a promise."""

from collections.abc import Callable
from dataclasses import dataclass

from wan22.comfy.client import Graph
from wan22.comfy.graph_edit import frames_made
from wan22.comfy.graph_link import inputs_of, int_of, text_of
from wan22.comfy.graph_part import length_input, video_nodes
from wan22.comfy.sampler_pass import expert_file, model_chain, pass_nodes

# From a recorded run on an H100 (ComfyUI 0.3.64, fp8_scaled experts, PyTorch attention, 640x640x81, CFG 1): the first
# pass raised the memory in use from 0.98 GiB before the job to 24.94 GiB; 6.27 GiB text encoder, 0.24 GiB VAE and
# 13.31 GiB expert leave 4.14 GiB for 33,600 tokens. It agrees with the 83 % of 24 GB that the official template
# notes for a 4090D at the same size. Attention keeps no square matrix, so that the need grows with the tokens.
BYTES_PER_TOKEN = 132_300
FIXED_BYTES = 1_052_000_000
# Below this an expert file is no 14B model of any precision, and the anchor says nothing about it.
_LEAST_EXPERT_BYTES = 6_000_000_000


@dataclass(frozen=True, slots=True)
class VramEstimate:
    """`bytes_needed` is None when it cannot be told; `method` says how it was found, or why it was not."""

    bytes_needed: int | None
    method: str


def tokens_of(width: int, height: int, length: int) -> int:
    """Tokens of a Wan 2.2 14B latent: (latent frames) x (height / 16) x (width / 16)."""
    return ((frames_made(length) - 1) // 4 + 1) * (max(height, 16) // 16) * (max(width, 16) // 16)


def vram_estimate(graph: Graph, file_bytes: Callable[[str], int | None]) -> VramEstimate:
    """Memory for the larger of the passes: one expert whole on the card, activations, and what CUDA itself takes.

    `file_bytes` gives the size of a model file by the name in the graph, None when it is not known. The experts take
    turns, so that only the larger one counts; text encoder and VAE can leave the card before.
    """
    experts: list[int] = []
    for sampler in pass_nodes(graph):
        chain = model_chain(graph, sampler)
        file = expert_file(graph, chain[-1]) if chain else None
        if file is None:
            return VramEstimate(None, "unknown: the model file of a pass cannot be read from the workflow")
        size = file_bytes(file)
        if size is None:
            return VramEstimate(None, f"unknown: the size of {file} is not known")
        if size < _LEAST_EXPERT_BYTES:
            return VramEstimate(None, f"unknown: {file} is too small to be a 14B expert")
        experts.append(_resident_bytes(size, text_of(graph, inputs_of(graph, chain[-1]).get("weight_dtype"))))
    tokens = _tokens(graph)
    if not experts or tokens is None:
        return VramEstimate(None, "unknown: the workflow has no pass with a readable size")
    activations = tokens * BYTES_PER_TOKEN
    needed = max(experts) + activations + FIXED_BYTES
    return VramEstimate(
        needed,
        f"largest expert {_gib(max(experts))} + activations {_gib(activations)} ({tokens:,} tokens x "
        f"{BYTES_PER_TOKEN:,} bytes, anchored at one H100 run of 640x640x81 with PyTorch attention) + "
        f"{_gib(FIXED_BYTES)} for CUDA",
    )


def _resident_bytes(file_bytes: int, weight_dtype: str | None) -> int:
    """Weights on the card: a 16-bit file that is cast to fp8 while loading takes half of its size."""
    if weight_dtype is not None and weight_dtype.startswith("fp8") and file_bytes > 20_000_000_000:
        return file_bytes // 2
    return file_bytes


def _tokens(graph: Graph) -> int | None:
    """Tokens of the largest image-to-video node, its batch included; None when a size cannot be read."""
    largest = None
    for node in video_nodes(graph):
        inputs = inputs_of(graph, node)
        name = length_input(graph, node)
        numbers = [int_of(graph, inputs.get(key)) for key in ("width", "height", name or "length")]
        batch = int_of(graph, inputs.get("batch_size", 1))
        if batch is None or None in numbers:
            return None
        width, height, length = (number or 0 for number in numbers)
        largest = max(largest or 0, tokens_of(width, height, length) * max(batch, 1))
    return largest


def _gib(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"
