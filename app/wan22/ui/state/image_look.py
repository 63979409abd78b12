"""Pictures from disk, looked at in a thread: whether one can be the start image, and how it looks when small."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSaveFile, QSize, Qt
from PySide6.QtGui import QImage, QImageReader, QImageWriter

from wan22.job.start_image import read_start_image
from wan22.schema.problem import app_error

MAX_BYTES = 100_000_000
"""ComfyUI refuses larger uploads unless it is started with another --max-upload-size."""
SHOWN_PIXELS = 1024
THUMB_PIXELS = 192
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class ImageLook:
    """A picture that can be used. `path` is what is sent, `origin` what was picked; `note` says why they differ.

    `width` and `height` in pixels as ComfyUI sees it; `picture` is a small copy, null when Qt cannot draw it.
    """

    path: Path
    origin: Path
    width: int
    height: int
    picture: QImage
    note: str = ""


@dataclass(frozen=True, slots=True)
class Thumb:
    """A small picture of a file that is there."""

    path: Path
    picture: QImage


def look_at(path: Path, folder: Path) -> ImageLook:
    """Read a picture and decide whether it can be used; the first frame of a moving one is kept in `folder`.

    Raises AppError `file_unreadable`, `image_unreadable`, `file_unwritable`.
    """
    _check_size(path)
    found = read_start_image(path)
    reader = _reader(path)
    if reader.supportsAnimation() and reader.imageCount() != 1:
        still = _first_frame(reader, path, folder)
        note = f"{path.name} moves: only its first frame is used."
        return ImageLook(still, path, found.width, found.height, _small(_reader(still), SHOWN_PIXELS), note)
    return ImageLook(path, path, found.width, found.height, _small(reader, SHOWN_PIXELS))


def thumb(path: Path) -> Thumb | None:
    """A small picture; None when the file is gone or cannot be drawn."""
    picture = _small(_reader(path), THUMB_PIXELS)
    return None if picture.isNull() else Thumb(path, picture)


def keep_picture(picture: QImage, folder: Path, name: str) -> Path:
    """Write a picture that has no file yet; the same picture gets the same name. Raises AppError `file_unwritable`."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"PNG")).write(picture)
    data = bytes(buffer.data().data())
    path = folder / f"{name}-{hashlib.sha256(data).hexdigest()[:8]}.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from error
    target = QSaveFile(str(path))
    if not target.open(QIODevice.OpenModeFlag.WriteOnly) or target.write(data) != len(data) or not target.commit():
        raise _unwritable(path, target.errorString())
    return path


def _check_size(path: Path) -> None:
    if path.is_dir():
        raise app_error("image_unreadable", f"{path.name} is a folder; one picture is needed.", path=path)
    try:
        size = path.stat().st_size
    except OSError:
        return  # told by whoever reads it
    if size > MAX_BYTES:
        raise app_error(
            "image_unreadable",
            f"The start image {path.name} is {size / MEGABYTE:.0f} MB large; ComfyUI takes "
            f"{MAX_BYTES / MEGABYTE:.0f} MB at most.",
            hint="Save it smaller, or as JPEG.",
            path=path,
        )


def _reader(path: Path) -> QImageReader:
    reader = QImageReader(str(path))
    reader.setDecideFormatFromContent(True)
    reader.setAutoTransform(True)
    return reader


def _first_frame(reader: QImageReader, path: Path, folder: Path) -> Path:
    frame = reader.read()
    if frame.isNull():
        raise app_error(
            "image_unreadable", f"The first frame of {path.name} cannot be read: {reader.errorString()}.", path=path
        )
    return keep_picture(frame, folder, f"{path.stem}-first-frame")


def _small(reader: QImageReader, pixels: int) -> QImage:
    size = reader.size()
    if size.isValid() and max(size.width(), size.height()) > pixels:
        reader.setScaledSize(size.scaled(QSize(pixels, pixels), Qt.AspectRatioMode.KeepAspectRatio))
    return reader.read()


def _unwritable(path: Path, reason: str) -> Exception:
    return app_error("file_unwritable", f"The picture {path} cannot be written: {reason}.", file=path)
