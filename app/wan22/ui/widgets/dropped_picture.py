"""What another program hands over by drag and drop or by the clipboard: a file, pixels, or neither."""

from pathlib import Path

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QImage

_ONLY_LINK = "The browser gave only a link. Save the picture first, or copy the picture itself and paste it."
_NOTHING = "There is no picture in what was given: drop a file, or copy a picture first."


def picture_of(given: QMimeData) -> tuple[Path | None, QImage | None, str]:
    """A file of this machine first, for it has a name; then pixels; else why there is nothing to use."""
    urls = given.urls() if given.hasUrls() else []
    local = [url.toLocalFile() for url in urls if url.isLocalFile()]
    if local:
        return Path(local[0]), None, ""
    if given.hasImage():
        picture = QImage(given.imageData())
        if not picture.isNull():
            return None, picture, ""
    text = given.text().strip().strip('"') if given.hasText() and not urls else ""
    if text and "\n" not in text and Path(text).is_absolute():
        return Path(text), None, ""
    return None, None, _ONLY_LINK if urls else _NOTHING
