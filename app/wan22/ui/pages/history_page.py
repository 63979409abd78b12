"""The History: every run there is, found again, looked at, repeated, taken elsewhere."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QHideEvent,
    QImage,
    QKeySequence,
    QResizeEvent,
    QShortcut,
    QShowEvent,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from wan22.runs.archive_import import is_archive_name
from wan22.runs.run_filter import RunFilter, boards_of
from wan22.schema.problem import Problem
from wan22.schema.run_row import RunRow
from wan22.ui.context import Context
from wan22.ui.measure import GAP, GAP_SMALL, GUTTER, TextRole
from wan22.ui.pages.history_actions import HistoryActions
from wan22.ui.state.asking import Asking
from wan22.ui.state.history_details import HistoryDetails, read_details
from wan22.ui.state.history_model import HistoryModel
from wan22.ui.state.history_pictures import HistoryPictures
from wan22.ui.state.history_rows import HistoryRows
from wan22.ui.state.history_words import grounds, headline, since_of
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.history_empty import HistoryEmpty
from wan22.ui.widgets.history_filter_bar import HistoryFilterBar
from wan22.ui.widgets.history_list import HistoryList
from wan22.ui.widgets.history_panel import HistoryPanel
from wan22.ui.widgets.history_task_line import HistoryTaskLine
from wan22.ui.widgets.text_label import TextLabel
from wan22.wiring.parts import runs_folder
from wan22.wiring.run_history import run_history

PANEL_WIDTH = 520
PANEL_WIDTH_SMALL = 424
WIDE_FROM = 1100


class HistoryPage(QWidget):
    """Composition alone. The folder is read when the page is shown first, and whenever a run has ended."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setAcceptDrops(True)
        self._context = context
        self._now_s = context.parts.clock.now
        self._wanted_run = ""
        root = runs_folder(context.panel.settings)
        make = partial(run_history, folders=context.parts.folders)
        self.rows = HistoryRows(make, root, context.work, self)
        self.model = HistoryModel(self._now_s, self)
        self.pictures = HistoryPictures(context.work, self)
        self._details = Asking(context.work, "history-details", self)
        column = QVBoxLayout(self)
        column.setContentsMargins(GUTTER, 20, GUTTER, GAP)
        column.setSpacing(GAP)
        column.addLayout(self._head())
        self.line = HistoryTaskLine(context.theme)
        column.addWidget(self.line)
        self.actions_of_run = HistoryActions(context, self.rows, self.line, self)
        self._body = QWidget()
        column.addWidget(self._body, 1)
        self._fill_body()
        self._listen()
        self._rows_changed()

    def choose(self, run_id: str) -> None:
        """Look at a run."""
        row = self.rows.row(run_id)
        if row is None:
            return
        self.list.choose(run_id)
        is_another = run_id != self.panel.run_id
        self.panel.show_run(row, self.rows.level(run_id), self._now_s())
        self.panel.show()
        if is_another and row.unreadable is None:
            folder = self.rows.history.folder(run_id)
            self._details.ask(lambda _cancel: read_details(folder))
        elif row.unreadable is not None:
            self._details.forget()
            self.panel.show_refusal(row.unreadable.message)

    def show_run(self, run_id: str) -> None:
        """Look at a run as soon as the rows are read; a filter that hides it is taken away."""
        self._wanted_run = run_id
        if self.rows.row(run_id) is None:
            return
        self._wanted_run = ""
        if run_id not in [row.run_id for row in self.rows.shown]:
            self.filter_bar.show_all()
        self.choose(run_id)

    def toggle_star(self, run_id: str) -> None:
        """Give a star, or take it."""
        row = self.rows.row(run_id)
        if row is not None:
            self.rows.star(run_id, not row.starred)

    def showEvent(self, event: QShowEvent) -> None:
        """Runs may have come meanwhile, by the command line too."""
        super().showEvent(event)
        self.rows.use_folder(runs_folder(self._context.panel.settings))
        self.rows.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        """Write what is being noted; make no more pictures."""
        self.panel.keep_note()
        self.pictures.stop()
        super().hideEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the list the room that it needs."""
        super().resizeEvent(event)
        self.panel.setFixedWidth(PANEL_WIDTH if self.width() >= WIDE_FROM else PANEL_WIDTH_SMALL)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take exported runs."""
        if any(is_archive_name(path) for path in _files_of(event)):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Import the first one that was dropped."""
        path = next((path for path in _files_of(event) if is_archive_name(path)), None)
        if path is not None:
            event.acceptProposedAction()
            self.actions_of_run.import_file(path)

    # composition

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GAP)
        words = QVBoxLayout()
        words.setSpacing(4)
        self.title = TextLabel("", TextRole.title)
        self.title.setWordWrap(True)
        self.grounds = TextLabel("", TextRole.body, "muted")
        words.addWidget(self.title)
        words.addWidget(self.grounds)
        row.addLayout(words, 1)
        self.import_button = push_button(
            "Import…",
            "Open a run that was exported elsewhere, or drop its file here",
            self._ask_import,
        )
        row.addWidget(self.import_button, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _ask_import(self) -> None:
        self.actions_of_run.ask_import()

    def _fill_body(self) -> None:
        theme = self._context.theme
        self._stack = QStackedLayout(self._body)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self.empty = HistoryEmpty(theme)
        filled = QWidget()
        column = QVBoxLayout(filled)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        self.filter_bar = HistoryFilterBar(theme)
        column.addWidget(self.filter_bar)
        row = QHBoxLayout()
        row.setSpacing(GAP)
        card = QFrame()
        card.setObjectName("card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(0, GAP_SMALL, 0, GAP_SMALL)
        inside.setSpacing(GAP_SMALL)
        self.list = HistoryList(theme, self.model, self._now_s)
        self.none_fits = TextLabel("", TextRole.body, "muted")
        self.none_fits.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.all_button = push_button("Show all runs", "Take every filter away", self.filter_bar.show_all)
        inside.addWidget(self.list, 1)
        inside.addWidget(self.none_fits, 1)
        inside.addWidget(self.all_button, 1, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        row.addWidget(card, 1)
        self.panel = HistoryPanel(theme)
        self.panel.setFixedWidth(PANEL_WIDTH)
        self.panel.hide()
        row.addWidget(self.panel)
        column.addLayout(row, 1)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(filled)

    def _listen(self) -> None:
        context, panel, acts = self._context, self.panel, self.actions_of_run
        context.bridge.drained.connect(self._take_facts)
        context.panel.chosen.connect(lambda: self.rows.use_folder(runs_folder(context.panel.settings)))
        self.rows.changed.connect(self._rows_changed)
        self.rows.refused.connect(self._was_refused)
        self.model.want_picture = self._want_picture
        self.pictures.arrived.connect(self._picture_arrived)
        self._details.answered.connect(self._details_read)
        self._details.refused.connect(lambda problem: panel.show_refusal(problem.message))
        self.filter_bar.changed.connect(self._filter_changed)
        self.list.chosen.connect(self.choose)
        self.list.star_wanted.connect(self.toggle_star)
        self.list.delete_wanted.connect(lambda run_id: self._with_row(run_id, acts.ask_delete))
        self.list.opened.connect(lambda _run_id: panel.repeat.setFocus())
        self.empty.import_wanted.connect(acts.ask_import)
        self.empty.first_wanted.connect(lambda: context.window.open_page("run"))
        panel.repeat_wanted.connect(lambda is_new: acts.repeat(panel.run_id, new_seed=is_new))
        panel.show_wanted.connect(lambda: acts.show_in_monitor(panel.run_id))
        panel.replay_wanted.connect(lambda speed: acts.replay(panel.run_id, speed))
        panel.export_wanted.connect(lambda: self._with_row(panel.run_id, acts.ask_export))
        panel.delete_wanted.connect(lambda: self._with_row(panel.run_id, acts.ask_delete))
        panel.folder_wanted.connect(lambda: context.open_folder(self.rows.history.folder(panel.run_id).path))
        panel.star_wanted.connect(lambda: self.toggle_star(panel.run_id))
        panel.noted.connect(self.rows.note)
        acts.imported.connect(self._imported)
        context.hand_over.archive_given.connect(acts.import_file)
        context.hand_over.run_wanted.connect(self.show_run)
        acts.freed.connect(panel.close_clip)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.setWhatsThis("Find runs by their words")
        find.activated.connect(self.filter_bar.search.setFocus)

    def _with_row(self, run_id: str, use: Callable[[RunRow], None]) -> None:
        row = self.rows.row(run_id)
        if row is not None:
            use(row)

    # what is shown

    def _take_facts(self, facts: tuple[object, ...]) -> None:
        for fact in facts:
            self.rows.take(fact)

    def _filter_changed(self) -> None:
        bar = self.filter_bar
        wanted = RunFilter(
            text=bar.search.text(),
            endings=bar.endings,
            starred_only=bar.starred.isChecked(),
            hides_simulated=not bar.simulated.isChecked(),
            board=bar.chosen_board,
            since_s=since_of(bar.chosen_period, self._now_s()),
        )
        self.rows.choose(wanted, bar.chosen_order)

    def _rows_changed(self) -> None:
        rows, shown = self.rows.rows, self.rows.shown
        self.title.say(headline(rows, is_read=self.rows.is_read))
        self.grounds.say(grounds(rows, shown, self.rows.filter, self.rows.order))
        self.grounds.setVisible(bool(rows))
        self._stack.setCurrentIndex(1 if rows else 0)
        self.empty.show_reading(is_reading=not self.rows.is_read)
        self.import_button.setVisible(bool(rows))
        if not rows:
            self.panel.close_clip()
            return
        self.filter_bar.show_boards(boards_of(rows))
        self.list.setVisible(bool(shown))
        self.none_fits.setVisible(not shown)
        self.all_button.setVisible(not shown)
        self.none_fits.say(f"None of the {len(rows)} runs fits the filter.")
        self.model.show_rows(shown, self.rows.level)
        self._keep_choice(shown)
        if self._wanted_run:
            self.show_run(self._wanted_run)

    def _keep_choice(self, shown: list[RunRow]) -> None:
        """Go on looking at the same run; when it is gone, at the first."""
        run_id = self.panel.run_id
        if self.rows.row(run_id) is not None:
            self.choose(run_id)
        elif shown:
            self.choose(shown[0].run_id)

    def _details_read(self, details: HistoryDetails) -> None:
        run_id = details.stored.folder.run_id
        row = self.rows.row(run_id)
        if row is not None and run_id == self.panel.run_id:
            self.panel.show_details(row, details, self.rows.verdicts(run_id), self.rows.level(run_id))

    def _was_refused(self, problem: Problem) -> None:
        self.line.show_problem(problem)

    def _want_picture(self, row: RunRow) -> None:
        history = self.rows.history
        folder = history.folder(row.run_id).path
        paths = tuple(folder / name for name in (row.video, row.image) if name is not None)
        self.pictures.want(history.thumbnails, row.run_id, paths)

    def _picture_arrived(self, run_id: str, picture: QImage) -> None:
        self.model.show_picture(run_id, picture)

    def _imported(self, run_id: str) -> None:
        """Look at it as soon as it is in the list."""
        self.panel.run_id = run_id


def _files_of(event: QDropEvent) -> list[Path]:
    data = event.mimeData()
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()] if data.hasUrls() else []
