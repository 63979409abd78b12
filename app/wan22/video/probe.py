"""What a clip is, without decoding more than its first frame."""

from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from wan22.schema.clip import ClipInfo
from wan22.schema.problem import app_error
from wan22.system.cancel import CancelToken
from wan22.system.files import file_error
from wan22.video.clip_file import FFmpegError, opened, unreadable
from wan22.video.colour import Colour, colour_of
from wan22.video.file_extent import is_cut_short
from wan22.video.orientation import Orientation, orientation_of
from wan22.video.stamps import Stamps, frame_rate, read_stamps, shown_s

_PACKETS_READ = 20_000
_SIMULATED = "SIMULATED"


class Description(NamedTuple):
    """All that is known of a clip before its frames are decoded."""

    info: ClipInfo
    stamps: Stamps
    colour: Colour
    orientation: Orientation


def probe_clip(path: Path) -> ClipInfo:
    """What the file holds. At most 20 000 packets are read: a longer clip has the count that its header states.

    AppError: `file_unreadable`, `clip_invalid` (not a video), `clip_incomplete` (cut short, also when a part can be
    played), `clip_without_picture`, `clip_codec_unknown`.
    """
    info = describe(path, packet_limit=_PACKETS_READ).info
    if was_cut(path):
        seen = "an unknown number of" if info.frame_count is None else str(info.frame_count)
        message = f"{path.name} ends too early: the file is shorter than it says ({seen} frames were begun)."
        raise app_error("clip_incomplete", message, path=path)
    return info


def describe(path: Path, packet_limit: int | None = None, cancel: CancelToken | None = None) -> Description:
    """As `probe_clip`, with what a decoder needs; a clip that was cut short is described as far as it goes."""
    with opened(path) as (container, stream):
        first = first_frame_of(container, stream, path)
        colour, orientation = colour_of(first, container), orientation_of(first)
        header_count = stream.frames or None
    with opened(path) as (container, stream):
        stamps = read_stamps(container, stream, packet_limit, cancel)
        fps, is_vfr = frame_rate(stamps, stream)
        duration_s = shown_s(stamps, fps)
        if duration_s is None and stream.duration and stream.time_base:
            duration_s = float(stream.duration * stream.time_base)
        width, height = first.width, first.height
        aspect = Fraction(stream.sample_aspect_ratio or 1)
        if orientation.transposed:
            width, height, aspect = height, width, 1 / aspect if aspect else Fraction(1)
        info = ClipInfo(
            codec=stream.codec_context.name,
            width=width,
            height=height,
            frame_count=len(stamps) or header_count,
            fps=fps,
            is_vfr=is_vfr,
            duration_s=duration_s,
            pixel_format=first.format.name,
            matrix=colour.matrix,
            matrix_assumed=colour.matrix_assumed,
            full_range=colour.full_range,
            range_assumed=colour.range_assumed,
            rotation_deg=orientation.rotation_deg,
            mirrored=orientation.mirrored,
            pixel_aspect=aspect if aspect > 0 else Fraction(1),
            has_audio=bool(container.streams.audio),
            byte_count=_size(path),
            simulated=_is_simulated(container),
        )
    return Description(info, stamps, colour, orientation)


def first_frame_of(container: InputContainer, stream: VideoStream, path: Path) -> VideoFrame:
    """The first frame that can be decoded. AppError `clip_invalid` or `clip_incomplete` when none can."""
    failed: Exception | None = None
    try:
        for packet in container.demux(stream):
            try:
                for frame in packet.decode():
                    if isinstance(frame, VideoFrame):
                        return frame
            except FFmpegError as error:
                failed = error
    except FFmpegError as error:
        failed = error
    raise unreadable(path, failed)


def was_cut(path: Path) -> bool:
    """Whether the file is shorter than it says. AppError `file_unreadable`."""
    try:
        return is_cut_short(path)
    except OSError as error:
        raise file_error(error, path, writing=False) from error


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise file_error(error, path, writing=False) from error


def _is_simulated(container: InputContainer) -> bool:
    """The demo writes the mark in front of the title."""
    return any(
        str(value).strip().startswith(_SIMULATED)
        for key, value in container.metadata.items()
        if key.lower() in ("title", "comment")
    )
