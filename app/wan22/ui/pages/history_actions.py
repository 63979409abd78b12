"""What is done with a run of the history: each action from the question to the answer."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from wan22.job.repeat import Repeat
from wan22.runs.archive_format import SUFFIX
from wan22.runs.layout import RunFolder
from wan22.runs.reader import StoredRun, open_run
from wan22.runs.run_delete import delete_run
from wan22.runs.run_export import Exported, export_name
from wan22.runs.run_privacy import LeftOut
from wan22.schema.problem import Problem
from wan22.schema.run_row import RunRow
from wan22.system.cancel import CancelToken
from wan22.ui.context import Context
from wan22.ui.state.asking import Asking
from wan22.ui.state.history_rows import HistoryRows
from wan22.ui.state.history_task import HistoryTask, Progress
from wan22.ui.widgets.history_question import HistoryExportQuestion, HistoryQuestion
from wan22.ui.widgets.history_task_line import HistoryTaskLine
from wan22.wiring.run_history import export, import_any, repeat

_PICTURES = "Pictures (*.png *.jpg *.jpeg *.webp *.bmp);;All files (*)"
_ARCHIVES = f"Exported runs (*{SUFFIX});;All files (*)"


class HistoryActions(QObject):
    """`line` tells what goes on. `imported` says the id of the newest run, `freed` that files must be let go."""

    imported = Signal(str)
    freed = Signal()

    def __init__(self, context: Context, rows: HistoryRows, line: HistoryTaskLine, owner: QWidget) -> None:
        super().__init__(owner)
        self._context = context
        self._rows = rows
        self._line = line
        self._owner = owner
        self._next: Callable[[], None] | None = None
        self._answer: Callable[[object], None] = lambda _answer: None
        self._trouble: Callable[[Problem], None] = line.show_problem
        self.task = HistoryTask(context.work, self)
        self.task.begun.connect(line.show_work)
        self.task.progressed.connect(line.show_progress)
        self.task.done.connect(self._done)
        self.task.refused.connect(self._refused)
        self.task.ended.connect(rows.refresh)
        line.stop_wanted.connect(self.task.cancel)
        line.action_wanted.connect(self._go_on)
        self._reading = Asking(context.work, "history-run", self)
        self._reading.answered.connect(self._read)
        self._reading.refused.connect(line.show_problem)
        self._use: Callable[[StoredRun], None] = context.show_run
        self._repeating = Asking(context.work, "history-repeat", self)
        self._repeating.answered.connect(self._repeat_found)
        self._repeating.refused.connect(line.show_problem)
        self._is_new_seed = False

    # look at it

    def show_in_monitor(self, run_id: str) -> None:
        """Its curves in the Monitor."""
        self._open(run_id, self._context.show_run)

    def replay(self, run_id: str, speed: float) -> None:
        """Let it happen again in the Monitor."""
        self._open(run_id, lambda stored: self._context.replay_run(stored, speed))

    def _open(self, run_id: str, use: Callable[[StoredRun], None]) -> None:
        folder = self._rows.history.folder(run_id)
        self._use = use
        self._reading.ask(lambda _cancel: _whole(folder))

    def _read(self, stored: StoredRun) -> None:
        self._context.window.open_page("monitor")
        self._use(stored)

    # do it again

    def repeat(self, run_id: str, *, new_seed: bool) -> None:
        """Queue the same job."""
        folder = self._rows.history.folder(run_id)
        self._is_new_seed = new_seed
        self._repeating.ask(lambda _cancel: repeat(folder))

    def _repeat_found(self, found: Repeat) -> None:
        if found.image is not None:
            self._queue(found, None)
            return
        text = " ".join(found.notes)
        question = HistoryQuestion(
            "Which image?", text, "Choose an image…", "Use another picture with the same settings", self._owner
        )
        question.agreed.connect(lambda: self._ask_image(found))
        question.open()

    def _ask_image(self, found: Repeat) -> None:
        dialog = QFileDialog(self._owner, "Choose the start image", "", _PICTURES)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self._queue(found, Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _queue(self, found: Repeat, image: Path | None) -> None:
        request = found.request(new_seed=self._is_new_seed, image=image)
        self._context.generate(request)
        said = [f"Added to the queue with {'the new ' if self._is_new_seed else ''}seed {request.seed}."]
        said += [note for note in found.notes if image is None]
        self._offer(" ".join(said), "Show it", "Go to the Run page", lambda: _go_to(self._context, "run"))

    # keep it, move it, let it go

    def ask_export(self, row: RunRow) -> None:
        """What travels, and where to."""
        question = HistoryExportQuestion(row.name, self._owner)
        question.agreed.connect(lambda: self._ask_target(row, question.left_out))
        question.open()

    def _ask_target(self, row: RunRow, left_out: LeftOut) -> None:
        folder = self._rows.history.folder(row.run_id)
        dialog = QFileDialog(self._owner, "Export this run", export_name(folder), _ARCHIVES)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(SUFFIX.removeprefix("."))
        dialog.fileSelected.connect(lambda name: self.export(row, Path(name), left_out))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def export(self, row: RunRow, target: Path, left_out: LeftOut) -> None:
        """Write the file; the dialog has asked whether an old one may go."""
        folder = self._rows.history.folder(row.run_id)

        def action(cancel: CancelToken, progress: Progress) -> Exported:
            return export(folder, target, left_out, replaces=True, progress=progress, cancel=cancel)

        self._begin(f"Exporting '{row.name}' …", action, self._exported)

    def _exported(self, done: object) -> None:
        assert isinstance(done, Exported)
        text = f"Exported to {done.path.name}, {done.byte_count / 1e6:.1f} MB."
        if done.left_behind:
            text += f" Without {', '.join(done.left_behind)}: the prompts in such files cannot be taken out."
        self._offer(
            text, "Open folder", "Show the file in the file manager", partial(self._show_folder, done.path.parent)
        )

    def ask_import(self) -> None:
        """Which file."""
        dialog = QFileDialog(self._owner, "Import a run", "", _ARCHIVES)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self.import_file(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def import_file(self, path: Path) -> None:
        """Bring a run from elsewhere here."""
        root = self._rows.history.root

        def action(cancel: CancelToken, progress: Progress) -> list[RunFolder]:
            return import_any(path, root, progress=progress, cancel=cancel)

        self._begin(f"Importing {path.name} …", action, self._imported)

    def _imported(self, folders: object) -> None:
        assert isinstance(folders, list)
        names = [folder.run_id for folder in folders]
        self._line.show_done(
            f"Imported: {', '.join(names)}. It never counts when this machine's own times are compared."
        )
        self.imported.emit(names[-1])

    def ask_delete(self, row: RunRow) -> None:
        """Whether it really shall go."""
        text = f"'{row.name}' goes to the trash with its video, times and readings. You can get it back from there."
        question = HistoryQuestion("Delete this run?", text, "Move to the trash", "Delete it for now", self._owner)
        question.agreed.connect(lambda: self.delete(row))
        question.open()

    def delete(self, row: RunRow, *, for_good: bool = False) -> None:
        """Into the trash; without one, the user is asked once more."""
        root, folder = self._rows.history.root, self._rows.history.folder(row.run_id)
        self.freed.emit()

        def action(_cancel: CancelToken, _progress: Progress) -> None:
            delete_run(root, folder, for_good=for_good)

        def trouble(problem: Problem) -> None:
            self._line.show_problem(problem)
            if problem.code == "trash_unavailable":
                self._ask_for_good(row, problem)

        where = "Deleted for good" if for_good else "Moved to the trash"
        self._begin(
            f"Deleting '{row.name}' …", action, lambda _done: self._line.show_done(f"{where}: {row.name}"), trouble
        )

    def _ask_for_good(self, row: RunRow, problem: Problem) -> None:
        text = f"{problem.message} It can be deleted for good instead: then nothing brings it back."
        question = HistoryQuestion(
            "Delete it for good?", text, "Delete for good", "It cannot be taken back", self._owner
        )
        question.agreed.connect(lambda: self.delete(row, for_good=True))
        question.open()

    def _begin(
        self,
        title: str,
        action: Callable[[CancelToken, Progress], object],
        answer: Callable[[object], None],
        trouble: Callable[[Problem], None] | None = None,
    ) -> None:
        if self.task.is_busy:
            return
        self._answer, self._trouble, self._next = answer, trouble or self._line.show_problem, None
        self.task.start(title, action)

    def _done(self, answer: object) -> None:
        self._answer(answer)

    def _refused(self, problem: Problem) -> None:
        self._trouble(problem)

    def _offer(self, text: str, name: str, tip: str, action: Callable[[], None]) -> None:
        self._next = action
        self._line.show_done(text, name, tip)

    def _go_on(self) -> None:
        if self._next is not None:
            self._next()

    def _show_folder(self, folder: Path) -> None:
        self._context.open_folder(folder)


def _whole(folder: RunFolder) -> StoredRun:
    """A run with its readings loaded. Errors: as `open_run` and `StoredRun.telemetry`."""
    stored = open_run(folder)
    len(stored.telemetry)
    return stored


def _go_to(context: Context, page: str) -> None:
    context.window.open_page(page)
