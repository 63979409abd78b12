"""What the pages share: the state objects they read, and the calls that go down from them."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from wan22.job.desk import Desk
from wan22.runs.reader import StoredRun
from wan22.schema.events import ProblemFound, PromptQueued
from wan22.schema.panel_fact import GpuFound, PanelFact
from wan22.schema.problem import Problem
from wan22.schema.request import GenerationRequest
from wan22.schema.settings import Settings
from wan22.system.bus import Fact
from wan22.system.cancel import CancelToken
from wan22.system.settings_file import save_settings
from wan22.system.threads import Worker
from wan22.ui.bridge import Bridge
from wan22.ui.frame_feed import FrameFeed
from wan22.ui.hand_over import HandOver
from wan22.ui.main_window import MainWindow
from wan22.ui.notification import Notification, TrayNotifier
from wan22.ui.replay_feed import ReplayFeed
from wan22.ui.run_replay import RunReplay
from wan22.ui.shortcut_help import ShortcutHelp
from wan22.ui.state.fault_report import LINES, fault_report
from wan22.ui.state.gpu_choice import GpuChoice
from wan22.ui.state.gpu_history import GpuHistory
from wan22.ui.state.job_watch import JobWatch
from wan22.ui.state.monitor_source import MonitorSource
from wan22.ui.state.panel_state import PanelState
from wan22.ui.state.queue_undo import QueueUndo
from wan22.ui.state.queue_view import QueueView
from wan22.ui.state.run_state import LiveRun
from wan22.ui.state.stored_run import inventory_of, recorded_facts, source_of_run
from wan22.ui.state_items import StateItems
from wan22.ui.theme import Theme
from wan22.wiring import Demo, Parts
from wan22.wiring.desk import ServerChoice, expected
from wan22.wiring.diagnostics import privacy


class Context(QObject):
    """Built after the first paint; `close` ends everything that it started.

    `memory` keeps what a page wants to find again next time, under a group of its own name.
    `close_guards` are asked before the window closes: false = a question is open, and whoever asked it closes again.
    `monitor_changed`: another run, or the live GPU again, is what the Monitor shows: `monitor`.
    """

    monitor_changed = Signal()

    def __init__(self, theme: Theme, parts: Parts, window: MainWindow, desk: Desk, memory: QSettings) -> None:
        super().__init__(window)
        self.theme = theme
        self.window = window
        self.parts = parts
        self.desk = desk
        self.memory = memory
        self.close_guards: list[Callable[[], bool]] = []
        self.history = GpuHistory(self)
        self.run = LiveRun(self)
        self.panel = PanelState(self)
        self.watch = JobWatch(self)
        self.queue = QueueView(self)
        self.queue_undo = QueueUndo(desk.queue, self.queue, self)
        self.bridge = Bridge(parts.bus, self)
        self.hand_over = HandOver(window, memory, self)
        self.hand_over.refused.connect(self.tell_problem)
        self.gpu_choice = GpuChoice(memory, parent=self)
        self.frame = FrameFeed(window, self.history, self.run, self.gpu_choice, parts.clock.now, self)
        self.frame.is_on_run_page = lambda found: found is self.watch.refused
        self._items = StateItems(
            window.state_line, self.frame, self.panel, self.history, parts.clock.now, self.work, self
        )
        window.report_of = lambda details: fault_report(details, window.log.last_lines(LINES), privacy())
        self.shortcut_help = ShortcutHelp(window)
        self.notification = Notification(
            window,
            TrayNotifier(window, window.come_to_front),
            parts.clock.now,
            lambda: self.panel.settings.notifications,
        )
        window.state_line.open_wanted.connect(self.open_in_browser)
        self.live = MonitorSource(self.history, self.run)
        self.monitor = self.live
        self._replay: ReplayFeed | None = None
        self._told_again: RunReplay | None = None
        self._workers: list[Worker] = []
        self._is_closed = False
        self.bridge.drained.connect(self._apply)

    def generate(self, request: GenerationRequest) -> None:
        """Queue a job; the chosen server is started first when it does not run."""
        if request.previews and not self.panel.choice.previews:
            self.panel.choice = replace(self.panel.choice, previews=True)
        self.desk.submit([request], self.panel.settings.profile)

    def connect_server(self) -> None:
        """Start the chosen server, or attach to it."""
        self.desk.connect()

    def disconnect_server(self) -> None:
        """Stop the job and the server of ours, or let go of another one."""
        self.desk.disconnect()

    def stop_job(self) -> None:
        """Stop what is done now."""
        self.desk.cancel_job()

    def drop(self, number: int) -> None:
        """Take a waiting job away."""
        self.desk.queue.remove([number])

    def resume_queue(self) -> None:
        """Begin with what waits: from last time, or since it was paused."""
        self.desk.queue.pause(False)
        self.desk.queue.resume()

    def use_demo(self, demo: Demo) -> None:
        """The stand-in instead of a ComfyUI, from now on and for this session."""
        self.panel.choose(replace(self.panel.choice, demo=demo))
        self.desk.disconnect()
        self.connect_server()

    def use_settings(self, settings: Settings) -> Worker:
        """Keep new settings on disk, use them from the next job on. A server chosen first ends the demo.

        Returns who writes them.
        """
        is_server_named = settings.comfyui is not None or settings.url is not None
        is_another = self._server_of(settings) != self._server_of(self.panel.settings)
        leaves_demo = self.panel.is_demo and is_server_named and (is_another or self.panel.is_first_start)
        demo = None if leaves_demo else self.panel.choice.demo
        if is_another or leaves_demo:
            self.desk.disconnect()
        self.panel.choose(
            ServerChoice(settings, demo, self.panel.choice.previews),
            is_first_start=self.panel.is_first_start and not is_server_named,
        )
        path = self.parts.folders.config / "settings.toml"
        return self.work("settings", lambda _: save_settings(path, settings, os.environ))

    def leave_demo(self) -> None:
        """Back to the ComfyUI of the settings."""
        self.panel.choose(replace(self.panel.choice, demo=None))
        self.desk.disconnect()

    def open_in_browser(self) -> None:
        """Open the page of the server that is held."""
        server = self.panel.server
        if server is not None:
            QDesktopServices.openUrl(QUrl(server.url))

    def open_folder(self, folder: Path) -> None:
        """Open a folder in the system's file manager."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def tell_problem(self, problem: Problem) -> None:
        """Show a problem above the page; may be called from any thread."""
        self.parts.bus.publish(ProblemFound(time_s=self.parts.clock.now(), problem=problem))

    def work(self, name: str, work: Callable[[CancelToken], PanelFact | None]) -> Worker:
        """Do something slow in a thread; what it returns is put on the bus, an AppError is shown above the page.

        Nothing is begun any more once the context is closed.
        """

        def publish(cancel: CancelToken) -> None:
            fact = work(cancel)
            if fact is not None:
                self.parts.bus.publish(fact)

        worker = Worker(name, publish, on_problem=self.tell_problem)
        if self._is_closed:
            worker.cancel.set()
            return worker
        self._workers = [one for one in self._workers if one.is_alive]
        self._workers.append(worker)
        worker.start()
        return worker

    def replay(self, stored: StoredRun, speed: float = 1.0) -> None:
        """Tell a stored run again on the bus, as if it happened now."""
        self.history.set_inventory(inventory_of(stored.manifest))
        self._replay = ReplayFeed(recorded_facts(stored), self.parts.bus, self.parts.clock, speed)
        self._replay.start()

    def show_run(self, stored: StoredRun) -> None:
        """Show a stored run in the Monitor. Errors: as `StoredRun.telemetry`; best read before, in a thread."""
        self._watch(source_of_run(stored))
        self.window.show_simulated(stored.manifest.simulated)

    def replay_run(self, stored: StoredRun, speed: float = 1.0) -> None:
        """Let a stored run happen again in the Monitor, and only there. Errors as `show_run`."""
        told = RunReplay(stored, self.parts.clock, speed, self)
        self._watch(told.source)
        self._told_again = told
        self.window.show_simulated(stored.manifest.simulated)
        told.start()

    def show_live(self) -> None:
        """The Monitor watches the GPU of now again."""
        self._watch(self.live)

    def _watch(self, source: MonitorSource) -> None:
        before, self._told_again = self._told_again, None
        self.monitor = source
        self.monitor_changed.emit()
        if before is not None:
            before.close()
            before.deleteLater()

    def close(self, *, leave_running: bool = False) -> None:
        """Stop what was started, the sources of facts first. Blocks until the server has ended or is left."""
        if self._replay is not None:
            self._replay.stop()
        if self._told_again is not None:
            self._told_again.close()
        self._is_closed = True
        for worker in self._workers:
            worker.cancel.set()
        self.desk.close(leave_running=leave_running)
        for worker in self._workers:
            worker.stop()
        self.bridge.close()
        self.frame.close()
        self.notification.close()
        self._items.close()

    def _apply(self, facts: Sequence[Fact]) -> None:
        of_run = [fact for fact in facts if not isinstance(fact, PanelFact)]
        self.run.apply(of_run)
        self.history.apply(of_run)
        for fact in facts:
            if isinstance(fact, GpuFound):
                self.history.set_inventory(fact.inventory)
            elif isinstance(fact, PromptQueued):
                self._ask_expected()
        self.panel.apply(facts)
        self.watch.apply(facts)
        self.queue.apply(facts)
        self._items.apply(facts)
        self.frame.apply(facts)
        self.notification.apply(facts)

    def _ask_expected(self) -> None:
        run_id = self.run.state.run_id
        if run_id is not None and self._replay is None:
            settings = self.panel.settings
            self.work("run-expected", lambda _: expected(self.parts, settings, run_id))

    @staticmethod
    def _server_of(settings: Settings) -> tuple[object, ...]:
        return settings.comfyui, settings.python, settings.url, settings.port
