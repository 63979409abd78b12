"""What an exported run is: one ZIP file that begins with a list of its parts, and nothing that is no part of a run."""

import unicodedata
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import Field

from wan22.runs.layout import EVENTS_NAME, MANIFEST_NAME
from wan22.schema.frozen import Tolerant
from wan22.schema.problem import AppError, app_error
from wan22.system.files import safe_file_name

SUFFIX = ".wan22run"
KIND = "wan22run"
FORMAT = 1
LIST_NAME = "wan22run.json"
"""First entry: `ArchiveList`."""

MAX_ENTRIES = 512
MAX_TOTAL_BYTES = 64 * 2**30
MAX_TEXT_BYTES = 512 * 2**20
"""Of one file that is no picture or video: those are read into memory as a whole."""
MAX_LIST_BYTES = 2**20
MAX_DIRECTORY_BYTES = 2**20
MAX_RATIO = 200
"""How much smaller than itself a part may be packed; logs of real runs reach about 40."""
RATIO_FROM_BYTES = 2**20

PART_NAMES = (
    MANIFEST_NAME,
    EVENTS_NAME,
    "telemetry.csv",
    "processes.jsonl",
    "workflow.api.json",
    "notes.json",
    "audit.json",
    "server.log",
)
"""Files of a run that travel. Its summary is computed anew, locks and anything unknown stay behind."""
PART_FOLDERS = ("outputs", "input")
STORED_SUFFIXES = (".mp4", ".webm", ".mkv", ".mov", ".m4v", ".avi", ".gif", ".png", ".webp", ".jpg", ".jpeg")
"""Packed already: they are stored as they are."""


class ArchivePart(Tolerant):
    """One file of the run."""

    path: str
    byte_count: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ArchiveList(Tolerant):
    """`wan22run.json`. `left_out`: what of the run did not travel: image, prompt, paths."""

    kind: str = KIND
    format: int = FORMAT
    app_version: str = ""
    run_id: str
    exported_at: str = ""
    left_out: tuple[str, ...] = ()
    parts: tuple[ArchivePart, ...] = ()


def checked_name(name: str) -> str:
    """The same name, if a part of a run may be called so on every system; else AppError `archive_unsafe`."""
    shown = name.encode("ascii", "backslashreplace").decode("ascii")[:120]

    def refused(reason: str) -> AppError:
        return app_error("archive_unsafe", f"The file holds an entry '{shown}', which {reason}.", entry=shown)

    if not name or "\0" in name:
        raise refused("has no proper name")
    if "\\" in name:
        raise refused("uses the backslash, which means a folder on some systems only")
    if name.startswith("/"):
        raise refused("wants to be written to a fixed place outside of the run")
    if ":" in name:
        raise refused("names a drive or a hidden stream")
    parts = name.split("/")
    if ".." in parts or "." in parts or "" in parts:
        raise refused("leaves the folder of the run, or names a folder")
    for part in parts:
        if safe_file_name(part) != part:
            raise refused("has a name that some systems take for a device or cannot hold")
    if not is_part(name):
        raise refused("is no part of a run")
    return name


def is_part(name: str) -> bool:
    """Whether a run may hold that file."""
    parts = PurePosixPath(name).parts
    if len(parts) == 1:
        return name in PART_NAMES
    return len(parts) == 2 and parts[0] in PART_FOLDERS


def same_file_key(name: str) -> str:
    """Equal for names that some file system takes for the same file."""
    return unicodedata.normalize("NFKC", name).casefold()


def is_stored(name: str) -> bool:
    """Whether packing would only cost time."""
    return name.lower().endswith(STORED_SUFFIXES)
