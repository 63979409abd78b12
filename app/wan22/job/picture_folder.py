"""The pictures that are meant by a few names: files as they are, folders with what lies in them."""

from collections.abc import Iterable
from pathlib import Path

from wan22.schema.problem import app_error
from wan22.system.files import file_error

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")


def pictures_of(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Absolute paths, each once, in the order given; of a folder its pictures by name, hidden ones and folders not.

    Files are not opened. Raises AppError `file_unreadable` for a folder that cannot be listed, `image_unreadable`
    for one without a picture.
    """
    found: list[Path] = []
    for path in paths:
        whole = path.absolute()
        found += _in_folder(whole) if whole.is_dir() else [whole]
    return tuple(dict.fromkeys(found))


def _in_folder(folder: Path) -> list[Path]:
    try:
        names = [one for one in folder.iterdir() if one.suffix.lower() in PICTURES and not one.name.startswith(".")]
        found = sorted((one for one in names if one.is_file()), key=lambda one: (one.name.casefold(), one.name))
    except OSError as error:
        raise file_error(error, folder, writing=False) from error
    if not found:
        kinds = ", ".join(ending.removeprefix(".") for ending in PICTURES)
        raise app_error(
            "image_unreadable", f"There is no picture in the folder {folder}.", hint=f"Looked for: {kinds}."
        )
    return found
