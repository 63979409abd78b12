"""Clips made on the spot, with colours that are known before any library converts them."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

BARS = (
    (255, 255, 255),
    (255, 255, 0),
    (0, 255, 255),
    (0, 255, 0),
    (255, 0, 255),
    (255, 0, 0),
    (0, 0, 255),
    (40, 60, 90),
)
WEIGHTS = {"bt709": (0.2126, 0.0722), "bt601": (0.299, 0.114)}
NUMBERS = {"bt709": 1, "bt601": 6}


def yuv_of(rgb: tuple[int, int, int], matrix: str, full: bool) -> tuple[int, int, int]:
    """The three numbers of a colour, by the definition of ITU-R BT.601 and BT.709."""
    red_weight, blue_weight = WEIGHTS[matrix]
    red, green, blue = (part / 255 for part in rgb)
    luma = red_weight * red + (1 - red_weight - blue_weight) * green + blue_weight * blue
    chroma = (blue - luma) / (2 * (1 - blue_weight)), (red - luma) / (2 * (1 - red_weight))
    if full:
        return round(255 * luma), *(min(255, round(128 + 255 * part)) for part in chroma)  # type: ignore[return-value]
    return round(16 + 219 * luma), *(round(128 + 224 * part) for part in chroma)  # type: ignore[return-value]


def bars_frame(width: int, height: int, matrix: str, full: bool) -> av.VideoFrame:
    """Eight upright bars, yuv444p."""
    columns = np.array([yuv_of(BARS[x * len(BARS) // width], matrix, full) for x in range(width)], dtype=np.uint8)
    frame = av.VideoFrame(width, height, "yuv444p")
    for plane, row in zip(frame.planes, columns.T, strict=True):
        lines = np.zeros((height, plane.line_size), dtype=np.uint8)
        lines[:, :width] = row
        plane.update(lines.tobytes())
    return frame


def stripes(index: int, width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """A grey picture with the frame's number in its brightness: tells frames apart after lossy coding."""
    return np.full((height, width, 3), 20 + 3 * index, dtype=np.uint8)


def number_in(rgb: NDArray[np.uint8]) -> int:
    """The number that `stripes` drew."""
    return round((float(rgb.mean()) - 20) / 3)


def write_clip(
    path: Path,
    frames: Sequence[NDArray[np.uint8] | av.VideoFrame],
    *,
    rate: Fraction | int = 16,
    pts: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    pixel_format: str = "yuv420p",
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    matrix: int | None = None,
    color_range: int | None = None,
    turn_left_deg: int = 0,
    metadata: dict[str, str] | None = None,
) -> Path:
    """Encode frames (arrays are RGB); `pts` in ticks of `time_base` for uneven clips."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(
        str(path), "w", options={"movflags": "use_metadata_tags"} if path.suffix == ".mp4" else {}
    ) as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, VideoStream)
        first = frames[0]
        stream.width, stream.height = (
            (first.width, first.height) if isinstance(first, av.VideoFrame) else (first.shape[1], first.shape[0])
        )
        stream.pix_fmt = pixel_format
        stream.options = options or {}
        if time_base is not None:
            stream.codec_context.time_base = time_base
        if matrix is not None:
            stream.codec_context.colorspace = matrix
        if color_range is not None:
            stream.codec_context.color_range = color_range
        if turn_left_deg:
            stream.set_display_rotation(turn_left_deg)
        for number, picture in enumerate(frames):
            frame = picture if isinstance(picture, av.VideoFrame) else av.VideoFrame.from_ndarray(picture)
            frame.pts = number if pts is None else pts[number]
            frame.time_base = time_base or 1 / Fraction(rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def numbered_clip(path: Path, count: int = 40, **more: object) -> Path:
    """`count` frames that tell their number, with B-frames and few key frames."""
    options = {"g": "12", "bf": "3", "b_strategy": "0", "crf": "12"}
    return write_clip(path, [stripes(index) for index in range(count)], options=options, **more)  # type: ignore[arg-type]
