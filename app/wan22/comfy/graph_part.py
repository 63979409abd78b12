"""The parts of an image-to-video graph that a request fills in: start image, prompts, size. Found by class and link."""

import re
from dataclasses import dataclass

from wan22.comfy.client import Graph
from wan22.comfy.graph_link import ancestors, class_of, inputs_of, link_of, source_of
from wan22.comfy.sampler_pass import earlier_samplers, pass_nodes

_LENGTH_INPUTS = ("length", "num_frames")
_IMAGE_INPUTS = ("start_image", "first_image", "image", "images", "pixels")
_TEXT_INPUTS = ("text", "prompt")
_LOAD_IMAGE = re.compile(r"^(VHS_)?LoadImage")
_MAX_CHAIN = 64


@dataclass(frozen=True, slots=True)
class ImageLoader:
    """Node that loads the start image. `direct`: nothing stands between it and the image-to-video node."""

    node: str
    direct: bool


def video_nodes(graph: Graph) -> tuple[str, ...]:
    """Image-to-video nodes: whatever feeds a sampler and takes width, height and a number of frames."""
    return tuple(
        node
        for node in ancestors(graph, pass_nodes(graph))
        if {"width", "height"} <= inputs_of(graph, node).keys() and length_input(graph, node) is not None
    )


def first_video_nodes(graph: Graph) -> tuple[str, ...]:
    """Image-to-video nodes from which a pass 1 starts: those that a request's start image belongs to."""
    starts = [node for node in pass_nodes(graph) if not earlier_samplers(graph, node)]
    nearest = set(ancestors(graph, starts))
    return tuple(node for node in video_nodes(graph) if node in nearest)


def length_input(graph: Graph, node: str) -> str | None:
    """Name of the input that holds the number of frames; None when the node has none."""
    return next((name for name in _LENGTH_INPUTS if name in inputs_of(graph, node)), None)


def start_image_loader(graph: Graph, video_node: str) -> ImageLoader | None:
    """Node that loads the start image of an image-to-video node; None when nothing loads one."""
    link = source_of(graph, video_node, *_IMAGE_INPUTS)
    if link is None:
        return None
    for node in ancestors(graph, [link[0]]):
        image = inputs_of(graph, node).get("image")
        if _LOAD_IMAGE.match(class_of(graph, node)) and isinstance(image, str):
            return ImageLoader(node=node, direct=node == link[0])
    return None


def text_encoder(graph: Graph, sampler: str, side: str) -> str | None:
    """Node whose text becomes the `side` ("positive" or "negative") conditioning of a sampler; None without one."""
    link = source_of(graph, sampler, side)
    if link is None:
        guider = source_of(graph, sampler, "guider")
        names = (side, "conditioning") if side == "positive" else (side,)
        link = source_of(graph, guider[0], *names) if guider else None
    for _ in range(_MAX_CHAIN):
        if link is None:
            return None
        node, slot = link
        if text_input(graph, node) is not None:
            return node
        if class_of(graph, node) == "ConditioningZeroOut":
            return None
        inputs = inputs_of(graph, node)
        if "positive" in inputs or "negative" in inputs:
            link = source_of(graph, node, "negative" if slot == 1 else "positive")
        else:
            link = source_of(graph, node, "conditioning", "conditioning_1", "conditioning_to")
    return None


def text_input(graph: Graph, node: str) -> str | None:
    """Name of the input that holds the text of a text encoder; None for any other node."""
    inputs = inputs_of(graph, node)
    if "clip" not in inputs and "TextEncode" not in class_of(graph, node):
        return None
    for name in _TEXT_INPUTS:
        if isinstance(inputs.get(name), str) or link_of(inputs.get(name)) is not None:
            return name
    return None
