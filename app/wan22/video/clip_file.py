"""Opening a clip: the container and its picture stream, with errors for a person."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from wan22.schema.problem import AppError, app_error
from wan22.system.files import file_error
from wan22.video.file_extent import is_cut_short

FFmpegError = av.error.FFmpegError
_LISTS = (b"#EXTM3U", b"ffconcat", b"<?xml")  # lists of other files: their demuxers wait long for what they name
_TEXT_PICTURES = {"tty", "bin", "xbin", "adf", "idf"}  # demuxers that take any .txt for a screen of letters


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Container and picture stream, closed at the end. Errors as `open_clip`."""
    container, stream = open_clip(path)
    try:
        yield container, stream
    finally:
        container.close()


def open_clip(path: Path) -> tuple[InputContainer, VideoStream]:
    """Container and picture stream; the caller closes the container.

    AppError: `file_unreadable`, `clip_invalid`, `clip_incomplete`, `clip_without_picture`, `clip_codec_unknown`.
    """
    try:
        with path.open("rb") as file:  # the system's own reason is clearer than what the demuxer makes of it
            head = file.read(16)
    except OSError as error:
        raise file_error(error, path, writing=False) from error
    if head.startswith(_LISTS):
        raise unreadable(path)
    try:
        # "file:" because a colon in a name reads as a protocol; only files, as a playlist may name an address
        container = av.open(f"file:{path}", metadata_errors="replace", options={"protocol_whitelist": "file"})
    except FFmpegError as error:
        raise unreadable(path, error) from error
    with contextlib.ExitStack() as undo:
        undo.callback(container.close)
        stream = _picture_stream(container, path)
        undo.pop_all()
    return container, stream


def unreadable(path: Path, error: Exception | None = None) -> AppError:
    """Why nothing of the file can be decoded: cut short, empty, or no video at all."""
    detail = "" if error is None else repr(error)
    try:
        if path.stat().st_size == 0:
            message = f"{path.name} is empty: it has 0 bytes, a clip was expected."
            return app_error("clip_incomplete", message, detail=detail, path=path)
        if is_cut_short(path):
            message = f"{path.name} ends too early: the file is shorter than it says, and no frame of it can be read."
            return app_error("clip_incomplete", message, detail=detail, path=path)
    except OSError as failed:
        return file_error(failed, path, writing=False)
    message = f"{path.name} is not a video: its content is of no format that can be read."
    return app_error("clip_invalid", message, detail=detail, path=path)


def _picture_stream(container: InputContainer, path: Path) -> VideoStream:
    """The first stream of moving pictures; the cover picture of a song is none."""
    if container.format.name in _TEXT_PICTURES:
        raise unreadable(path)
    found = [stream for stream in container.streams.video if not _is_cover(stream)]
    if not found:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        message = f"{path.name} has no picture: it holds {kinds}, a video was expected."
        raise app_error("clip_without_picture", message, path=path)
    if _codec_context_is_missing(found[0]):
        message = f"{path.name} was made with a codec that this program does not know."
        raise app_error("clip_codec_unknown", message, path=path)
    # Threads of the decoder hang for ever when PyAV's logging is switched on: they wait for the interpreter's lock.
    found[0].thread_type = "AUTO"
    return found[0]


def _is_cover(stream: VideoStream) -> bool:
    return "attached_pic" in str(stream.disposition)


def _codec_context_is_missing(stream: VideoStream) -> bool:
    context: object = stream.codec_context  # None for an unknown codec, whatever its type says
    return context is None
