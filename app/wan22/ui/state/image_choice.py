"""The start image that is chosen: picked, dropped or pasted, checked before it counts."""

from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Signal
from PySide6.QtGui import QImage

from wan22.schema.problem import Problem
from wan22.ui.state.asking import Asking, Work
from wan22.ui.state.image_look import ImageLook, keep_picture, look_at
from wan22.ui.state.recent_images import RecentImages

_IMAGE = "run/image"


class ImageChoice(QObject):
    """`look` is the picture in force; `refusal` says why another one was not taken. `changed` with either.

    `folder`: where pictures go that are no files yet.
    """

    changed = Signal()

    def __init__(self, memory: QSettings, work: Work, sample: Path, folder: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._memory = memory
        self._folder = folder
        self._sample = sample
        self._is_first = True
        self.look: ImageLook | None = None
        self.refusal = ""
        self.recent = RecentImages(memory, work, sample, self)
        self._asking = Asking(work, "start-image", self)
        self._asking.answered.connect(self._took)
        self._asking.refused.connect(self._refused)
        self.pick(Path(str(memory.value(_IMAGE) or sample)))

    @property
    def is_looking(self) -> bool:
        """Whether a picture is being read."""
        return self._asking.is_asking

    def pick(self, path: Path) -> None:
        """Choose a file."""
        folder = self._folder
        self._asking.ask(lambda _cancel: look_at(path, folder))
        self.changed.emit()

    def paste(self, picture: QImage) -> None:
        """Choose a picture that comes from another program."""
        folder, copy = self._folder, QImage(picture)
        self._asking.ask(lambda _cancel: look_at(keep_picture(copy, folder, "pasted"), folder))
        self.changed.emit()

    def refuse(self, reason: str) -> None:
        """What was dropped is no picture at all."""
        if self.look is not None:
            self._asking.forget()
        self.refusal = reason
        self.changed.emit()

    def _took(self, look: ImageLook) -> None:
        self._is_first = False
        self.look, self.refusal = look, ""
        self._memory.setValue(_IMAGE, str(look.origin))
        self.recent.add(look.origin)
        self.changed.emit()

    def _refused(self, problem: Problem) -> None:
        if self._is_first:  # the picture of last time is gone: begin as on the first day
            self._is_first = False
            self.pick(self._sample)
            return
        self.refusal = f"{problem.message} {problem.hint}".strip()
        self.changed.emit()
