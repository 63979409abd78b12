"""Any clip or picture as a small JPEG, for lists."""

import io
import warnings
from pathlib import Path

from PIL import Image, ImageOps

from wan22.schema.problem import app_error
from wan22.video.thumbnail import first_frame

STILLS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
_QUALITY = 82


def small_jpeg(path: Path, max_size_px: int) -> bytes:
    """The first frame or the picture, its longer side at most `max_size_px`, as a JPEG.

    AppError `image_unreadable` for a picture, as `first_frame` for anything else.
    """
    picture = _still(path, max_size_px) if path.suffix.lower() in STILLS else _frame(path, max_size_px)
    packed = io.BytesIO()
    picture.save(packed, "JPEG", quality=_QUALITY)
    return packed.getvalue()


def _frame(path: Path, max_size_px: int) -> Image.Image:
    return Image.fromarray(first_frame(path, max_size_px))


def _still(path: Path, max_size_px: int) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                picture.draft("RGB", (max_size_px, max_size_px))
                upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
    ) as error:
        message = f"{path.name} is not a readable picture: {str(error) or type(error).__name__}."
        raise app_error("image_unreadable", message, path=path) from error
    upright.thumbnail((max_size_px, max_size_px))
    return upright
