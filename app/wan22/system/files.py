"""Files as the whole program reads and writes them: UTF-8, all or nothing, with errors for a person."""

import contextlib
import errno
import hashlib
import json
import os
import re
import secrets
import shutil
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wan22.schema.problem import AppError, app_error
from wan22.system.cancel import CancelToken

_CHUNK_BYTES = 4 * 1024 * 1024
_NAME_LIMIT_BYTES = 120
_REPLACE_LIMIT_S = 2.0
_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\ud800-\udfff]')
_RESERVED = re.compile(r"(?:CON|PRN|AUX|NUL|COM[0-9¹²³]|LPT[0-9¹²³]|CONIN\$|CONOUT\$) *(?:\..*)?", re.IGNORECASE)


def file_error(error: OSError, path: Path, *, writing: bool) -> AppError:
    """The AppError for a failed file access: `disk_full`, `file_unwritable` or `file_unreadable`."""
    reason = error.strerror or str(error)
    if writing and error.errno in _FULL:
        return app_error("disk_full", f"{path} could not be written: the disk is full.", detail=repr(error), path=path)
    if writing:
        return app_error("file_unwritable", f"{path} could not be written: {reason}.", detail=repr(error), path=path)
    return app_error("file_unreadable", f"{path} could not be read: {reason}.", detail=repr(error), path=path)


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, with or without a byte order mark. AppError `file_unreadable`."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise file_error(error, path, writing=False) from error
    except UnicodeDecodeError as error:
        message = f"{path} is not a UTF-8 text: byte {error.start} does not fit."
        raise app_error("file_unreadable", message, hint="Save the file as UTF-8.", path=path) from error


def write_text_atomic(path: Path, text: str) -> None:
    """Write `text` as UTF-8, unchanged: afterwards the file is either the old one or the complete new one.

    Missing folders are made; a symbolic link keeps pointing at the file. AppError `disk_full`, `file_unwritable`.
    """
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        message = f"{path} could not be written: its text holds {text[error.start]!r}, which is no letter."
        raise app_error("file_unwritable", message, path=path) from error
    try:
        target = path.resolve() if path.is_symlink() else path
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace_with(target, data)
    except OSError as error:
        raise file_error(error, path, writing=True) from error


def write_json_atomic(path: Path, data: Any) -> None:
    """Write `data` as indented JSON with a final line end, as `write_text_atomic` does."""
    write_text_atomic(path, json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def sha256_of(path: Path, cancel: CancelToken | None = None, on_bytes: Callable[[int], None] | None = None) -> str:
    """Hex SHA-256 of a file. AppError `file_unreadable`, or `cancelled` between two pieces.

    `on_bytes` is given the size of each piece that was read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                if cancel is not None:
                    cancel.raise_if_set()
                digest.update(chunk)
                if on_bytes is not None:
                    on_bytes(len(chunk))
    except OSError as error:
        raise file_error(error, path, writing=False) from error
    return digest.hexdigest()


def safe_file_name(text: str) -> str:
    """A file name like `text` that Windows and Linux both take: no folder, at most 120 bytes, never empty."""
    name = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", text)).strip().rstrip(". ")
    stem, suffix = os.path.splitext(name)  # noqa: PTH122 - Path would treat a lone dot as a folder
    if len(suffix.encode()) > _NAME_LIMIT_BYTES // 4:
        stem, suffix = name, ""
    stem = stem.encode()[: _NAME_LIMIT_BYTES - len(suffix.encode())].decode(errors="ignore")
    name = (stem + suffix).rstrip(". ")
    if not name or _RESERVED.fullmatch(name):
        name = f"_{name}"
    return name


def free_bytes(path: Path) -> int:
    """Free bytes on the disk that holds `path`, which need not exist yet. AppError `file_unreadable`."""
    existing = path.absolute()
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    try:
        return shutil.disk_usage(existing).free
    except OSError as error:
        raise file_error(error, existing, writing=False) from error


def _replace_with(target: Path, data: bytes) -> None:
    """Write beside `target`, flush to the disk, rename over it."""
    beside = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError, PermissionError):
            shutil.copymode(target, beside)
        _replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)
    if os.name != "nt":
        _flush_folder(target.parent)


def _replace(beside: Path, target: Path) -> None:
    """Rename; on Windows a virus scanner or an indexer may hold the target open for a moment."""
    deadline = time.monotonic() + _REPLACE_LIMIT_S
    while True:
        try:
            beside.replace(target)
        except PermissionError:
            if os.name != "nt" or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _flush_folder(folder: Path) -> None:
    """Make a rename survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems cannot
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
