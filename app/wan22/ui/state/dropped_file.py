"""Where dropped files belong, told by their names alone: nothing is read while something is dragged. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from wan22.runs.archive_import import is_archive_name

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
WORKFLOWS = (".json", ".mp4", ".webm", ".mkv", ".mov")
"""Files that hold a workflow and are no start image. A picture of ComfyUI's is both: as a rule it is meant as one."""


class DropPlace(Enum):
    """What is done with what is dropped."""

    image = "image"
    images = "images"
    workflow = "workflow"
    archive = "archive"
    folder = "folder"
    nowhere = "nowhere"


@dataclass(frozen=True, slots=True)
class Dropped:
    """`title` says what will happen, `detail` with what; for `nowhere` why nothing will."""

    place: DropPlace
    paths: tuple[Path, ...]
    title: str
    detail: str


_TITLES: Mapping[DropPlace, str] = {
    DropPlace.image: "Start image of the next video",
    DropPlace.images: "One job for each picture",
    DropPlace.workflow: "Read this workflow",
    DropPlace.archive: "Import this run",
    DropPlace.folder: "Look for a ComfyUI in this folder",
    DropPlace.nowhere: "This cannot be used here",
}
_PAGES: Mapping[DropPlace, str] = {
    DropPlace.image: "Run",
    DropPlace.images: "Queue",
    DropPlace.workflow: "Setup, Workflows",
    DropPlace.archive: "History",
    DropPlace.folder: "Setup, ComfyUI",
}
USABLE = "Pictures, workflows (also in a video), exported runs and the folder of a ComfyUI can be dropped."
_NAME_LENGTH = 60


def dropped(paths: Sequence[Path]) -> Dropped:
    """Several pictures are many jobs; of other kinds only one can be taken at a time."""
    if not paths:
        return _nowhere((), f"It is no file of this machine. {USABLE}")
    places = {_place_of(path) for path in paths}
    if len(paths) > 1 and places == {DropPlace.image}:
        return _taken(DropPlace.images, tuple(paths), f"{len(paths)} pictures")
    name = _short(paths[0].name or str(paths[0]))
    if len(paths) > 1:
        return _nowhere(tuple(paths), "Drop one file at a time; only pictures can be several.")
    (place,) = places
    if place is DropPlace.nowhere:
        return _nowhere(tuple(paths), f"{name}: nothing here takes {paths[0].suffix} files. {USABLE}")
    return _taken(place, tuple(paths), name)


def _place_of(path: Path) -> DropPlace:
    suffix = path.suffix.lower()
    if is_archive_name(path):
        return DropPlace.archive
    if suffix in PICTURES:
        return DropPlace.image
    if suffix in WORKFLOWS:
        return DropPlace.workflow
    return DropPlace.folder if _looks_like_folder(path) else DropPlace.nowhere


def _looks_like_folder(path: Path) -> bool:
    """A name without an ending, or with a version in it, such as `ComfyUI_0.25`."""
    return not path.suffix or path.suffix[1:].isdigit()


def _taken(place: DropPlace, paths: tuple[Path, ...], what: str) -> Dropped:
    return Dropped(place, paths, _TITLES[place], f"{what} → {_PAGES[place]}")


def _nowhere(paths: tuple[Path, ...], why: str) -> Dropped:
    return Dropped(DropPlace.nowhere, paths, _TITLES[DropPlace.nowhere], why)


def _short(name: str) -> str:
    return name if len(name) <= _NAME_LENGTH else f"{name[: _NAME_LENGTH - 1]}…"
