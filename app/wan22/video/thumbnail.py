"""The first frame of a clip, small, for lists."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wan22.video.clip_file import opened
from wan22.video.colour import RgbConverter, colour_of
from wan22.video.orientation import orientation_of
from wan22.video.probe import first_frame_of


def first_frame(path: Path, max_size_px: int) -> NDArray[np.uint8]:
    """Upright RGB24 (h, w, 3), its longer side at most `max_size_px`, never enlarged. AppError as `probe_clip`."""
    with opened(path) as (container, stream):
        frame = first_frame_of(container, stream, path)
        converter = RgbConverter(colour_of(frame, container))
        scale = max_size_px / max(frame.width, frame.height)
        if scale >= 1:
            pixels = converter.rgb(frame)
        else:
            pixels = converter.rgb(frame, max(1, round(frame.width * scale)), max(1, round(frame.height * scale)))
        return orientation_of(frame).applied(pixels)
