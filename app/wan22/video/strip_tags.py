"""A copy of a clip or picture without the texts inside of it: ComfyUI writes prompts and workflow there."""

import contextlib
from pathlib import Path

import av
from PIL import Image

from wan22.schema.problem import app_error
from wan22.system.files import file_error
from wan22.video.clip_file import FFmpegError

_CLIPS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}


def copy_without_tags(source: Path, target: Path) -> bool:
    """Copy the pictures as they are, packet by packet, and nothing else; False for a kind that cannot be copied so.

    AppError `clip_invalid` (damaged), `file_unwritable`.
    """
    try:
        if source.suffix.lower() in _CLIPS:
            _copy_clip(source, target, _CLIPS[source.suffix.lower()])
        elif source.suffix.lower() == ".png":
            _copy_png(source, target)
        else:
            return False
    except (FFmpegError, ValueError, SyntaxError) as error:
        with contextlib.suppress(OSError):
            target.unlink(missing_ok=True)
        message = f"{source.name} cannot be copied without its texts: it is damaged."
        raise app_error("clip_invalid", message, detail=repr(error)[:300], path=source) from error
    except OSError as error:
        with contextlib.suppress(OSError):
            target.unlink(missing_ok=True)
        raise file_error(error, target, writing=True) from error
    return True


def _copy_clip(source: Path, target: Path, kind: str) -> None:
    with (
        av.open(f"file:{source}", metadata_errors="replace", options={"protocol_whitelist": "file"}) as clip,
        av.open(f"file:{target}", "w", format=kind) as copy,
    ):
        streams = {
            stream.index: copy.add_stream_from_template(stream) for stream in (*clip.streams.video, *clip.streams.audio)
        }
        for stream in streams.values():
            stream.metadata.clear()
        for packet in clip.demux(*(clip.streams[index] for index in streams)):
            if packet.size == 0:  # marks the end; the first packets of Matroska have no dts, but are pictures
                continue
            packet.stream = streams[packet.stream.index]
            copy.mux(packet)


def _copy_png(source: Path, target: Path) -> None:
    try:
        with Image.open(source) as picture:
            picture.load()
            bare = picture.copy()
    except OSError as error:
        raise ValueError(str(error)) from error
    bare.info.clear()
    bare.save(target, "PNG")
