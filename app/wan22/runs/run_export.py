"""One run as one file, to be opened elsewhere: whole or not at all, with a checksum for every part."""

import contextlib
import hashlib
import json
import secrets
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import wan22
from wan22.runs.archive_format import (
    LIST_NAME,
    MAX_ENTRIES,
    PART_FOLDERS,
    PART_NAMES,
    SUFFIX,
    ArchiveList,
    ArchivePart,
    is_stored,
)
from wan22.runs.layout import RunFolder
from wan22.runs.reader import read_manifest
from wan22.runs.run_delete import is_being_written
from wan22.runs.run_privacy import Eraser, LeftOut
from wan22.schema.problem import AppError, app_error
from wan22.schema.run import RunManifest
from wan22.system.cancel import CancelToken
from wan22.system.files import file_error, free_bytes, read_text, safe_file_name, sha256_of

CHUNK_BYTES = 1024 * 1024
Progress = Callable[[int, int], None]
"""(bytes done, bytes in all); every byte counts twice: it is read for its checksum, then packed."""
Strip = Callable[[Path, Path], bool]
"""Copy a picture or video without the texts inside of it; False when its kind cannot be, and nothing was written."""

_SPARE_BYTES = 2**20
_STAMP = (1980, 1, 1, 0, 0, 0)
"""The same run makes the same file."""


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """`left_out`: what does not travel; `strip` is needed to leave out prompts. `replaces`: an old file may go."""

    left_out: LeftOut = field(default_factory=LeftOut)
    strip: Strip | None = None
    home: Path | None = None
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """The file, and which outputs had to stay behind since their prompts cannot be taken out of them."""

    path: Path
    byte_count: int
    left_behind: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    path: str
    source: Path | bytes

    @property
    def byte_count(self) -> int:
        return len(self.source) if isinstance(self.source, bytes) else self.source.stat().st_size


def export_run(
    folder: RunFolder,
    target: Path,
    options: ExportOptions | None = None,
    *,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Exported:
    """Write the run into the file `target`; afterwards it is there whole, or as it was before.

    AppError `run_not_found`, `run_invalid`, `run_in_use`, `bad_argument` (the file exists), `disk_full`,
    `file_unreadable`, `file_unwritable`, `cancelled`.
    """
    options = options or ExportOptions()
    manifest = read_manifest(folder)
    if is_being_written(folder):
        raise app_error("run_in_use", f"The run '{folder.run_id}' is still being written.", run=folder.run_id)
    if target.exists() and (target.is_dir() or not options.replaces):
        raise app_error("bad_argument", f"'{target}' exists already.", hint="Choose another name.", file=target)
    try:
        with contextlib.ExitStack() as undo:
            target.parent.mkdir(parents=True, exist_ok=True)
            work = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix=".wan22-export-", dir=target.parent)))
            parts, left_behind = _parts(folder, manifest, options, work)
            beside = work / f"{secrets.token_hex(4)}.tmp"
            _write(beside, folder, parts, options, _Counter(progress, cancel))
            beside.replace(target)
            return Exported(target, target.stat().st_size, left_behind)
    except OSError as error:
        raise file_error(error, target, writing=True) from error


def export_name(folder: RunFolder) -> str:
    """A name for the file of that run."""
    return safe_file_name(folder.run_id + SUFFIX)


class _Counter:
    """Tells how far it is, and stops where the user asked to."""

    def __init__(self, progress: Progress | None, cancel: CancelToken | None) -> None:
        self._progress = progress
        self._cancel = cancel
        self._done = 0
        self.total = 0

    def add(self, byte_count: int) -> None:
        if self._cancel is not None:
            self._cancel.raise_if_set()
        self._done += byte_count
        if self._progress is not None:
            self._progress(min(self._done, self.total), self.total)


def _write(target: Path, folder: RunFolder, parts: list[_Part], options: ExportOptions, counter: _Counter) -> None:
    sizes = [part.byte_count for part in parts]
    counter.total = 2 * sum(sizes)
    free = free_bytes(target.parent)
    if free < sum(sizes) + _SPARE_BYTES:
        message = f"The run needs up to {_mb(sum(sizes))} MB for its file; {_mb(free)} MB are free at {target.parent}."
        raise app_error("disk_full", message, hint="Choose another place.", path=target.parent)
    listed = ArchiveList(
        app_version=wan22.__version__,
        run_id=folder.run_id,
        exported_at=datetime.now(UTC).isoformat(timespec="seconds"),
        left_out=options.left_out.names,
        parts=tuple(
            ArchivePart(path=part.path, byte_count=size, sha256=_sha256(part, counter))
            for part, size in zip(parts, sizes, strict=True)
        ),
    )
    with zipfile.ZipFile(target, "w", compression=zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        archive.writestr(_info(LIST_NAME), listed.model_dump_json(indent=2) + "\n")
        for part, size in zip(parts, sizes, strict=True):
            with _opened(part) as source, archive.open(_info(part.path), "w", force_zip64=size >= 2**31) as to:
                while chunk := source.read(CHUNK_BYTES):
                    counter.add(len(chunk))
                    to.write(chunk)
    if [part.byte_count for part in parts] != sizes:
        raise app_error("run_in_use", f"The run '{folder.run_id}' was changed while it was exported.")


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _STAMP)
    info.compress_type = zipfile.ZIP_STORED if is_stored(name) else zipfile.ZIP_DEFLATED
    info.external_attr = 0o100644 << 16
    return info


@contextlib.contextmanager
def _opened(part: _Part) -> Iterator["BinaryIO | _Bytes"]:
    if isinstance(part.source, bytes):
        yield _Bytes(part.source)
        return
    with part.source.open("rb") as file:
        yield file


class _Bytes:
    """Bytes that are read like a file."""

    def __init__(self, data: bytes) -> None:
        self._rest = memoryview(data)

    def read(self, byte_count: int) -> bytes:
        piece, self._rest = self._rest[:byte_count], self._rest[byte_count:]
        return bytes(piece)


def _sha256(part: _Part, counter: _Counter) -> str:
    if isinstance(part.source, bytes):
        counter.add(len(part.source))
        return hashlib.sha256(part.source).hexdigest()
    return sha256_of(part.source, on_bytes=counter.add)


def _parts(
    folder: RunFolder, manifest: RunManifest, options: ExportOptions, work: Path
) -> tuple[list[_Part], tuple[str, ...]]:
    """What travels, the small files first; and the outputs that cannot."""
    files = [folder.path / name for name in PART_NAMES]
    media = [path for name in PART_FOLDERS for path in _files_in(folder.path / name)]
    found = [_Part(path.name, path) for path in files if path.is_file() and not path.is_symlink()]
    found += [_Part(f"{path.parent.name}/{path.name}", path) for path in media]
    if len(found) >= MAX_ENTRIES:
        message = f"The run has {len(found)} files; {MAX_ENTRIES - 1} can be exported."
        raise app_error("run_invalid", message, run=folder.run_id)
    if options.left_out.is_nothing:
        return found, ()
    return _without(folder, manifest, options, work, found)


def _files_in(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_file() and not path.is_symlink())
    except FileNotFoundError:
        return []


def _without(
    folder: RunFolder, manifest: RunManifest, options: ExportOptions, work: Path, found: list[_Part]
) -> tuple[list[_Part], tuple[str, ...]]:
    left_out = options.left_out
    eraser = Eraser(manifest, left_out, options.home or Path.home(), [path.name for path in _files_in(folder.input)])
    kept: list[_Part] = []
    changed: dict[str, tuple[int, str]] = {}
    left_behind: list[str] = []
    for part in found:
        assert isinstance(part.source, Path)
        top = part.path.partition("/")[0]
        if (top == "input" and left_out.image) or (part.path == "processes.jsonl" and left_out.paths):
            continue
        if part.path in ("notes.json", "telemetry.csv") or (top in PART_FOLDERS and not left_out.prompt):
            kept.append(part)
        elif top in PART_FOLDERS:
            bare = work / f"{len(kept)}{part.source.suffix}"
            if options.strip is None or not options.strip(part.source, bare):
                left_behind.append(part.path)
                continue
            kept.append(_Part(part.path, bare))
            changed[part.path] = bare.stat().st_size, sha256_of(bare)
    events = [part for part in found if part.path not in {one.path for one in kept} and "/" not in part.path]
    texts = [_erased(part, eraser, changed) for part in events if part.path != "processes.jsonl" or not left_out.paths]
    return [*texts, *kept], tuple(left_behind)


def _erased(part: _Part, eraser: Eraser, changed: Mapping[str, tuple[int, str]]) -> _Part:
    """A text of the run without what is left out; the log is told the new sizes of outputs."""
    assert isinstance(part.source, Path)
    if part.path.endswith(".jsonl"):
        text = "".join(f"{_resized(line, changed)}\n" for line in eraser.lines(read_text(part.source)))
    elif part.path.endswith(".json"):
        try:
            document = json.loads(read_text(part.source))
            cleaned = eraser.manifest(document) if part.path == "run.json" else eraser.document(document)
            text = json.dumps(cleaned, ensure_ascii=False, indent=2) + "\n"
        except (ValueError, RecursionError):
            text = eraser.text(read_text(part.source))
    else:
        try:
            text = eraser.text(read_text(part.source))
        except AppError:  # a log of bytes that are no text: what is in it cannot be known
            text = ""
    return _Part(part.path, text.encode("utf-8", "replace"))


def _resized(line: str, changed: Mapping[str, tuple[int, str]]) -> str:
    if not changed or '"output_saved"' not in line:
        return line
    try:
        document = json.loads(line)
    except ValueError:
        return line
    if not isinstance(document, dict) or document.get("path") not in changed:
        return line
    byte_count, sha256 = changed[document["path"]]
    return json.dumps({**document, "byte_count": byte_count, "sha256": sha256}, ensure_ascii=False)


def _mb(byte_count: int) -> str:
    return f"{byte_count / 1e6:.1f}"
