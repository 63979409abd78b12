"""What each node of a graph does for a generation, found by class and by links, never by id."""

import re

from wan22.comfy.client import Graph
from wan22.comfy.graph_link import class_of
from wan22.comfy.sampler_pass import earlier_samplers, expert_of, pass_nodes, steps_of_pass
from wan22.schema.events import Role

__all__ = ["pass_nodes", "roles_from_graph", "steps_of_pass"]

# The first pattern that fits a class decides; loaders of interpolation models therefore come before loaders.
_ROLE_OF_CLASS: tuple[tuple[Role, re.Pattern[str]], ...] = (
    (Role.interpolate, re.compile(r"VFI$|^Rife|^RIFE|^FILM|FrameInterpolat")),
    (Role.encode, re.compile(r"TextEncode|CLIPVisionEncode|VAEEncode|VideoEncode$")),
    (Role.encode, re.compile(r"(Image|Frame|Inpaint|Camera|Animate|Sound)\w*ToVideo|I2V$|^Wan\w*ToVideo")),
    (Role.encode, re.compile(r"^(VHS_)?Load(Image|Video)|^GetVideoComponents$")),
    (Role.encode, re.compile(r"^Image(Scale|Resize|Crop|Pad|Upscale)|^ResizeImage|^ResizeAndPad")),
    (Role.decode, re.compile(r"VAE ?Decode|VideoDecode$")),
    (Role.save, re.compile(r"^CreateVideo$|VideoCombine$|^Save(Video|Image|Animated|WEBM|SVG|GLB|Audio|Latent)")),
    (Role.save, re.compile(r"^Preview(Image|Video|Animation)$")),
    (Role.load, re.compile(r"Loader|^Load(Lora|Model)")),
    (Role.load, re.compile(r"^(ModelSampling|ModelPatch|ModelCompute|ModelAttention|TorchCompile|Patch|Pathch)")),
    (Role.load, re.compile(r"^(TeaCache|MagCache|EasyCache|LazyCache|CFGZeroStar|CLIPSetLastLayer)|BlockSwap")),
)


def roles_from_graph(graph: Graph) -> dict[str, Role]:
    """Role of every node.

    Samplers: one whose latent comes from no other sampler is pass 1 (also the only one of a single-sampler graph);
    the last of a chain is pass 2. In between, three and more passes, the expert decides: a pass that runs on the
    first pass's model file belongs to pass 1 (three-pass recipes run the high noise expert twice), one on the
    last pass's file to pass 2. When that does not decide (same file throughout, or a third file) the nearer end does.
    """
    roles = {node: _role_of_class(class_of(graph, node)) for node in graph}
    passes = pass_nodes(graph)
    earlier = {node: earlier_samplers(graph, node) for node in passes}
    for node in passes:
        later = [other for other in passes if node in earlier[other]]
        if not earlier[node]:
            roles[node] = Role.pass_1
        elif not later:
            roles[node] = Role.pass_2
        else:
            first = min(earlier[node], key=lambda other: len(earlier[other]))
            last = max(later, key=lambda other: len(earlier[other]))
            roles[node] = _role_between(graph, node, first, last, len(earlier[node]) <= len(later))
    return roles


def _role_of_class(name: str) -> Role:
    return next((role for role, pattern in _ROLE_OF_CLASS if pattern.search(name)), Role.other)


def _role_between(graph: Graph, node: str, first: str, last: str, near_start: bool) -> Role:
    """Role of a middle pass; see `roles_from_graph`."""
    expert, first_expert, last_expert = expert_of(graph, node), expert_of(graph, first), expert_of(graph, last)
    if first_expert != last_expert:
        if expert == first_expert:
            return Role.pass_1
        if expert == last_expert:
            return Role.pass_2
    return Role.pass_1 if near_start else Role.pass_2
