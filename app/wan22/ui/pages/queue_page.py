"""The Queue page: when it is all done, every job with what can be done about it, and many jobs at once."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QHideEvent, QImage, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from wan22.job.eta import Eta
from wan22.runs.job_times import QueueTime, queue_time
from wan22.runs.stages import stage_timings
from wan22.schema.panel_fact import Activity
from wan22.schema.queue import JobState
from wan22.schema.request import GenerationRequest
from wan22.ui.context import Context
from wan22.ui.measure import GAP, GAP_SMALL, GAP_TINY, GUTTER, TextRole
from wan22.ui.pages.history_page import HistoryPage
from wan22.ui.pages.queue_line import QueueLine
from wan22.ui.state.asking import Asking
from wan22.ui.state.history_pictures import HistoryPictures
from wan22.ui.state.profile_choice import ProfileChoices, read_profiles
from wan22.ui.state.queue_batch import QueueBatch
from wan22.ui.state.queue_forecast import QueueForecast
from wan22.ui.state.queue_model import QueueModel
from wan22.ui.state.queue_order import moved_by, moved_to
from wan22.ui.state.queue_words import batch_time, grounds, headline, left_of_queue, running_texts
from wan22.ui.state.time_left import left_of
from wan22.ui.widgets.button import push_button, set_main
from wan22.ui.widgets.queue_actions import QueueActions
from wan22.ui.widgets.queue_adder import QueueAdder, files_of
from wan22.ui.widgets.queue_editor import QueueEditor
from wan22.ui.widgets.queue_list import QueueList
from wan22.ui.widgets.text_label import TextLabel
from wan22.wiring import runs_folder
from wan22.wiring.run_history import run_history

TICK_MS = 1000
FORECAST_MS = 300
"""A batch that is being typed is not counted anew with each letter."""


class QueuePage(QWidget):
    """Composition alone: what the user does goes down to the queue, and comes back as a fact."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setAcceptDrops(True)
        self._context = context
        work, parts = context.work, context.parts
        self.model = QueueModel(parts.clock.now, self)
        self.batch = QueueBatch(context.memory, work, parts.folders.data / "images", self)
        self._forecast = QueueForecast(work, parts, self)
        self._batch_forecast = QueueForecast(work, parts, self)
        self._pictures = HistoryPictures(work, self)
        self._thumbnails = run_history(runs_folder(context.panel.settings), parts.folders).thumbnails
        self._profiles = Asking(work, "queue-profiles", self)
        self._tick = QTimer(self)
        self._tick.setInterval(TICK_MS)
        self._batch_wait = QTimer(self)
        self._batch_wait.setInterval(FORECAST_MS)
        self._batch_wait.setSingleShot(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(GUTTER, 20, GUTTER, GAP)
        column.setSpacing(GAP)
        column.addLayout(self._head())
        column.addWidget(QueueLine(context, is_main=True))
        row = QHBoxLayout()
        row.setSpacing(GAP)
        row.addWidget(self._card(), 1)
        self.editor = QueueEditor(context.theme)
        self.adder = QueueAdder(context.theme, self.batch)
        for panel in (self.editor, self.adder):
            panel.hide()
            panel.closed.connect(self.close_panel)
            row.addWidget(panel)
        column.addLayout(row, 1)
        self._listen()
        self._show()

    def showEvent(self, event: QShowEvent) -> None:
        """Times run on while somebody looks."""
        super().showEvent(event)
        self._tick.start()
        self._ask_profiles()
        self._ask_times()
        self._show()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks."""
        super().hideEvent(event)
        self._tick.stop()
        self._batch_wait.stop()
        self._pictures.stop()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files are pictures for many jobs."""
        if files_of(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the panel with them."""
        event.acceptProposedAction()
        self.add_many(files_of(event))

    # what can be done

    def add_many(self, paths: Sequence[Path] = ()) -> None:
        """Open the panel that makes many jobs, with these pictures."""
        self._open_panel(self.adder)
        if paths:
            self.batch.add_paths(paths)
        self.adder.prompts.setFocus()

    def edit(self) -> None:
        """Edit the chosen job."""
        jobs = self.list.chosen
        if len(jobs) == 1 and jobs[0].state is JobState.waiting:
            self._open_panel(self.editor)
            self.editor.show_job(jobs[0])

    def step(self, step: int) -> None:
        """The chosen jobs that wait one place up or down."""
        order = [job.job_id for job in self._context.queue.waiting]
        self._use_order(moved_by(order, self._chosen_waiting(), step))

    def remove(self) -> None:
        """Take the chosen jobs out; it can be undone."""
        self._context.queue_undo.remove(self.list.chosen)

    def clear_finished(self) -> None:
        """Take out what is over; it can be undone."""
        self._context.queue_undo.remove(self._context.queue.finished)

    def toggle_pause(self) -> None:
        """Begin nothing new, or go on with all that waits."""
        if self._context.queue.is_paused:
            self._context.resume_queue()
        else:
            self._context.desk.queue.pause(True)

    def close_panel(self) -> None:
        """Only the list is shown."""
        self.editor.hide()
        self.adder.hide()
        self.list.setFocus()
        self._show()

    # composition

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)
        words = QVBoxLayout()
        words.setSpacing(GAP_TINY)
        self.title = TextLabel("", TextRole.title)
        self.grounds = TextLabel("", TextRole.body, "muted")
        for label in (self.title, self.grounds):
            label.setWordWrap(True)
            words.addWidget(label)
        row.addLayout(words, 1)
        context = self._context
        self.stop_button = push_button("Stop job", "Stop the job at work; what waits goes on", context.stop_job)
        self.pause_button = push_button("Pause", "", self.toggle_pause)
        tip = "Take jobs out that are done, failed or stopped; their runs stay, and it can be undone"
        self.clear_button = push_button("Clear finished", tip, self.clear_finished)
        tip = "Make many jobs at once: several pictures, prompts and seeds; files can be dropped anywhere here"
        self.many_button = push_button("Add many …", tip, self.add_many, name="Add many")
        for button in (self.stop_button, self.pause_button, self.clear_button, self.many_button):
            row.addWidget(button)
        return row

    def _card(self) -> QFrame:
        card = QFrame()
        card.setObjectName("card")
        column = QVBoxLayout(card)
        column.setContentsMargins(GAP_SMALL, GAP_SMALL, GAP_SMALL, GAP_SMALL)
        column.setSpacing(GAP_TINY)
        self.list = QueueList(self._context.theme, self.model)
        deeds: dict[str, Callable[[], object]] = {
            "edit": self.edit,
            "up": lambda: self.step(-1),
            "down": lambda: self.step(1),
            "duplicate": lambda: self._context.desk.queue.duplicate([job.job_id for job in self.list.chosen]),
            "retry": lambda: self._context.desk.queue.retry([job.job_id for job in self.list.chosen]),
            "remove": self.remove,
            "run": self._open_run,
            "history": self._show_in_history,
        }
        self.deeds = QueueActions(self.list, deeds)
        column.addWidget(self.deeds)
        column.addWidget(self.list, 1)
        self.empty = self._empty()
        column.addWidget(self.empty, 1)
        return card

    @staticmethod
    def _empty() -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setSpacing(GAP_SMALL)
        column.addStretch(1)
        lines = (
            "Here is every job with its picture, when it will be done, and what became of it.",
            "Ctrl+Enter on the Run page adds one. Drop pictures here, or press Add many, for several at once.",
        )
        for line, role in zip(lines, (TextRole.body, TextRole.caption), strict=True):
            label = TextLabel(line, role, "muted")
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            row = QHBoxLayout()
            row.addStretch(1)
            row.addWidget(label, 4)
            row.addStretch(1)
            column.addLayout(row)
        column.addStretch(2)
        return page

    def _listen(self) -> None:
        context = self._context
        context.queue.changed.connect(self._queue_changed)
        context.hand_over.images_given.connect(self.add_many)
        context.panel.changed.connect(self._show)
        context.panel.chosen.connect(self._ask_times)
        context.watch.changed.connect(self._show)
        context.queue_undo.changed.connect(self._show)
        self._tick.timeout.connect(self._show)
        self._forecast.changed.connect(self._show)
        self._batch_forecast.changed.connect(self._show_batch_time)
        self._batch_wait.timeout.connect(self._ask_batch_times)
        self.batch.changed.connect(self._batch_changed)
        self._profiles.answered.connect(self._profiles_read)
        self._profiles.refused.connect(context.tell_problem)
        self.model.want_picture = lambda path: self._pictures.want(self._thumbnails, str(path), (path,))
        self._pictures.arrived.connect(self._picture_arrived)
        self.model.dropped.connect(self._dropped)
        self.list.picked.connect(lambda: self.deeds.show_chosen(self.list.chosen))
        self.list.opened.connect(self._open)
        self.list.run_wanted.connect(self._open_run)
        self.list.menu_wanted.connect(self.deeds.show_menu)
        self.editor.saved.connect(self._save)
        self.adder.add_wanted.connect(self._add_batch)

    # facts

    def _queue_changed(self) -> None:
        self.model.show_queue(self._context.queue)
        self.deeds.show_chosen(self.list.chosen)
        if self.editor.isVisible() and self.editor.job_id is not None:
            self.editor.show_state(self._context.queue.job(self.editor.job_id))
        if self.isVisible():
            self._ask_times()
        self._show()

    def _show(self) -> None:
        context, view = self._context, self._context.queue
        if self.model.rowCount() != len(view.jobs):
            self.model.show_queue(view)
        now_s = context.parts.clock.now()
        left = self._left()
        self.title.say(headline(view, left, now_s))
        held = queue_time(self._forecast.times.get(job.job_id) for job in view.held)
        self.grounds.say(grounds(view, left, held, self._forecast.runs))
        self.model.show_times(
            self._forecast.times, running_texts(self._left_of_job()), is_known=self._forecast.is_known
        )
        self.list.setVisible(bool(view.jobs))
        self.deeds.setVisible(bool(view.jobs))
        self.empty.setVisible(not view.jobs)
        self._show_buttons()

    def _show_buttons(self) -> None:
        view, panel = self._context.queue, self._context.panel
        self.stop_button.setVisible(panel.current is not None)
        self.stop_button.setEnabled(panel.activity is not Activity.stopping)
        self.clear_button.setVisible(bool(view.finished))
        self.pause_button.setText("Resume" if view.is_paused else "Pause")
        self.pause_button.setAccessibleName(self.pause_button.text())
        tip = "Begin with the next job" if view.is_paused else "Begin nothing new; a job at work goes on to its end"
        self.pause_button.setToolTip(tip)
        self.pause_button.setVisible(bool(view.ready or view.running) or view.is_paused)
        is_panel_open = self.editor.isVisible() or self.adder.isVisible()
        set_main(self.pause_button, view.is_paused and bool(view.ready) and not view.held and not is_panel_open)
        is_held = bool(view.held) and not self._context.queue_undo.text
        set_main(self.many_button, not is_panel_open and not is_held and not (view.is_paused and view.waiting))

    def _left_of_job(self) -> Eta | None:
        """What remains of the job at work here."""
        context = self._context
        if context.panel.current is None or not context.watch.has_run:
            return None
        state = context.run.state
        usual = context.panel.expected.usual if context.panel.expected is not None else {}
        return left_of(stage_timings(state, context.parts.clock.now()), state.current_role, usual)

    def _left(self) -> QueueTime | None:
        view = self._context.queue
        if not self._forecast.is_known:
            return None
        times = [self._forecast.times.get(job.job_id) for job in view.ready]
        return left_of_queue(times, self._left_of_job(), is_running=bool(view.running))

    def _ask_times(self) -> None:
        view = self._context.queue
        jobs = (*view.running, *view.ready, *view.held)
        self._ask(self._forecast, {job.job_id: (job.request, job.profile) for job in jobs})

    def _ask(self, forecast: QueueForecast, jobs: dict[int, tuple[GenerationRequest, str | None]]) -> None:
        choice = self._context.panel.choice
        boards = [info.name for info in self._context.history.infos.values()]
        forecast.ask(jobs, choice.settings, choice.demo, boards)

    # one job

    def _chosen_waiting(self) -> set[int]:
        return {job.job_id for job in self.list.chosen if job.state is JobState.waiting}

    def _use_order(self, order: list[int]) -> None:
        if order != [job.job_id for job in self._context.queue.waiting]:
            self._context.queue.show_order(order)
            self._context.desk.queue.order(order)

    def _dropped(self, chosen: list[int], before: int) -> None:
        order = [job.job_id for job in self._context.queue.waiting]
        self._use_order(moved_to(order, frozenset(chosen), before or None))

    def _open(self) -> None:
        jobs = self.list.chosen
        if len(jobs) == 1 and jobs[0].state is JobState.waiting:
            self.edit()
        else:
            self._open_run()

    def _open_run(self) -> None:
        run = self._chosen_run()
        if run is not None:
            self._context.open_folder(runs_folder(self._context.panel.settings) / run)

    def _show_in_history(self) -> None:
        run = self._chosen_run()
        page = self._context.window.open_page("history") if run is not None else None
        if isinstance(page, HistoryPage) and run is not None:
            page.panel.run_id = run
            page.choose(run)

    def _chosen_run(self) -> str | None:
        jobs = self.list.chosen
        return jobs[0].run_id if len(jobs) == 1 else None

    def _save(self, job_id: int, request: GenerationRequest, profile: str | None) -> None:
        self._context.desk.queue.edit(job_id, request, profile)
        self.close_panel()

    def _picture_arrived(self, name: str, picture: QImage) -> None:
        self.model.show_picture(Path(name), picture)

    # panels

    def _open_panel(self, panel: QWidget) -> None:
        for one in (self.editor, self.adder):
            one.setVisible(one is panel)
        self._show()

    def _ask_profiles(self) -> None:
        boards = [info.name for info in self._context.history.infos.values()]
        self._profiles.ask(lambda _cancel: read_profiles(boards or None))

    def _profiles_read(self, found: ProfileChoices) -> None:
        self.editor.show_profiles(found)
        self.adder.show_profiles(found)

    def _batch_changed(self) -> None:
        self.adder.show_time("")
        if self.batch.reason:
            self._batch_wait.stop()
        else:
            self._batch_wait.start()

    def _ask_batch_times(self) -> None:
        profile = self.batch.profile
        self._ask(self._batch_forecast, {place: (one, profile) for place, one in enumerate(self.batch.requests())})

    def _show_batch_time(self) -> None:
        times = self._batch_forecast.times
        if times and not self.batch.reason and len(times) == self.batch.size:
            self.adder.show_time(batch_time(queue_time(times.values())))

    def _add_batch(self) -> None:
        requests = self.batch.requests()
        if requests:
            self._context.desk.submit(requests, self.batch.profile)
            self.batch.clear()
            self.close_panel()
