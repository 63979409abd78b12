"""Texts that a video holds beside its pictures: ComfyUI writes its workflow there."""

from collections.abc import Mapping
from pathlib import Path

import av

from wan22.schema.problem import app_error

MAX_TEXT = 20_000_000


def read_video_tags(path: Path) -> Mapping[str, str]:
    """Texts of a video by lower-case name, those of the file before those of its streams (MP4, MOV, MKV, WebM).

    Nothing is decoded. Raises AppError `workflow_invalid` when it is no video that can be opened.
    """
    found: dict[str, str] = {}
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            for tags in (*(stream.metadata for stream in container.streams), container.metadata):
                found |= {name.lower(): text for name, text in tags.items() if len(text) <= MAX_TEXT}
    except (av.FFmpegError, ValueError, OSError, UnicodeDecodeError) as error:
        message = f"The video {path} cannot be read: it is damaged or of a kind that is not known here."
        raise app_error("workflow_invalid", message, detail=str(error)[:300], file=path) from error
    return found
