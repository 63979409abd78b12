"""Cost of repainting live curves: our strips against a plain pyqtgraph `setData` of every point.

`QT_QPA_PLATFORM=offscreen python -m tests.benchmarks.bench_plots`: 32 series (8 strips of 4 GPUs) at 10 Hz, 1 h and
24 h of history. Milliseconds of CPU for one refresh of everything, smallest of several rounds.
Goal: at most a tenth of the plain way, and no dearer for a day than for an hour.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication, QGridLayout, QWidget

from wan22.system.paths import data_folder
from wan22.ui.pages.monitor_drawing import curve_of_slice
from wan22.ui.palette import Metric
from wan22.ui.state.telemetry_store import TelemetryStore
from wan22.ui.theme import Theme
from wan22.ui.widgets.strip_plot import StripPlot, StripSpec

HZ = 10.0
STRIPS, GPUS = 8, 4
SPANS_S = {"1 min": 60.0, "1 h": 3600.0, "24 h": 86400.0}
GOAL = 0.1


def signals(seconds: float) -> np.ndarray:
    """Half of the series white noise (the worst case), half slow walks; shape (series, samples), 0 to 100."""
    count = int(seconds * HZ)
    source = np.random.default_rng(0)
    noise = source.uniform(0, 100, (STRIPS * GPUS // 2, count)).astype(np.float32)
    walks = 50 + np.cumsum(source.normal(0, 0.05, (STRIPS * GPUS // 2, count)), axis=1).astype(np.float32)
    return np.concatenate([noise, np.clip(walks, 0, 100)])


def cost_ms(refresh: Callable[[], None], rounds: int) -> float:
    """CPU milliseconds of a refresh with its painting."""
    best = float("inf")
    for _ in range(rounds):
        started_s = time.process_time()
        refresh()
        QCoreApplication.processEvents()
        best = min(best, time.process_time() - started_s)
    return 1000 * best


def board(widgets: list[QWidget]) -> QWidget:
    window = QWidget()
    window.resize(1600, 1000)
    grid = QGridLayout(window)
    for number, widget in enumerate(widgets):
        grid.addWidget(widget, number // 2, number % 2)
    window.show()
    for _ in range(5):
        QCoreApplication.processEvents()
    return window


def plain(values: np.ndarray, span_s: float) -> float:
    """pyqtgraph as its examples use it: a PlotWidget, all points, automatic range."""
    count = int(span_s * HZ)
    x = np.arange(-count, 0) / HZ
    plots = [pg.PlotWidget() for _ in range(STRIPS)]
    curves = [plot.plot(pen=pg.intColor(gpu, GPUS)) for plot in plots for gpu in range(GPUS)]
    window = board(plots)
    rows = values[:, -count:]

    def refresh() -> None:
        for curve, row in zip(curves, rows, strict=True):
            curve.setData(x, row)

    found = cost_ms(refresh, 1 if count > 100_000 else 3)
    window.close()
    return found


def ours(theme: Theme, stores: list[TelemetryStore], span_s: float) -> float:
    """The strips of the Monitor with the same series."""
    strips = [
        StripPlot(theme, StripSpec(f"Strip {number}", "", list(Metric)[number % 5], "")) for number in range(STRIPS)
    ]
    window = board(list(strips))
    for strip in strips:
        strip.set_span(-span_s, 0.0, [-span_s / 2])
        strip.set_range(0.0, 100.0, "0-100")

    def refresh() -> None:
        for number, strip in enumerate(strips):
            curves = []
            for gpu, store in enumerate(stores):
                found = store.slice_of(number, span_s, strip.plot_pixels())
                curves.append(curve_of_slice(found, 0.0, is_main=gpu == 0))
            strip.show_curves(curves)

    refresh()
    found = cost_ms(refresh, 7)
    window.close()
    return found


def filled_stores(values: np.ndarray) -> list[TelemetryStore]:
    """A whole day: the newest part at 10 Hz, what lies before it at 1 Hz."""
    stores = [TelemetryStore(STRIPS) for _ in range(GPUS)]
    count = values.shape[1]
    for second in range(24 * 3600 - int(count / HZ)):
        for gpu, store in enumerate(stores):
            store.append(second - 24 * 3600.0 + count / HZ, values[gpu::GPUS, second % count])
    started_s = time.perf_counter()
    for index in range(count):
        for gpu, store in enumerate(stores):
            store.append(index / HZ, values[gpu::GPUS, index])
    print(f"append of one tick, all {STRIPS * GPUS} series: {1e6 * (time.perf_counter() - started_s) / count:.0f} us")
    return stores


def main() -> int:
    application = QApplication([])
    theme = Theme(application, data_folder() / "resources")
    hours = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    values = signals(3600.0 * hours)
    stores = filled_stores(values)
    print(f"memory of the stores: {sum(store.byte_count for store in stores) / 1e6:.0f} MB")
    found = {name: ours(theme, stores, span_s) for name, span_s in SPANS_S.items()}
    day = np.tile(values, (1, int(np.ceil(24 / hours))))
    naive = {name: plain(day, span_s) for name, span_s in SPANS_S.items()}
    print(f"{'span':8} {'plain ms':>10} {'ours ms':>10} {'ratio':>8}")
    for name in SPANS_S:
        print(f"{name:8} {naive[name]:10.1f} {found[name]:10.1f} {found[name] / naive[name]:8.3f}")
    print(f"24 h against 1 h: {found['24 h'] / found['1 h']:.2f}")
    return 0 if all(found[name] / naive[name] <= GOAL for name in ("1 h", "24 h")) else 1


if __name__ == "__main__":
    sys.exit(main())
