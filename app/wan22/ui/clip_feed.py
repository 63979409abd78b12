"""Frames of one clip, decoded in a thread into pictures that are ready to paint."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from wan22.schema.problem import AppError, Problem
from wan22.system.cancel import CancelToken
from wan22.system.threads import Worker
from wan22.video.frames import Frame, FrameReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wan22.schema.clip import ClipInfo

CACHE_BYTES = 600_000_000
_FRAMES_MIN = 8
_STOP_S = 0.5


class ClipFeed(QObject):
    """Keeps the whole clip when it fits in `cache_bytes`, else the frames around the one that is wanted.

    `changed` comes from the thread, once for any number of news until `take_news` is called. A clip that is kept whole
    is closed as soon as it is loaded; one that is not stays open until `close`.
    """

    changed = Signal()

    def __init__(self, path: Path, cache_bytes: int = CACHE_BYTES) -> None:
        super().__init__()
        self.info: ClipInfo | None = None
        self.times_s: Sequence[float] = ()
        self.problem: Problem | None = None
        self.is_whole = False
        self._path = path
        self._cache_bytes = cache_bytes
        self._capacity = 0
        self._count = 0
        self._wanted = 0
        self._last = -1
        self._images: dict[int, QImage] = {}
        self._news = threading.Condition()
        self._is_told = False
        self._worker = Worker(f"clip {path.name}", self._work, self._failed)
        self._worker.cancel.on_set(self._wake)

    def start(self) -> None:
        """Open the file and decode from the first frame on."""
        self._worker.start()

    def close(self) -> None:
        """Forget the pictures and close the file; a thread that hangs in a slow disk is left to end by itself."""
        self._worker.stop(_STOP_S)
        with self._news:
            self._images.clear()

    def abandon(self) -> None:
        """Ask the thread to end without waiting for it."""
        self._worker.cancel.set()

    @property
    def is_alive(self) -> bool:
        """Whether the thread still works."""
        return self._worker.is_alive

    @property
    def count(self) -> int:
        """Number of frames; less than at first when the file turned out to be cut short."""
        return self._count

    @property
    def loaded(self) -> int:
        """Number of frames that are ready."""
        return len(self._images)

    @property
    def is_loading(self) -> bool:
        """Whether a clip that is to be kept whole is not complete yet."""
        return self.info is None or (self.is_whole and self.loaded < self._count)

    def take_news(self) -> None:
        """From now on `changed` is said again."""
        with self._news:
            self._is_told = False

    def image(self, index: int) -> QImage | None:
        """The picture of a frame if it is ready."""
        return self._images.get(index)

    def want(self, index: int) -> None:
        """Decode from this frame on when it is not ready."""
        with self._news:
            if index != self._wanted:
                self._wanted = index
                self._news.notify_all()

    def _work(self, cancel: CancelToken) -> None:
        with FrameReader(self._path, cancel) as reader:
            row_bytes = (3 * reader.info.width + 3) // 4 * 4
            with self._news:
                self.times_s, self._count = reader.times_s, len(reader)
                self._capacity = max(_FRAMES_MIN, self._cache_bytes // (row_bytes * reader.info.height))
                self.is_whole = self._count <= self._capacity
            while (index := self._next_index(cancel)) is not None:
                self._load(reader, index)

    def _load(self, reader: FrameReader, index: int) -> None:
        if reader.position != index:
            reader.seek(index)
        try:
            frame = reader.read()
        except AppError as error:
            if error.problem.code != "clip_incomplete" or not self._images:
                raise
            self._cut(index, error.problem)
            return
        if frame is None:
            self._cut(index, None)
            return
        self._keep(index, frame)
        self.info = self.info or reader.info  # told with the first picture
        self._tell()

    def _keep(self, index: int, frame: Frame) -> None:
        """A damaged frame between the wanted and the decoded one shows the decoded one."""
        height, width, _ = frame.rgb.shape
        image = QImage(frame.rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        with self._news:
            for number in range(index, frame.index + 1):
                self._images[number] = image
            self._last = frame.index
            while len(self._images) > self._capacity:
                del self._images[max(self._images, key=self._distance)]

    def _cut(self, count: int, problem: Problem | None) -> None:
        with self._news:
            self._count = max(1, min(count, self._count))
            self._wanted = min(self._wanted, self._count - 1)
            self._images = {number: image for number, image in self._images.items() if number < self._count}
            self.is_whole = self._count <= self._capacity
            self.problem = problem or self.problem
        self._tell()

    def _next_index(self, cancel: CancelToken) -> int | None:
        """The frame to decode now: the wanted one, else the one after the last, else the next that is missing."""
        with self._news:
            while not cancel.is_set:
                if self._wanted not in self._images:
                    return self._wanted
                following = (self._last + 1) % self._count
                if following not in self._images and (following - self._wanted) % self._count < self._ahead:
                    return following
                places = ((self._wanted + step) % self._count for step in range(self._ahead))
                missing = next((place for place in places if place not in self._images), None)
                if missing is not None:
                    return missing
                if self.is_whole:
                    return None
                self._news.wait()
        return None

    @property
    def _ahead(self) -> int:
        """How many frames from the wanted one on are to be ready; a quarter of the room is for those behind it."""
        return self._count if self.is_whole else self._capacity - self._capacity // 4

    def _distance(self, index: int) -> int:
        """How little a frame is needed: frames ahead by their distance, those behind three times as much."""
        ahead = (index - self._wanted) % self._count
        return min(ahead, 3 * (self._count - ahead))

    def _failed(self, problem: Problem) -> None:
        if problem.code != "cancelled":
            self.problem = problem
            self._tell()

    def _tell(self) -> None:
        with self._news:
            is_first, self._is_told = not self._is_told, True
        if is_first and not self._worker.cancel.is_set:
            self.changed.emit()

    def _wake(self) -> None:
        with self._news:
            self._news.notify_all()
