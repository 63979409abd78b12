import errno
import io
from collections import deque
from pathlib import Path

import pytest

from wan22.runs.append_file import AppendFile


class _FullDisk(io.FileIO):
    """A file on a disk with room for so many bytes; like the system, it takes what fits before it refuses."""

    room = 0

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        taken = data[: _FullDisk.room]
        if not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        _FullDisk.room -= len(taken)
        return super().write(taken)


class _PathOnFullDisk(type(Path())):  # type: ignore[misc]
    """A path whose file is opened on the full disk."""

    def open(self, mode: str, *, buffering: int) -> _FullDisk:
        assert buffering == 0
        return _FullDisk(str(self), mode)


def test_lines_are_in_the_file_at_once(tmp_path: Path):
    path, lines = tmp_path / "log", deque([b"one\n", b"two\n"])
    file = AppendFile(path)
    file.write_lines(lines)
    assert path.read_bytes() == b"one\ntwo\n"
    assert not lines
    file.close()


def test_it_goes_on_where_it_was(tmp_path: Path):
    path = tmp_path / "log"
    path.write_bytes(b"old\n")
    file = AppendFile(path)
    file.write_lines(deque([b"new\n"]))
    file.close()
    file.write_lines(deque([b"newer\n"]))
    file.close()
    assert path.read_bytes() == b"old\nnew\nnewer\n"


@pytest.mark.parametrize("room", range(13))
def test_a_full_disk_leaves_whole_lines_and_gives_the_rest_back(tmp_path: Path, room: int):
    path, lines = tmp_path / "log", deque([b"aaa\n", b"bbb\n", b"ccc\n"])
    file = AppendFile(_PathOnFullDisk(path))
    _FullDisk.room = room
    if room < 12:
        with pytest.raises(OSError, match="No space"):
            file.write_lines(lines)
    else:
        file.write_lines(lines)
    assert path.read_bytes() == b"aaa\nbbb\nccc\n"[: room // 4 * 4]
    assert len(lines) == 3 - room // 4
    _FullDisk.room = 1000
    file.write_lines(lines)
    file.close()
    assert path.read_bytes() == b"aaa\nbbb\nccc\n"


def test_a_torn_line_that_cannot_be_cut_off_now_is_cut_off_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path, lines = tmp_path / "log", deque([b"aaa\n", b"bbb\n"])
    file = AppendFile(_PathOnFullDisk(path))
    _FullDisk.room = 6

    def refuse(self: object, size: int) -> int:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(_FullDisk, "truncate", refuse)
        with pytest.raises(OSError, match="Input/output"):
            file.write_lines(lines)
    file.close()
    assert path.read_bytes() == b"aaa\nbb"
    _FullDisk.room = 1000
    file.write_lines(lines)
    file.close()
    assert path.read_bytes() == b"aaa\nbbb\n"
