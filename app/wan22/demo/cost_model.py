"""How long each node of a Wan graph takes and what it asks of the GPU. Seconds are those of life, without speed-up.

Linear work is 23.9 GFLOP a token, attention 4 · N² · 5120 · 40 FLOP; rates and the effect of flags are the scenario's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wan22.demo.gpu_model import FULL_LOAD, Load, link_bytes_per_s
from wan22.demo.prompt_check import Graph, ancestors, link_of
from wan22.demo.scenario import Scenario

_LINEAR_FLOP_PER_TOKEN = 23.9e9
_ATTENTION_FLOP = 4 * 5120 * 40
_GIB = 2**30
_COPY_BYTES_PER_S = 26e9
_FILE_BYTES = {"UNETLoader": 14.295e9, "CLIPLoader": 6.736e9, "VAELoader": 0.254e9, "LoraLoaderModelOnly": 1.227e9}
_EXPERT_BYTES = 14.9e9
_TEXT_BYTES = 6.8e9
_ACTIVATION_BYTES_PER_TOKEN = 85e3
_VAE_ENCODE_S_PER_PIXEL = 5.0e-8
_VAE_DECODE_S_PER_PIXEL = 7.5e-8
_SAVE_S_PER_PIXEL = 3.0e-8
_INTERPOLATION_S_PER_PIXEL = {"RIFE VFI": 2.4e-8, "FILM VFI": 2.9e-7, "FrameInterpolate": 3.1e-8}
_SAMPLERS = ("KSamplerAdvanced", "KSampler")
_DEFAULT_SIZE = (832, 480, 81)


@dataclass(frozen=True, slots=True)
class Phase:
    """A piece of a node's work. `is_step`: its end is a step of a sampler. `on_gpu`: a slow GPU makes it longer."""

    seconds: float
    load: Load
    is_step: bool = False
    on_gpu: bool = True


@dataclass(frozen=True, slots=True)
class VideoSize:
    """Size of the video that a node works on."""

    width: int
    height: int
    length: int

    @property
    def tokens(self) -> int:
        """Tokens of the latent video."""
        return ((self.length - 1) // 4 + 1) * (self.height // 16) * (self.width // 16)

    @property
    def pixels(self) -> int:
        """Pixels of all frames."""
        return self.width * self.height * self.length


class CostModel:
    """Phases of nodes for one scenario and the flags that the server was started with."""

    def __init__(self, scenario: Scenario, flags: Sequence[str]) -> None:
        self._scenario = scenario
        self._copy_bytes_per_s = min(_COPY_BYTES_PER_S, link_bytes_per_s(scenario))
        self._effects = [scenario.flags[flag] for flag in flags if flag in scenario.flags]

    def forward_s(self, size: VideoSize, *, attention_fell_back: bool = False) -> float:
        """Seconds of one pass through an expert."""
        board = self._scenario.board
        linear_s = _LINEAR_FLOP_PER_TOKEN * size.tokens / (board.linear_tflops * 1e12)
        attention_s = _ATTENTION_FLOP * size.tokens**2 / (board.attention_tflops * 1e12)
        for effect in self._effects:
            linear_s *= effect.linear
            attention_s *= 1.0 if attention_fell_back else effect.attention
        return (linear_s + attention_s) * board.time_factor * self._scenario.spill.step_factor

    def phases(
        self, graph: Graph, node_id: str, *, is_on_disk: bool, attention_fell_back: bool = False
    ) -> tuple[Phase, ...]:
        """What the node does, in order. `is_on_disk`: its file was not read yet."""
        class_type = graph[node_id]["class_type"]
        size = size_for(graph, node_id)
        if class_type in _FILE_BYTES:
            seconds = _FILE_BYTES[class_type] / _GIB / self._scenario.timing.disk_gib_per_s if is_on_disk else 0.05
            return (Phase(seconds, self._context(0.0), on_gpu=False),)
        if class_type == "CLIPTextEncode":
            return self._text()
        if class_type == "WanImageToVideo":
            load = Load(0.97, 0.55, 0.6, memory_bytes=3.5 * _GIB, has_context=True)
            return (Phase(size.pixels * _VAE_ENCODE_S_PER_PIXEL, load),)
        if class_type in _SAMPLERS:
            return self._sampling(graph, node_id, size, attention_fell_back=attention_fell_back)
        if class_type in ("VAEDecode", "VAEDecodeTiled"):
            load = Load(0.98, 0.6, 0.65, memory_bytes=6.5 * _GIB, has_context=True)
            return (Phase(size.pixels * _VAE_DECODE_S_PER_PIXEL, load),)
        if class_type in _INTERPOLATION_S_PER_PIXEL:
            load = Load(0.85, 0.45, 0.5, memory_bytes=4.0 * _GIB, has_context=True)
            return (Phase(size.pixels * _INTERPOLATION_S_PER_PIXEL[class_type], load),)
        if class_type == "SaveVideo":
            return (Phase(size.pixels * _SAVE_S_PER_PIXEL, self._context(0.0), on_gpu=False),)
        return (Phase(0.002, self._context(0.0), on_gpu=False),)

    def memory_bytes(self, size: VideoSize) -> float:
        """VRAM that sampling asks for: an expert, its LoRA and the activations."""
        extra_gib = sum(effect.memory_gib for effect in self._effects) + self._scenario.spill.gib
        return _EXPERT_BYTES + size.tokens * _ACTIVATION_BYTES_PER_TOKEN + extra_gib * _GIB

    def _text(self) -> tuple[Phase, ...]:
        work = Load(0.9, 0.6, 0.5, memory_bytes=_TEXT_BYTES, has_context=True)
        return (Phase(_TEXT_BYTES / self._copy_bytes_per_s, self._copy(_TEXT_BYTES)), Phase(0.3, work))

    def _sampling(self, graph: Graph, node_id: str, size: VideoSize, *, attention_fell_back: bool) -> tuple[Phase, ...]:
        inputs = graph[node_id].get("inputs", {})
        memory_bytes = self.memory_bytes(size)
        forward_s = self.forward_s(size, attention_fell_back=attention_fell_back)
        step_s = forward_s * (1.0 if number(graph, inputs.get("cfg"), 1.0) == 1.0 else 2.0)
        work = replace(FULL_LOAD, memory_bytes=memory_bytes)
        if self._scenario.spill.gib > 0:
            paged = min(36e9, 0.9 * link_bytes_per_s(self._scenario))
            work = Load(0.99, 0.12, 0.1, paged, memory_bytes, has_context=True)
        steps = (Phase(step_s, work, is_step=True),) * step_count(graph, node_id)
        return (Phase(_EXPERT_BYTES / self._copy_bytes_per_s, self._copy(_EXPERT_BYTES)), *steps)

    def _copy(self, memory_bytes: float) -> Load:
        return Load(0.6, 0.0, 0.03, self._copy_bytes_per_s, memory_bytes, has_context=True)

    def _context(self, memory_bytes: float) -> Load:
        return Load(memory_bytes=memory_bytes + 0.6 * _GIB, has_context=True)


def step_count(graph: Graph, node_id: str) -> int:
    """Steps that this sampler does itself."""
    inputs = graph[node_id].get("inputs", {})
    steps = int(number(graph, inputs.get("steps"), 20))
    start = int(number(graph, inputs.get("start_at_step"), 0))
    end = int(number(graph, inputs.get("end_at_step"), steps))
    return max(0, min(end, steps) - start)


def size_for(graph: Graph, node_id: str) -> VideoSize:
    """Size of the video at a node: what WanImageToVideo upstream asks for, more frames behind an interpolation."""
    width, height, length = _DEFAULT_SIZE
    for one in ancestors(graph, node_id):
        inputs: Mapping[str, Any] = graph[one].get("inputs", {})
        kind = graph[one]["class_type"]
        if kind == "WanImageToVideo":
            width = int(number(graph, inputs.get("width"), width))
            height = int(number(graph, inputs.get("height"), height))
            length = int(number(graph, inputs.get("length"), length))
            length = 4 * ((length - 1) // 4) + 1
        elif kind in _INTERPOLATION_S_PER_PIXEL:
            length = (length - 1) * int(number(graph, inputs.get("multiplier"), 2)) + 1
    return VideoSize(width, height, length)


def number(graph: Graph, value: Any, otherwise: float) -> float:
    """A number of the graph: written there, or that of the node that a link leads to, through switches."""
    for _ in range(8):
        link = link_of(value)
        if link is None:
            break
        inputs: Mapping[str, Any] = graph.get(link[0], {}).get("inputs", {})
        if "switch" in inputs:
            value = inputs.get("on_true" if _is_on(graph, inputs["switch"]) else "on_false")
        else:
            value = inputs.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return otherwise
    return value


def _is_on(graph: Graph, value: Any) -> bool:
    link = link_of(value)
    return bool(value if link is None else graph.get(link[0], {}).get("inputs", {}).get("value"))
