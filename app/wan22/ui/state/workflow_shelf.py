"""The workflows there are to look at: those of the program, the user's own, those of the ComfyUI's editor."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from wan22.comfy.model_manifest import MANIFEST_NAME
from wan22.comfy.workflow import workflow_name
from wan22.schema.problem import AppError
from wan22.schema.settings import Settings
from wan22.wiring.workflow import installation_workflows, workflow_folders

SHIPPED, OWN, EDITOR, OPENED = "Comes with the panel", "Yours", "ComfyUI's editor", "Opened"
MOST = 500
"""Files listed of one folder: a list that nobody could read is no help."""


@dataclass(frozen=True, slots=True)
class ShelfEntry:
    """One file; `name` is what it is called in its group."""

    group: str
    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Shelf:
    """All entries, group by group; `left_out`: how many more there are."""

    entries: tuple[ShelfEntry, ...] = ()
    left_out: int = 0

    def entry(self, path: Path) -> ShelfEntry | None:
        """The entry of a file."""
        return next((one for one in self.entries if one.path == path), None)


def read_shelf(settings: Settings) -> Shelf:
    """Look into the folders; one that is not there, or cannot be read, has no workflows."""
    shipped, own = workflow_folders()
    found = [
        (SHIPPED, [(workflow_name(path), path) for path in _files(shipped)]),
        (OWN, [(workflow_name(path), path) for path in _files(own)]),
        (EDITOR, list(_of_editor(settings))),
    ]
    entries = [ShelfEntry(group, name, path) for group, files in found for name, path in files[:MOST]]
    return Shelf(tuple(entries), sum(max(0, len(files) - MOST) for _, files in found))


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.glob("*.json") if path.name != MANIFEST_NAME)
    except OSError:
        return []


def _of_editor(settings: Settings) -> Iterable[tuple[str, Path]]:
    if settings.comfyui is None:
        return
    try:
        folder, paths = installation_workflows(settings)
    except (AppError, OSError):
        return  # what is wrong with the installation is said where it is chosen
    for path in paths:
        yield path.relative_to(folder).as_posix().removesuffix(".json"), path
