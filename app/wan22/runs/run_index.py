"""All runs of a folder as rows, cheap for thousands: what was read once is kept until one of its files changes."""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from wan22.runs.layout import RunFolder
from wan22.runs.own_band import is_baseline
from wan22.runs.reader import iter_events, read_manifest
from wan22.runs.run_notes import read_notes
from wan22.runs.summary import board_name, cached_summary, load_summary
from wan22.runs.verdict import job_key
from wan22.schema.events import ProblemFound, PromptOutcome, Role
from wan22.schema.frozen import Tolerant
from wan22.schema.problem import AppError, Problem
from wan22.schema.run import RunManifest
from wan22.schema.run_row import RunRow, Stamp
from wan22.schema.summary import RunSummary, StageTiming
from wan22.system.cancel import CancelToken
from wan22.system.files import file_error, write_text_atomic

FORMAT = 1
"""Of the cache; another one is thrown away and made again."""
Progress = Callable[[int, int], None]
"""(runs looked at, runs there are)."""

_VIDEOS = (".mp4", ".webm", ".mov", ".mkv", ".m4v", ".avi", ".gif")
_LISTED_ROLES = (Role.load, Role.pass_1, Role.pass_2)
_NO_FILE: Stamp = (-1, -1)


class _Cache(Tolerant):
    format: int
    root: str
    rows: tuple[RunRow, ...] = ()


class RunIndex:
    """Rows of the runs directly below `root`. The cache is one file; it may be deleted, broken or old at any time."""

    def __init__(self, root: Path, cache_folder: Path) -> None:
        self._root = root.absolute()
        name = hashlib.sha256(str(self._root).encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self._file = cache_folder / f"runs-{name}.json"
        self._known: dict[str, RunRow] | None = None
        self._lock = threading.Lock()

    def rows(self, cancel: CancelToken | None = None, progress: Progress | None = None) -> tuple[RunRow, ...]:
        """All runs, the newest first, those that cannot be read last. Any thread; a second one waits for the first.

        AppError `file_unreadable` (the folder itself), `cancelled`; what was read until then is kept.
        """
        with self._lock:
            return self._rows(cancel, progress)

    def _rows(self, cancel: CancelToken | None, progress: Progress | None) -> tuple[RunRow, ...]:
        known = self._known if self._known is not None else self._read()
        found: dict[str, RunRow] = {}
        fresh = 0
        folders = list(_folders(self._root))
        try:
            for number, folder in enumerate(folders):
                if cancel is not None:
                    cancel.raise_if_set()
                stamps = _stamps(folder)
                row = known.get(folder.run_id)
                if row is None or row.stamps != stamps:
                    row = row_of_run(folder).model_copy(update={"stamps": stamps})
                    fresh += 1
                found[folder.run_id] = row
                if progress is not None:
                    progress(number + 1, len(folders))
        except AppError:
            self._keep({**known, **found}, is_new=fresh > 0)
            raise
        self._keep(found, is_new=fresh > 0 or len(found) != len(known))
        return tuple(sorted(found.values(), key=_age, reverse=True))

    def _read(self) -> dict[str, RunRow]:
        try:
            cache = _Cache.model_validate_json(self._file.read_bytes())
        except (OSError, ValidationError):
            return {}
        if cache.format != FORMAT or cache.root != str(self._root):
            return {}
        return {row.run_id: row for row in cache.rows}

    def _keep(self, rows: dict[str, RunRow], *, is_new: bool) -> None:
        self._known = rows
        if not is_new:
            return
        try:
            cache = _Cache(format=FORMAT, root=str(self._root), rows=tuple(rows.values()))
            write_text_atomic(self._file, cache.model_dump_json(exclude_defaults=True) + "\n")
        except (AppError, ValueError):  # a full disk, or a name that is no text: then it is read again next time
            return


def row_of_run(folder: RunFolder) -> RunRow:
    """One run, read from its files. Never raises for what is in them: a broken run is a row that says so."""
    notes = read_notes(folder)
    try:
        manifest = read_manifest(folder)
    except AppError as error:
        return RunRow(run_id=folder.run_id, unreadable=error.problem, starred=notes.starred, note=notes.note)
    summary = _summary(folder, manifest) if manifest.outcome is not None else None
    job = manifest.parameters
    row = RunRow(
        run_id=folder.run_id,
        started_s=manifest.started_s,
        title=manifest.title,
        profile=manifest.profile or "",
        board=(board_name(manifest) or "").removeprefix("NVIDIA ").removeprefix("GeForce "),
        gpu_uuid=manifest.telemetry.gpu_uuid,
        target_key=job_key(manifest),
        outcome=manifest.outcome,
        incomplete=manifest.incomplete,
        simulated=manifest.simulated,
        origin=manifest.origin,
        image=_image(folder),
        fault=_fault(folder) if manifest.outcome not in (None, PromptOutcome.success) else None,
        starred=notes.starred,
        note=notes.note,
    )
    if job is not None:
        shown = ("workflow", "width", "height", "length", "steps", "cfg", "seed", "interpolation")
        values = {name: getattr(job, name) for name in shown}
        row = row.model_copy(update={**values, "prompt": job.prompt or ""})
    if summary is not None:
        stages = tuple(_bare(stage) for stage in summary.stages if stage.role in _LISTED_ROLES)
        video = result_of(folder, summary.outputs)
        found = {"total_s": summary.total_s, "is_baseline": is_baseline(manifest, summary), "video": video}
        row = row.model_copy(update={"stages": stages, **found})
    return row


def result_of(folder: RunFolder, outputs: tuple[str, ...]) -> str | None:
    """The run's result among its outputs: the last video, else the last file; only one inside of the run's folder."""
    inside = [text for output in outputs if (text := inside_path(output)) is not None]
    there = [text for text in inside if (folder.path / text).is_file()]
    videos = [text for text in there if text.lower().endswith(_VIDEOS)]
    found = videos or there
    return found[-1] if found else None


def inside_path(path: str) -> str | None:
    """A relative path with `/` that cannot leave its folder; None for any other: a run may come from a stranger."""
    text = path.replace("\\", "/")
    parts = PurePosixPath(text).parts
    if not parts or text.startswith("/") or ".." in parts or ":" in text or "\0" in text:
        return None
    return "/".join(parts)


def _summary(folder: RunFolder, manifest: RunManifest) -> RunSummary | None:
    """From the run's own cache, whatever version wrote it, if it is of this end; else computed."""
    try:
        if folder.summary.stat().st_mtime_ns >= folder.events.stat().st_mtime_ns:
            cached = cached_summary(folder)
            if cached is not None and cached.run_id == folder.run_id and cached.outcome is manifest.outcome:
                return cached
    except OSError:
        pass
    try:
        return load_summary(folder)
    except AppError:  # what is wrong with its log or readings is for `verify` to tell
        return None


def _bare(stage: StageTiming) -> StageTiming:
    return StageTiming(role=stage.role, seconds=stage.seconds, cached=stage.cached, complete=stage.complete)


def _fault(folder: RunFolder) -> Problem | None:
    """The last fatal problem of its log."""
    try:
        found = [fact.problem for fact in iter_events(folder) if isinstance(fact, ProblemFound) and fact.fatal]
    except AppError:
        return None
    return found[-1].model_copy(update={"detail": ""}) if found else None


def _image(folder: RunFolder) -> str | None:
    try:
        names = sorted(entry.name for entry in os.scandir(folder.input) if entry.is_file(follow_symlinks=False))
    except OSError:
        return None
    return f"{folder.input.name}/{names[0]}" if names else None


def _folders(root: Path) -> Iterator[RunFolder]:
    """Names with a dot are folders in the making or on their way out; names that are no text cannot be a run's id."""
    try:
        entries = [entry.name for entry in os.scandir(root) if not entry.name.startswith(".") and entry.is_dir()]
    except FileNotFoundError:
        return
    except OSError as error:
        raise file_error(error, root, writing=False) from error
    for name in entries:
        folder = RunFolder(root / name)
        if folder.looks_like_run and name.encode("utf-8", "replace").decode("utf-8") == name:
            yield folder


def _stamps(folder: RunFolder) -> tuple[Stamp, ...]:
    return tuple(_stamp(path) for path in (folder.manifest, folder.notes, folder.summary))


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return _NO_FILE
    return found.st_mtime_ns, found.st_size


def _age(row: RunRow) -> tuple[bool, float, str]:
    return row.started_s is not None, row.started_s or 0.0, row.run_id
