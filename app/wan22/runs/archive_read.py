"""An exported run is looked at before anything of it is written: it may come from a stranger.

Refused: whatever is no ZIP, encrypted, packed in an unknown way, larger than it says or larger than any run, links
and devices, names that leave the folder or mean another file on another system, and parts that the list at its
beginning does not name with their size.
"""

import stat
import struct
import zipfile
import zlib
from pathlib import Path

from pydantic import ValidationError

from wan22.runs.archive_format import (
    FORMAT,
    KIND,
    LIST_NAME,
    MAX_DIRECTORY_BYTES,
    MAX_ENTRIES,
    MAX_LIST_BYTES,
    MAX_RATIO,
    MAX_TEXT_BYTES,
    MAX_TOTAL_BYTES,
    RATIO_FROM_BYTES,
    ArchiveList,
    checked_name,
    is_stored,
    same_file_key,
)
from wan22.runs.layout import MANIFEST_NAME
from wan22.schema.problem import AppError, app_error
from wan22.system.files import file_error

_END, _END_SIZE = b"PK\x05\x06", 22
_LOCATOR, _LOCATOR_SIZE = b"PK\x06\x07", 20
_END_64, _END_64_SIZE = b"PK\x06\x06", 56
_LONGEST_COMMENT = 65535
_ENCRYPTED_BITS = 0x1 | 0x40 | 0x2000
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
BROKEN = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    NotImplementedError,
    ValueError,
    EOFError,
    struct.error,
    RuntimeError,
    zlib.error,
)
"""What the reader of ZIP files raises for damage of all kinds."""


def open_archive(path: Path) -> zipfile.ZipFile:
    """The file, opened; the caller closes it. AppError `archive_invalid`, `archive_unsafe`, `file_unreadable`."""
    try:
        if path.is_dir():
            raise invalid(path, "it is a folder; an exported run is one file")
        _check_directory(path)
        return zipfile.ZipFile(path)
    except BROKEN as error:
        raise invalid(path, "it is no ZIP file, or it is damaged", str(error)) from error
    except OSError as error:
        raise file_error(error, path, writing=False) from error


def read_list(path: Path, archive: zipfile.ZipFile) -> ArchiveList:
    """The list of its parts, held against every entry that there is.

    AppError `archive_invalid`, `archive_unsafe`, `run_too_new`.
    """
    infos = archive.infolist()
    _check_entries(path, infos)
    try:
        with archive.open(infos[0]) as file:
            text = file.read(MAX_LIST_BYTES + 1)
        listed = ArchiveList.model_validate_json(text)
    except ValidationError as error:
        raise invalid(path, f"its list '{LIST_NAME}' cannot be understood", str(error)[:2000]) from error
    except (*BROKEN, OSError) as error:
        raise invalid(path, "its list is damaged", str(error)) from error
    if listed.kind != KIND:
        raise invalid(path, "it is another kind of file")
    if listed.format > FORMAT:
        message = f"'{path.name}' has format {listed.format}; this version reads up to {FORMAT}."
        raise app_error("run_too_new", message, file=path)
    _compare(path, listed, infos[1:])
    return listed


def invalid(path: Path, reason: str, detail: str = "") -> AppError:
    """Why the file cannot be imported."""
    return app_error("archive_invalid", f"'{path.name}' is no exported run: {reason}.", detail=detail, file=path)


def unsafe(path: Path, reason: str) -> AppError:
    """Why the file must not be imported."""
    return app_error("archive_unsafe", f"'{path.name}' was refused: {reason}.", file=path)


def _check_directory(path: Path) -> None:
    """The table at the end of a ZIP is read as a whole when it is opened, so its size is looked at before.

    Layout: APPNOTE.TXT 4.3.14 to 4.3.16.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(4) != b"PK\x03\x04":
            raise invalid(path, "it does not begin as a ZIP file does")
        from_byte = max(0, size - _END_SIZE - _LONGEST_COMMENT)
        file.seek(from_byte)
        tail = file.read()
        place = tail.rfind(_END)
        if place < 0 or len(tail) - place < _END_SIZE:
            raise invalid(path, "its end is missing, so it was cut short")
        entries, directory_bytes = struct.unpack_from("<HI", tail, place + 10)
        locator = place - _LOCATOR_SIZE
        if locator >= 0 and tail[locator : locator + 4] == _LOCATOR:
            (at,) = struct.unpack_from("<Q", tail, locator + 8)
            if at > size:
                raise invalid(path, "its end is damaged")
            file.seek(at)
            record = file.read(_END_64_SIZE)
            if len(record) < _END_64_SIZE or record[:4] != _END_64:
                raise invalid(path, "its end is damaged")
            entries, directory_bytes = struct.unpack_from("<QQ", record, 32)
    if entries > MAX_ENTRIES or directory_bytes > MAX_DIRECTORY_BYTES:
        raise unsafe(path, f"it names {entries} files; a run has a dozen, and {MAX_ENTRIES} are taken at most")


def _check_entries(path: Path, infos: list[zipfile.ZipInfo]) -> None:
    if not infos or infos[0].orig_filename != LIST_NAME:
        raise invalid(path, f"it does not begin with '{LIST_NAME}'")
    if len(infos) > MAX_ENTRIES:
        raise unsafe(path, f"it names {len(infos)} files; {MAX_ENTRIES} are taken at most")
    if infos[0].file_size > MAX_LIST_BYTES:
        raise unsafe(path, f"its list says to have {infos[0].file_size} bytes")
    seen: set[str] = set()
    for info in infos:
        if info is not infos[0]:
            checked_name(info.orig_filename)
        key = same_file_key(info.orig_filename)
        if key in seen:
            raise unsafe(path, f"'{_shown(info)}' is in it twice, or under names that mean the same file")
        seen.add(key)
        _check_entry(path, info)
    total = sum(info.file_size for info in infos)
    if total > MAX_TOTAL_BYTES:
        raise unsafe(path, f"it would take {total / 1e9:.1f} GB; {MAX_TOTAL_BYTES / 1e9:.0f} GB are the most")
    if sum(info.compress_size for info in infos) > path.stat().st_size:
        raise unsafe(path, "its entries overlap: together they are larger than the file itself")


def _check_entry(path: Path, info: zipfile.ZipInfo) -> None:
    name = _shown(info)
    if info.flag_bits & _ENCRYPTED_BITS:
        raise invalid(path, f"'{name}' in it is encrypted")
    if info.compress_type not in _METHODS:
        raise invalid(path, f"'{name}' in it is packed in a way that exported runs do not use")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG) or info.is_dir():
        raise unsafe(path, f"'{name}' in it is no plain file but a link, a folder or a device")
    if not is_stored(info.orig_filename) and info.file_size > MAX_TEXT_BYTES:
        raise unsafe(path, f"'{name}' in it would have {info.file_size / 1e6:.0f} MB, far more than any run writes")
    if info.file_size > RATIO_FROM_BYTES and info.file_size > MAX_RATIO * max(1, info.compress_size):
        raise unsafe(
            path, f"'{name}' in it would grow to {info.file_size / max(1, info.compress_size):.0f} times its size"
        )


def _compare(path: Path, listed: ArchiveList, infos: list[zipfile.ZipInfo]) -> None:
    there = {info.orig_filename: info.file_size for info in infos}
    named = {part.path: part.byte_count for part in listed.parts}
    if len(named) != len(listed.parts):
        raise invalid(path, "its list names a part twice")
    if MANIFEST_NAME not in named:
        raise invalid(path, f"it holds no '{MANIFEST_NAME}'")
    for name in sorted(set(named) ^ set(there)):
        where = "is in its list only" if name in named else "is not in its list"
        raise invalid(path, f"'{name}' {where}")
    for name, byte_count in named.items():
        if there[name] != byte_count:
            raise invalid(path, f"'{name}' has {there[name]} bytes, and {byte_count} by its list")


def _shown(info: zipfile.ZipInfo) -> str:
    return info.orig_filename.encode("ascii", "backslashreplace").decode("ascii")[:120]
