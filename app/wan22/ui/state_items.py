"""What stands in the state line beside the server: profile, queue, driver, room on the disk, the way to its page."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, QTimer

from wan22.schema.panel_fact import PanelFact
from wan22.system.cancel import CancelToken
from wan22.ui.frame_feed import FrameFeed
from wan22.ui.state.disk_space import DiskSeen, disk_text, free_bytes
from wan22.ui.state.gpu_history import GpuHistory
from wan22.ui.state.panel_state import PanelState
from wan22.ui.widgets.state_line import StateLine
from wan22.wiring import runs_folder

DISK_MS = 30_000
Work = Callable[[str, Callable[[CancelToken], PanelFact | None]], object]


class StateItems(QObject):
    """`apply` takes each batch of facts. `work` does something slow in a thread, as `Context.work`."""

    def __init__(
        self,
        line: StateLine,
        frame: FrameFeed,
        panel: PanelState,
        history: GpuHistory,
        now_s: Callable[[], float],
        work: Work,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._line = line
        self._frame = frame
        self._panel = panel
        self._history = history
        self._now_s = now_s
        self._work = work
        self._free_bytes: int | None = None
        self._is_asked = False
        panel.changed.connect(self.refresh)
        panel.chosen.connect(self._ask)
        history.changed.connect(self._boards_changed)
        self._timer = QTimer(self)
        self._timer.setInterval(DISK_MS)
        self._timer.timeout.connect(self._ask)
        self._timer.start()

    def close(self) -> None:
        """Ask no more."""
        self._timer.stop()

    def apply(self, facts: Iterable[object]) -> None:
        """Take the answer about the disk out of a batch."""
        for fact in facts:
            if isinstance(fact, DiskSeen):
                self._free_bytes, self._is_asked = fact.free_bytes, True
                self.refresh()

    def refresh(self) -> None:
        """Write everything now."""
        panel = self._panel
        items: list[tuple[str, str]] = []
        if panel.server is not None:
            items.append(("profile", panel.server.profile))
        items.append(("queue", str(len(panel.waiting))))
        if self._history.driver_version is not None:
            items.append(("driver", self._history.driver_version))
        if self._is_asked:
            items.append(("disk free", disk_text(self._free_bytes)))
        self._frame.items = items
        self._line.show_items(items)
        self._line.show_address(panel.server.url if panel.server is not None else None)

    def _boards_changed(self) -> None:
        """Readings come often, another driver does not."""
        is_told = ("driver", self._history.driver_version) in self._frame.items
        if self._history.driver_version is not None and not is_told:
            self.refresh()

    def _ask(self) -> None:
        settings = self._panel.settings

        def look(_cancel: CancelToken) -> DiskSeen:
            folder = runs_folder(settings)
            return DiskSeen(time_s=self._now_s(), folder=folder, free_bytes=free_bytes(folder))

        self._work("disk-space", look)
