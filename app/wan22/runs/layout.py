"""Where the parts of a run lie: a run is a folder."""

import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from wan22.schema.problem import app_error
from wan22.system.files import file_error

MANIFEST_NAME = "run.json"
EVENTS_NAME = "events.jsonl"
_TITLE_LENGTH = 40
_ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Paths of one run. Nothing is made or read here."""

    path: Path

    @property
    def run_id(self) -> str:
        """The folder's name is the run's id."""
        return self.path.name

    @property
    def manifest(self) -> Path:
        """What the run is: `schema.run.RunManifest`."""
        return self.path / MANIFEST_NAME

    @property
    def events(self) -> Path:
        """Facts, one JSON document a line, in order of arrival."""
        return self.path / EVENTS_NAME

    @property
    def telemetry(self) -> Path:
        """Readings of the GPUs; columns as in `schema.gpu.READING_COLUMNS`."""
        return self.path / "telemetry.csv"

    @property
    def processes(self) -> Path:
        """Processes that held GPU memory, a line whenever they changed."""
        return self.path / "processes.jsonl"

    @property
    def workflow(self) -> Path:
        """The graph as it was sent, in API form."""
        return self.path / "workflow.api.json"

    @property
    def outputs(self) -> Path:
        """Folder of the files that the job made."""
        return self.path / "outputs"

    @property
    def summary(self) -> Path:
        """A cache of what can be computed from the rest; may be deleted at any time."""
        return self.path / "summary.json"

    @property
    def notes(self) -> Path:
        """The user's star and note: `schema.run_notes.RunNotes`; missing until there is one."""
        return self.path / "notes.json"

    @property
    def input(self) -> Path:
        """Folder with a copy of the start image, so that the job can be done again."""
        return self.path / "input"

    @property
    def lock(self) -> Path:
        """Held by whoever writes the run; the system lets go of it when that process ends."""
        return self.path / "writing.lock"

    @property
    def server_log(self) -> Path:
        """The server's own log, where one came with a recording."""
        return self.path / "server.log"

    @property
    def looks_like_run(self) -> bool:
        """Whether the folder holds a manifest or at least facts."""
        return self.manifest.is_file() or self.events.is_file()


def new_run_id(now_s: float, title: str, taken: Container[str] = ()) -> str:
    """A file name such as `2026-11-25_01-02-03_two-pass`: local time first, so that names sort by age.

    `taken` holds names that are in use; the first free one of `…`, `…-2`, `…-3` is returned.
    """
    stamp = datetime.fromtimestamp(now_s, UTC).astimezone().strftime("%Y-%m-%d_%H-%M-%S")
    words = _file_words(title)
    stem = f"{stamp}_{words}" if words else stamp
    number = 1
    while (name := stem if number == 1 else f"{stem}-{number}") in taken:
        number += 1
    return name


def new_run_folder(root: Path, now_s: float, title: str) -> RunFolder:
    """Make a new run folder with its `outputs` below `root`; two programs at once get two folders.

    Errors: AppError `disk_full` or `file_unwritable`.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        taken: set[str] = set()
        for _ in range(_ATTEMPTS):
            folder = RunFolder(root / new_run_id(now_s, title, taken))
            try:
                folder.path.mkdir()
            except FileExistsError:
                taken.add(folder.run_id)
                continue
            folder.outputs.mkdir()
            return folder
    except OSError as error:
        raise file_error(error, root, writing=True) from error
    raise app_error("file_unwritable", f"No free name for a run folder was found in '{root}'.", file=root)


def new_run_path(root: Path, run_id: str) -> RunFolder:
    """The folder for a run that brings its own id, or the first free `…-2`, `…-3`. Nothing is made."""
    number = 1
    while (path := root / (run_id if number == 1 else f"{run_id}-{number}")).exists():
        number += 1
    return RunFolder(path)


def _file_words(title: str) -> str:
    """`title` as words that every file system takes: letters and digits of any script, joined by `-`."""
    text = unicodedata.normalize("NFC", title)
    words = re.sub(r"[^\w]+", "-", text.replace("_", "-")).strip("-")
    return words[:_TITLE_LENGTH].rstrip("-").lower()
