"""A window with real data behind it: a recorded run put on the bus as if it had just happened."""

import gzip
import shutil
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QSettings
from pytestqt.qtbot import QtBot

from tests.fakes.clock import FakeClock
from wan22 import wiring
from wan22.runs.layout import RunFolder
from wan22.runs.reader import StoredRun, open_run
from wan22.runs.state import Fact
from wan22.system.bus import Bus
from wan22.system.paths import UserFolders
from wan22.ui.app import Panel
from wan22.ui.context import Context
from wan22.ui.main_window import MainWindow
from wan22.ui.page_list import page_entries
from wan22.ui.replay_feed import shifted
from wan22.ui.state.stored_run import inventory_of, recorded_facts
from wan22.ui.theme import Theme
from wan22.wiring import Parts
from wan22.wiring.desk import make_desk

DATA = Path(__file__).resolve().parents[1] / "data"
SAMPLE = DATA / "runs" / "format_1" / "2026-11-23_15-08-00_sample"
START_S = 1_800_000_000.0


def sample_run() -> StoredRun:
    """The frozen sample folder of format 1."""
    return open_run(RunFolder(SAMPLE))


def recorded_run(name: str, work: Path) -> StoredRun:
    """A recording of a real H100, imported as the command line does it."""
    source = work / "recording"
    source.mkdir(parents=True, exist_ok=True)
    for path in (DATA / "recordings" / "wan22-14b-h100").glob(f"{name}.*"):
        target = source / path.name.removesuffix(".gz")
        with gzip.open(path, "rb") as packed, target.open("wb") as plain:
            shutil.copyfileobj(packed, plain)
    (folder,) = wiring.import_recording(source / f"{name}.messages.jsonl", work / "runs")
    return open_run(folder)


class Stage:
    """The window as `ui.app` builds it, on a clock and a bus of the test."""

    def __init__(self, theme: Theme, work: Path) -> None:
        self.clock = FakeClock(start_s=START_S)
        self.bus = Bus(self.clock)
        folders = UserFolders(*(work / name for name in ("config", "data", "state", "cache", "log")))
        memory = QSettings(str(work / "window.ini"), QSettings.Format.IniFormat)
        parts = Parts(self.clock, self.bus, folders)
        self.window = MainWindow(theme, page_entries(lambda: self.context), memory)
        self.desk = make_desk(parts, 5.0)  # not started, but for its queue: what it is asked for waits in it
        self.desk.queue.start()
        self.desk.queue.flush()
        self.context = Context(theme, parts, self.window, self.desk, memory)

    def tell(self, facts: Sequence[Fact], *, until: int | None = None) -> None:
        """Publish facts at once, moved so that the last one is now."""
        told = list(facts)[:until]
        for fact in shifted(told, told[-1].time_s, self.clock.now()):
            self.bus.publish(fact)
        self.settle()

    def tell_run(self, stored: StoredRun, *, until: int | None = None) -> None:
        """As `tell`, with the boards of the run's machine."""
        self.context.history.set_inventory(inventory_of(stored.manifest))
        self.tell(recorded_facts(stored), until=until)

    def settle(self) -> None:
        """Let queued signals and layouts happen."""
        for _ in range(5):
            QCoreApplication.processEvents()
        self.context.frame.refresh()
        QCoreApplication.processEvents()

    def close(self) -> None:
        """As at the end of the program."""
        self.context.close()
        self.window.close()
        self.window.deleteLater()


def close_panel(qtbot: QtBot, panel: Panel) -> None:
    """Close the window as a user does and wait until everything behind it has ended."""
    with qtbot.waitSignal(panel.window.closed, timeout=30_000):
        panel.window.close()
    for made in (panel.window, panel.theme, panel):
        made.deleteLater()
