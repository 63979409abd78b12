"""Audits: where their facts come from, and what a snapshot can be compared with."""

import logging
import os
import platform
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from wan22.audit.report_text import snapshot_markdown
from wan22.audit.snapshot import OnPart, take_snapshot
from wan22.audit.snapshot_file import (
    MARKDOWN_FILE,
    RUN_FILE,
    SnapshotShelf,
    read_run_audit,
    read_snapshot,
    snapshot_name,
    write_run_audit,
    write_snapshot,
)
from wan22.audit.source import AuditSources
from wan22.job.server import ServerHandle
from wan22.runs.catalog import CatalogEntry, find_run, list_runs
from wan22.runs.layout import RunFolder
from wan22.runs.summary import load_summary
from wan22.schema.audit import AuditPart, AuditSnapshot
from wan22.schema.events import PromptOutcome
from wan22.schema.gpu import GpuInventory
from wan22.schema.problem import AppError, Problem, app_error
from wan22.schema.profile import Profile
from wan22.schema.settings import Settings
from wan22.schema.verdict import Level
from wan22.system.cancel import CancelToken
from wan22.system.files import write_text_atomic
from wan22.wiring.history import judged
from wan22.wiring.models import model_store
from wan22.wiring.parts import Parts, runs_folder
from wan22.wiring.server import choose_profile

T = TypeVar("T")
_log = logging.getLogger(__name__)
_FAST = (Level.excellent, Level.good)
_RUNS_LOOKED_AT = 40


@dataclass(frozen=True, slots=True)
class Reference:
    """A snapshot to compare with, how a sentence names it ("the last fast run"), and when that was (epoch seconds)."""

    name: str
    moment_s: float
    snapshot: AuditSnapshot


def take_audit(
    chosen: Settings, shared: Parts, cancel: CancelToken, *, quick: bool = False, on_part: OnPart | None = None
) -> AuditSnapshot:
    """This machine now, with the ComfyUI and the profile of the settings. Raises only AppError `cancelled`."""
    return take_snapshot(_sources(chosen, shared, quick=quick), cancel, on_part=on_part)


def audit_run(
    folder: RunFolder,
    handle: ServerHandle,
    inventory: GpuInventory | None,
    cancel: CancelToken,
    *,
    profile: Profile,
    chosen: Settings,
    shared: Parts,
) -> Problem | None:
    """A quick snapshot beside a run (`audit.json`), for a server on this machine; what kept it from being written.

    A simulated board is taken from `inventory`. Stops without a word when `cancel` is set.
    """
    if not handle.local:
        return None
    is_simulated = handle.stats.is_simulated
    installation = None if is_simulated else handle.installation
    named = chosen if chosen.profile is not None else chosen.model_copy(update={"profile": profile.name})
    sources = AuditSources(
        clock=shared.clock,
        platform=sys.platform,
        environment=os.environ,
        home=Path.home(),
        host_name=platform.node(),
        profile=lambda: profile,
        models=_once(lambda: model_store(named)),
        runs_root=runs_folder(chosen),
        comfyui=installation.folder if installation is not None else None,
        python=installation.python if installation is not None else None,
        inventory=inventory if is_simulated else None,
        stats=handle.stats,
        quick=True,
    )
    own = (AuditPart.packs, AuditPart.models) if installation is not None else ()
    always = (AuditPart.gpu, AuditPart.machine, AuditPart.system, AuditPart.python, AuditPart.comfyui)
    try:
        snapshot = take_snapshot(sources, cancel, parts=(*always, *own, AuditPart.profile))
        write_run_audit(folder, snapshot)
    except AppError as error:
        return None if error.problem.code == "cancelled" else error.problem
    return None


def audit_shelf(shared: Parts) -> SnapshotShelf:
    """The snapshots that the panel keeps in the user's data folder."""
    return SnapshotShelf(shared.folders.data / "audit")


def keep_audit(snapshot: AuditSnapshot, shared: Parts) -> Path:
    """Keep a snapshot on the shelf, unless the newest one says the same. AppError as for any file."""
    return audit_shelf(shared).keep(snapshot)


@contextmanager
def audited_change(chosen: Settings, shared: Parts, cancel: CancelToken | None = None) -> Iterator[None]:
    """Keep quick snapshots of before and after what is done inside: an installation, another profile, a move.

    The change itself is never held up by an audit that fails; nothing is kept twice.
    """
    token = cancel or CancelToken()
    _keep_quick(chosen, shared, token)
    try:
        yield
    finally:
        _keep_quick(chosen, shared, token)


def _keep_quick(chosen: Settings, shared: Parts, cancel: CancelToken) -> None:
    try:
        keep_audit(take_audit(chosen, shared, cancel, quick=True), shared)
    except AppError as error:
        _log.info("no snapshot around a change: %s", error)


def save_audit(snapshot: AuditSnapshot, target: Path) -> tuple[Path, ...]:
    """Write `SYSTEM_AUDIT.md` and `env_snapshot_<gpu>.json` into the folder `target`, or the one that its ending says.

    Returns what was written. AppError `disk_full`, `file_unwritable`.
    """
    suffix = target.suffix.lower()
    if suffix in (".md", ".json") and not target.is_dir():
        if suffix == ".json":
            write_snapshot(target, snapshot)
        else:
            write_text_atomic(target, snapshot_markdown(snapshot))
        return (target,)
    pages = target / MARKDOWN_FILE
    data = target / snapshot_name(snapshot)
    write_text_atomic(pages, snapshot_markdown(snapshot))
    write_snapshot(data, snapshot)
    return (pages, data)


def snapshot_named(name: str, chosen: Settings) -> AuditSnapshot:
    """A snapshot by its file, by the folder that holds it, or by the run that it was taken with ("last" too).

    AppError `file_unreadable`, `audit_invalid`, `run_not_found`.
    """
    path = Path(name)
    if path.is_file():
        return read_snapshot(path)
    if path.is_dir() and not RunFolder(path).looks_like_run:
        found = sorted(path.glob("env_snapshot_*.json"))
        if len(found) == 1:
            return read_snapshot(found[0])
        said = "no snapshot" if not found else f"{len(found)} snapshots"
        raise app_error("audit_invalid", f"The folder {path} holds {said}; name the file.", file=path)
    if path.suffix.lower() == ".json":
        raise app_error("file_unreadable", f"There is no file {path}.", file=path)
    folder = find_run(runs_folder(chosen), name)
    snapshot = read_run_audit(folder)
    if snapshot is None:
        raise app_error("audit_invalid", f"The run {folder.run_id} was made without a snapshot of its machine.")
    return snapshot


def reference(chosen: Settings, shared: Parts) -> Reference | None:
    """What a new snapshot is compared with by itself: the last fast run, else the last good one, else the last kept."""
    runs = [entry for entry in list_runs(runs_folder(chosen)) if _may_be_compared(entry)][:_RUNS_LOOKED_AT]
    fast = next((entry for entry in runs if _is_fast(entry)), None)
    for entry, words in ((fast, "the last fast run"), (runs[0] if runs else None, "the last run")):
        snapshot = _of_run(entry)
        if entry is not None and entry.manifest is not None and snapshot is not None:
            return Reference(words, entry.manifest.started_s, snapshot)
    for kept in audit_shelf(shared).kept():
        try:
            snapshot = read_snapshot(kept.path)
        except AppError:
            continue
        if not snapshot.simulated:
            return Reference("the last audit", snapshot.taken_s, snapshot)
    return None


def reference_named(name: str, chosen: Settings) -> Reference:
    """One of `references` by its name. AppError as `snapshot_named`."""
    snapshot = snapshot_named(name, chosen)
    path = Path(name)
    return Reference(f"the run {path.name}" if path.is_dir() else "that audit", snapshot.taken_s, snapshot)


def references(chosen: Settings, shared: Parts) -> tuple[tuple[str, str, str], ...]:
    """What can be compared with: (name for `snapshot_named`, title, what it is), the newest first."""
    runs = [entry for entry in list_runs(runs_folder(chosen)) if _has_audit(entry)][:_RUNS_LOOKED_AT]
    found = [
        (entry.manifest.started_s, str(entry.folder.path), entry.folder.run_id, "run")
        for entry in runs
        if entry.manifest is not None
    ]
    kept = audit_shelf(shared).kept()
    found += [(one.taken_s, str(one.path), f"Audit of {moment_words(one.taken_s)}", "audit") for one in kept]
    return tuple((name, title, kind) for _, name, title, kind in sorted(found, reverse=True))


def moment_words(time_s: float) -> str:
    """`2026-11-25 01:02` in local time."""
    return f"{datetime.fromtimestamp(time_s, UTC).astimezone():%Y-%m-%d %H:%M}"


def _sources(chosen: Settings, shared: Parts, *, quick: bool) -> AuditSources:
    return AuditSources(
        clock=shared.clock,
        platform=sys.platform,
        environment=os.environ,
        home=Path.home(),
        host_name=platform.node(),
        profile=_once(lambda: choose_profile(chosen)),
        models=_once(lambda: model_store(chosen)),
        runs_root=runs_folder(chosen),
        comfyui=chosen.comfyui,
        python=chosen.python,
        quick=quick,
    )


def _once(make: Callable[[], T]) -> Callable[[], T]:
    """The same answer for all parts, which ask from threads of their own; an error is raised to each."""
    lock = threading.Lock()
    made: list[T] = []

    def ask() -> T:
        with lock:
            if not made:
                made.append(make())
            return made[0]

    return ask


def _has_audit(entry: CatalogEntry) -> bool:
    return entry.manifest is not None and (entry.folder.path / RUN_FILE).is_file()


def _may_be_compared(entry: CatalogEntry) -> bool:
    manifest = entry.manifest
    is_good = manifest is not None and manifest.outcome is PromptOutcome.success and not manifest.simulated
    return is_good and _has_audit(entry)


def _is_fast(entry: CatalogEntry) -> bool:
    if entry.manifest is None:
        return False
    try:
        summary = judged(entry.manifest, load_summary(entry.folder), entry.folder.path.parent)
    except AppError:
        return False
    levels = [verdict.level for verdict in summary.verdicts if verdict.measured_s is not None]
    return bool(levels) and all(level in _FAST for level in levels)


def _of_run(entry: CatalogEntry | None) -> AuditSnapshot | None:
    if entry is None:
        return None
    try:
        return read_run_audit(entry.folder)
    except AppError:
        return None
