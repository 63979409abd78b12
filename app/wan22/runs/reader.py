"""Read a run folder back, also one whose writer was killed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wan22.runs.layout import RunFolder
from wan22.runs.state import Fact
from wan22.runs.telemetry import Telemetry, read_telemetry
from wan22.runs.upgrade import Upgrade, upgrade_for
from wan22.schema.events import EVENT_ADAPTER, AnyEvent
from wan22.schema.problem import app_error
from wan22.schema.run import RunManifest
from wan22.system.files import file_error

TORN_LINE = "The last line of the log is torn and was left out."
UNKNOWN_KINDS = " that this version does not know: skipped."
_UNKNOWN_KIND = "union_tag_invalid"


@dataclass(frozen=True)
class StoredRun:
    """A run as read from disk. `log_notes` says in sentences what of its log could not be read."""

    folder: RunFolder
    manifest: RunManifest
    events: tuple[AnyEvent, ...]
    log_notes: tuple[str, ...]
    upgrade: Upgrade

    @property
    def notes(self) -> tuple[str, ...]:
        """What is missing or not readable, telemetry aside."""
        if self.manifest.outcome is None:
            return (*self.log_notes, "The run was not closed: the program or the machine stopped before its end.")
        if self.manifest.incomplete:
            return (*self.log_notes, "The run is incomplete: not everything could be written.")
        return self.log_notes

    @cached_property
    def telemetry(self) -> Telemetry:
        """The readings, loaded on first use."""
        return read_telemetry(self.folder.telemetry, rename=self.upgrade.column)

    def facts(self) -> Iterator[Fact]:
        """Events and readings together in order of time, as they were on the bus (for a replay)."""
        samples = list(self.telemetry.samples())
        ordered = sorted(chain(enumerate(self.events), enumerate(samples)), key=lambda item: (item[1].time_s, item[0]))
        return (fact for _, fact in ordered)


def read_manifest(folder: RunFolder) -> RunManifest:
    """The manifest in the newest format.

    Errors: AppError `run_not_found` (no such folder), `run_invalid`, `run_too_new`, `file_unreadable`.
    """
    return _manifest_and_upgrade(folder)[0]


def read_events(folder: RunFolder) -> list[AnyEvent]:
    """All events that can be read. Errors: as `open_run`."""
    return list(iter_events(folder))


def iter_events(folder: RunFolder, notes: list[str] | None = None) -> Iterator[AnyEvent]:
    """Events in the order of the log; what cannot be read is left out and said in `notes`.

    Unknown kinds come from a newer version and are skipped; a torn last line is what a killed writer leaves.
    Errors: as `open_run`.
    """
    _, upgrade = _manifest_and_upgrade(folder)
    return _events(folder.events, upgrade, notes if notes is not None else [])


def open_run(folder: RunFolder) -> StoredRun:
    """Read manifest and events; telemetry follows when it is asked for.

    Errors: AppError `run_not_found`, `run_invalid`, `run_too_new`, `file_unreadable`.
    """
    manifest, upgrade = _manifest_and_upgrade(folder)
    notes: list[str] = []
    events = tuple(_events(folder.events, upgrade, notes))
    return StoredRun(folder, manifest, events, tuple(notes), upgrade)


def _manifest_and_upgrade(folder: RunFolder) -> tuple[RunManifest, Upgrade]:
    if not folder.path.is_dir():
        raise app_error("run_not_found", f"There is no run folder '{folder.path}'.", file=folder.path)
    document = _document(folder.manifest)
    upgrade = upgrade_for(document)
    try:
        return RunManifest.model_validate(upgrade.manifest(document)), upgrade
    except ValidationError as error:
        raise app_error(
            "run_invalid", f"'{folder.manifest}' is no manifest: {_first_fault(error)}.", file=folder.manifest
        ) from error


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refused)
    except FileNotFoundError as error:
        raise app_error("run_invalid", f"The run has no manifest: '{path}' is missing.", file=path) from error
    except OSError as error:
        raise file_error(error, path, writing=False) from error
    except (ValueError, RecursionError) as error:
        raise app_error("run_invalid", f"'{path}' is not valid JSON: {error}.", file=path) from error
    if not isinstance(document, dict):
        raise app_error("run_invalid", f"'{path}' holds a {type(document).__name__}; expected an object.", file=path)
    return document


def _refused(constant: str) -> float:
    """Python's reader takes NaN and Infinity, which JSON does not know and no manifest of ours holds."""
    raise ValueError(f"{constant} is no number that JSON knows")


def _events(path: Path, upgrade: Upgrade, notes: list[str]) -> Iterator[AnyEvent]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        notes.append("The run has no log of facts.")
        return
    except OSError as error:
        raise file_error(error, path, writing=False) from error
    lines = data.split(b"\n")
    unknown = 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield _event(line, upgrade)
        except ValidationError as error:
            if error.errors()[0]["type"] == _UNKNOWN_KIND:
                unknown += 1
            elif number == len(lines):
                notes.append(TORN_LINE)
            else:
                notes.append(f"Line {number} of the log cannot be read and was left out: {_first_fault(error)}.")
    if unknown:
        facts = "1 fact of a kind" if unknown == 1 else f"{unknown} facts of kinds"
        notes.append(f"{facts}{UNKNOWN_KINDS}")


def _event(line: bytes, upgrade: Upgrade) -> AnyEvent:
    if not upgrade.steps:
        return EVENT_ADAPTER.validate_json(line)
    try:
        document = json.loads(line)
    except ValueError:
        return EVENT_ADAPTER.validate_json(line)
    return EVENT_ADAPTER.validate_python(upgrade.event(document) if isinstance(document, dict) else document)


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"])
    return f"{place}: {fault['msg']}" if place else str(fault["msg"])
