"""What a fetch would do, before anything is asked of anybody: files, sizes, sources, licences, room on the disks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wan22.comfy.fetch_source import host_of, mirror_base, mirrored
from wan22.comfy.file_fetch import DISK_MARGIN_BYTES
from wan22.comfy.model_status_text import status_text
from wan22.comfy.model_store import pack_problem
from wan22.schema.model_file import ModelFile, ModelState, ModelStatus
from wan22.schema.problem import Problem, problem
from wan22.system.files import free_bytes


@dataclass(frozen=True, slots=True)
class FetchItem:
    """One file to fetch. `remaining_bytes` is None when its size is not known; `host` is who will be asked.

    `replaces`: a file of that name lies there and is wrong; it is kept under another name.
    """

    file: ModelFile
    url: str
    target: Path
    host: str
    remaining_bytes: int | None
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class DiskNeed:
    """Room needed on the disk that holds `folder`, with some in reserve, and room there is."""

    folder: Path
    needed_bytes: int
    free_bytes: int

    @property
    def is_enough(self) -> bool:
        """Whether it fits."""
        return self.needed_bytes <= self.free_bytes


@dataclass(frozen=True, slots=True)
class FetchPlan:
    """Files to fetch, in order; `refused` says of which wanted files nothing can be fetched, and why."""

    items: tuple[FetchItem, ...]
    disks: tuple[DiskNeed, ...]
    refused: tuple[Problem, ...]

    @property
    def known_bytes(self) -> int:
        """Bytes still to come, as far as sizes are known."""
        return sum(item.remaining_bytes or 0 for item in self.items)

    @property
    def unknown_count(self) -> int:
        """Files whose size is not known."""
        return sum(item.remaining_bytes is None for item in self.items)

    def disk_problem(self) -> Problem | None:
        """`disk_full` when the files do not fit."""
        for disk in self.disks:
            if not disk.is_enough:
                message = (
                    f"The files need {disk.needed_bytes / 1e9:.1f} GB on the disk of {disk.folder}, some of it in "
                    f"reserve; {disk.free_bytes / 1e9:.1f} GB are free."
                )
                return problem("disk_full", message, hint="Free some space, or fetch fewer files.", path=disk.folder)
        return None


def fetch_plan(
    statuses: Sequence[ModelStatus], mirror: str | None = None, free: Callable[[Path], int] = free_bytes
) -> FetchPlan:
    """Plan for the files of `statuses` that are not usable; those that are need nothing.

    A file that only lies elsewhere is not fetched again: it is named in `refused`, as is one without a known
    address. AppError `bad_argument` for a mirror that is no address.
    """
    base = mirror_base(mirror) if mirror else None
    items: list[FetchItem] = []
    refused: list[Problem] = []
    for status in statuses:
        if status.is_usable:
            continue
        found = _refusal(status)
        if found is not None:
            refused.append(found)
        else:
            items.append(_item(status, base))
    return FetchPlan(tuple(items), _disks(items, free), tuple(refused))


def _refusal(status: ModelStatus) -> Problem | None:
    file = status.file
    if status.pack_missing:
        return pack_problem(status)
    if status.is_movable:
        message = f"{file.file} need not be fetched: {status_text(status)}"
        return problem("model_elsewhere", message, file=file.file, path=status.path)
    if file.url is None:
        message = f"This program does not know where to get {file.file}."
        return problem("download_failed", message, hint=f"Put it into {status.target.parent} by hand.", file=file.file)
    return None


def _item(status: ModelStatus, mirror: str | None) -> FetchItem:
    file = status.file
    url = mirrored(file.url or "", mirror)
    have = status.partial_bytes or 0
    remaining = None if file.bytes is None else max(file.bytes - have, 0)
    wrong = status.state in (ModelState.wrong_size, ModelState.wrong_hash)
    # A wrong file in another folder that ComfyUI reads first would win over the new one: the new one takes its place.
    target = status.path if wrong and status.path is not None else status.target
    return FetchItem(file, url, target, host_of(url), remaining, replaces=wrong)


def _disks(items: Sequence[FetchItem], free: Callable[[Path], int]) -> tuple[DiskNeed, ...]:
    """Needs by volume, so that two folders on one disk are not each given all of its room."""
    needs: dict[object, tuple[Path, int]] = {}
    for item in items:
        folder = item.target.parent
        volume = _volume(folder)
        first, bytes_before = needs.get(volume, (folder, DISK_MARGIN_BYTES))
        needs[volume] = (first, bytes_before + (item.remaining_bytes or 0))
    return tuple(DiskNeed(folder, needed, free(folder)) for folder, needed in needs.values())


def _volume(folder: Path) -> object:
    existing = folder.absolute()
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    try:
        return existing.stat().st_dev
    except OSError:
        return existing.anchor
