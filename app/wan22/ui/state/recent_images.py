"""Start images that were used lately, the newest first."""

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Signal

from wan22.system.cancel import CancelToken
from wan22.ui.state.asking import Asking, Work
from wan22.ui.state.image_look import Thumb, thumb

KEPT = 5
_RECENT = "run/recent"


class RecentImages(QObject):
    """Remembered between starts; `changed` when there are other thumbs. Files that are gone leave the list."""

    changed = Signal()

    def __init__(self, memory: QSettings, work: Work, sample: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._memory = memory
        self.thumbs: tuple[Thumb, ...] = ()
        self._asking = Asking(work, "recent-images", self)
        self._asking.answered.connect(self._found)
        stored = memory.value(_RECENT)
        names = [stored] if isinstance(stored, str) else list(stored or [])
        self._paths = [Path(str(name)) for name in names] if memory.contains(_RECENT) else [sample]
        self.refresh()

    @property
    def paths(self) -> tuple[Path, ...]:
        """Remembered files, the newest first."""
        return tuple(self._paths)

    def add(self, path: Path) -> None:
        """A picture was chosen. One of the list keeps its place: a strip must not jump under the pointer."""
        if path not in self._paths:
            self._keep([path, *self._paths][:KEPT])
            self.refresh()

    def forget(self, path: Path) -> None:
        """Take a picture out of the list; its file stays."""
        self._keep([one for one in self._paths if one != path])
        self.thumbs = tuple(one for one in self.thumbs if one.path != path)
        self.changed.emit()

    def refresh(self) -> None:
        """Look for the files again."""
        paths = self.paths
        self._asking.ask(lambda cancel: _thumbs(paths, cancel))

    def _found(self, thumbs: tuple[Thumb, ...]) -> None:
        self.thumbs = thumbs
        found = [one.path for one in thumbs]
        if found != self._paths:
            self._keep(found)
        self.changed.emit()

    def _keep(self, paths: list[Path]) -> None:
        self._paths = paths
        self._memory.setValue(_RECENT, [str(path) for path in paths])


def _thumbs(paths: Iterable[Path], cancel: CancelToken) -> tuple[Thumb, ...]:
    found = []
    for path in paths:
        cancel.raise_if_set()
        one = thumb(path)
        if one is not None:
            found.append(one)
    return tuple(found)
