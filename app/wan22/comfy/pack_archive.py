"""A node pack as a ZIP file, for machines without git; strangers' archives are unpacked with care."""

import stat
import zipfile
from pathlib import Path, PurePosixPath

import requests

from wan22.schema.problem import AppError, app_error
from wan22.system.cancel import CancelToken
from wan22.system.files import file_error, safe_file_name

_LIMITS_S = (10.0, 60.0)
_CHUNK_BYTES = 1 << 20
_MOST_BYTES = 1 << 30
_MOST_FILES = 20_000


def fetch_archive(url: str, target: Path, cancel: CancelToken) -> None:
    """Download `url` to the file `target`. AppError `pack_fetch_failed`, `cancelled`, `disk_full`."""
    try:
        with requests.get(url, timeout=_LIMITS_S, stream=True, headers={"Connection": "close"}) as response:
            if response.status_code != requests.codes.ok:
                message = f"{url} answered with HTTP {response.status_code}."
                raise app_error("pack_fetch_failed", message, url=url)
            _save(response, target, url, cancel)
    except requests.RequestException as error:
        message = f"{url} could not be fetched."
        raise app_error("pack_fetch_failed", message, detail=repr(error), url=url) from error


def unpack_archive(archive: Path, folder: Path, cancel: CancelToken) -> None:
    """Unpack what lies in the one top folder of `archive` into `folder`, which must not exist.

    Raises AppError `pack_fetch_failed` for an archive that would write elsewhere, holds links, or is too big.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            members = _checked(packed)
            for member, path in members:
                cancel.raise_if_set()
                target = folder.joinpath(*path.parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                _write(packed, member, target)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise _hostile("it is damaged or uses a way of packing that is not known", repr(error)) from error
    except OSError as error:
        raise file_error(error, folder, writing=True) from error


def _save(response: requests.Response, target: Path, url: str, cancel: CancelToken) -> None:
    count = 0
    try:
        with target.open("wb") as file:
            for piece in response.iter_content(_CHUNK_BYTES):
                cancel.raise_if_set()
                count += len(piece)
                if count > _MOST_BYTES:
                    raise app_error("pack_fetch_failed", f"{url} is larger than 1 GiB.", url=url)
                file.write(piece)
    except OSError as error:
        if isinstance(error, requests.RequestException):
            raise
        raise file_error(error, target, writing=True) from error


def _checked(packed: zipfile.ZipFile) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """Files with their paths below the top folder."""
    infos = packed.infolist()
    if len(infos) > _MOST_FILES or sum(info.file_size for info in infos) > _MOST_BYTES:
        raise _hostile("it is far too big for a node pack")
    found: list[tuple[zipfile.ZipInfo, PurePosixPath]] = []
    tops: set[str] = set()
    for info in infos:
        path = PurePosixPath(info.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in info.filename or ":" in info.filename:
            raise _hostile(f"it holds the path '{info.filename[:100]}'")
        if stat.S_ISLNK(info.external_attr >> 16):
            continue  # as git without symbolic links: what a link means is lost, nothing can be reached by it
        tops.add(path.parts[0] if path.parts else "")
        if any(safe_file_name(part) != part for part in path.parts[1:]) or ".git" in path.parts:
            raise _hostile(f"it holds a name that not every system takes: '{info.filename[:100]}'")
        if not info.is_dir() and len(path.parts) > 1:
            found.append((info, PurePosixPath(*path.parts[1:])))
    if len(tops) != 1 or not found:
        raise _hostile("it does not hold exactly one folder with files")
    return found


def _write(packed: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    left = member.file_size
    with packed.open(member) as source, target.open("xb") as file:
        while piece := source.read(_CHUNK_BYTES):
            left -= len(piece)
            if left < 0:
                raise _hostile("a file in it is larger than it says")
            file.write(piece)


def _hostile(why: str, detail: str = "") -> AppError:
    return app_error("pack_fetch_failed", f"The archive of the node pack is not unpacked: {why}.", detail=detail)
