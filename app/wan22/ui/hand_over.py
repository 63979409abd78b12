"""What goes from one page to another, and what is dropped on the window where nobody else wants it."""

from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Signal

from wan22.ui.main_window import MainWindow
from wan22.ui.widgets.folder_field import PathDrop

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
WORKFLOWS = (".json", ".mp4", ".webm", ".mkv", ".mov")
"""Files that hold a workflow and are no start image. A picture of ComfyUI's is both: as a rule it is meant as one."""


class HandOver(QObject):
    """Opens the page that is meant and tells it what to take; pages listen to what concerns them.

    `workflow_chosen`: name for the next job. `workflow_given`, `image_given`: a file. `section_wanted`: key of a
    section of the Setup page, and what to show in it, may be empty.
    """

    workflow_chosen = Signal(str)
    workflow_given = Signal(object)
    image_given = Signal(object)
    section_wanted = Signal(str, str)

    def __init__(self, window: MainWindow, memory: QSettings, parent: QObject) -> None:
        super().__init__(parent)
        self._window = window
        self._memory = memory
        PathDrop(window, self._is_wanted).dropped.connect(lambda text: self.take_file(Path(text)))

    def use_workflow(self, name: str) -> None:
        """The next video is made with it, and the Run page is shown. A page that is built only now reads it again."""
        self._memory.setValue("run/workflow", name)
        self._window.open_page("run")
        self.workflow_chosen.emit(name)

    def show_section(self, key: str, detail: str = "") -> None:
        """Show a section of the Setup page."""
        self._window.open_page("setup")
        self.section_wanted.emit(key, detail)

    def take_file(self, path: Path) -> None:
        """A picture is a start image, everything else is looked at as a workflow."""
        if path.suffix.lower() in PICTURES:
            self._window.open_page("run")
            self.image_given.emit(path)
        else:
            self.show_section("workflows")
            self.workflow_given.emit(path)

    @staticmethod
    def _is_wanted(path: Path) -> bool:
        return path.suffix.lower() in (*PICTURES, *WORKFLOWS)
