"""The header of a safetensors file: names, types and shapes of its tensors, read without the weights."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wan22.schema.problem import AppError, app_error

MAX_HEADER_BYTES = 100_000_000
_LENGTH_BYTES = 8


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One tensor: element type as the file writes it (F16, F8_E4M3 …) and its shape."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SafetensorsHeader:
    """Tensors by name, and the texts that the maker of the file added."""

    tensors: Mapping[str, TensorInfo]
    metadata: Mapping[str, str]


def read_safetensors_header(path: Path) -> SafetensorsHeader:
    """Read 8 bytes of length and the JSON behind them (format of huggingface/safetensors).

    Raises AppError `file_unreadable`, or `model_file_invalid` for anything that is no such file.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
            if not 2 <= length <= min(MAX_HEADER_BYTES, size - _LENGTH_BYTES):
                raise _invalid(path, f"its header would be {length:,} bytes long, the file has {size:,}")
            data = file.read(length)
    except OSError as error:
        message = f"The model file {path} cannot be read: {error.strerror or error}."
        raise app_error("file_unreadable", message, file=path) from error
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _invalid(path, "its header is not JSON") from error
    if not isinstance(value, dict):
        raise _invalid(path, "its header is not an object")
    raw = value.pop("__metadata__", None)
    texts = {str(key): text for key, text in raw.items() if isinstance(text, str)} if isinstance(raw, dict) else {}
    tensors = {name: info for name, entry in value.items() if (info := _tensor(entry)) is not None}
    if len(tensors) < len(value):
        broken = next(name for name in value if name not in tensors)
        raise _invalid(path, f"the entry '{broken[:80]}' describes no tensor")
    return SafetensorsHeader(tensors, texts)


def _tensor(entry: object) -> TensorInfo | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("dtype"), str):
        return None
    shape = entry.get("shape")
    if not isinstance(shape, list) or not all(type(side) is int and side >= 0 for side in shape):
        return None
    return TensorInfo(entry["dtype"], tuple(shape))


def _invalid(path: Path, why: str) -> AppError:
    return app_error("model_file_invalid", f"{path} is not a whole safetensors file: {why}.", file=path)
