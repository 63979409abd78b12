"""What a video file is: size, rate, colours, as far as the file says so."""

from fractions import Fraction

from wan22.schema.frozen import Tolerant


class ClipInfo(Tolerant):
    """One clip. Unknown is None; what the file does not say and was assumed is marked as assumed.

    `width` and `height` are as displayed, after the rotation. `fps` is exact; with `is_vfr` (frames not evenly
    spaced; None = not known) it is the average. `matrix` is bt601, bt709, bt2020, smpte240m, fcc, or rgb and gray,
    which have none. `rotation_deg` is the clockwise turn (0, 90, 180, 270) and `mirrored` the left-right flip after
    it that the file asks for; frames from `video.frames` have both applied. `pixel_aspect` is width to height of one
    pixel as displayed. `simulated`: the file says that it was made by the demo.
    """

    codec: str
    width: int
    height: int
    frame_count: int | None = None
    fps: Fraction | None = None
    is_vfr: bool | None = None
    duration_s: float | None = None
    pixel_format: str
    matrix: str
    matrix_assumed: bool = False
    full_range: bool = False
    range_assumed: bool = False
    rotation_deg: int = 0
    mirrored: bool = False
    pixel_aspect: Fraction = Fraction(1)
    has_audio: bool = False
    byte_count: int
    simulated: bool = False
