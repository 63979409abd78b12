"""Size and length of a video: what Wan 2.2 really makes of them, and how much of the start image is lost."""

import math
from collections.abc import Iterator

from wan22.comfy.client import Graph
from wan22.comfy.graph_edit import SIZE_STEP, frames_made, snap_length, snap_size
from wan22.comfy.graph_link import inputs_of, int_of, title_of
from wan22.comfy.graph_part import first_video_nodes, length_input, start_image_loader, video_nodes
from wan22.schema.problem import Problem, Severity, problem

LATENT_STEP = 8
MOST_CROPPED = 0.02


def size_doubts(graph: Graph, image_size: tuple[int, int] | None) -> Iterator[Problem]:
    """Warnings about length, width, height and cropping. `image_size`: pixels of the start image, None = not known.

    All are warnings, the length too: ComfyUI takes any length and makes 4n + 1 frames out of it without a word, so
    that nothing breaks; but the person must know how many frames will come.
    """
    for node in video_nodes(graph):
        inputs, title = inputs_of(graph, node), title_of(graph, node)
        name = length_input(graph, node)
        length = int_of(graph, inputs[name]) if name else None
        if name and length is not None and length >= 1 and frames_made(length) != length:
            made = frames_made(length)
            yield problem(
                "length_unusual",
                f"{title} is asked for {length} frames, but {made} frame{'s' if made != 1 else ''} will come: "
                "Wan 2.2 makes 4n + 1 frames.",
                Severity.warning,
                hint=f"Take {_either(made, made + 4, snap_length(length))} frames.",
                node=node,
                input=name,
            )
        for side in ("width", "height"):
            size = int_of(graph, inputs[side])
            if size is not None and size >= 1 and size != snap_size(size):
                lower, made = max(size // 16 * 16, 16), size // LATENT_STEP * LATENT_STEP
                yield problem(
                    "size_unusual",
                    f"The {side} of {title} is {size} pixels, which is not a multiple of 16: "
                    + (f"the video will be {made} pixels." if made != size else "the model pads it and cuts it again."),
                    Severity.warning,
                    hint=f"Take {_either(lower, lower + 16, snap_size(size))} pixels.",
                    node=node,
                    input=side,
                )
    if image_size is not None:
        yield from _crop_doubts(graph, image_size)


def _either(lower: int, upper: int, nearest: int) -> str:
    return f"{nearest}" if nearest not in (lower, upper) else f"{lower} or {upper}"


def _crop_doubts(graph: Graph, image_size: tuple[int, int]) -> Iterator[Problem]:
    """Only where the image goes straight into the image-to-video node: nodes in between may change its shape."""
    for node in first_video_nodes(graph):
        loader = start_image_loader(graph, node)
        width, height = (int_of(graph, inputs_of(graph, node)[side]) for side in ("width", "height"))
        if loader is None or not loader.direct or not width or not height or width < 1 or height < 1:
            continue
        lost = cropped_share(image_size, (width, height))
        if lost <= MOST_CROPPED:
            continue
        sides = "left and right" if image_size[0] * height > width * image_size[1] else "top and bottom"
        fitting = fitting_size(image_size, width * height)
        yield problem(
            "aspect_cropped",
            f"The start image is {image_size[0]}x{image_size[1]} pixels, the video {width}x{height}: ComfyUI cuts "
            f"{lost:.0%} of the picture off, {sides}.",
            Severity.warning,
            hint=f"{fitting[0]}x{fitting[1]} keeps the most of it at about the same number of pixels.",
            node=node,
        )


def cropped_share(image_size: tuple[int, int], video_size: tuple[int, int]) -> float:
    """Share of a picture that is cut off when it is scaled to cover the video and cropped to its centre, 0 to 1."""
    image_aspect, video_aspect = image_size[0] / image_size[1], video_size[0] / video_size[1]
    return 1 - min(image_aspect, video_aspect) / max(image_aspect, video_aspect)


def fitting_size(image_size: tuple[int, int], pixels: int) -> tuple[int, int]:
    """Size in multiples of 16 that loses least of the image, among those of about `pixels` pixels."""
    aspect = image_size[0] / image_size[1]
    middle = snap_size(round(math.sqrt(pixels * aspect)))
    widths = [snap_size(middle + steps * SIZE_STEP) for steps in range(-3, 4)]
    sizes = {(width, snap_size(round(width / aspect))) for width in widths}
    return min(sizes, key=lambda size: (round(cropped_share(image_size, size), 3), abs(size[0] * size[1] - pixels)))
