"""A stored run told again for the Monitor alone: on a bus of its own, so that it never mixes with a job at work."""

from PySide6.QtCore import QObject

from wan22.runs.reader import StoredRun
from wan22.system.bus import Bus
from wan22.system.clock import Clock
from wan22.ui.bridge import Bridge
from wan22.ui.replay_feed import ReplayFeed
from wan22.ui.state.gpu_history import GpuHistory
from wan22.ui.state.monitor_source import MonitorSource
from wan22.ui.state.run_state import LiveRun
from wan22.ui.state.stored_run import inventory_of, recorded_facts, working_gpu


class RunReplay(QObject):
    """`source` fills as if the run happened now. Errors: as `StoredRun.telemetry`."""

    def __init__(self, stored: StoredRun, clock: Clock, speed: float, parent: QObject) -> None:
        super().__init__(parent)
        self._history, self._run = GpuHistory(self), LiveRun(self)
        self._history.set_inventory(inventory_of(stored.manifest))
        bus = Bus(clock)
        self._bridge = Bridge(bus, self)
        self._bridge.drained.connect(self._run.apply)
        self._bridge.drained.connect(self._history.apply)
        self._feed = ReplayFeed(recorded_facts(stored), bus, clock, speed)
        name = stored.manifest.title or stored.manifest.run_id
        pace = "" if speed == 1 else f" at {speed:g} times its pace"
        self.source = MonitorSource(
            history=self._history,
            run=self._run,
            title=f"Replay{pace}: {name}",
            gpu=working_gpu(stored.manifest),
            is_replay=True,
        )

    def start(self) -> None:
        """Begin with its first fact, now."""
        self._feed.start()

    def close(self) -> None:
        """End it; what was told so far stays to be looked at by whoever holds `source`."""
        self._feed.stop()
        self._bridge.close()
