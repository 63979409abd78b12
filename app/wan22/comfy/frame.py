"""Frames of ComfyUI's websocket, text and binary, as messages. All numbers in binary frames are big-endian uint32."""

import json
import struct
from collections.abc import Mapping
from typing import Any

from wan22.comfy.client import Message

_PREVIEW, _TEXT, _PREVIEW_WITH_METADATA = 1, 3, 4
_IMAGE_FORMATS = {1: "jpeg", 2: "png"}


def message_from_text(data: bytes, time_s: float) -> Message:
    """A text frame: JSON {"type", "data"}. ValueError when it is not."""
    try:
        content = json.loads(data.decode("utf-8", errors="replace"))
    except RecursionError as error:
        raise ValueError("JSON nested too deep") from error
    kind = content.get("type") if isinstance(content, dict) else None
    if not isinstance(kind, str):
        raise ValueError("JSON without a 'type'")
    body = content.get("data")
    return Message(time_s=time_s, type=kind, data=body if isinstance(body, dict) else {})


def message_from_binary(data: bytes, time_s: float) -> Message:
    """A binary frame: "preview" (types 1 and 4) or "text" (type 3). ValueError when it is malformed or unknown."""
    kind, rest = _number(data)
    if kind == _PREVIEW:
        image_type, image = _number(rest)
        return _preview(time_s, {"image_format": _IMAGE_FORMATS.get(image_type, "unknown")}, image)
    if kind == _TEXT:
        node, text = _counted(rest)
        content = {"node_id": node.decode("utf-8", "replace"), "text": text.decode("utf-8", "replace")}
        return Message(time_s=time_s, type="text", data=content)
    if kind == _PREVIEW_WITH_METADATA:
        head, image = _counted(rest)
        meta = json.loads(head)
        if not isinstance(meta, dict):
            raise ValueError("metadata that is no object")
        mime = str(meta.get("image_type") or "unknown")
        return _preview(time_s, {**meta, "image_format": mime.rpartition("/")[2].lower()}, image)
    raise ValueError(f"binary frame of unknown type {kind}")


def _preview(time_s: float, data: Mapping[str, Any], image: bytes) -> Message:
    if not image:
        raise ValueError("preview without a picture")
    return Message(time_s=time_s, type="preview", data=data, image=image)


def _number(data: bytes) -> tuple[int, bytes]:
    if len(data) < 4:
        raise ValueError(f"frame of {len(data)} bytes is too short")
    return struct.unpack_from(">I", data)[0], data[4:]


def _counted(data: bytes) -> tuple[bytes, bytes]:
    """A part with its length before it, and the rest."""
    length, rest = _number(data)
    if length > len(rest):
        raise ValueError(f"part of {length} bytes in a frame with {len(rest)} left")
    return rest[:length], rest[length:]
