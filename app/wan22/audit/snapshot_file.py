"""Snapshots on disk: one a file, one with a run, and those that the panel keeps."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wan22.audit.difference import difference
from wan22.runs.layout import RunFolder
from wan22.schema.audit import FORMAT, AuditSnapshot
from wan22.schema.problem import AppError, app_error
from wan22.system.files import file_error, read_text, safe_file_name, write_text_atomic

RUN_FILE = "audit.json"
MARKDOWN_FILE = "SYSTEM_AUDIT.md"
KEPT_LIMIT = 60
_SIZE_LIMIT_BYTES = 16 * 2**20
_STAMP = "%Y-%m-%d_%H-%M-%S-%f"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def snapshot_name(snapshot: AuditSnapshot) -> str:
    """`env_snapshot_rtx5090.json`: by the profile, which is made for the GPU."""
    gpu = snapshot.profile.name if snapshot.profile is not None else "unknown"
    return safe_file_name(f"env_snapshot_{gpu}.json")


def write_snapshot(path: Path, snapshot: AuditSnapshot) -> None:
    """Write it, all or nothing. AppError `disk_full`, `file_unwritable`."""
    write_text_atomic(path, snapshot.model_dump_json(indent=2) + "\n")


def read_snapshot(path: Path) -> AuditSnapshot:
    """The snapshot in a file, also one from another machine. AppError `file_unreadable`, `audit_invalid`."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise file_error(error, path, writing=False) from error
    if size > _SIZE_LIMIT_BYTES:
        raise _invalid(path, f"it has {size / 1e6:.0f} MB, and a snapshot a few kilobytes")
    try:
        document = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise _invalid(path, "it is no JSON", str(error)) from error
    if not isinstance(document, dict) or "taken_at" not in document:
        raise _invalid(path, "it says nothing of when it was taken")
    written = document.get("format")
    if isinstance(written, int) and written > FORMAT:
        raise _invalid(path, f"its format {written} is newer than the {FORMAT} that this version knows")
    try:
        return AuditSnapshot.model_validate(_cleaned(document))
    except (ValidationError, RecursionError) as error:
        raise _invalid(path, "its parts are not as expected", str(error)[:2000]) from error


def write_run_audit(folder: RunFolder, snapshot: AuditSnapshot) -> None:
    """Keep the snapshot with a run. AppError `disk_full`, `file_unwritable`."""
    write_snapshot(folder.path / RUN_FILE, snapshot)


def read_run_audit(folder: RunFolder) -> AuditSnapshot | None:
    """The snapshot that was taken with a run; None for a run without one. AppError as `read_snapshot`."""
    path = folder.path / RUN_FILE
    return read_snapshot(path) if path.is_file() else None


@dataclass(frozen=True, slots=True)
class KeptSnapshot:
    """A file of the shelf. `taken_s`: when the snapshot was taken, by its name."""

    path: Path
    taken_s: float


class SnapshotShelf:
    """The snapshots that the panel keeps, the newest 60. One that shows nothing new is not kept again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, snapshot: AuditSnapshot) -> Path:
        """Keep it; returns the file that holds it, or an older one that says the same. AppError as for any file."""
        kept = self.kept()
        if kept and _is_same(kept[0], snapshot):
            return kept[0].path
        stamp = datetime.fromtimestamp(snapshot.taken_s, UTC).strftime(_STAMP)
        mark = "_simulated" if snapshot.simulated else ""
        path = self._folder / f"{stamp}{mark}.json"
        write_snapshot(path, snapshot)
        for old in self.kept()[KEPT_LIMIT:]:
            old.path.unlink(missing_ok=True)
        return path

    def kept(self) -> tuple[KeptSnapshot, ...]:
        """All files, the newest first; nothing is read."""
        try:
            paths = list(self._folder.glob("*.json"))
        except OSError:
            return ()
        found = [one for path in paths if (one := _kept(path)) is not None]
        return tuple(sorted(found, key=lambda one: (one.taken_s, one.path.name), reverse=True))


def _kept(path: Path) -> KeptSnapshot | None:
    try:
        taken = datetime.strptime(path.stem.removesuffix("_simulated"), _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
    return KeptSnapshot(path, taken.timestamp())


def _is_same(kept: KeptSnapshot, snapshot: AuditSnapshot) -> bool:
    try:
        before = read_snapshot(kept.path)
    except AppError:
        return False
    is_alike = (before.quick, before.simulated, before.parts) == (snapshot.quick, snapshot.simulated, snapshot.parts)
    found = difference(before, snapshot)
    return is_alike and not found.changes and not found.not_compared


def _cleaned(value: Any) -> Any:
    """Without characters that move a terminal's cursor."""
    if isinstance(value, str):
        return _CONTROL.sub("", value)
    if isinstance(value, dict):
        return {_CONTROL.sub("", key): _cleaned(one) for key, one in value.items()}
    return [_cleaned(one) for one in value] if isinstance(value, list) else value


def _invalid(path: Path, why: str, detail: str = "") -> AppError:
    return app_error("audit_invalid", f"{path} holds no snapshot of a machine: {why}.", detail=detail, file=path)
