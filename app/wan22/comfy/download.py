"""A file that the server sends, brought to the disk whole or not at all."""

import contextlib
from pathlib import Path

import requests

from wan22.schema.problem import app_error
from wan22.system.cancel import CancelToken
from wan22.system.files import file_error

_CHUNK_BYTES = 256 * 1024


def save_stream(response: requests.Response, name: str, destination: Path, cancel: CancelToken | None) -> int:
    """Write the body of a streamed `response` beside `destination`, check its size, rename it; returns the bytes.

    Errors: AppError `disk_full`, `file_unwritable`, `server_unreachable` (broken off or too short), `cancelled`;
    nothing is left on the disk then.
    """
    part = destination.with_name(f"{destination.name}.part")
    finished = False
    try:
        byte_count = _write(response, name, part, cancel)
        announced = _announced_bytes(response)
        if announced is not None and byte_count != announced:
            raise app_error(
                "server_unreachable",
                f"'{name}' broke off on its way: {byte_count} of {announced} bytes arrived.",
                hint="Fetch it again; if it breaks off again, the link to the server is bad.",
            )
        part.replace(destination)
        finished = True
    except OSError as error:
        raise file_error(error, destination, writing=True) from error
    finally:
        if not finished:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
    return byte_count


def _write(response: requests.Response, name: str, part: Path, cancel: CancelToken | None) -> int:
    byte_count = 0
    with part.open("wb") as file:
        try:
            for chunk in response.iter_content(_CHUNK_BYTES):
                if cancel is not None:
                    cancel.raise_if_set()
                file.write(chunk)
                byte_count += len(chunk)
        # requests' own errors derive from OSError: they must not pass for a fault of the disk.
        except requests.RequestException as error:
            raise app_error(
                "server_unreachable",
                f"The connection broke while '{name}' was fetched: {byte_count} bytes had arrived.",
                detail=repr(error),
            ) from error
    if cancel is not None:
        cancel.raise_if_set()
    return byte_count


def _announced_bytes(response: requests.Response) -> int | None:
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdigit() else None
