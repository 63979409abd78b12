"""The Monitor: what the GPU does, and what holds it back, over any span from a minute to a day."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from wan22.schema.duration_text import duration
from wan22.schema.problem import AppError
from wan22.system.files import write_text_atomic
from wan22.ui.measure import GAP, GAP_SMALL, GUTTER, TextRole
from wan22.ui.number_text import unbroken
from wan22.ui.pages.monitor_drawing import MonitorDrawing
from wan22.ui.pages.monitor_spec import LANES, SPANS, STRIPS
from wan22.ui.state.gpu_choice import GpuChoice
from wan22.ui.state.monitor_source import MonitorSource
from wan22.ui.state.span_csv import csv_of_span
from wan22.ui.state.time_view import TimeView
from wan22.ui.theme import Theme
from wan22.ui.widgets.icon import icon
from wan22.ui.widgets.segment import Segment
from wan22.ui.widgets.strip_stack import KEYS, StripStack
from wan22.ui.widgets.text_label import TextLabel

CURVE_MS = 66
TEXT_EVERY = 15
TITLE_ROOM, GROUNDS_ROOM = 520, 480
"""Width of the longest sentence that a Monitor opens with, and the least for its grounds."""


class MonitorPage(QWidget):
    """Curves are drawn 15 times a second at most, texts once a second, and nothing while nobody looks.

    `live_asked`: the user wants to leave the stored run.
    """

    problem = Signal(object)
    live_asked = Signal()

    def __init__(
        self,
        theme: Theme,
        source: MonitorSource,
        now_s: Callable[[], float],
        choice: GpuChoice | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """`choice`: the board chosen for the whole window; a stored run has boards of its own."""
        super().__init__(parent)
        self.setObjectName("page")
        self._theme = theme
        self._now_s = now_s
        self._live_choice = choice or GpuChoice(parent=self)
        self._live_choice.changed.connect(self.refresh)
        self._stored_choice: GpuChoice | None = None
        self._view = TimeView(source.fixed_span, SPANS[1][0])
        self._place: int | None = None
        self._is_dirty = True
        self._ticks_since_text = self._ticks_since_curve = TEXT_EVERY
        self._timer = QTimer(self)
        self._timer.setInterval(CURVE_MS)
        self._timer.timeout.connect(self._tick)
        column = QVBoxLayout(self)
        column.setContentsMargins(GUTTER, 20, GUTTER, GAP)
        column.setSpacing(GAP)
        column.addLayout(self._head())
        self.stack = StripStack(theme, [spec for _, spec in STRIPS], [spec for _, spec in LANES])
        self.drawing = MonitorDrawing(self.stack, source, self._view)
        self._connect_stack()
        column.addWidget(self.stack, 1)
        theme.changed.connect(self._recoloured)
        self._watch(source)

    @property
    def source(self) -> MonitorSource:
        """What is watched."""
        return self.drawing.source

    @property
    def view(self) -> TimeView:
        """The visible part of time: it decides what statistics and CSV tell."""
        return self._view

    def show_source(self, source: MonitorSource) -> None:
        """Watch something else: the live GPU, or a stored run."""
        self.source.history.changed.disconnect(self._dirty)
        self._watch(source)
        self.refresh()

    def refresh(self) -> None:
        """Draw everything now."""
        self._is_dirty = False
        self._ticks_since_text = 0
        self._choose_gpus()
        self.drawing.draw_curves(self._end_of_time_s())
        self._draw_texts()
        self._show_controls()

    def set_span(self, span_s: float) -> None:
        """Show that many seconds; one of `SPANS`."""
        self._view.choose_span(span_s)
        self.refresh()

    def set_paused(self, is_paused: bool) -> None:
        """Hold the picture; readings are taken all the same."""
        if is_paused:
            self._view.hold(self._end_of_time_s())
        else:
            self._view.follow()
        self.refresh()

    def set_cursor(self, moment_s: float | None) -> None:
        """Read the curves at a second of the axis; None = the newest again."""
        self.drawing.cursor_s = moment_s
        self._cursor_changed()

    def choose_gpu(self, gpu: int) -> None:
        """Draw this one in front."""
        self._choice.choose(gpu, self.source.history)

    def fit(self) -> None:
        """The whole run again; live, the span that was chosen, up to now."""
        if not self._view.is_stored:
            self._view.follow()
        self._view.fit()
        self.refresh()

    def csv(self) -> str:
        """The visible span of the shown GPUs."""
        now_s = self._end_of_time_s()
        return csv_of_span(self.source.history, self.drawing.gpus, self._view.span_s, self._view.end_s(now_s))

    def save_csv(self, path: Path) -> None:
        """Write the visible span; a failure is said with `problem`."""
        try:
            write_text_atomic(path, self.csv())
        except AppError as error:
            self.problem.emit(error.problem)

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to draw."""
        super().showEvent(event)
        self.refresh()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest while nobody looks."""
        self._timer.stop()
        super().hideEvent(event)

    @property
    def _choice(self) -> GpuChoice:
        return self._live_choice if self._stored_choice is None else self._stored_choice

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Place the controls where there is room for them."""
        super().resizeEvent(event)
        self._place_controls()

    def _head(self) -> QVBoxLayout:
        head = QVBoxLayout()
        head.setSpacing(4)
        self._rows = [QHBoxLayout() for _ in range(3)]
        for line in self._rows:
            line.setSpacing(GAP)
            head.addLayout(line)
        self.title = TextLabel("", TextRole.title)
        self.grounds = TextLabel("", TextRole.body, "muted")
        self.grounds.setWordWrap(True)
        self.gpu_choice = QComboBox()
        self.gpu_choice.setAccessibleName("GPU whose curves stand in front")
        self.gpu_choice.setToolTip("The chosen GPU is drawn in full colour, the others faintly behind it")
        self.gpu_choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.gpu_choice.activated.connect(lambda index: self.choose_gpu(self.gpu_choice.itemData(index)))
        self.gpu_choice.hide()
        self._rows[0].addWidget(self.title)
        self._rows[0].addStretch(1)
        self._rows[0].addWidget(self.gpu_choice)
        self._rows[1].addWidget(self.grounds, 1)
        self._rows[2].addStretch(1)
        self._controls = QWidget()
        self._controls.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self._controls)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_SMALL)
        self.spans = Segment(self._theme, "Span", [(text, tip) for _, text, tip in SPANS])
        self.spans.chosen.connect(lambda index: self.set_span(SPANS[index][0]))
        row.addWidget(self.spans)
        self.pause = _button(row, "Pause", "Hold the picture to look closer (Space); nothing is lost meanwhile")
        self.pause.setCheckable(True)
        self.pause.clicked.connect(self.set_paused)
        self.fit_button = _button(row, "Fit", "")
        self.fit_button.clicked.connect(self.fit)
        self.live = _button(row, "Live", "Leave this run and watch the GPU of now")
        self.live.clicked.connect(self.live_asked)
        self.save = _button(row, "Save CSV…", "Save minimum, mean and maximum of every series over the visible span")
        self.save.setAccessibleName("Save the visible span as CSV")
        self.save.clicked.connect(self._ask_where)
        return head

    def _place_controls(self) -> None:
        """Beside the sentence where it leaves room for them, else beside its grounds, else below both."""
        room = self.width() - 2 * GUTTER - self._controls.sizeHint().width() - GAP
        choice = self.gpu_choice.sizeHint().width() + GAP if self.gpu_choice.isVisibleTo(self) else 0
        place = 0 if room >= TITLE_ROOM + choice else 1 if room >= GROUNDS_ROOM else 2
        if place != self._place:
            self._place = place
            for line in self._rows:
                line.removeWidget(self._controls)
            self._rows[place].addWidget(self._controls, 0, Qt.AlignmentFlag.AlignTop)

    def _connect_stack(self) -> None:
        stack, gesture = self.stack, self.stack.gesture
        stack.cursor_moved.connect(self.set_cursor)
        stack.zoomed.connect(self._zoom)
        stack.panned.connect(self._pan)
        gesture.fitted.connect(self.fit)
        gesture.cleared.connect(lambda: self.set_cursor(None))
        gesture.pause_asked.connect(self._toggle_pause)
        gesture.stepped.connect(self._step)
        gesture.jumped.connect(self._jump)

    def _watch(self, source: MonitorSource) -> None:
        self._view = TimeView(source.fixed_span, SPANS[1][0])
        self._stored_choice = None
        if self._view.is_stored:
            self._stored_choice = GpuChoice(gpu=source.gpu, parent=self)
            self._stored_choice.changed.connect(self.refresh)
        self.drawing.source, self.drawing.view, self.drawing.cursor_s = source, self._view, None
        source.history.changed.connect(self._dirty)
        what = "the whole run" if self._view.is_stored else "the chosen span up to now"
        self.fit_button.setToolTip(f"Show {what} again (double click, or 0). {KEYS} The wheel zooms, too.")
        self._show_controls()

    def _dirty(self) -> None:
        self._is_dirty = True

    def _tick(self) -> None:
        if self.window().isMinimized():
            return
        self._ticks_since_text += 1
        self._ticks_since_curve += 1
        is_due = self._ticks_since_text >= TEXT_EVERY
        is_new = self._is_dirty and self._ticks_since_curve * CURVE_MS >= 1000 * self._second_of_pixel()
        if not self._view.moves or not (is_new or is_due):
            return
        if self._is_dirty:
            self._choose_gpus()
        self._is_dirty = False
        self._ticks_since_curve = 0
        self.drawing.draw_curves(self._end_of_time_s())
        if is_due:
            self._ticks_since_text = 0
            self._draw_texts()

    def _second_of_pixel(self) -> float:
        """How long the picture takes to move on by a pixel: drawn sooner it would look the same."""
        return self._view.span_s / self.stack.plot_pixels()

    def _end_of_time_s(self) -> float:
        """Now, or the newest reading when its clock is ahead."""
        return max(self._now_s(), self.source.history.newest_s or 0.0)

    def _choose_gpus(self) -> None:
        history = self.source.history
        gpus = history.gpus
        front = self._choice.shown(history, self.source.run)
        self.drawing.gpus = gpus if front is None else [front, *(gpu for gpu in gpus if gpu != front)]
        texts = [f"GPU {gpu} · {name}" if (name := history.name(gpu)) else f"GPU {gpu}" for gpu in gpus]
        if texts != [self.gpu_choice.itemText(index) for index in range(self.gpu_choice.count())]:
            self.gpu_choice.clear()
            for gpu, text in zip(gpus, texts, strict=True):
                self.gpu_choice.addItem(text, gpu)
        self.gpu_choice.setVisible(len(gpus) > 1)
        self.gpu_choice.setCurrentIndex(self.gpu_choice.findData(front))

    def _draw_texts(self) -> None:
        use = self.drawing.draw_texts()
        self.title.say(use.sentence)
        whole_s, span_s = self._view.whole_s, self._view.span_s
        part = f"{duration(span_s)} of {duration(whole_s)} shown" if whole_s and span_s < whole_s else ""
        self.grounds.say(unbroken(" · ".join(text for text in (self.source.title, part, use.grounds) if text)))

    def _show_controls(self) -> None:
        """Which controls there are, and what they stand at."""
        view = self._view
        for widget in (self.spans, self.pause):
            widget.setVisible(not view.is_stored)
        self.live.setVisible(view.is_stored or self.source.is_replay)
        self.fit_button.setEnabled(not view.is_fitted)
        spans = [seconds for seconds, _, _ in SPANS]
        self.spans.select(spans.index(view.span_s) if view.span_s in spans else None)
        self.pause.setChecked(view.is_held)
        self.pause.setText("Go on" if view.is_held else "Pause")
        self.pause.setAccessibleName(self.pause.text())
        self.stack.gesture.show_can_drag(not view.moves)
        self._place_controls()
        self._recoloured()

    def _toggle_pause(self) -> None:
        if not self._view.is_stored:
            self.set_paused(not self._view.is_held)

    def _zoom(self, factor: float, at_s: float | None) -> None:
        first_s, last_s = self.stack.span
        if at_s is None:
            at_s = self.drawing.cursor_s
        if at_s is None:
            at_s = last_s if self._view.moves else (first_s + last_s) / 2
        self._view.zoom(factor, at_s, self._end_of_time_s(), self.source.history.oldest_s)
        self.refresh()

    def _pan(self, by_s: float) -> None:
        self._view.pan(by_s, self._end_of_time_s(), self.source.history.oldest_s)
        self.refresh()

    def _step(self, by: int) -> None:
        self.drawing.step_cursor(by)
        self._cursor_changed()

    def _jump(self, to: int) -> None:
        self.drawing.jump_cursor(to)
        self._cursor_changed()

    def _cursor_changed(self) -> None:
        self.drawing.draw_cursor()
        self.drawing.draw_readouts(by_user=True)

    def _recoloured(self) -> None:
        muted, text = self._theme.colour("muted"), self._theme.colour("text")
        name = "play" if self._view.is_held else "pause"
        self.pause.setIcon(icon(name, text, muted, self.devicePixelRatioF()))

    def _ask_where(self) -> None:
        dialog = QFileDialog(self, "Save the visible span", "telemetry.csv", "CSV files (*.csv)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.fileSelected.connect(lambda name: self.save_csv(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def _button(row: QHBoxLayout, text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setAccessibleName(text)
    button.setToolTip(tip)
    row.addWidget(button)
    return button
