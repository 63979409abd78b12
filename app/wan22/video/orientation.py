"""Which way up a clip wants to be shown."""

from typing import Any, NamedTuple

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray


class Orientation(NamedTuple):
    """How decoded pixels become upright ones: transposed first, then flipped left-right, then upside down."""

    transposed: bool = False
    flipped_x: bool = False
    flipped_y: bool = False

    @property
    def mirrored(self) -> bool:
        """Whether the picture is a mirror image of the stored one and not only turned."""
        return self.transposed ^ self.flipped_x ^ self.flipped_y

    @property
    def rotation_deg(self) -> int:
        """Clockwise turn (0, 90, 180, 270) that comes before the mirroring, if there is any."""
        quarter = {(False, False): 0, (False, True): 180, (True, False): 90, (True, True): 270}
        return quarter[self.transposed, self.flipped_y]

    def applied(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The upright picture of an array (h, w, 3), contiguous."""
        if self.transposed:
            pixels = pixels.transpose(1, 0, 2)
        if self.flipped_x:
            pixels = pixels[:, ::-1]
        if self.flipped_y:
            pixels = pixels[::-1]
        return np.ascontiguousarray(pixels)


def orientation_of(frame: VideoFrame) -> Orientation:
    """From the display matrix (ISO 14496-12, 6.2.2) of a decoded frame; slanted angles go to the next quarter turn."""
    matrix = next((bytes(item) for item in _side_data(frame) if item.type.name == "DISPLAYMATRIX"), b"")
    if len(matrix) < 36:
        return Orientation()
    values = np.frombuffer(matrix[:36], dtype=np.dtype("=i4")).astype(np.int64)
    x_to_x, x_to_y, y_to_x, y_to_y = (int(values[place]) for place in (0, 1, 3, 4))
    if abs(x_to_y) + abs(y_to_x) > abs(x_to_x) + abs(y_to_y):
        return Orientation(True, y_to_x < 0, x_to_y < 0)
    return Orientation(False, x_to_x < 0, y_to_y < 0)


def _side_data(frame: VideoFrame) -> Any:
    return frame.side_data
