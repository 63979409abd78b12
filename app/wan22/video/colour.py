"""From the colours of a file to RGB, with the matrix and the range that the file means."""

from typing import NamedTuple

import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

_MATRICES = {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
"""Numbers of ITU-T H.273, table 4."""
_COLORSPACES = {
    "bt709": Colorspace.ITU709,
    "fcc": Colorspace.FCC,
    "bt601": Colorspace.ITU601,
    "smpte240m": Colorspace.SMPTE240M,
    "bt2020": Colorspace.BT2020,
}
_RGB_NAMES = ("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8", "x2rgb", "x2bgr", "rgba", "bgra")
_HD_SIDES_PX = (1280, 720)
_EXACT = int(Interpolation.BILINEAR | Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND)
_SMALLER = int(Interpolation.AREA | Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND)


class Colour(NamedTuple):
    """How the numbers in the file are meant; `matrix` as in `schema.clip.ClipInfo`."""

    matrix: str
    matrix_assumed: bool
    full_range: bool
    range_assumed: bool


def colour_of(frame: VideoFrame, container: InputContainer) -> Colour:
    """What the first frame says; what it does not say is assumed.

    A file of libavformat ("Lavf") without a matrix is taken for BT.601 at any size: that is what its converter uses
    from RGB when nobody asks for another, and how ComfyUI's own nodes save. Any other file without one follows the
    convention of players: BT.709 from 1280 x 720 (either side is enough), BT.601 below. Without a range: limited; gray
    is full.
    """
    name = frame.format.name
    says_range = frame.color_range in (int(ColorRange.MPEG), int(ColorRange.JPEG))
    if name.startswith(_RGB_NAMES):
        return Colour("rgb", False, True, False)
    if name.startswith(("gray", "mono", "ya8", "ya16")):
        return Colour("gray", False, True, False)
    is_full = name.startswith("yuvj") or frame.color_range == int(ColorRange.JPEG)
    range_assumed = not says_range and not name.startswith("yuvj")
    matrix = _MATRICES.get(frame.colorspace)
    if matrix is not None:
        return Colour(matrix, False, is_full, range_assumed)
    is_lavf = str(container.metadata.get("encoder", container.metadata.get("ENCODER", ""))).startswith("Lavf")
    is_hd = max(frame.width, frame.height) >= _HD_SIDES_PX[0] or min(frame.width, frame.height) >= _HD_SIDES_PX[1]
    return Colour("bt709" if is_hd and not is_lavf else "bt601", True, is_full, range_assumed)


class RgbConverter:
    """Converts frames of one clip; keeps the tables of the scaler between frames. One thread at a time."""

    def __init__(self, colour: Colour) -> None:
        self._colour = colour
        self._reformatter = VideoReformatter()

    def rgb(self, frame: VideoFrame, width: int | None = None, height: int | None = None) -> NDArray[np.uint8]:
        """The frame as an array (h, w, 3), not yet turned, scaled by area where a size is given."""
        colorspace = _COLORSPACES.get(self._colour.matrix)
        source_range = ColorRange.JPEG if self._colour.full_range else ColorRange.MPEG
        is_scaled = width is not None or height is not None
        made = self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format="rgb24",
            src_colorspace=None if colorspace is None else int(colorspace),
            src_color_range=None if colorspace is None else int(source_range),
            dst_color_range=int(ColorRange.JPEG),
            interpolation=_SMALLER if is_scaled else _EXACT,
        )
        return np.asarray(made.to_ndarray(), dtype=np.uint8)
