"""Opens the window. Only Qt's widgets are imported before the first paint."""

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import PySide6
from PySide6.QtCore import QObject, QSettings, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication

from wan22.system.paths import data_folder, user_folders
from wan22.ui.main_window import MainWindow
from wan22.ui.page_list import load_page, page_entries
from wan22.ui.qt_pair import refusal
from wan22.ui.theme import Scheme, Theme

if TYPE_CHECKING:
    from wan22.system.cancel import CancelToken
    from wan22.system.threads import Worker
    from wan22.ui.closing import Closing
    from wan22.ui.context import Context

REFUSED = 11
"""As `cli.exit_codes` has it for a program that is broken in itself."""
SCHEME_KEY = "window/theme"
_PARTS = ("wan22.wiring", "wan22.wiring.desk", "wan22.ui.context", "wan22.ui.closing", "wan22.ui.opening")
"""What the panel is built from after the first paint: slow to import."""


class WindowOptions(NamedTuple):
    """How the window is opened. None = as it was last time, or as the settings say.

    `show` or `replay` (at some `speed`) a stored run; `demo`: a scenario of the stand-in, `demo_speed` its pace.
    """

    theme: Scheme | None = None
    show: str | None = None
    replay: str | None = None
    speed: float = 1.0
    demo: str | None = None
    demo_speed: float | None = None

    @property
    def first_page(self) -> str | None:
        """Page that they ask for."""
        return "monitor" if self.show or self.replay else None


class Panel(QObject):
    """The window with everything behind it, which comes to life after the first paint."""

    came_to_life = Signal()
    _loaded = Signal()

    def __init__(self, application: QApplication, options: WindowOptions) -> None:
        super().__init__(application)
        self._options = options
        self._context: Context | None = None
        self._closing: Closing | None = None
        self._loader: Worker | None = None
        self._is_closed = False
        self._memory = QSettings(str(user_folders(os.environ).config / "window.ini"), QSettings.Format.IniFormat)
        self.theme = Theme(application, data_folder() / "resources", options.theme or _remembered(self._memory))
        self.window = MainWindow(self.theme, page_entries(self._shared), self._memory)
        self.window.painted.connect(self._load)
        self._loaded.connect(self._come_to_life, Qt.ConnectionType.QueuedConnection)
        self.window.may_close = self._may_close
        self.window.closed.connect(self._end_loading)
        self.theme.scheme_chosen.connect(self._remember_theme)

    def watch_process(self) -> None:
        """Keep a log of this process, and show a fault that nobody caught above the page."""
        import logging

        from wan22.schema.problem import AppError
        from wan22.system.log_setup import install_hooks, start_fault_log, start_log

        context = self._shared()
        install_hooks(context.tell_problem)
        try:
            start_log(context.parts.folders.log)
            start_fault_log(context.parts.folders.log)
        except AppError as error:  # a log that cannot be written is no reason not to work
            logging.getLogger(__name__).info("no log file: %s", error)

    def close(self) -> None:
        """Stop everything behind the window at once; blocks until it is done."""
        self._end_loading()
        if self._context is not None:
            self._context.close()

    def wait_for_end(self) -> None:
        """Until no thread works for the window any more; no object of it may go before."""
        self._end_loading()
        if self._closing is not None:
            self._closing.wait()

    def _shared(self) -> "Context":
        assert self._context is not None
        return self._context

    def _may_close(self) -> bool:
        return self._closing is None or self._closing.may_close()

    def _end_loading(self) -> None:
        self._is_closed = True
        if self._loader is not None:
            self._loader.stop()

    def _remember_theme(self) -> None:
        self._memory.setValue(SCHEME_KEY, self.theme.scheme.value)

    def _load(self) -> None:
        """Import what is slow to import in a thread, so that the window answers meanwhile."""
        from wan22.system.threads import Worker

        first = self._options.first_page or self.window.first_page()

        def load(_: object) -> None:
            for name in _PARTS:
                import_module(name)
            load_page(first)
            self._loaded.emit()

        self._loader = Worker("window-parts", load).start()

    def _load_other_pages(self) -> None:
        """The first visit of a page waits for nothing either."""
        from wan22.system.threads import Worker

        keys = self.window.page_keys

        def load(cancel: "CancelToken") -> None:
            for key in keys:
                if not cancel.is_set:
                    load_page(key)

        self._loader = Worker("window-pages", load).start()

    def _come_to_life(self) -> None:
        if self._is_closed:
            return
        from wan22 import wiring
        from wan22.ui.closing import Closing
        from wan22.ui.context import Context
        from wan22.ui.opening import Opening
        from wan22.wiring.desk import make_desk

        parts = wiring.parts()
        opening = Opening(parts, self._options)
        desk = make_desk(parts, opening.settings.sample_hz, lambda: self._shared().panel.choice)
        context = self._context = Context(self.theme, parts, self.window, desk, self._memory)
        self._closing = Closing(context)
        opening.apply(context)
        QTimer.singleShot(0, self._open_first_page)  # a turn of its own: to build a page takes a while as well

    def _open_first_page(self) -> None:
        if self._is_closed:
            return
        self.window.open_page(self._options.first_page or self.window.first_page())
        self._shared().frame.refresh()
        self.came_to_life.emit()
        self._load_other_pages()


def main(arguments: Sequence[str]) -> int:
    """Show the window until it is closed; the exit code. Garbage is collected once the first page is there."""
    refused = refusal(PySide6.__version__, sys.version_info[:3], sys.platform)
    if refused is not None:
        sys.stderr.write(refused + "\n")
        return REFUSED
    gc.disable()
    options = _options(arguments) if arguments else WindowOptions()
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        application = QApplication(["wan22"])
    application.setApplicationName("wan22-panel")
    application.setApplicationDisplayName("Wan 2.2 control panel")
    application.setQuitOnLastWindowClosed(False)
    panel = Panel(application, options)
    panel.window.closed.connect(application.quit)
    panel.came_to_life.connect(panel.watch_process)
    panel.came_to_life.connect(gc.enable)
    panel.window.show()
    code = application.exec()
    panel.wait_for_end()
    return code


def _remembered(memory: QSettings) -> Scheme:
    found = str(memory.value(SCHEME_KEY, ""))
    return Scheme(found) if found in {scheme.value for scheme in Scheme} else Scheme.dark


def _options(arguments: Sequence[str]) -> WindowOptions:
    import argparse

    parser = argparse.ArgumentParser(prog="wan22 window", description="The window of the panel.")
    parser.add_argument("--theme", choices=[scheme.value for scheme in Scheme], help="default: as last time")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--show", metavar="RUN", help="show a stored run: its name, folder, or 'last'")
    which.add_argument("--replay", metavar="RUN", help="tell a stored run again as if it happened now")
    parser.add_argument("--speed", type=float, default=1.0, help="pace of the replay, 1 = as it was")
    parser.add_argument("--demo", nargs="?", const="healthy", metavar="NAME|FILE", help="a simulated ComfyUI and GPU")
    parser.add_argument("--demo-speed", type=float, metavar="FACTOR", help="how much faster than life")
    found = parser.parse_args(list(arguments))
    theme = Scheme(found.theme) if found.theme else None
    return WindowOptions(theme, found.show, found.replay, found.speed, found.demo, found.demo_speed)
