"""Draws what a Monitor watches into its strips, and says the numbers beside them."""

from collections.abc import Sequence

import numpy as np

from wan22.schema.duration_text import measured
from wan22.ui.number_text import MISSING, moment_text, number, number_range, with_unit
from wan22.ui.pages.monitor_spec import LANES, STRIPS
from wan22.ui.state.gpu_history import Series
from wan22.ui.state.gpu_use import GpuUse, use_of_span
from wan22.ui.state.monitor_scale import limits_of, scale_of
from wan22.ui.state.monitor_source import MonitorSource
from wan22.ui.state.stage_rows import STAGE_NAMES
from wan22.ui.state.telemetry_store import FloatArray, SeriesSlice, TelemetryStore
from wan22.ui.state.time_view import TimeView
from wan22.ui.widgets.line_key import LineKind
from wan22.ui.widgets.strip_plot import Curve, LimitLine, Shade, StripSpec
from wan22.ui.widgets.strip_stack import StripStack

GAP_S = 3.0
BAR_PIXELS = 6
BAR_LEAST_S = 2.0


class MonitorDrawing:
    """`draw_curves` is cheap enough for every frame; `draw_texts` is not. `gpus`: the one in front first."""

    def __init__(self, stack: StripStack, source: MonitorSource, view: TimeView) -> None:
        self._stack = stack
        self.source = source
        self.view = view
        self.gpus: Sequence[int] = ()
        self.cursor_s: float | None = None
        self.drawn: dict[Series, SeriesSlice] = {}
        self._bars: list[SeriesSlice | None] = [None] * len(LANES)
        self._end_s = 0.0
        self._offset_s = 0.0
        self._phases: list[tuple[Shade, str]] = []

    def draw_curves(self, now_s: float) -> None:
        """Curves, bars, phases and the cursor."""
        self._end_s = self.view.end_s(now_s)
        first_s, self._offset_s = self.view.axis(now_s)
        zero = "" if self.view.is_stored else "held" if self.view.is_held else "now"
        self._stack.set_span(first_s, self._offset_s, zero)
        self._phases = self._phases_of(now_s)
        self._stack.set_phases(self._phases)
        pixels = self._stack.plot_pixels()
        self.drawn = {}
        for (series, _), strip in zip(STRIPS, self._stack.strips, strict=True):
            curves = []
            for gpu in self.gpus:
                store = self.source.history.store(gpu)
                if store is None:
                    continue
                found = store.slice_of(series, self.view.span_s, pixels, self._end_s, margin_s=GAP_S)
                is_main = gpu == self.gpus[0]
                if is_main:
                    self.drawn[series] = found
                curves.append(curve_of_slice(found, self._offset_s, is_main=is_main))
            strip.show_curves(curves)
        self._draw_lanes(pixels)
        self.draw_cursor()

    def draw_texts(self) -> GpuUse:
        """Scales, limits and read-outs; returns how well the visible span was used."""
        history, gpu, store = self.source.history, self._gpu, self._store
        info = history.infos.get(gpu) if gpu is not None else None
        reading = history.latest.get(gpu) if gpu is not None else None
        for (series, _), strip in zip(STRIPS, self._stack.strips, strict=True):
            scale = scale_of(series, info, reading, store)
            strip.set_range(scale.low, scale.high, scale.text)
            strip.set_limits(
                [
                    LimitLine(line.value, line.text, LineKind.limit if line.is_limit else LineKind.reference)
                    for line in scale.limits
                ]
            )
        self.draw_readouts()
        return use_of_span(store, self.view.span_s, self._end_s, limits_of(info, reading))

    def draw_cursor(self) -> None:
        """The line at the cursor with its rings; away when the picture no longer shows the moment."""
        first_s, last_s = self._stack.span
        if self.cursor_s is not None:
            self.cursor_s = min(last_s, max(first_s, self.cursor_s))
        if self.cursor_s is None:
            self._stack.set_cursor(None)
            return
        values = [self.value_at(series, self.cursor_s) for series, _ in STRIPS]
        self._stack.set_cursor(self.cursor_s, moment_text(self.cursor_s, self.view.span_s), values)

    def draw_readouts(self, *, by_user: bool = False) -> None:
        """Numbers at the cursor, else the newest, over what the visible span comes to; the same for the ear."""
        spoken = []
        for (series, spec), strip in zip(STRIPS, self._stack.strips, strict=True):
            value = self._value(series)
            text = number(value, spec.decimals)
            strip.readout.show_value(text, spec.unit, self._notes(series, spec))
            spoken.append(f"{spec.title} {with_unit(value, spec.unit, spec.decimals)}")
        spoken.append(self._draw_lane_readout())
        self._stack.header.show_basis(self._basis())
        where = f"{self._basis()}, {self._moment()}" if self.cursor_s is not None else self._basis()
        self._stack.speak(f"{where}: {', '.join(spoken)}", now=by_user)

    def step_cursor(self, by: int) -> None:
        """Move the cursor by so many buckets; the first step begins at the right edge."""
        moments = self._moments()
        if not moments.size:
            return
        if self.cursor_s is None:
            self.cursor_s = float(moments[-1])
            return
        index = int(np.argmin(np.abs(moments - self.cursor_s))) + by
        self.cursor_s = float(moments[min(moments.size - 1, max(0, index))])

    def jump_cursor(self, to: int) -> None:
        """Put the cursor on the first (-1) or last (1) bucket that can be seen."""
        moments = self._moments()
        if moments.size:
            self.cursor_s = float(moments[0 if to < 0 else -1])

    def value_at(self, series: Series, moment_s: float) -> float | None:
        """Mean of the bucket at a second of the axis; None in a gap."""
        found = self.drawn.get(series)
        return None if found is None else self._mean_at(found, moment_s)

    @property
    def _gpu(self) -> int | None:
        return self.gpus[0] if self.gpus else None

    @property
    def _store(self) -> TelemetryStore | None:
        return self.source.history.store(self.gpus[0]) if self.gpus else None

    def _moments(self) -> FloatArray:
        """Seconds on the axis of the buckets that can be seen, of the series that has most."""
        most = max(self.drawn.values(), key=len, default=None)
        if most is None:
            return np.empty(0)
        moments: FloatArray = most.time_s + self._offset_s
        first_s, last_s = self._stack.span
        return moments[(moments >= first_s) & (moments <= last_s)]

    def _mean_at(self, found: SeriesSlice, moment_s: float) -> float | None:
        if not len(found):
            return None
        at_s = moment_s - self._offset_s
        index = int(np.argmin(np.abs(found.time_s - at_s)))
        near = abs(float(found.time_s[index]) - at_s) <= max(GAP_S, 1.5 * found.step_s)
        return float(found.mean[index]) if near else None

    def _value(self, series: Series) -> float | None:
        """At the cursor, else the newest that can be seen."""
        if self.cursor_s is not None:
            return self.value_at(series, self.cursor_s)
        found = self.drawn.get(series)
        if found is None:
            return None
        index = int(np.searchsorted(found.time_s, found.step_s, side="right")) - 1
        return float(found.mean[index]) if index >= 0 and found.time_s[index] >= -self.view.span_s else None

    def _moment(self) -> str:
        assert self.cursor_s is not None
        text = moment_text(self.cursor_s, self.view.span_s)
        shade = next((text for shade, text in self._phases if shade.start_s <= self.cursor_s <= shade.end_s), None)
        return text if shade is None else f"{text} in {shade.split(' · ')[0]}"

    def _basis(self) -> str:
        if self.cursor_s is not None:
            return "at the cursor"
        return "newest" if self.view.moves else "at the right edge"

    def _draw_lanes(self, pixels: int) -> None:
        store = self._store
        self._bars = [None] * len(LANES)
        if store is not None:
            count = max(1, min(int(self.view.span_s / BAR_LEAST_S), pixels // BAR_PIXELS))
            self._bars = [
                store.slice_of(series, self.view.span_s, count, self._end_s, margin_s=GAP_S) for series, _ in LANES
            ]
        self._stack.lanes.show_bars(self._bars, self._stack.span, self._offset_s)

    def _draw_lane_readout(self) -> str:
        """Shares at the cursor, else of the visible span; returns them in words."""
        store = self._store
        shares: list[float | None] = []
        for (series, _), bars in zip(LANES, self._bars, strict=True):
            if self.cursor_s is not None:
                shares.append(None if bars is None else self._mean_at(bars, self.cursor_s))
            else:
                shares.append(None if store is None else store.statistics(series, self.view.span_s, self._end_s).mean)
        texts = [MISSING if share is None else f"{number(100 * share)} %" for share in shares]
        notes = [f"{spec.name} {text}" for (_, spec), text in zip(LANES[1:], texts[1:], strict=True)]
        first = MISSING if shares[0] is None else number(100 * shares[0])
        self._stack.lanes.readout.show_value(first, "% power cap", notes)
        return f"limiter power cap {texts[0]}, {', '.join(notes)}"

    def _phases_of(self, now_s: float) -> list[tuple[Shade, str]]:
        state, origin_s = self.source.run.state, self.view.origin_s(now_s)
        is_over = state.end is not None or state.outcome is not None
        phases = []
        for span in self.source.run.phases():
            last_s = span.finished_s if span.finished_s is not None else None if is_over else now_s
            if last_s is None:
                continue
            shade = Shade(span.started_s - origin_s, last_s - origin_s, span.role.value)
            name = STAGE_NAMES[span.role].split(" · ")[0]
            phases.append((shade, f"{name} · {measured(last_s - span.started_s)}"))
        return phases

    def _notes(self, series: Series, spec: StripSpec) -> Sequence[str]:
        store = self._store
        if store is None:
            return ()
        found = store.statistics(series, self.view.span_s, self._end_s)
        if found.mean is None:
            return ("not read",)
        notes = [
            f"mean {number(found.mean, spec.decimals)}",
            f"min {number(found.low, spec.decimals)} · max {number(found.high, spec.decimals)}",
        ]
        stores = [self.source.history.store(gpu) for gpu in self.gpus[1:]]
        means = [store.statistics(series, self.view.span_s, self._end_s).mean for store in stores if store is not None]
        known = [mean for mean in means if mean is not None]
        if known:
            others = "1 other" if len(stores) == 1 else f"{len(stores)} others"
            notes.append(f"{others}: mean {number_range(min(known), max(known), '', spec.decimals)}")
        return notes


def curve_of_slice(found: SeriesSlice, offset_s: float, *, is_main: bool) -> Curve:
    """Every value where there is room for it; else the mean with the range from smallest to largest faintly behind."""
    x, y = found.envelope(GAP_S)
    if int(found.count.max(initial=0)) <= 2:
        return Curve(x + offset_s, y, is_main)
    middle_x, middle_y = found.middle(GAP_S)
    return Curve(middle_x + offset_s, middle_y, is_main, (x + offset_s, y) if is_main else None)
