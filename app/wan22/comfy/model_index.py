"""One walk through the folders of models: every file with its size, without reading any."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = frozenset({".ckpt", ".pt", ".pt2", ".bin", ".pth", ".safetensors", ".pkl", ".sft", ".gguf"})
_DEPTH_LIMIT = 12


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file on the disk and its size."""

    path: Path
    byte_count: int


class ModelIndex:
    """Model files below `roots`, walked through when first asked; folders that cannot be read are left out."""

    def __init__(self, roots: Iterable[Path]) -> None:
        self._roots = tuple(roots)
        self._by_name: dict[str, list[FoundFile]] = {}
        self._by_size: dict[int, list[FoundFile]] = {}
        self._is_walked = False

    def named(self, name: str) -> tuple[FoundFile, ...]:
        """Files of that name, in any spelling of its letters."""
        self._walk_once()
        return tuple(self._by_name.get(name.casefold(), ()))

    def sized(self, byte_count: int) -> tuple[FoundFile, ...]:
        """Files of exactly that size."""
        self._walk_once()
        return tuple(self._by_size.get(byte_count, ()))

    def _walk_once(self) -> None:
        if self._is_walked:
            return
        self._is_walked = True
        seen: set[str] = set()
        for root in self._roots:
            for found in _walk(root, seen):
                self._by_name.setdefault(found.path.name.casefold(), []).append(found)
                self._by_size.setdefault(found.byte_count, []).append(found)


def _walk(root: Path, seen: set[str]) -> Iterator[FoundFile]:
    """Files below `root` in the order of their names. Links are followed; a folder is read once only."""
    waiting = [(root, 0)]
    while waiting:
        folder, depth = waiting.pop()
        real = os.path.realpath(folder)
        if real in seen or depth > _DEPTH_LIMIT:
            continue
        seen.add(real)
        try:
            with os.scandir(folder) as entries:
                inside = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            continue
        deeper = []
        for entry in inside:
            try:
                if entry.is_dir():
                    if entry.name != ".git":
                        deeper.append((Path(entry.path), depth + 1))
                elif os.path.splitext(entry.name)[1].lower() in SUFFIXES and entry.is_file():  # noqa: PTH122
                    yield FoundFile(Path(entry.path), entry.stat().st_size)
            except OSError:  # a link that leads in a circle, a file that was deleted meanwhile
                continue
        waiting += reversed(deeper)
