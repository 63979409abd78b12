"""Doubts about size and length, in the few words that fit below a field."""

from wan22.comfy.graph_edit import SIZE_STEP, frames_made
from wan22.comfy.size_check import cropped_share, fitting_size
from wan22.ui.state.size_preset import Size, size_text


def length_words(frames: int) -> str:
    """Why this number of frames is odd, and what to take."""
    made = frames_made(frames)
    return f"{frames} frames are not 4n + 1: {made} will come. Take {made} or {made + 4}."


def side_words(size: Size) -> str:
    """Which sides are odd, and what to take."""
    return " ".join(
        f"The {name} {side} is no multiple of {SIZE_STEP}: take {_below(side)} or {_below(side) + SIZE_STEP}."
        for name, side in zip(("width", "height"), size, strict=True)
        if side % SIZE_STEP
    )


def crop_words(image: Size, size: Size) -> str:
    """How much of the picture is lost, and which size keeps it."""
    lost = cropped_share(image, size)
    sides = "left and right" if image[0] * size[1] > size[0] * image[1] else "top and bottom"
    better = size_text(fitting_size(image, size[0] * size[1]))
    return f"{lost:.0%} of the picture is cut off, {sides}. {better} keeps nearly all of it."


def _below(side: int) -> int:
    return max(side // SIZE_STEP * SIZE_STEP, SIZE_STEP)
