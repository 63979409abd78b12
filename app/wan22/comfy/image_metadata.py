"""Texts that ComfyUI writes into the pictures it saves: PNG chunks, and EXIF tags of WebP and JPEG."""

import re
import warnings
from collections.abc import Mapping
from pathlib import Path

from PIL import Image, PngImagePlugin

from wan22.schema.problem import app_error

MAX_TEXT = 20_000_000

_NAMED = re.compile(r"^(prompt|workflow)\s*:\s*(?=\{)", re.IGNORECASE)
_EXIF_FOLDER, _USER_COMMENT = 0x8769, 0x9286


def read_image_tags(path: Path) -> Mapping[str, str]:
    """Texts of a picture by lower-case name. Raises AppError `workflow_invalid` when it is no whole picture.

    A PNG has `prompt` and `workflow` as text chunks (an animated one in chunks of ComfyUI's own), a WebP has EXIF
    texts that begin with `prompt:` and `workflow:`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)  # broken EXIF: then there are no tags
            with Image.open(path) as picture:
                found = {str(key).lower(): value for key, value in picture.info.items() if isinstance(value, str)}
                if isinstance(picture, PngImagePlugin.PngImageFile):
                    if not {"prompt", "workflow"} & found.keys():
                        found |= _late_chunks(picture)
                else:
                    found |= _exif_texts(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise app_error("workflow_invalid", f"The picture {path} has far too many pixels.", file=path) from error
    except (OSError, SyntaxError, ValueError, EOFError, TypeError, KeyError, OverflowError) as error:
        message = f"The picture {path} cannot be read: it is damaged or of a kind that is not known here."
        raise app_error("workflow_invalid", message, detail=str(error)[:300], file=path) from error
    return {name: text for name, text in found.items() if len(text) <= MAX_TEXT}


def _late_chunks(picture: PngImagePlugin.PngImageFile) -> dict[str, str]:
    """Texts behind the picture's data, and ComfyUI's own chunk of animated pictures (name, zero, text)."""
    found = {str(key).lower(): str(value) for key, value in picture.text.items()}
    for chunk in getattr(picture, "private_chunks", ()):
        if chunk[0] == b"comf":
            name, _, text = chunk[1].partition(b"\0")
            found[name.decode("latin-1").lower()] = text.decode("latin-1")
    return found


def _exif_texts(picture: Image.Image) -> dict[str, str]:
    exif = picture.getexif()
    values = [*exif.values(), exif.get_ifd(_EXIF_FOLDER).get(_USER_COMMENT)]
    found: dict[str, str] = {}
    for value in values:
        text = value.decode("utf-8", "replace").lstrip("\0") if isinstance(value, bytes) else value
        if not isinstance(text, str):
            continue
        text = text.removeprefix("UNICODE").removeprefix("ASCII").lstrip("\0")
        match = _NAMED.match(text)
        if match:
            found[match.group(1).lower()] = text[match.end() :].rstrip("\0")
        elif text.startswith("{"):
            found.setdefault("usercomment", text.rstrip("\0"))
    return found
