"""Where a file says that it ends, to tell a file that was cut short from one that is whole.

Read from the outermost structure alone: boxes of MP4 (ISO 14496-12), EBML of Matroska and WebM (RFC 8794), RIFF of AVI.
"""

from pathlib import Path
from typing import BinaryIO

_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
_FIRST_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"}
_BOXES_READ = 100_000
_BEYOND = 1 << 56  # the size itself is cut off


def is_cut_short(path: Path) -> bool:
    """Whether the file is shorter than it says, or an MP4 without its index. OSError as `open`.

    False also when the format does not say where it ends.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[4:8] in _FIRST_BOXES:
            return _mp4_is_cut(file, size)
        if head[:4] == _EBML:
            return _ebml_is_cut(file, size)
        if head[:4] == b"RIFF":
            return int.from_bytes(head[4:8], "little") + 8 > size + 1  # some writers leave out the last padding byte
    return False


def _mp4_is_cut(file: BinaryIO, size: int) -> bool:
    place, has_index = 0, False
    for _ in range(_BOXES_READ):
        file.seek(place)
        head = file.read(16)
        if len(head) < 8:
            break
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        elif length == 0:  # the box reaches to the end of the file
            length = size - place
        has_index = has_index or head[4:8] in (b"moov", b"moof")
        if length < 8:
            return False  # not a box: something else follows, which players skip
        place += length
        if place > size:
            return True
    return not has_index


def _ebml_is_cut(file: BinaryIO, size: int) -> bool:
    file.seek(4)
    length = _number(file)
    file.seek(length or 0, 1)
    name = file.read(4)
    if name != _SEGMENT:
        return len(name) < 4
    length = _number(file)
    return length is not None and file.tell() + length > size  # None: the writer left the size open


def _number(file: BinaryIO) -> int | None:
    """A size of EBML: the leading zeros of the first byte tell its length, all ones mean unknown."""
    first = file.read(1)
    if not first:
        return _BEYOND
    if first[0] == 0:
        return None
    extra = 8 - first[0].bit_length()
    rest = file.read(extra)
    if len(rest) < extra:
        return _BEYOND
    value = int.from_bytes(bytes([first[0] & ((1 << (7 - extra)) - 1)]) + rest, "big")
    return None if value == (1 << (7 * (extra + 1))) - 1 else value
