"""What many jobs are made of: pictures, prompts, seeds, and what is the same for all. Read in a thread."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Signal
from PySide6.QtGui import QImageIOHandler, QImageReader

from wan22.comfy.graph_edit import draw_seed
from wan22.job.job_batch import MOST_JOBS, Batch, BatchImage, BatchOrder, batch_requests, prompt_lines
from wan22.job.picture_folder import pictures_of
from wan22.schema.problem import AppError
from wan22.schema.request import MAX_SEED, GenerationRequest
from wan22.system.cancel import CancelToken
from wan22.ui.state.asking import Asking, Work
from wan22.ui.state.image_look import look_at
from wan22.ui.state.queue_words import counted
from wan22.ui.state.run_form import AS_WORKFLOW, RunForm
from wan22.ui.state.size_preset import DEFAULT_CLASS, SIZE_CLASSES, size_in_class

MOST_SEEDS = 100


@dataclass(frozen=True, slots=True)
class BatchPicture:
    """A picture that can be used. `path` is what is sent, `origin` what was given; size in pixels, upright."""

    path: Path
    origin: Path
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Found:
    pictures: tuple[BatchPicture, ...]
    refused: tuple[str, ...]


class QueueBatch(QObject):
    """`changed` when a value is another one. The workflow, the negative prompt and previews are the Run page's."""

    changed = Signal()

    def __init__(self, memory: QSettings, work: Work, folder: Path, parent: QObject) -> None:
        """`folder`: where the first frame of a moving picture is kept."""
        super().__init__(parent)
        self._memory = memory
        self._folder = folder
        self._asking = Asking(work, "queue-pictures", self)
        self._asking.answered.connect(self._found)
        self._asking.refused.connect(lambda problem: self._found(_Found((), (problem.message,))))
        self._wanted: list[Path] = []
        self.pictures: tuple[BatchPicture, ...] = ()
        self.refused: tuple[str, ...] = ()
        self.prompt_text = ""
        self.is_random = True
        self.random_seeds = 1
        self.seed_text = ""
        self.order = BatchOrder.image
        self.size_key = DEFAULT_CLASS
        self.length: int | None = RunForm(memory, self).length or 81
        self.profile: str | None = None

    @property
    def is_reading(self) -> bool:
        """Whether pictures are being looked at."""
        return self._asking.is_asking

    def add_paths(self, paths: Sequence[Path]) -> None:
        """Take files and folders; what is there already stays once."""
        self._wanted += paths
        known, wanted, folder = self.pictures, tuple(self._wanted), self._folder
        self._asking.ask(lambda cancel: _read(known, wanted, folder, cancel))
        self.changed.emit()

    def drop(self, origins: Sequence[Path]) -> None:
        """Leave pictures out; their files stay."""
        gone = frozenset(origins)
        self.pictures = tuple(one for one in self.pictures if one.origin not in gone)
        self.changed.emit()

    def clear(self) -> None:
        """Begin anew with the pictures and prompts; numbers stay."""
        self._asking.forget()
        self._wanted, self.pictures, self.refused, self.prompt_text = [], (), (), ""
        self.changed.emit()

    def put(self, name: str, value: object) -> None:
        """Another value of one of the attributes."""
        if getattr(self, name) != value:
            setattr(self, name, value)
            self.changed.emit()

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that are named, each once; those that are none are left out, see `reason`."""
        if self.is_random:
            return ()
        return tuple(dict.fromkeys(int(word) for word in self._seed_words if _is_seed(word)))

    @property
    def _seed_words(self) -> list[str]:
        return self.seed_text.replace(",", " ").replace(";", " ").split()

    @property
    def size(self) -> int:
        """How many jobs it makes."""
        batch = self._batch()
        return batch.size if batch is not None else 0

    @property
    def reason(self) -> str:
        """Why nothing can be added now; empty when it can."""
        wrong = [] if self.is_random else [word for word in self._seed_words if not _is_seed(word)]
        if wrong:
            return f"{wrong[0][:40]} is no seed: a seed is a whole number from 0 to 2^64 - 1."
        if self.is_reading:
            return "The pictures are being read."
        if not self.pictures:
            return "Add pictures first: drop files or a folder here."
        if not self.is_random and not self.seeds:
            return "Name at least one seed, or let them be drawn."
        if self.size > MOST_JOBS:
            return f"This makes {self.size} jobs; {MOST_JOBS} can be added at once. Take fewer of something."
        return ""

    @property
    def sum_text(self) -> str:
        """`12 pictures × 2 prompts × 3 seeds = 72 jobs`."""  # noqa: RUF002 - multiplication
        prompts = len(prompt_lines(self.prompt_text))
        seeds = self.random_seeds if self.is_random else len(self.seeds)
        parts = [counted(len(self.pictures), "picture"), counted(max(1, prompts), "prompt"), counted(seeds, "seed")]
        return f"{' × '.join(parts)} = {counted(self.size)}"  # noqa: RUF001

    def requests(self) -> tuple[GenerationRequest, ...]:
        """The jobs, with their seeds drawn; none while there is a `reason`."""
        batch = self._batch()
        return batch_requests(batch, draw_seed) if batch is not None and not self.reason else ()

    def _batch(self) -> Batch | None:
        if not self.pictures:
            return None
        form = RunForm(self._memory, self)
        base = GenerationRequest(
            workflow=form.workflow,
            image=self.pictures[0].path,
            prompt=form.prompt,
            negative=form.negative,
            length=self.length,
            previews=form.previews,
        )
        form.deleteLater()
        return Batch(
            base=base,
            images=[BatchImage(one.path, self._size_of(one)) for one in self.pictures],
            prompts=prompt_lines(self.prompt_text),
            seeds=self.seeds,
            random_seeds=self.random_seeds if self.is_random else 0,
            order=self.order,
        )

    def _size_of(self, picture: BatchPicture) -> tuple[int, int] | None:
        if self.size_key == AS_WORKFLOW:
            return None
        return size_in_class(next(one for one in SIZE_CLASSES if one.key == self.size_key), picture.size)

    def _found(self, found: _Found) -> None:
        self._wanted = []
        known = {one.origin: one for one in (*self.pictures, *found.pictures)}
        self.pictures, self.refused = tuple(known.values()), found.refused
        self.changed.emit()


def _is_seed(word: str) -> bool:
    return word.isdecimal() and len(word) <= 20 and int(word) <= MAX_SEED


def _read(known: Sequence[BatchPicture], wanted: Sequence[Path], folder: Path, cancel: CancelToken) -> _Found:
    have = {one.origin for one in known}
    pictures, refused = [], []
    for given in wanted:
        try:
            paths = pictures_of([given])
        except AppError as error:
            refused.append(error.problem.message)
            continue
        for path in paths:
            cancel.raise_if_set()
            if path in have:
                continue
            have.add(path)
            try:
                pictures.append(_look(path, folder))
            except AppError as error:
                refused.append(error.problem.message)
    return _Found(tuple(pictures), tuple(refused))


def _look(path: Path, folder: Path) -> BatchPicture:
    """Only the head of an ordinary picture is read; whether the rest is whole is checked when its job begins."""
    reader = QImageReader(str(path))
    reader.setDecideFormatFromContent(True)
    size = reader.size()
    if not size.isValid() or (reader.supportsAnimation() and reader.imageCount() != 1):
        look = look_at(path, folder)
        return BatchPicture(look.path, path, (look.width, look.height))
    is_turned = bool(reader.transformation() & QImageIOHandler.Transformation.TransformationRotate90)
    return BatchPicture(path, path, (size.height(), size.width()) if is_turned else (size.width(), size.height()))
