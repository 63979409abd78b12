"""The list of model files that the shipped workflows need: names, folders, sizes, digests, where to get them."""

from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from wan22.schema.frozen import Strict
from wan22.schema.model_file import ModelFile
from wan22.schema.problem import app_error

MANIFEST_NAME = "models.json"


class ModelManifest(Strict):
    """All known model files."""

    format: Literal[1] = 1
    note: str = ""
    models: tuple[ModelFile, ...] = ()

    def by_file(self, name: str) -> ModelFile | None:
        """Entry for a file as a graph names it: sub-folders, case and kind of slash do not count."""
        wanted = base_name(name).casefold()
        return next((model for model in self.models if model.file.casefold() == wanted), None)


def base_name(name: str) -> str:
    """File name without the sub-folders that a graph may put before it, with either slash."""
    return name.replace("\\", "/").rpartition("/")[2]


def load_model_manifest(path: Path) -> ModelManifest:
    """Read the list of model files. Raises file_unreadable or manifest_invalid."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise app_error(
            "file_unreadable", f"The list of model files {path} cannot be read: {error.strerror or error}.", file=path
        ) from error
    except UnicodeDecodeError as error:
        raise app_error(
            "manifest_invalid", f"The list of model files {path} is not text in UTF-8.", file=path
        ) from error
    try:
        return ModelManifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise app_error(
            "manifest_invalid",
            f"The list of model files {path} is not valid at {place}: {first['msg']}.",
            detail=str(error),
            file=path,
        ) from error
