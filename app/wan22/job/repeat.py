"""The same job once more, from a run on disk: also from one that was made on another machine."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wan22.comfy.graph_edit import draw_seed
from wan22.comfy.workflow import Workflow
from wan22.runs.layout import RunFolder
from wan22.runs.reader import read_manifest
from wan22.schema.problem import AppError, app_error
from wan22.schema.request import GenerationRequest
from wan22.schema.run import JobParameters
from wan22.system.files import sha256_of

IMAGE_MISSING = "The start image of this run is not on this machine."
_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")


@dataclass(frozen=True, slots=True)
class Repeat:
    """A job as it was. `image` None: it has to be chosen, and `notes` say so; `notes` also say what else differs."""

    workflow: str
    parameters: JobParameters
    image: Path | None
    notes: tuple[str, ...] = ()

    def request(self, *, new_seed: bool, image: Path | None = None) -> GenerationRequest:
        """What to ask for; `image` takes the place of the run's own. AppError `run_not_repeatable` without any."""
        chosen = image or self.image
        if chosen is None:
            raise app_error("run_not_repeatable", IMAGE_MISSING, hint="Choose an image to use instead.")
        job = self.parameters
        seed = draw_seed() if new_seed or job.seed is None else job.seed
        return GenerationRequest(
            workflow=self.workflow,
            image=chosen,
            prompt=job.prompt,
            negative=job.negative,
            seed=seed,
            width=job.width,
            height=job.height,
            length=job.length,
        )


def repeat_of(folder: RunFolder, load: Callable[[str], Workflow]) -> Repeat:
    """How to do the job of a run again. `load` finds a workflow by its name or path (AppError when it cannot).

    The workflow of that name is used if it still is the same; else the graph that was sent. AppError
    `run_not_repeatable` when there is neither, `run_not_found`, `run_invalid`, `run_too_new`.
    """
    manifest = read_manifest(folder)
    job = manifest.parameters
    if job is None:
        message = f"The run '{folder.run_id}' does not say what was asked for."
        raise app_error("run_not_repeatable", message, run=folder.run_id)
    notes: list[str] = []
    workflow = _workflow(folder, job, load)
    image = _image(folder, job, manifest.server.folder if manifest.server is not None else None)
    if image is None:
        notes.append(IMAGE_MISSING)
    if job.prompt is None and not workflow.endswith(".json"):
        notes.append("The run does not say its prompt: that of the workflow is used.")
    return Repeat(workflow, job, image, tuple(notes))


def _workflow(folder: RunFolder, job: JobParameters, load: Callable[[str], Workflow]) -> str:
    """Its name if that means the same as then, else the file with the graph that was sent."""
    try:
        if load(job.workflow).sha256 == job.workflow_sha256:
            return job.workflow
    except AppError:
        pass
    try:
        load(str(folder.workflow))
    except AppError as error:
        message = f"The workflow '{job.workflow}' of this run is not on this machine, and the run holds no copy of it."
        raise app_error("run_not_repeatable", message, detail=str(error), run=folder.run_id) from error
    return str(folder.workflow)


def _image(folder: RunFolder, job: JobParameters, comfyui: str | None) -> Path | None:
    """The copy in the run; else the file that the server was given, if it still is the same."""
    for path in _pictures(folder.input):
        return path
    if comfyui is None or not job.image or job.image_sha256 is None or ".." in job.image:
        return None
    given = Path(comfyui) / "input" / job.image
    try:
        return given if given.is_file() and sha256_of(given) == job.image_sha256 else None
    except AppError:
        return None


def _pictures(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_file() and path.suffix.lower() in _ENDINGS)
    except OSError:
        return []
