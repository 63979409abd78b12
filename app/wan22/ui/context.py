"""What the pages share: clock, bus, the state objects, and the feeds that write them."""

from collections.abc import Sequence

from PySide6.QtCore import QObject

from wan22.runs.reader import StoredRun
from wan22.ui.bridge import Bridge
from wan22.ui.frame_feed import FrameFeed
from wan22.ui.main_window import MainWindow
from wan22.ui.replay_feed import ReplayFeed
from wan22.ui.state.gpu_history import GpuHistory
from wan22.ui.state.monitor_source import MonitorSource
from wan22.ui.state.run_state import LiveRun
from wan22.ui.state.stored_run import inventory_of, recorded_facts
from wan22.ui.theme import Theme
from wan22.wiring import Parts


class Context(QObject):
    """Built after the first paint; `close` ends everything that it started."""

    def __init__(self, theme: Theme, parts: Parts, window: MainWindow) -> None:
        super().__init__(window)
        self.theme = theme
        self.window = window
        self.parts = parts
        self.history = GpuHistory(self)
        self.run = LiveRun(self)
        self.bridge = Bridge(parts.bus, self)
        self.frame = FrameFeed(window, self.history, self.run, parts.clock.now, self)
        self.monitor = MonitorSource(self.history, self.run)
        self._replay: ReplayFeed | None = None
        self.bridge.drained.connect(self._apply)

    def replay(self, stored: StoredRun, speed: float = 1.0) -> None:
        """Tell a stored run again on the bus, as if it happened now."""
        self.history.set_inventory(inventory_of(stored.manifest))
        self._replay = ReplayFeed(recorded_facts(stored), self.parts.bus, self.parts.clock, speed)
        self._replay.start()

    def close(self) -> None:
        """Stop what was started, the sources of facts first."""
        if self._replay is not None:
            self._replay.stop()
        self.bridge.close()
        self.frame.close()

    def _apply(self, facts: Sequence[object]) -> None:
        self.run.apply(facts)  # type: ignore[arg-type]
        self.history.apply(facts)
        self.frame.apply(facts)
