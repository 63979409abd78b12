"""The runs below a folder: listed by their manifests alone, found by name."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wan22.runs.layout import RunFolder
from wan22.runs.own_band import OwnBand, band_from_runs, is_baseline
from wan22.runs.reader import read_manifest
from wan22.runs.summary import load_summary
from wan22.schema.events import PromptOutcome
from wan22.schema.problem import AppError, Problem, app_error
from wan22.schema.run import RunManifest
from wan22.schema.summary import RunSummary
from wan22.schema.verdict import TargetKey
from wan22.system.files import file_error

NEWEST = "last"
"""Name that stands for the newest run."""
BAND_RUNS = 30


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One run folder: its manifest, or the problem that keeps it from being read."""

    folder: RunFolder
    manifest: RunManifest | None
    problem: Problem | None = None


def list_runs(root: Path) -> tuple[CatalogEntry, ...]:
    """All runs directly below `root`, the newest first, broken ones last. A missing folder has none.

    Errors: AppError `file_unreadable`.
    """
    entries = [_entry(folder) for folder in _folders(root)]
    return tuple(sorted(entries, key=_age, reverse=True))


def find_run(root: Path, name: str) -> RunFolder:
    """The run with that name or with a name that begins so, the newest for "last", or a folder given by its path.

    Errors: AppError `run_not_found`, also when several names begin so.
    """
    as_path = RunFolder(Path(name))
    if as_path.looks_like_run:
        return RunFolder(as_path.path.absolute())
    if name == NEWEST:
        entries = [entry for entry in list_runs(root) if entry.manifest is not None]
        if entries:
            return entries[0].folder
        raise app_error("run_not_found", f"There is no run in '{root}' yet.", hint="`wan22 run` makes one.")
    folders = {folder.run_id: folder for folder in _folders(root)}
    if name in folders:
        return folders[name]
    hits = sorted(run_id for run_id in folders if name and run_id.startswith(name))
    if len(hits) == 1:
        return folders[hits[0]]
    if hits:
        shown = ", ".join(hits[:5]) + (" …" if len(hits) > 5 else "")
        raise app_error(
            "run_not_found",
            f"{len(hits)} runs begin with '{name}': {shown}.",
            hint="Give more letters of the name.",
            name=name,
        )
    raise app_error("run_not_found", f"There is no run '{name}' in '{root}'.", name=name)


def baseline_runs(
    root: Path, key: TargetKey, gpu_uuid: str, *, before_s: float | None = None
) -> tuple[RunSummary, ...]:
    """Summaries of this machine's healthy warm runs of one job on one board, the newest 30, newest first.

    Only runs that began before `before_s`, if given; runs that cannot be read are passed over.
    """
    found: list[RunSummary] = []
    for entry in list_runs(root):
        manifest = entry.manifest
        if manifest is None or not _is_candidate(manifest, key, gpu_uuid, before_s):
            continue
        try:
            summary = load_summary(entry.folder)
        except AppError:
            continue
        if is_baseline(manifest, summary):
            found.append(summary)
        if len(found) == BAND_RUNS:
            break
    return tuple(found)


def played_runs(root: Path, manifest: RunManifest) -> tuple[RunSummary, ...]:
    """Summaries of earlier successful runs of the same stand-in, at the same speed, for the job of a simulated run."""
    found: list[RunSummary] = []
    for entry in list_runs(root):
        other = entry.manifest
        if other is None or not other.simulated or other.outcome is not PromptOutcome.success:
            continue
        if other.target_key != manifest.target_key or _played_by(other) != _played_by(manifest):
            continue
        with suppress(AppError):
            found.append(load_summary(entry.folder))
        if len(found) == BAND_RUNS:
            break
    return tuple(found)


def _played_by(manifest: RunManifest) -> tuple[str, ...]:
    """How the stand-in was started, scenario and speed included, without its port."""
    stats = manifest.server.stats if manifest.server is not None else None
    argv = list(stats.system.argv) if stats is not None else []
    if "--port" in argv:
        del argv[argv.index("--port") : argv.index("--port") + 2]
    return tuple(argv)


def own_band(root: Path, key: TargetKey, gpu_uuid: str, *, before_s: float | None = None) -> OwnBand | None:
    """What is usual for this job on this board, from at least five of this machine's own runs; else None."""
    return band_from_runs(key, gpu_uuid, baseline_runs(root, key, gpu_uuid, before_s=before_s))


def _is_candidate(manifest: RunManifest, key: TargetKey, gpu_uuid: str, before_s: float | None) -> bool:
    return (
        manifest.outcome is PromptOutcome.success
        and not manifest.simulated
        and manifest.target_key == key
        and manifest.telemetry.gpu_uuid == gpu_uuid
        and (before_s is None or manifest.started_s < before_s)
    )


def _folders(root: Path) -> Iterator[RunFolder]:
    try:
        paths = sorted(root.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        raise file_error(error, root, writing=False) from error
    for path in paths:
        folder = RunFolder(path)
        if folder.looks_like_run:
            yield folder


def _entry(folder: RunFolder) -> CatalogEntry:
    try:
        return CatalogEntry(folder, read_manifest(folder))
    except AppError as error:
        return CatalogEntry(folder, None, error.problem)


def _age(entry: CatalogEntry) -> tuple[bool, float, str]:
    manifest = entry.manifest
    return (manifest is not None, manifest.started_s if manifest is not None else 0.0, entry.folder.run_id)
