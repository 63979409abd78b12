"""Star and note of a run, in a small file of their own: the manifest and what was measured are never touched."""

import json
from typing import Any

from pydantic import ValidationError

from wan22.runs.layout import RunFolder
from wan22.schema.problem import app_error
from wan22.schema.run_notes import LONGEST_NOTE, RunNotes
from wan22.system.files import file_error, write_json_atomic

BROKEN_NAME = "notes.broken.json"


def read_notes(folder: RunFolder) -> RunNotes:
    """What was noted; nothing when the file is missing or cannot be understood."""
    try:
        return RunNotes.model_validate_json(folder.notes.read_bytes())
    except (OSError, ValidationError):
        return RunNotes()


def set_star(folder: RunFolder, starred: bool) -> RunNotes:
    """Star a run, or take the star away. AppError `run_not_found`, `disk_full`, `file_unwritable`."""
    return _change(folder, starred=starred)


def set_note(folder: RunFolder, note: str) -> RunNotes:
    """Write the note; an empty one takes it away. AppError as `set_star`, `bad_argument` for a text too long."""
    text = note.replace("\r\n", "\n").strip().encode("utf-8", "replace").decode("utf-8")
    if len(text) > LONGEST_NOTE:
        message = f"The note has {len(text)} letters; {LONGEST_NOTE} are the most that one can hold."
        raise app_error("bad_argument", message, hint="Keep long texts in a file of their own.")
    return _change(folder, note=text)


def _change(folder: RunFolder, **update: Any) -> RunNotes:
    """Change what is named; what a newer version keeps in the file stays there, and a broken file is put aside."""
    if not folder.looks_like_run:
        raise app_error("run_not_found", f"There is no run folder '{folder.path}'.", file=folder.path)
    document = {**_document(folder), **update}
    write_json_atomic(folder.notes, document)
    return RunNotes.model_validate(document)


def _document(folder: RunFolder) -> dict[str, Any]:
    try:
        data = folder.notes.read_bytes()
    except FileNotFoundError:
        return RunNotes().model_dump(mode="json")
    except OSError as error:
        raise file_error(error, folder.notes, writing=False) from error
    try:
        found = json.loads(data.decode("utf-8"))
        RunNotes.model_validate(found)
    except (ValueError, RecursionError):
        try:
            folder.notes.replace(folder.path / BROKEN_NAME)
        except OSError as error:
            raise file_error(error, folder.notes, writing=True) from error
        return RunNotes().model_dump(mode="json")
    document: dict[str, Any] = found
    return document
