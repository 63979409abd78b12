"""The real window on a real clock, with readings of two restless boards: what benchmarks of the living window share."""

import math
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, QSettings, QTimer

from wan22.schema.gpu import GpuReading, GpuSampled
from wan22.system.bus import Bus
from wan22.system.cancel import CancelToken
from wan22.system.clock import SystemClock
from wan22.system.paths import UserFolders
from wan22.ui.context import Context
from wan22.ui.main_window import MainWindow
from wan22.ui.page_list import page_entries
from wan22.ui.theme import Theme
from wan22.wiring import Parts
from wan22.wiring.desk import make_desk


class LiveWindow:
    """Window and context; the desk is not started, so that facts come from the benchmark alone."""

    def __init__(self, theme: Theme, work: Path) -> None:
        self.clock = SystemClock()
        self.bus = Bus(self.clock)
        folders = UserFolders(*(work / name for name in ("config", "data", "state", "cache", "log")))
        memory = QSettings(str(work / "window.ini"), QSettings.Format.IniFormat)
        parts = Parts(self.clock, self.bus, folders)
        self.window = MainWindow(theme, page_entries(lambda: self.context), memory)
        self.context = Context(theme, parts, self.window, make_desk(parts, 5.0), memory)
        self.window.resize(1440, 900)
        self.window.show()
        self.window.open_page("monitor")

    def close(self) -> None:
        """As at the end of the program."""
        self.context.close()
        self.window.close()
        self.window.deleteLater()

    def read_boards(self, hz: float, cancel: CancelToken) -> None:
        """Readings of two boards until `cancel`; for a thread of its own."""
        tick = 0
        while not self.clock.sleep(1 / hz, cancel):
            tick += 1
            now_s = self.clock.now()
            self.bus.publish(GpuSampled(now_s, tuple(_reading(now_s, gpu, tick) for gpu in range(2))))


def _reading(now_s: float, gpu: int, tick: int) -> GpuReading:
    return GpuReading(
        now_s,
        gpu,
        utilization_pct=50 + 50 * math.sin(tick / 3 + gpu),
        temperature_c=60 + 9 * math.sin(tick / 9),
        power_w=400 + 150 * math.sin(tick / 5 + gpu),
        memory_used_bytes=int((20 + math.sin(tick)) * 2**30),
        memory_total_bytes=32 * 2**30,
        sm_clock_mhz=2000 + 99 * math.sin(tick / 2),
        clocks_event_reasons=4,
    )


def live_until(done: Callable[[], bool], limit_s: float) -> None:
    """Let the window live until `done`, at most for `limit_s`."""
    loop, timer = QEventLoop(), QTimer()
    end_s = time.monotonic() + limit_s
    timer.setInterval(100)
    timer.timeout.connect(lambda: loop.quit() if done() or time.monotonic() > end_s else None)
    timer.start()
    loop.exec()
    timer.stop()
