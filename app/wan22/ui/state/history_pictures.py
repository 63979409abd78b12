"""Small pictures for the history, made in one thread; what was scrolled away before its turn is forgotten."""

import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage

from wan22.runs.thumbnail_cache import ThumbnailCache
from wan22.schema.panel_fact import PanelFact
from wan22.system.cancel import CancelToken
from wan22.ui.state.asking import Work

if TYPE_CHECKING:
    from wan22.system.threads import Worker

WAITING_MOST = 48
"""More than any window shows at once."""


class HistoryPictures(QObject):
    """`arrived` brings the id of a run and its picture (null = there is none). The newest wish comes first."""

    arrived = Signal(str, QImage)
    _made = Signal(str, QImage)

    def __init__(self, work: Work, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work = work
        self._wanted: OrderedDict[str, tuple[ThumbnailCache, tuple[Path, ...]]] = OrderedDict()
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        self._is_working = False
        self._made.connect(self.arrived, Qt.ConnectionType.QueuedConnection)

    @property
    def is_working(self) -> bool:
        """Whether pictures are being made."""
        with self._lock:
            return self._is_working

    def want(self, cache: ThumbnailCache, run_id: str, paths: tuple[Path, ...]) -> None:
        """Ask for the picture of the first of `paths` that has one."""
        with self._lock:
            self._wanted[run_id] = (cache, paths)
            self._wanted.move_to_end(run_id)
            while len(self._wanted) > WAITING_MOST:
                self._wanted.popitem(last=False)
            if self._is_working:
                return
            self._is_working = True
        self._worker = self._work("history-pictures", self._make)

    def stop(self) -> None:
        """Forget what is wanted; the thread ends after the picture that it is at."""
        with self._lock:
            self._wanted.clear()
        if self._worker is not None:
            self._worker.cancel.set()
            self._worker = None

    def _make(self, cancel: CancelToken) -> PanelFact | None:
        while True:
            with self._lock:
                if cancel.is_set or not self._wanted:
                    self._is_working = False
                    return None
                run_id, (cache, paths) = self._wanted.popitem()
            data = next((found for path in paths if (found := cache.picture(path)) is not None), None)
            picture = QImage()
            if data is not None:
                picture.loadFromData(data)
            self._made.emit(run_id, picture)
