"""What goes from one page to another, and what is dropped on the window where nobody else wants it."""

from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Signal

from wan22.schema.problem import Problem, problem
from wan22.ui.drop_target import DropTarget
from wan22.ui.main_window import MainWindow
from wan22.ui.state.dropped_file import PICTURES, Dropped, DropPlace, dropped

__all__ = ["PICTURES", "HandOver"]


class HandOver(QObject):
    """Opens the page that is meant and tells it what to take; pages listen to what concerns them.

    `workflow_chosen`: name for the next job. `workflow_given`, `image_given`, `archive_given`, `folder_given`: a path;
    `images_given`: several; `pixels_given`: a picture without a file. `run_wanted`: id of a run. `section_wanted`: key
    of a section of the Setup page, and what to show in it, may be empty. `refused`: a Problem, for what nobody takes.
    """

    workflow_chosen = Signal(str)
    workflow_given = Signal(object)
    image_given = Signal(object)
    images_given = Signal(object)
    pixels_given = Signal(object)
    archive_given = Signal(object)
    folder_given = Signal(object)
    run_wanted = Signal(str)
    refused = Signal(object)
    section_wanted = Signal(str, str)

    def __init__(self, window: MainWindow, memory: QSettings, parent: QObject) -> None:
        super().__init__(parent)
        self._window = window
        self._memory = memory
        self.drop = DropTarget(window.theme, window, lambda: window.centralWidget() or window)
        self.drop.taken.connect(self.take)
        self.drop.pixels.connect(self._take_pixels)
        self.drop.refused.connect(self._refuse)

    def use_workflow(self, name: str) -> None:
        """The next video is made with it, and the Run page is shown. A page that is built only now reads it again."""
        self._memory.setValue("run/workflow", name)
        self._window.open_page("run")
        self.workflow_chosen.emit(name)

    def show_section(self, key: str, detail: str = "") -> None:
        """Show a section of the Setup page."""
        self._window.open_page("setup")
        self.section_wanted.emit(key, detail)

    def show_run(self, run_id: str) -> None:
        """Show a run in the History."""
        self._window.open_page("history")
        self.run_wanted.emit(run_id)

    def take_file(self, path: Path) -> None:
        """Take a file to where its kind belongs."""
        self.take(dropped([path]))

    def take(self, found: Dropped) -> None:
        """Take files to where they belong."""
        match found.place:
            case DropPlace.image:
                self._window.open_page("run")
                self.image_given.emit(found.paths[0])
            case DropPlace.images:
                self._window.open_page("queue")
                self.images_given.emit(found.paths)
            case DropPlace.workflow:
                self.show_section("workflows")
                self.workflow_given.emit(found.paths[0])
            case DropPlace.archive:
                self._window.open_page("history")
                self.archive_given.emit(found.paths[0])
            case DropPlace.folder:
                self.show_section("comfyui")
                self.folder_given.emit(found.paths[0])
            case DropPlace.nowhere:
                self._refuse(found.detail)

    def _take_pixels(self, picture: object) -> None:
        self._window.open_page("run")
        self.pixels_given.emit(picture)

    def _refuse(self, reason: str) -> None:
        refusal: Problem = problem("drop_refused", reason)
        self.refused.emit(refusal)
