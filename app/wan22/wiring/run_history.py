"""The runs on disk as a list, and what is done with one of them as a whole."""

from dataclasses import dataclass
from pathlib import Path

from wan22.comfy.workflow import Workflow, load_workflow
from wan22.job.repeat import Repeat, repeat_of
from wan22.runs.archive_import import Progress, import_archive, is_archive_name
from wan22.runs.layout import RunFolder
from wan22.runs.run_export import Exported, ExportOptions, export_run
from wan22.runs.run_index import RunIndex
from wan22.runs.run_judgement import judged_rows
from wan22.runs.run_privacy import LeftOut
from wan22.runs.thumbnail_cache import ThumbnailCache
from wan22.schema.profile import Target
from wan22.system.cancel import CancelToken
from wan22.system.paths import UserFolders
from wan22.video.small_picture import small_jpeg
from wan22.video.strip_tags import copy_without_tags
from wan22.wiring.history import import_recording
from wan22.wiring.parts import profile_store
from wan22.wiring.workflow import workflow_folders, workflow_read

__all__ = ["RunHistory", "judged_rows"]


@dataclass(frozen=True, slots=True)
class RunHistory:
    """Everything about the runs below `root`."""

    root: Path
    index: RunIndex
    thumbnails: ThumbnailCache

    def folder(self, run_id: str) -> RunFolder:
        """The folder of a row."""
        return RunFolder(self.root / run_id)

    def targets(self) -> tuple[Target, ...]:
        """The targets of all profiles. AppError `profile_invalid`."""
        return profile_store().targets()


def run_history(root: Path, folders: UserFolders) -> RunHistory:
    """The list of the runs below `root`; its caches are the user's."""
    return RunHistory(
        root=root,
        index=RunIndex(root, folders.cache / "runs"),
        thumbnails=ThumbnailCache(folders.cache / "thumbnails", small_jpeg),
    )


def export(
    folder: RunFolder,
    target: Path,
    left_out: LeftOut,
    *,
    replaces: bool = False,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Exported:
    """One run as one file. Errors as `runs.run_export.export_run`."""
    options = ExportOptions(left_out, copy_without_tags, replaces=replaces)
    return export_run(folder, target, options, progress=progress, cancel=cancel)


def import_any(
    path: Path, root: Path, *, progress: Progress | None = None, cancel: CancelToken | None = None
) -> list[RunFolder]:
    """An exported run, a run folder, or recordings. Errors as `import_archive` and `import_recording`."""
    if is_archive_name(path) or (path.is_file() and _begins_as_zip(path)):
        return [import_archive(path, root, progress=progress, cancel=cancel)]
    return import_recording(path, root)


def repeat(folder: RunFolder) -> Repeat:
    """How to do the job of a run once more. Errors as `job.repeat.repeat_of`."""

    def load(name: str) -> Workflow:
        return load_workflow(name, workflow_folders(), workflow_read())

    return repeat_of(folder, load)


def _begins_as_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\x03\x04"
    except OSError:
        return False
