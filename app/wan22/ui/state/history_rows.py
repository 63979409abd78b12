"""All runs of the folder for runs, and which of them are shown: read in a thread, kept up to date."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal

from wan22.job.expectation import RunJudged
from wan22.runs.layout import RunFolder
from wan22.runs.run_filter import RunFilter, RunOrder, filtered, ordered
from wan22.runs.run_judgement import judged_rows, level_of
from wan22.runs.run_notes import set_note, set_star
from wan22.schema.problem import AppError, Problem
from wan22.schema.run_row import RunRow
from wan22.schema.verdict import Level, Verdict
from wan22.system.cancel import CancelToken
from wan22.ui.state.asking import Asking, Work
from wan22.wiring.run_history import RunHistory


@dataclass(frozen=True, slots=True)
class _Change:
    """What the user did to a run and is not on disk yet; `number` counts up with each."""

    number: int
    update: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Found:
    rows: tuple[RunRow, ...]
    verdicts: Mapping[str, tuple[Verdict, ...]]


class HistoryRows(QObject):
    """`changed` when there are other rows or others are shown; `refused` says why the folder cannot be read.

    `make_history`: the list below a folder. What is slow is done with `work`.
    """

    changed = Signal()
    refused = Signal(object)
    _written = Signal(str, int, bool)

    def __init__(
        self, make_history: Callable[[Path], RunHistory], root: Path, work: Work, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._make_history = make_history
        self._work = work
        self.history = make_history(root)
        self.rows: tuple[RunRow, ...] = ()
        self.shown: list[RunRow] = []
        self.filter = RunFilter()
        self.order = RunOrder.newest
        self.is_read = False
        """Whether the rows of this folder were read at least once."""
        self._verdicts: Mapping[str, tuple[Verdict, ...]] = {}
        self._pending: dict[str, _Change] = {}
        self._count = 0
        self._pending_lock, self._disk_lock = threading.Lock(), threading.Lock()
        self._written.connect(self._was_written, Qt.ConnectionType.QueuedConnection)
        self._asking = Asking(work, "history", self)
        self._asking.answered.connect(self._took)
        self._asking.refused.connect(self._was_refused)

    @property
    def is_reading(self) -> bool:
        """Whether the folder is being read now."""
        return self._asking.is_asking

    def use_folder(self, root: Path) -> None:
        """Runs are kept elsewhere from now on."""
        if root == self.history.root:
            return
        self.history = self._make_history(root)
        self.rows, self._verdicts, self.is_read = (), {}, False
        self._show()
        self.refresh()

    def refresh(self) -> None:
        """Look at the folder again."""
        history = self.history
        self._asking.ask(lambda cancel: _read(history, cancel))

    def take(self, fact: object) -> None:
        """A run began or ended: a fact of the bus."""
        if isinstance(fact, RunJudged):
            self.refresh()

    def choose(self, wanted: RunFilter, order: RunOrder) -> None:
        """Show others, or in another order."""
        if (wanted, order) != (self.filter, self.order):
            self.filter, self.order = wanted, order
            self._show()

    def row(self, run_id: str) -> RunRow | None:
        """A row by its id."""
        return next((row for row in self.rows if row.run_id == run_id), None)

    def verdicts(self, run_id: str) -> tuple[Verdict, ...]:
        """What its times mean; empty without a target."""
        return self._verdicts.get(run_id, ())

    def level(self, run_id: str) -> Level | None:
        """The same in one word."""
        return level_of(self.verdicts(run_id))

    def star(self, run_id: str, starred: bool) -> None:
        """Mark a run, at once on the screen and soon on the disk."""
        self._change(run_id, {"starred": starred})

    def note(self, run_id: str, text: str) -> None:
        """Note something about a run."""
        self._change(run_id, {"note": text.strip()})

    def _change(self, run_id: str, update: Mapping[str, object]) -> None:
        row = self.row(run_id)
        if row is None or all(getattr(row, name) == value for name, value in update.items()):
            return
        with self._pending_lock:
            before = self._pending.get(run_id, _Change(0, {}))
            self._count += 1
            self._pending[run_id] = _Change(self._count, {**before.update, **update})
        changed = row.model_copy(update=update)
        self.rows = tuple(changed if one is row else one for one in self.rows)
        self._show()
        folder = self.history.folder(run_id)
        self._work("history-note", lambda _cancel: self._write(folder))

    def _write(self, folder: RunFolder) -> None:
        """Runs in a thread: whoever comes last writes what was wanted last."""
        with self._disk_lock:
            with self._pending_lock:
                change = self._pending.get(folder.run_id)
            if change is None:
                return
            try:
                if "starred" in change.update:
                    set_star(folder, bool(change.update["starred"]))
                if "note" in change.update:
                    set_note(folder, str(change.update["note"]))
            except AppError:
                self._written.emit(folder.run_id, change.number, False)
                raise
            self._written.emit(folder.run_id, change.number, True)

    def _was_written(self, run_id: str, number: int, is_kept: bool) -> None:
        with self._pending_lock:
            change = self._pending.get(run_id)
            if change is not None and change.number == number:  # else something newer is on its way
                del self._pending[run_id]
        if not is_kept:
            self.refresh()

    def _took(self, found: _Found) -> None:
        """What is still on its way to the disk was not there when the folder was read."""
        with self._pending_lock:
            pending = dict(self._pending)
        rows = (
            row.model_copy(update=pending[row.run_id].update) if row.run_id in pending else row for row in found.rows
        )
        self.rows, self._verdicts, self.is_read = tuple(rows), found.verdicts, True
        self._show()

    def _was_refused(self, problem: Problem) -> None:
        if problem.code != "cancelled":
            self.is_read = True
            self.refused.emit(problem)
            self._show()

    def _show(self) -> None:
        self.shown = ordered(filtered(self.rows, self.filter), self.order)
        self.changed.emit()


def _read(history: RunHistory, cancel: CancelToken) -> _Found:
    rows = history.index.rows(cancel)
    try:
        return _Found(rows, judged_rows(rows, history.targets()))
    except AppError:  # a broken profile is told where profiles are chosen; without it there is no target
        return _Found(rows, judged_rows(rows))
