"""Keeps the frame up to date: GPU strip, state line, log and band from the facts."""

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from wan22.runs.state import Phase, RunState
from wan22.schema.events import ProblemFound, RunStarted, ServerReady, ServerSaid
from wan22.schema.gpu import GpuReading
from wan22.schema.panel_fact import GpuFound, GpuUnavailable
from wan22.ui.main_window import MainWindow
from wan22.ui.number_text import MISSING, number
from wan22.ui.palette import Metric
from wan22.ui.state.gpu_choice import GpuChoice
from wan22.ui.state.gpu_history import GIB, GpuHistory, Series
from wan22.ui.state.gpu_use import use_of_span
from wan22.ui.state.log_stage import LogStage
from wan22.ui.state.monitor_scale import limits_of, scale_of
from wan22.ui.state.run_state import LiveRun
from wan22.ui.state.stage_rows import STAGE_NAMES
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.gpu_strip import CellText

if TYPE_CHECKING:
    from wan22.schema.problem import Problem

TEXT_MS = 1000
SOON_MS = 40
"""What the server does is said that soon after it is known."""
SPARK_SPAN_S = 60.0
SPARK_POINTS = 56
JUDGED_S = 10.0
STALE_S = 5.0

_SERIES = {
    Metric.utilisation: Series.utilisation_pct,
    Metric.temperature: Series.temperature_c,
    Metric.power: Series.power_w,
    Metric.vram: Series.memory_gib,
    Metric.sm_clock: Series.sm_clock_mhz,
}


class FrameFeed(QObject):
    """`apply` takes each batch of facts; the frame is written by a timer."""

    def __init__(
        self,
        window: MainWindow,
        history: GpuHistory,
        run: LiveRun,
        choice: GpuChoice,
        now_s: Callable[[], float],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._window = window
        self._history = history
        self._run = run
        self._now_s = now_s
        self._choice = choice
        self._gpu_problem: Problem | None = None
        self._stage = LogStage()
        self.items: Sequence[tuple[str, str]] = ()
        self.is_on_run_page: Callable[[Problem], bool] = lambda _problem: False
        """Whether the Run page says a problem itself, so that it need not be said twice there."""
        window.gpu_strip.gpu_chosen.connect(lambda gpu: choice.choose(gpu, history))
        choice.changed.connect(self._refresh_gpu)
        self._timer = QTimer(self)
        self._timer.setInterval(TEXT_MS)
        self._timer.timeout.connect(self.refresh)
        self._timer.start()
        self._soon = QTimer(self)
        self._soon.setInterval(SOON_MS)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._refresh_server)
        run.changed.connect(self._run_changed)

    def close(self) -> None:
        """Write no more."""
        self._timer.stop()
        self._soon.stop()

    def apply(self, facts: Iterable[object]) -> None:
        """Take the lines of the log, problems, and the mark of a simulation out of a batch."""
        lines: list[tuple[str, str]] = []
        for fact in facts:
            self._stage.take(fact, self._run.state.roles)
            if isinstance(fact, ServerSaid):
                lines.append((fact.line, self._stage.name))
            elif isinstance(fact, ProblemFound) and not self._is_told_by_page(fact):
                self._window.problem.show_problem(fact.problem)
            elif isinstance(fact, GpuFound | GpuUnavailable):
                self._gpu_problem = fact.problem if isinstance(fact, GpuUnavailable) else None
                self._refresh_gpu()
            elif isinstance(fact, RunStarted | ServerReady):
                self._window.show_simulated(fact.simulated)
                self._window.band.show_now(is_simulated=fact.simulated)
        for stage, group in groupby(lines, key=itemgetter(1)):
            self._window.log.append([line for line, _ in group], stage)

    def _is_told_by_page(self, fact: ProblemFound) -> bool:
        """What ends a job is told by the Run page itself; a stop on request is no problem anywhere."""
        if fact.fatal and fact.problem.code == "cancelled":
            return True
        return self._window.page_key == "run" and (fact.fatal or self.is_on_run_page(fact.problem))

    def refresh(self) -> None:
        """Write everything now."""
        self._window.show_simulated(self._history.simulated)
        self._refresh_server()
        self._window.state_line.show_items(self.items)
        self._refresh_gpu()

    def _run_changed(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _refresh_server(self) -> None:
        text, tone = server_text(self._run.state)
        self._window.state_line.show_server(text, tone)

    def _refresh_gpu(self) -> None:
        history, strip = self._history, self._window.gpu_strip
        shown = self._choice.shown(history, self._run)
        strip.show_gpus([(gpu, history.name(gpu)) for gpu in history.gpus], shown)
        if shown is None:
            if self._gpu_problem is not None:
                words = " ".join(part for part in (self._gpu_problem.message, self._gpu_problem.hint) if part)
                strip.show_missing("no NVIDIA GPU", words)
            return
        info, reading, store = history.infos.get(shown), history.latest.get(shown), history.store(shown)
        limit = limits_of(info, reading)
        if reading is not None and self._now_s() - reading.time_s > STALE_S:
            strip.chip.show_tone(Tone.unknown, "no new readings", "The last reading is more than 5 seconds old.")
        else:
            use = use_of_span(store, JUDGED_S, None, limit)
            strip.chip.show_tone(use.tone, use.word, f"{use.sentence}. Last 10 s: {use.grounds}.")
        texts = cell_texts(reading, limit.power_w, limit.temperature_c)
        for metric, (value, rest) in texts.items():
            series = _SERIES[metric]
            highest = scale_of(series, info, reading, store).high
            strip.show_cell(metric, CellText(value, rest, self._curve(shown, series), highest))

    def _curve(self, gpu: int, series: Series) -> list[float]:
        store = self._history.store(gpu)
        if store is None:
            return []
        found = store.slice_of(series, SPARK_SPAN_S, SPARK_POINTS)
        points = [math.nan] * SPARK_POINTS
        for time_s, mean in zip(found.time_s, found.mean, strict=True):
            place = SPARK_POINTS - 1 + math.floor(float(time_s) / SPARK_SPAN_S * SPARK_POINTS)
            if 0 <= place < SPARK_POINTS:
                points[place] = float(mean)
        return points


def cell_texts(
    reading: GpuReading | None, limit_w: float | None, limit_c: float | None
) -> dict[Metric, tuple[str, str]]:
    """Value and what stands behind it, for each cell of the GPU strip."""
    if reading is None:
        return dict.fromkeys(_SERIES, (MISSING, ""))
    power_w = reading.power_w if reading.power_w is not None else reading.power_instant_w
    used, total = reading.memory_used_bytes, reading.memory_total_bytes
    watt = f"/ {number(limit_w)} W" if limit_w is not None else "W"
    gib = f"/ {number(total / GIB, 1)} GiB" if total is not None else "GiB"
    heat = f"limit {number(limit_c)}" if limit_c is not None else ""
    found = {
        Metric.utilisation: (_value(reading.utilization_pct, unit=" %"), ""),
        Metric.temperature: (_value(reading.temperature_c, unit=" °C"), heat),
        Metric.power: (_value(power_w), watt),
        Metric.vram: (_value(None if used is None else used / GIB, 1), gib),
        Metric.sm_clock: (_value(reading.sm_clock_mhz), "MHz"),
    }
    return {metric: (value, "" if value == MISSING else rest) for metric, (value, rest) in found.items()}


def server_text(state: RunState) -> tuple[str, Tone]:
    """What the server does, in words, and how to take it."""
    server = state.server
    name = f"ComfyUI {server.version}" if server.version else "ComfyUI"
    name = f"SIMULATED {name}" if state.simulated else name
    if server.stopped:
        is_fine = server.stop_expected or server.exit_code in (0, None)
        return (f"{name} stopped", Tone.unknown) if is_fine else (f"{name} ended", Tone.bad)
    if state.phase is Phase.starting or (server.owned and not server.ready):
        return f"{name} is starting: {(server.stage or 'process started').replace('_', ' ')}", Tone.running
    if state.phase is Phase.queued:
        return f"{name}: the job waits in the queue", Tone.running
    if state.phase is Phase.running:
        return f"{name} works: {_work_text(state)}", Tone.running
    if server.ready:
        return f"{name} ready", Tone.good
    return "No server yet", Tone.unknown


def _work_text(state: RunState) -> str:
    """The stage, and how many of its steps are done."""
    role = state.current_role
    if role is None:
        return "no live connection"
    reports = state.reports.get(state.current_node or "", ())
    step = f" · step {reports[-1].value} of {reports[-1].maximum}" if reports else ""
    return STAGE_NAMES[role].lower() + step


def _value(value: float | None, decimals: int = 0, unit: str = "") -> str:
    return MISSING if value is None else number(value, decimals) + unit
