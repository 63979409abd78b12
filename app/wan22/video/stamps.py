"""When the frames of a clip are shown: read from its packets, without decoding any."""

from fractions import Fraction
from typing import NamedTuple

from av.container import InputContainer
from av.video.stream import VideoStream

from wan22.system.cancel import CancelToken
from wan22.video.clip_file import FFmpegError

_WITHOUT_STAMPS = {"avi"}  # its packets count in the order of decoding; the demuxer makes stamps of that


class Stamps(NamedTuple):
    """Time stamps in ticks of `time_base`, in the order of showing; empty where the file has none."""

    ticks: tuple[int, ...]
    time_base: Fraction
    last_ticks: int | None  # how long the last frame is shown
    packet_count: int  # 0: not known, as there were more than were to be read

    def __len__(self) -> int:
        return len(self.ticks) or self.packet_count

    @property
    def is_complete(self) -> bool:
        """Whether every frame has a stamp of its own."""
        return self.packet_count > 0 and len(self.ticks) == self.packet_count


def read_stamps(
    container: InputContainer, stream: VideoStream, limit: int | None = None, cancel: CancelToken | None = None
) -> Stamps:
    """Stamps of every frame that is shown; with more than `limit` packets nothing is known. AppError `cancelled`."""
    time_base = stream.time_base or Fraction(1, 1000)
    found: dict[int, int] = {}
    count = 0
    is_stamped = container.format.name not in _WITHOUT_STAMPS
    try:
        for packet in container.demux(stream):
            if cancel is not None:
                cancel.raise_if_set()
            if packet.size == 0 or packet.is_discard:
                continue
            count += 1
            if limit is not None and count > limit:
                return Stamps((), time_base, None, 0)
            if packet.pts is not None and is_stamped:
                found[packet.pts] = packet.duration or 0
    except FFmpegError:
        pass  # a broken end: what was read until then counts
    ticks = tuple(sorted(found))
    if len(ticks) != count:
        return Stamps((), time_base, None, count)
    return Stamps(ticks, time_base, (found[ticks[-1]] or None) if ticks else None, count)


def frame_rate(stamps: Stamps, stream: VideoStream) -> tuple[Fraction | None, bool | None]:
    """Frames a second, exact, and whether they are unevenly spaced (None = not known).

    Stamps of some containers are rounded (Matroska: to 1 ms), so the rate that the file states is preferred where it
    agrees with the stamps, and a frame counts as uneven when it is further from its place than rounding explains.
    """
    stated = stream.average_rate or stream.guessed_rate
    ticks = stamps.ticks
    if len(ticks) < 2:
        return stated, None if not stamps.packet_count else False
    step = Fraction(ticks[-1] - ticks[0], len(ticks) - 1)
    measured = 1 / (step * stamps.time_base)
    slack = max(step / 50, min(Fraction(1), step * 3 / 10))
    is_vfr = any(abs(tick - ticks[0] - number * step) > slack for number, tick in enumerate(ticks))
    agrees = stated is not None and abs(stated - measured) * step * stamps.time_base * (len(ticks) - 1) <= Fraction(
        1, 2
    )
    return (stated if agrees and not is_vfr else measured), is_vfr


def shown_s(stamps: Stamps, fps: Fraction | None) -> float | None:
    """How long all frames together are shown, in seconds."""
    if not stamps.ticks:
        return float(stamps.packet_count / fps) if fps and stamps.packet_count else None
    last = stamps.last_ticks * stamps.time_base if stamps.last_ticks else (1 / fps if fps else Fraction(0))
    total = (stamps.ticks[-1] - stamps.ticks[0]) * stamps.time_base + last
    return float(total) if total > 0 else None
