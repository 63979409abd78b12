"""The start image, looked at before anything is sent."""

import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from wan22.schema.problem import AppError, app_error


@dataclass(frozen=True, slots=True)
class StartImage:
    """A picture that can be decoded. Size in pixels after its own rotation mark is applied, as ComfyUI does."""

    path: Path
    width: int
    height: int
    format: str
    sha256: str


def read_start_image(path: Path) -> StartImage:
    """Decode the picture once, fully, so that a broken file is found here and not minutes later on the server.

    Errors: AppError `file_unreadable` (no such file, no right to read it), `image_unreadable` (not a whole picture).
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise _unreadable(path, "it is no file but a device or a pipe")
    if not _is_text(path.name):
        reason = "its name holds bytes that are no UTF-8 text; rename the file"
        raise app_error("image_unreadable", f"The start image {_shown(path)} cannot be used: {reason}.")
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"The start image {path} cannot be read: {error.strerror or error}."
        raise app_error("file_unreadable", message, path=path) from error
    try:
        with warnings.catch_warnings():
            # Pillow only warns below twice its limit for pixel counts; such a picture is no start image.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                picture.load()
                kind = picture.format or "unknown"
                upright = ImageOps.exif_transpose(picture)
                width, height = upright.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _unreadable(path, "it has far too many pixels") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        reason = "the file is empty" if not data else str(error) or type(error).__name__
        raise _unreadable(path, reason) from error
    return StartImage(path=path, width=width, height=height, format=kind, sha256=hashlib.sha256(data).hexdigest())


def _is_text(name: str) -> bool:
    """Whether a file name can be written down; on Linux it may hold any bytes."""
    return name == _shown(Path(name))


def _shown(path: Path) -> str:
    return str(path).encode("utf-8", "replace").decode("utf-8")


def _unreadable(path: Path, reason: str) -> AppError:
    return app_error("image_unreadable", f"The start image {path.name} is not a readable picture: {reason}.", path=path)
