"""What the checklist keeps between times, in one small file. AppError `checklist_invalid` when it cannot be used."""

from pathlib import Path

from pydantic import ValidationError

from wan22.schema.checklist import FORMAT, ChecklistNotes, UnwantedMark
from wan22.schema.problem import app_error
from wan22.system.files import read_text, write_text_atomic

NOTE_LENGTH = 500
_FOLDERS = 12


def read_checklist_notes(path: Path) -> ChecklistNotes:
    """The notes; a missing file has none. AppError `checklist_invalid`, `file_unreadable`."""
    if not path.exists():
        return ChecklistNotes()
    text = read_text(path)
    try:
        notes = ChecklistNotes.model_validate_json(text)
    except ValidationError as error:
        message = f"The notes of the checklist in {path} are not as they were written."
        raise app_error("checklist_invalid", message, detail=str(error)[:2000], file=path) from error
    if notes.format > FORMAT:
        message = f"{path} has format {notes.format}, this version knows {FORMAT}."
        raise app_error("checklist_invalid", message, file=path)
    return notes


def mark_unwanted(path: Path, key: str, note: str, now_s: float) -> ChecklistNotes:
    """Keep that a to-do is not wanted. AppError as reading, and `disk_full`, `file_unwritable`."""
    notes = read_checklist_notes(path)
    mark = UnwantedMark(note=" ".join(note.split())[:NOTE_LENGTH], marked_s=now_s)
    return _written(path, notes.model_copy(update={"unwanted": {**notes.unwanted, key: mark}}))


def mark_wanted(path: Path, key: str) -> ChecklistNotes:
    """Take the mark away. Errors as `mark_unwanted`."""
    notes = read_checklist_notes(path)
    kept = {name: mark for name, mark in notes.unwanted.items() if name != key}
    return _written(path, notes.model_copy(update={"unwanted": kept}))


def remember_scripts(path: Path, folder: Path) -> ChecklistNotes:
    """Keep where start scripts were written to, the newest folder first. Errors as `mark_unwanted`."""
    notes = read_checklist_notes(path)
    others = [one for one in notes.script_folders if one != str(folder)]
    return _written(path, notes.model_copy(update={"script_folders": (str(folder), *others)[:_FOLDERS]}))


def _written(path: Path, notes: ChecklistNotes) -> ChecklistNotes:
    write_text_atomic(path, notes.model_dump_json(indent=2) + "\n")
    return notes
