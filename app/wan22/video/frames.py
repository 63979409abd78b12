"""Frames of a clip as RGB arrays, one after the other or by number."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from wan22.schema.problem import AppError, app_error
from wan22.system.cancel import CancelToken
from wan22.video.clip_file import FFmpegError, open_clip, unreadable
from wan22.video.colour import RgbConverter
from wan22.video.probe import describe, was_cut

_SKIP_FRAMES = 16


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture: its number from 0, its time in seconds since the first frame, upright RGB24 (h, w, 3)."""

    index: int
    time_s: float
    rgb: NDArray[np.uint8]


class FrameReader:
    """Reads forward with `read` or by iterating; `seek` goes to any frame exactly. Holds one frame at a time.

    The file is open from the first `read` until the end, `close` or the end of the `with` block. Use it in one thread;
    `cancel` may be set from another and ends a long search with AppError `cancelled`. Damaged parts are left out; when
    the clip ends before the frames that it announces, the last `read` raises AppError `clip_incomplete`.
    """

    def __init__(self, path: Path, cancel: CancelToken | None = None) -> None:
        """AppError as `probe_clip`, but a clip that was cut short opens and gives what there is."""
        self.path = path
        self._cancel = cancel or CancelToken()
        described = describe(path, cancel=self._cancel)
        self.info = described.info
        self._stamps = described.stamps
        self._orientation = described.orientation
        self._converter = RgbConverter(described.colour)
        self._numbers = {tick: number for number, tick in enumerate(self._stamps.ticks)}
        self.times_s = self._times()
        self._container: InputContainer | None = None
        self._stream: VideoStream
        self._decoded: Iterator[VideoFrame] = iter(())
        self._next = 0  # number of the frame that `read` gives
        self._at = 0  # number of the frame that the decoder gives
        self._seen = 0
        self._is_over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def __len__(self) -> int:
        """Number of frames that the file announces."""
        return len(self.times_s)

    def __iter__(self) -> Iterator[Frame]:
        while (frame := self.read()) is not None:
            yield frame

    @property
    def position(self) -> int:
        """Number of the frame that `read` gives next."""
        return self._next

    def read(self) -> Frame | None:
        """The next frame, None after the last. AppError `clip_incomplete`, `clip_invalid`, `cancelled`."""
        if self._is_over:
            return None
        decoded = self._search()
        if decoded is None:
            self._end()
            return None
        number = self._at
        self._at = self._next = number + 1
        self._seen = max(self._seen, self._next)
        rgb = self._orientation.applied(self._converter.rgb(decoded))
        return Frame(number, self._time_s(number), rgb)

    def seek(self, index: int) -> None:
        """Let `read` give frame `index` next. IndexError outside the clip."""
        if not 0 <= index < len(self):
            raise IndexError(f"frame {index} of {len(self)}")
        self._next = index
        self._is_over = False

    def frame(self, index: int) -> Frame:
        """Frame `index`, or the next that can be decoded. IndexError outside the clip, AppError as `read`."""
        self.seek(index)
        frame = self.read()
        if frame is None:
            raise self._incomplete()
        return frame

    def close(self) -> None:
        """Close the file; another `read` opens it again."""
        if self._container is not None:
            self._container.close()
        self._container = None
        self._decoded = iter(())

    def _search(self) -> VideoFrame | None:
        """The decoded frame `_next`, with its number in `_at`; a later one where that is damaged."""
        found = None
        if self._container is None or self._next < self._at or self._next > self._at + _SKIP_FRAMES:
            found = self._jumped()
        if found is None:
            found = self._take()
        while found is not None and self._at < self._next:
            self._at += 1
            found = self._take()
        return found

    def _jumped(self) -> VideoFrame | None:
        """Go to the key frame before frame `_next` and give it; None: gone to the start of the clip instead."""
        if self._next > 0 and self._numbers:
            container, stream = self._opened() if self._container is None else (self._container, self._stream)
            self._at = len(self)
            with contextlib.suppress(FFmpegError):
                container.seek(self._stamps.ticks[self._next], stream=stream, backward=True)
                self._decoded = self._decode(container, stream)
                found = self._take()
                if found is not None and self._at <= self._next:
                    return found
        self._decoded = self._decode(*self._opened())
        self._at = 0
        return None

    def _opened(self) -> tuple[InputContainer, VideoStream]:
        self.close()
        self._container, self._stream = open_clip(self.path)
        return self._container, self._stream

    def _take(self) -> VideoFrame | None:
        """The decoder's next frame; its number goes to `_at`."""
        frame = next(self._decoded, None)
        if frame is not None and frame.pts is not None:
            self._at = self._numbers.get(frame.pts, self._at)
        return frame

    def _decode(self, container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
        """Frames from where the container stands; damaged packets are skipped."""
        packets = container.demux(stream)
        while True:
            self._cancel.raise_if_set()
            try:
                packet = next(packets, None)
            except FFmpegError:
                return
            if packet is None:
                return
            try:
                frames = packet.decode()
            except FFmpegError:
                continue
            yield from frames  # a picture stream gives nothing but VideoFrame

    def _end(self) -> None:
        """No more frames: close, and say so if there should be more."""
        self._is_over = True
        self.close()
        self._at = 0
        if self._seen == 0:
            raise unreadable(self.path)
        if self._seen < len(self) and (self._stamps.is_complete or was_cut(self.path)):
            raise self._incomplete()

    def _incomplete(self) -> AppError:
        message = (
            f"Only {self._seen} of {len(self)} frames of {self.path.name} can be read: the file is cut or damaged."
        )
        return app_error("clip_incomplete", message, path=self.path)

    def _times(self) -> tuple[float, ...]:
        ticks, base = self._stamps.ticks, self._stamps.time_base
        if ticks:
            return tuple(float((tick - ticks[0]) * base) for tick in ticks)
        step_s = float(1 / self.info.fps) if self.info.fps else 0.0
        return tuple(number * step_s for number in range(self._stamps.packet_count))

    def _time_s(self, number: int) -> float:
        return self.times_s[number] if number < len(self.times_s) else self.times_s[-1]
