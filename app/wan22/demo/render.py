"""A moving scene from the start image, with SIMULATED burnt into every frame, as a real MP4."""

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from PIL import Image, ImageDraw, ImageFont

MARK = "SIMULATED"

_ZOOM = 0.16
_ENCODERS = ("libx264", "libopenh264", "h264", "mpeg4")
_PREVIEW_SIDE = 320


def scene(start: Image.Image | None, width: int, height: int, length: int, seed: int) -> Iterator[Image.Image]:
    """`length` frames of `width` by `height`: the camera pushes into the picture and a light passes over it."""
    picture = _cover(start if start is not None else _no_picture(), width, height)
    mark, place = _mark(width, height)
    for index in range(length):
        share = index / max(1, length - 1)
        frame = _camera(picture, width, height, share, seed)
        frame = _light(frame, share, seed)
        frame.paste(mark, place, mark)
        _clock(frame, index, length)
        yield frame


def write_video(
    path: Path,
    frames: Iterator[Image.Image],
    size: tuple[int, int],
    fps: float,
    comment: str,
    before_frame: Callable[[], None],
) -> None:
    """Encode the frames. `before_frame` is called before each and may raise to stop; a half file is then removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    is_whole = False
    try:
        with av.open(str(path), "w", format="mp4", options={"movflags": "use_metadata_tags+faststart"}) as container:
            container.metadata.update({"title": f"{MARK} · {path.stem}", "comment": comment})
            stream = container.add_stream(_encoder(), rate=Fraction(fps).limit_denominator(1001))
            assert isinstance(stream, VideoStream)
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            if stream.codec_context.name == "libx264":
                stream.options = {"preset": "ultrafast", "crf": "23"}
            for frame in frames:
                before_frame()
                for packet in stream.encode(av.VideoFrame.from_ndarray(np.asarray(frame), format="rgb24")):
                    container.mux(packet)
            for packet in stream.encode():
                container.mux(packet)
        is_whole = True
    finally:
        if not is_whole:
            path.unlink(missing_ok=True)


def preview_jpeg(start: Image.Image | None, width: int, height: int, share: float, seed: int) -> bytes:
    """One small picture of the way: blurred at first, clear at the end."""
    scale = min(1.0, _PREVIEW_SIDE / max(width, height))
    small = (max(16, round(width * scale)), max(16, round(height * scale)))
    picture = _cover(start if start is not None else _no_picture(), *small)
    grain = max(1, round(14 * (1.0 - share)) + 1)
    coarse = picture.resize((max(2, small[0] // grain), max(2, small[1] // grain)), Image.Resampling.BILINEAR)
    frame = _camera(coarse.resize(picture.size, Image.Resampling.BILINEAR), *small, share, seed)
    mark, place = _mark(*small)
    frame.paste(mark, place, mark)
    target = BytesIO()
    frame.save(target, "JPEG", quality=82)
    return target.getvalue()


def _encoder() -> str:
    return next(name for name in _ENCODERS if name in av.codecs_available)


def _cover(start: Image.Image, width: int, height: int) -> Image.Image:
    """The picture cut to the video's shape, a little larger than it, so that the camera has room."""
    factor = (1.0 + _ZOOM) * max(width / start.width, height / start.height)
    large = start.convert("RGB").resize(
        (max(width, round(start.width * factor)), max(height, round(start.height * factor))), Image.Resampling.BILINEAR
    )
    wide, high = max(width, round(width * (1 + _ZOOM))), max(height, round(height * (1 + _ZOOM)))
    left, top = max(0, (large.width - wide) // 2), max(0, (large.height - high) // 2)
    return large.crop((left, top, min(large.width, left + wide), min(large.height, top + high)))


def _camera(picture: Image.Image, width: int, height: int, share: float, seed: int) -> Image.Image:
    angle = math.tau * ((seed % 97) / 97.0)
    zoom = 1.0 - 0.10 * share
    wide, high = picture.width * zoom, picture.height * zoom
    room_x, room_y = picture.width - wide, picture.height - high
    left = room_x * (0.5 + 0.5 * math.cos(angle) * share)
    top = room_y * (0.5 + 0.5 * math.sin(angle) * share)
    return picture.resize((width, height), Image.Resampling.BILINEAR, box=(left, top, left + wide, top + high))


def _light(frame: Image.Image, share: float, seed: int) -> Image.Image:
    """A soft band of light that travels once across the picture; only its columns are touched."""
    centre = (share * 1.3 - 0.15 + 0.1 * ((seed % 13) / 13.0)) * frame.width
    sigma = 0.08 * frame.width
    left, right = max(0, round(centre - 2.5 * sigma)), min(frame.width, round(centre + 2.5 * sigma))
    if right <= left:
        return frame
    band = np.asarray(frame.crop((left, 0, right, frame.height))).astype(np.uint16)
    distance = (np.arange(left, right, dtype=np.float32) - centre) / sigma
    gain = (128 + 35 * np.exp(-(distance**2))).astype(np.uint16)  # 163 * 255 still fits 16 bits
    lit = np.minimum((band * gain[None, :, None]) >> 7, 255).astype(np.uint8)
    frame.paste(Image.fromarray(lit), (left, 0))
    return frame


def _mark(width: int, height: int) -> tuple[Image.Image, tuple[int, int]]:
    """The word, large and half transparent, and where it goes: across the lower third."""
    layer = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    size = max(8, min(round(width / 7), round(height / 4)))
    font = ImageFont.load_default(size)
    place = (width / 2, height * 0.78)
    draw.text(
        place, MARK, font=font, anchor="mm", fill=(255, 255, 255, 150), stroke_width=2, stroke_fill=(0, 0, 0, 170)
    )
    box = layer.getbbox() or (0, 0, width, height)
    return layer.crop(box), (box[0], box[1])


def _clock(frame: Image.Image, index: int, length: int) -> None:
    draw = ImageDraw.Draw(frame)
    font = ImageFont.load_default(max(8, round(frame.height / 32)))
    draw.text(
        (4, 4), f"{MARK} {index + 1}/{length}", font=font, fill=(255, 255, 255), stroke_width=1, stroke_fill=(0, 0, 0)
    )


def _no_picture() -> Image.Image:
    """What there is to see when the graph has no start image."""
    row = np.linspace(30, 150, 160, dtype=np.uint8)
    plane = np.broadcast_to(row, (90, 160))
    return Image.fromarray(np.stack([plane // 2, plane, plane[:, ::-1]], axis=-1))
