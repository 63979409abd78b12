"""Looks for what the checklist is judged by: files in known folders, snapshots that are kept, runs."""

import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from wan22.audit.checklist_facts import (
    BENCHMARK_ORIGIN,
    FoundAudit,
    FoundFile,
    FoundWorkflow,
    PackProof,
    Trial,
)
from wan22.audit.snapshot_file import SnapshotShelf, read_run_audit, read_snapshot
from wan22.launch.start_script import MARK
from wan22.runs.layout import RunFolder
from wan22.runs.reader import iter_events, read_manifest
from wan22.runs.verdict import job_key
from wan22.schema.audit import AuditPart, AuditSnapshot
from wan22.schema.events import PromptOutcome, ServerSaid
from wan22.schema.problem import AppError
from wan22.schema.run_row import RunRow
from wan22.system.cancel import CancelToken

RUNS_READ = 300
ENVIRONMENTS_READ = 60
LOGS_READ = 3
_AUDITS_READ = 12
_HEAD_BYTES = 2000
_WORKFLOW_BYTES = 16 * 2**20
_ANALYSIS_HEAD = b"# Workflow analysis"
_NODE = re.compile(r'"(?:class_)?type"\s*:\s*"([^"]*(?:VFI|FrameInterpolate)[^"]*)"')
_MODEL = re.compile(r'"[^"\n]*?(rife|film)[^"\n]*\.(?:safetensors|pth|pkl|pt|ckpt)"', re.IGNORECASE)
_PACK_LINE = re.compile(r"custom_nodes.*frame-?interpolation", re.IGNORECASE)


def kept_audits(shelf: SnapshotShelf) -> tuple[FoundAudit, ...]:
    """The newest kept snapshots of this machine; simulated ones say nothing about it."""
    found = []
    for kept in shelf.kept()[:_AUDITS_READ]:
        try:
            snapshot = read_snapshot(kept.path)
        except AppError:
            continue
        if not snapshot.simulated:
            found.append(FoundAudit(kept.path, kept.taken_s, not snapshot.quick, _has_board(snapshot)))
    return tuple(found)


def real_trials(root: Path, rows: Sequence[RunRow], cancel: CancelToken) -> tuple[Trial, ...]:
    """Runs that a real GPU finished, the newest first. AppError `cancelled`."""
    good = [
        row
        for row in rows
        if row.outcome is PromptOutcome.success and not row.simulated and not row.incomplete and row.started_s
    ]
    found = []
    for number, row in enumerate(good[:RUNS_READ]):
        cancel.raise_if_set()
        found.append(_trial(RunFolder(root / row.run_id), row, has_environment=number < ENVIRONMENTS_READ))
    return tuple(found)


def pack_proof(root: Path, rows: Sequence[RunRow], cancel: CancelToken) -> PackProof | None:
    """What the newest starts of a real server said about the interpolation pack."""
    recent = [row for row in rows if row.started_s and not row.simulated and row.unreadable is None]
    for row in recent[:LOGS_READ]:
        cancel.raise_if_set()
        line = _pack_line(RunFolder(root / row.run_id))
        if line is not None:
            is_loaded = "FAILED" not in line.upper()
            return PackProof(is_loaded, line, row.started_s or 0.0, row.run_id)
    return None


def files_named(folders: Iterable[Path], *patterns: str) -> tuple[FoundFile, ...]:
    """Files directly in these folders, the newest first; a folder that is not there has none."""
    found: dict[Path, FoundFile] = {}
    for folder in folders:
        for path in _matches(folder, patterns):
            time_s = _time_s(path)
            if time_s is not None:
                found[path] = FoundFile(path, time_s)
    return tuple(sorted(found.values(), key=lambda one: one.time_s, reverse=True))


def start_scripts_in(folders: Iterable[Path]) -> tuple[FoundFile, ...]:
    """Start scripts for Wan 2.2, the newest first: ours, and those that somebody else wrote."""
    files = files_named(folders, "launch_wan22_*.bat", "launch_wan22_*.sh")
    return tuple(FoundFile(file.path, file.time_s, MARK.encode() in _head(file.path)) for file in files)


def analyses_in(folders: Iterable[Path]) -> tuple[FoundFile, ...]:
    """Analyses of workflows, told by their first line whatever they are called."""
    return tuple(file for file in files_named(folders, "*.md") if _head(file.path).startswith(_ANALYSIS_HEAD))


def workflows_in(shipped: Path, folders: Iterable[Path], cancel: CancelToken) -> tuple[FoundWorkflow, ...]:
    """Workflow files and which interpolators they hold, the newest first. AppError `cancelled`."""
    found = []
    for file in files_named((shipped, *folders), "*.json"):
        cancel.raise_if_set()
        kinds = _interpolators(file.path)
        if kinds is not None:
            found.append(FoundWorkflow(file.path, file.time_s, kinds, is_own=file.path.parent != shipped))
    return tuple(found)


def container_engine(search_path: str | None) -> str | None:
    """Name of the program that runs containers here, if there is one on `search_path`."""
    return next((name for name in ("docker", "podman") if shutil.which(name, path=search_path)), None)


def _trial(folder: RunFolder, row: RunRow, *, has_environment: bool) -> Trial:
    flags, environment, key, is_benchmark = None, None, row.target_key, False
    try:
        manifest = read_manifest(folder)
        key = job_key(manifest)
        is_benchmark = manifest.origin == BENCHMARK_ORIGIN
        if manifest.server is not None and manifest.server.stats is not None:
            argv = manifest.server.stats.system.argv
            flags = frozenset(word.partition("=")[0] for word in argv if word.startswith("--")) if argv else None
        snapshot = read_run_audit(folder) if has_environment else None
        if snapshot is not None and snapshot.profile is not None:
            environment = frozenset(snapshot.profile.environment.items())
    except AppError:  # a run that can be read in part still counts for what is known of it
        pass
    return Trial(
        run_id=row.run_id,
        started_s=row.started_s or 0.0,
        board=row.board,
        key=key,
        interpolation=row.interpolation,
        workflow=row.workflow,
        is_benchmark=is_benchmark,
        flags=flags,
        environment=environment,
    )


def _has_board(snapshot: AuditSnapshot) -> bool | None:
    if AuditPart.gpu not in snapshot.parts:
        return None
    return snapshot.gpu is not None and bool(snapshot.gpu.boards)


def _pack_line(folder: RunFolder) -> str | None:
    try:
        lines = [fact.line for fact in iter_events(folder) if isinstance(fact, ServerSaid)]
    except AppError:
        return None
    return next((line.strip() for line in lines if _PACK_LINE.search(line)), None)


def _interpolators(path: Path) -> frozenset[str] | None:
    """None for a file that is no workflow."""
    try:
        if path.stat().st_size > _WORKFLOW_BYTES:
            return None
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
    if '"class_type"' not in text and '"nodes"' not in text:
        return None
    classes = _NODE.findall(text)
    words = " ".join(classes).lower()
    kinds = {kind for kind in ("rife", "film") if kind in words}
    if any("FrameInterpolate" in name for name in classes):
        kinds |= {kind.lower() for kind in _MODEL.findall(text)}
    return frozenset(kinds)


def _matches(folder: Path, patterns: Sequence[str]) -> Iterator[Path]:
    try:
        for pattern in patterns:
            yield from (path for path in folder.glob(pattern) if path.is_file())
    except OSError:  # a drive that is gone has no files
        return


def _time_s(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES).removeprefix(b"\xef\xbb\xbf")
    except OSError:
        return b""
