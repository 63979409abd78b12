"""The Monitor: what the GPU does, and what holds it back, over any span from a minute to a day."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from wan22.schema.duration_text import measured
from wan22.schema.problem import AppError
from wan22.system.files import write_text_atomic
from wan22.ui.measure import GAP, GAP_SMALL, GUTTER, TextRole
from wan22.ui.number_text import MISSING, moment_text, number, number_range, unbroken
from wan22.ui.pages.monitor_spec import LANES, SPANS, STRIPS
from wan22.ui.state.gpu_history import Series
from wan22.ui.state.gpu_use import use_of_span
from wan22.ui.state.monitor_scale import limits_of, scale_of
from wan22.ui.state.monitor_source import MonitorSource
from wan22.ui.state.span_csv import csv_of_span
from wan22.ui.state.stage_rows import STAGE_NAMES
from wan22.ui.state.telemetry_store import SeriesSlice
from wan22.ui.state.working_gpu import working_gpu
from wan22.ui.theme import Theme
from wan22.ui.widgets.icon import icon
from wan22.ui.widgets.line_key import LineKind
from wan22.ui.widgets.segment import Segment
from wan22.ui.widgets.strip_plot import Curve, LimitLine, Shade, StripSpec
from wan22.ui.widgets.strip_stack import StripStack
from wan22.ui.widgets.text_label import TextLabel

CURVE_MS = 66
TEXT_EVERY = 15
GAP_S = 3.0
BAR_PIXELS = 6
BAR_LEAST_S = 2.0


class MonitorPage(QWidget):
    """Curves are drawn 15 times a second at most, texts once a second, and nothing while nobody looks."""

    problem = Signal(object)

    def __init__(
        self, theme: Theme, source: MonitorSource, now_s: Callable[[], float], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._theme = theme
        self._now_s = now_s
        self._source = source
        self._span_s = SPANS[1][0]
        self._paused_s: float | None = None
        self._cursor: float | None = None
        self._chosen: int | None = source.gpu
        self._gpu: int | None = source.gpu
        self._drawn: dict[Series, SeriesSlice] = {}
        self._is_dirty = True
        self._ticks_since_text = TEXT_EVERY
        self._timer = QTimer(self)
        self._timer.setInterval(CURVE_MS)
        self._timer.timeout.connect(self._tick)
        column = QVBoxLayout(self)
        column.setContentsMargins(GUTTER, 20, GUTTER, GAP)
        column.setSpacing(GAP)
        column.addLayout(self._head())
        self.stack = StripStack(theme, [spec for _, spec in STRIPS], [spec for _, spec in LANES])
        self.stack.cursor_moved.connect(self._cursor_moved)
        column.addWidget(self.stack, 1)
        theme.changed.connect(self._recoloured)
        self._recoloured()
        self._listen()

    def show_source(self, source: MonitorSource) -> None:
        """Watch something else: the live GPU, or a stored run."""
        self._source.history.changed.disconnect(self._dirty)
        self._source = source
        self._chosen, self._paused_s, self._cursor = source.gpu, None, None
        self._listen()
        self.refresh()

    def refresh(self) -> None:
        """Draw everything now."""
        self._is_dirty = False
        self._ticks_since_text = 0
        self._choose_gpus()
        self._draw_curves()
        self._draw_texts()

    def set_span(self, span_s: float) -> None:
        """Show that many seconds; one of `SPANS`."""
        self._span_s = span_s
        self.spans.select(next(index for index, (seconds, _, _) in enumerate(SPANS) if seconds == span_s))
        self.refresh()

    def set_paused(self, is_paused: bool) -> None:
        """Hold the picture; readings are taken all the same."""
        self._paused_s = self._end_s() if is_paused else None
        self.pause.setChecked(is_paused)
        self.pause.setText("Go on" if is_paused else "Pause")
        self.pause.setAccessibleName(self.pause.text())
        self._recoloured()
        self.refresh()

    def csv(self) -> str:
        """The visible span of the shown GPUs."""
        return csv_of_span(self._source.history, self._shown_gpus(), self._span_now_s(), self._end_s())

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to draw."""
        super().showEvent(event)
        self.refresh()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest while nobody looks."""
        self._timer.stop()
        super().hideEvent(event)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)
        words = QVBoxLayout()
        words.setSpacing(4)
        self.title = TextLabel("", TextRole.title)
        self.grounds = TextLabel("", TextRole.body, "muted")
        self.grounds.setWordWrap(True)
        words.addWidget(self.title)
        words.addWidget(self.grounds)
        row.addLayout(words, 1)
        self.gpu_choice = QComboBox()
        self.gpu_choice.setAccessibleName("GPU whose curves stand in front")
        self.gpu_choice.setToolTip("The chosen GPU is drawn in full colour, the others faintly behind it")
        self.gpu_choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.gpu_choice.activated.connect(self._gpu_chosen)
        self.gpu_choice.hide()
        row.addWidget(self.gpu_choice)
        self.spans = Segment(self._theme, "Span", [(text, tip) for _, text, tip in SPANS])
        self.spans.select(1)
        self.spans.chosen.connect(lambda index: self.set_span(SPANS[index][0]))
        row.addWidget(self.spans)
        self.pause = QPushButton("Pause")
        self.pause.setCheckable(True)
        self.pause.setAccessibleName("Pause")
        self.pause.setToolTip("Hold the picture to look closer; nothing is lost meanwhile")
        self.pause.clicked.connect(self.set_paused)
        row.addWidget(self.pause)
        self.save = QPushButton("Save CSV…")
        self.save.setAccessibleName("Save the visible span as CSV")
        self.save.setToolTip("Save minimum, mean and maximum of every series over the visible span")
        self.save.clicked.connect(self._ask_where)
        row.addWidget(self.save)
        return row

    def _listen(self) -> None:
        self._source.history.changed.connect(self._dirty)
        is_live = self._source.fixed_span is None
        self.spans.setVisible(is_live)
        self.pause.setVisible(is_live)

    def _dirty(self) -> None:
        self._is_dirty = True

    def _tick(self) -> None:
        if self.window().isMinimized():
            return
        self._ticks_since_text += 1
        is_moving = self._source.fixed_span is None and self._paused_s is None
        if self._is_dirty and is_moving:
            self._is_dirty = False
            self._choose_gpus()
            self._draw_curves()
        if self._ticks_since_text >= TEXT_EVERY and is_moving:
            self._ticks_since_text = 0
            self._draw_curves()
            self._draw_texts()

    def _end_s(self) -> float:
        """The moment at the right edge, seconds since the epoch."""
        if self._source.fixed_span is not None:
            return self._source.fixed_span[1]
        if self._paused_s is not None:
            return self._paused_s
        return max(self._now_s(), self._source.history.newest_s or 0.0)

    def _span_now_s(self) -> float:
        if self._source.fixed_span is not None:
            return max(1.0, self._source.fixed_span[1] - self._source.fixed_span[0])
        return self._span_s

    def _offset_s(self) -> float:
        """Second on the axis at the right edge: 0 live, the duration for a run that starts at 0."""
        return self._span_now_s() if self._source.fixed_span is not None else 0.0

    def _shown_gpus(self) -> list[int]:
        """The chosen GPU first."""
        gpus = [gpu for gpu in self._source.history.gpus if gpu != self._gpu]
        return gpus if self._gpu is None else [self._gpu, *gpus]

    def _choose_gpus(self) -> None:
        gpus = self._source.history.gpus
        source = self._source
        self._gpu = self._chosen if self._chosen in gpus else working_gpu(source.history, source.run)
        if self.gpu_choice.count() != len(gpus):
            self.gpu_choice.clear()
            for gpu in gpus:
                name = self._source.history.name(gpu)
                self.gpu_choice.addItem(f"GPU {gpu} · {name}" if name else f"GPU {gpu}", gpu)
        self.gpu_choice.setVisible(len(gpus) > 1)
        self.gpu_choice.setCurrentIndex(self.gpu_choice.findData(self._gpu))

    def choose_gpu(self, gpu: int) -> None:
        """Draw this one in front."""
        self._chosen = gpu
        self.refresh()

    def _gpu_chosen(self, index: int) -> None:
        self.choose_gpu(self.gpu_choice.itemData(index))

    def _draw_curves(self) -> None:
        end_s, span_s, offset_s = self._end_s(), self._span_now_s(), self._offset_s()
        self.stack.set_span(offset_s - span_s, offset_s)
        self.stack.set_phases(self._phases(end_s, offset_s))
        pixels = self.stack.plot_pixels()
        self._drawn = {}
        for (series, _), strip in zip(STRIPS, self.stack.strips, strict=True):
            curves = []
            for gpu in self._shown_gpus():
                store = self._source.history.store(gpu)
                if store is None:
                    continue
                found = store.slice_of(series, span_s, pixels, end_s)
                if gpu == self._gpu:
                    self._drawn[series] = found
                curves.append(curve_of_slice(found, offset_s, is_main=gpu == self._gpu))
            strip.show_curves(curves)
        self._draw_lanes(span_s, end_s, offset_s, pixels)
        self._draw_cursor()

    def _draw_lanes(self, span_s: float, end_s: float, offset_s: float, pixels: int) -> None:
        store = self._source.history.store(self._gpu) if self._gpu is not None else None
        bars: list[SeriesSlice | None] = [None] * len(LANES)
        if store is not None:
            count = max(1, min(int(span_s / BAR_LEAST_S), pixels // BAR_PIXELS))
            bars = [store.slice_of(series, span_s, count, end_s) for series, _ in LANES]
        self.stack.lanes.show_bars(bars, self.stack.span, offset_s)

    def _phases(self, end_s: float, offset_s: float) -> list[tuple[Shade, str]]:
        is_over = self._source.run.state.end is not None or self._source.run.state.outcome is not None
        phases = []
        for span in self._source.run.phases():
            last_s = span.finished_s if span.finished_s is not None else None if is_over else end_s
            if last_s is None:
                continue
            shade = Shade(span.started_s - end_s + offset_s, last_s - end_s + offset_s, span.role.value)
            name = STAGE_NAMES[span.role].split(" · ")[0]
            phases.append((shade, f"{name} · {measured(last_s - span.started_s)}"))
        return phases

    def _draw_texts(self) -> None:
        history, gpu = self._source.history, self._gpu
        info = history.infos.get(gpu) if gpu is not None else None
        reading = history.latest.get(gpu) if gpu is not None else None
        store = history.store(gpu) if gpu is not None else None
        for (series, _), strip in zip(STRIPS, self.stack.strips, strict=True):
            scale = scale_of(series, info, reading, store)
            strip.set_range(scale.low, scale.high, scale.text)
            strip.set_limits(
                [
                    LimitLine(line.value, line.text, LineKind.limit if line.is_limit else LineKind.reference)
                    for line in scale.limits
                ]
            )
        found = use_of_span(store, self._span_now_s(), self._end_s(), limits_of(info, reading))
        self.title.say(found.sentence)
        parts = [part for part in (self._source.title, found.grounds) if part]
        self.grounds.say(unbroken(" · ".join(parts)))
        self._draw_readouts()

    def _cursor_moved(self, moment_s: float | None) -> None:
        self._cursor = moment_s
        self._draw_cursor()
        self._draw_readouts()

    def _draw_cursor(self) -> None:
        if self._cursor is None:
            self.stack.set_cursor(None)
            return
        values = [self._value_at(series, self._cursor) for series, _ in STRIPS]
        self.stack.set_cursor(self._cursor, moment_text(self._cursor, self._span_now_s()), values)

    def _value_at(self, series: Series, moment_s: float) -> float | None:
        found = self._drawn.get(series)
        if found is None or not len(found):
            return None
        at_s = moment_s - self._offset_s()
        index = int(np.argmin(np.abs(found.time_s - at_s)))
        near = abs(float(found.time_s[index]) - at_s) <= max(GAP_S, 1.5 * found.step_s)
        return float(found.mean[index]) if near else None

    def _draw_readouts(self) -> None:
        span_s, end_s = self._span_now_s(), self._end_s()
        for (series, spec), strip in zip(STRIPS, self.stack.strips, strict=True):
            found = self._drawn.get(series)
            if self._cursor is not None:
                value = self._value_at(series, self._cursor)
            else:
                value = float(found.mean[-1]) if found is not None and len(found) else None
            strip.readout.show_value(number(value, spec.decimals), spec.unit, self._notes(series, spec, span_s, end_s))
        self._draw_lane_readout(span_s, end_s)

    def _notes(self, series: Series, spec: StripSpec, span_s: float, end_s: float) -> Sequence[str]:
        gpus = self._shown_gpus()
        store = self._source.history.store(gpus[0]) if gpus else None
        if store is None:
            return ()
        found = store.statistics(series, span_s, end_s)
        if found.mean is None:
            return ("not read",)
        notes = [
            f"mean {number(found.mean, spec.decimals)}",
            f"min {number(found.low, spec.decimals)} · max {number(found.high, spec.decimals)}",
        ]
        if len(gpus) > 1:
            stores = [self._source.history.store(gpu) for gpu in gpus[1:]]
            means = [item.statistics(series, span_s, end_s).mean for item in stores if item is not None]
            known = [mean for mean in means if mean is not None]
            if known:
                others = "1 other" if len(stores) == 1 else f"{len(stores)} others"
                notes.append(f"{others}: mean {number_range(min(known), max(known), '', spec.decimals)}")
        return notes

    def _draw_lane_readout(self, span_s: float, end_s: float) -> None:
        store = self._source.history.store(self._gpu) if self._gpu is not None else None
        means = [store.statistics(series, span_s, end_s).mean if store is not None else None for series, _ in LANES]
        texts = [MISSING if mean is None else f"{number(100 * mean)} %" for mean in means]
        notes = [f"{spec.name} {text}" for (_, spec), text in zip(LANES[1:], texts[1:], strict=True)]
        first = MISSING if means[0] is None else number(100 * means[0])
        self.stack.lanes.readout.show_value(first, "% power cap", notes)

    def _recoloured(self) -> None:
        muted, text = self._theme.colour("muted"), self._theme.colour("text")
        name = "play" if self._paused_s is not None else "pause"
        self.pause.setIcon(icon(name, text, muted, self.devicePixelRatioF()))

    def _ask_where(self) -> None:
        dialog = QFileDialog(self, "Save the visible span", "telemetry.csv", "CSV files (*.csv)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.fileSelected.connect(lambda name: self.save_csv(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save_csv(self, path: Path) -> None:
        """Write the visible span; a failure is said with `problem`."""
        try:
            write_text_atomic(path, self.csv())
        except AppError as error:
            self.problem.emit(error.problem)


def curve_of_slice(found: SeriesSlice, offset_s: float, *, is_main: bool) -> Curve:
    """Every value where there is room for it; else the mean with the range from smallest to largest faintly behind."""
    x, y = found.envelope(GAP_S)
    if int(found.count.max(initial=0)) <= 2:
        return Curve(x + offset_s, y, is_main)
    middle_x, middle_y = found.middle(GAP_S)
    return Curve(middle_x + offset_s, middle_y, is_main, (x + offset_s, y) if is_main else None)
