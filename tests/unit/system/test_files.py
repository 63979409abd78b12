import errno
import hashlib
import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wan22.schema.problem import AppError
from wan22.system.cancel import CancelToken
from wan22.system.files import (
    file_error,
    free_bytes,
    read_text,
    safe_file_name,
    sha256_of,
    write_json_atomic,
    write_text_atomic,
)

TEXT = "Größe 日本\r\nsecond\n"


def test_text_comes_back_unchanged_and_nothing_else_is_left(tmp_path: Path):
    path = tmp_path / "Mein Ordner" / "ünï 日本.txt"
    write_text_atomic(path, "old")
    write_text_atomic(path, TEXT)
    assert path.read_bytes() == TEXT.encode()
    assert read_text(path) == TEXT
    assert list(path.parent.iterdir()) == [path]


def test_json_is_readable_by_a_person(tmp_path: Path):
    path = tmp_path / "run.json"
    write_json_atomic(path, {"name": "Größe", "values": [1, None]})
    assert path.read_text(encoding="utf-8").startswith('{\n  "name": "Größe"')
    assert json.loads(read_text(path)) == {"name": "Größe", "values": [1, None]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json_atomic(path, {"value": float("nan")})
    assert json.loads(read_text(path))["name"] == "Größe"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes and links")
def test_mode_and_link_survive(tmp_path: Path):
    real = tmp_path / "dotfiles" / "settings.toml"
    write_text_atomic(real, "old")
    assert real.stat().st_mode & 0o777 == 0o666 & ~current_umask()
    real.chmod(0o640)
    link = tmp_path / "settings.toml"
    link.symlink_to(real)
    write_text_atomic(link, "new")
    assert link.is_symlink()
    assert read_text(real) == "new"
    assert real.stat().st_mode & 0o777 == 0o640


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_failed_write_leaves_the_old_file_and_says_why(tmp_path: Path):
    folder = tmp_path / "taken"
    write_text_atomic(folder / "inside.txt", "kept")
    with pytest.raises(AppError) as caught:
        write_text_atomic(folder, "a folder cannot be replaced by a file")
    assert caught.value.problem.code == "file_unwritable"
    assert caught.value.problem.where == {"path": str(folder)}
    assert str(folder) in caught.value.problem.message
    assert [item.name for item in tmp_path.iterdir() if item.suffix == ".tmp"] == []
    assert read_text(folder / "inside.txt") == "kept"


def test_a_folder_that_is_a_file_is_unwritable(tmp_path: Path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(AppError) as caught:
        write_text_atomic(tmp_path / "file" / "below.txt", "x")
    assert caught.value.problem.code == "file_unwritable"


def test_text_that_is_no_text_is_refused(tmp_path: Path):
    with pytest.raises(AppError) as caught:
        write_text_atomic(tmp_path / "x.txt", "a lone surrogate: \udcff")
    assert caught.value.problem.code == "file_unwritable"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_named():
    full = Path("/dev/full")
    with pytest.raises(OSError) as caught, full.open("wb", buffering=0) as file:
        file.write(b"x")
    found = file_error(caught.value, full, writing=True).problem
    assert found.code == "disk_full"
    assert "the disk is full" in found.message
    assert file_error(OSError(errno.EDQUOT, "quota"), full, writing=True).problem.code == "disk_full"


def test_a_byte_order_mark_is_no_text(tmp_path: Path):
    path = tmp_path / "from an editor.txt"
    path.write_bytes(b"\xef\xbb\xbfport = 1")
    assert read_text(path) == "port = 1"


@pytest.mark.parametrize("data", [b"Gr\xf6\xdfe", "wide".encode("utf-16")])
def test_another_encoding_is_named(tmp_path: Path, data: bytes):
    path = tmp_path / "latin.txt"
    path.write_bytes(data)
    with pytest.raises(AppError, match="not a UTF-8 text") as caught:
        read_text(path)
    assert caught.value.problem.code == "file_unreadable"


def test_a_missing_file_is_named(tmp_path: Path):
    path = tmp_path / "missing"
    for read in (read_text, sha256_of):
        with pytest.raises(AppError) as caught:
            read(path)
        assert caught.value.problem.code == "file_unreadable"
        assert caught.value.problem.where == {"path": str(path)}


def test_sha256_is_that_of_the_bytes_and_can_be_stopped(tmp_path: Path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"weights" * 1_000_000)
    token = CancelToken()
    assert sha256_of(path, token) == hashlib.sha256(path.read_bytes()).hexdigest()
    token.set()
    with pytest.raises(AppError) as caught:
        sha256_of(path, token)
    assert caught.value.problem.code == "cancelled"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("clip_00001_.mp4", "clip_00001_.mp4"),
        ("A fox: 5 s / 81 frames?", "A fox_ 5 s _ 81 frames_"),
        ("..\\..\\etc/passwd", ".._.._etc_passwd"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("com¹", "_com¹"),
        ("COM1 .tar.gz", "_COM1 .tar.gz"),
        ("console.txt", "console.txt"),
        ("name. . .", "name"),
        ("..", "_"),
        (".", "_"),
        ("", "_"),
        ("tab\tand\nline", "tab_and_line"),
        (".hidden", ".hidden"),
        ("u\u0308nï 日本.png", "ünï 日本.png"),
        ("lone \udcff", "lone _"),
    ],
)
def test_safe_file_name(text: str, name: str):
    assert safe_file_name(text) == name


def test_a_long_name_keeps_its_ending():
    name = safe_file_name("日" * 100 + ".safetensors")
    assert name.endswith(".safetensors")
    assert 100 < len(name.encode()) <= 120
    assert len(safe_file_name("x" + "." + "y" * 300).encode()) <= 120


@given(st.text(max_size=150))
def test_any_text_gives_a_name_that_works(tmp_path_factory: pytest.TempPathFactory, text: str):
    name = safe_file_name(text)
    assert safe_file_name(name) == name
    assert 0 < len(name.encode()) <= 121
    assert not name.endswith((".", " "))
    path = tmp_path_factory.getbasetemp() / name
    assert path.parent == tmp_path_factory.getbasetemp()
    path.touch()
    path.unlink()


def test_free_bytes_of_a_folder_that_does_not_exist_yet(tmp_path: Path):
    assert free_bytes(tmp_path / "a" / "b") > 0
    assert abs(free_bytes(tmp_path / "a") - free_bytes(tmp_path)) < 1_000_000_000
