"""Opens the window. Only Qt's widgets are imported before the first paint."""

import gc
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import PySide6
from PySide6.QtCore import QObject, QSettings
from PySide6.QtWidgets import QApplication

from wan22.system.paths import data_folder, user_folders
from wan22.ui.main_window import MainWindow
from wan22.ui.page_list import page_entries
from wan22.ui.qt_pair import refusal
from wan22.ui.theme import Scheme, Theme

if TYPE_CHECKING:
    from wan22.ui.context import Context

REFUSED = 1


class WindowOptions(NamedTuple):
    """How the window is opened: its theme, and a run to `show` or to `replay` at some `speed`."""

    theme: Scheme = Scheme.dark
    show: str | None = None
    replay: str | None = None
    speed: float = 1.0


class Panel(QObject):
    """The window with everything behind it, which comes to life after the first paint."""

    def __init__(self, application: QApplication, options: WindowOptions) -> None:
        super().__init__(application)
        self._options = options
        self._context: Context | None = None
        self.theme = Theme(application, data_folder() / "resources", options.theme)
        memory = QSettings(str(user_folders(os.environ).config / "window.ini"), QSettings.Format.IniFormat)
        self.window = MainWindow(self.theme, page_entries(self._shared), memory)
        self.window.painted.connect(self._come_to_life)
        self.window.closed.connect(self.close)

    def close(self) -> None:
        """Stop everything behind the window."""
        if self._context is not None:
            self._context.close()

    def _shared(self) -> "Context":
        assert self._context is not None
        return self._context

    def _come_to_life(self) -> None:
        from wan22 import wiring
        from wan22.schema.problem import AppError
        from wan22.ui.context import Context

        self._context = Context(self.theme, wiring.parts(), self.window)
        try:
            self._open_run(self._context)
        except AppError as error:
            self.window.problem.show_problem(error.problem)
        self.window.open_page(self.window.first_page())
        self._context.frame.refresh()
        gc.enable()

    def _open_run(self, context: "Context") -> None:
        """The run that the options name, if any. Errors: AppError as `find_run` and `open_run`."""
        from wan22 import wiring
        from wan22.runs.catalog import find_run
        from wan22.runs.reader import open_run
        from wan22.ui.state.stored_run import source_of_run

        name = self._options.show or self._options.replay
        if name is None:
            return
        stored = open_run(find_run(wiring.runs_folder(), name))
        if self._options.show is not None:
            context.monitor = source_of_run(stored)
            self.window.show_simulated(stored.manifest.simulated)
        else:
            context.replay(stored, self._options.speed)


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
    panel = Panel(application, options)
    panel.window.show()
    return application.exec()


def _options(arguments: Sequence[str]) -> WindowOptions:
    import argparse

    parser = argparse.ArgumentParser(prog="wan22 window", description="The window of the panel.")
    parser.add_argument("--theme", choices=[scheme.value for scheme in Scheme], default=Scheme.dark.value)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--show", metavar="RUN", help="show a stored run: its name, folder, or 'last'")
    which.add_argument("--replay", metavar="RUN", help="tell a stored run again as if it happened now")
    parser.add_argument("--speed", type=float, default=1.0, help="pace of the replay, 1 = as it was")
    found = parser.parse_args(list(arguments))
    return WindowOptions(Scheme(found.theme), found.show, found.replay, found.speed)
