import hashlib
import os
import sys
from pathlib import Path

import pytest
from PIL import Image

from wan22.job.start_image import read_start_image
from wan22.schema.problem import AppError


def test_size_format_and_digest(tmp_path: Path):
    path = tmp_path / "bild ü.png"
    Image.new("RGB", (48, 32), "teal").save(path)
    image = read_start_image(path)
    assert (image.width, image.height, image.format) == (48, 32, "PNG")
    assert image.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_rotation_mark_is_applied_as_the_server_does(tmp_path: Path):
    path = tmp_path / "phone.jpg"
    picture = Image.new("RGB", (48, 32))
    marks = Image.Exif()
    marks[0x0112] = 6  # rotated by a quarter turn
    picture.save(path, exif=marks)
    image = read_start_image(path)
    assert (image.width, image.height) == (32, 48)


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, b"<svg></svg>"])
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "bad.png"
    path.write_bytes(content)
    with pytest.raises(AppError) as caught:
        read_start_image(path)
    assert caught.value.problem.code == "image_unreadable"
    assert "bad.png" in caught.value.problem.message


def test_a_cut_off_file_is_refused(tmp_path: Path):
    whole = tmp_path / "whole.png"
    Image.effect_noise((200, 200), 80).save(whole)
    cut = tmp_path / "cut.png"
    cut.write_bytes(whole.read_bytes()[:5000])
    with pytest.raises(AppError) as caught:
        read_start_image(cut)
    assert caught.value.problem.code == "image_unreadable"


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path):
    for path in (tmp_path / "nothing.png", tmp_path):
        with pytest.raises(AppError) as caught:
            read_start_image(path)
        assert caught.value.problem.code == "file_unreadable"
        assert str(path) in caught.value.problem.message


def test_a_picture_with_too_many_pixels_is_refused(tmp_path: Path):
    path = tmp_path / "bomb.png"
    Image.new("1", (20000, 10000)).save(path)
    with pytest.raises(AppError) as caught:
        read_start_image(path)
    assert caught.value.problem.code == "image_unreadable"
    assert "too many pixels" in caught.value.problem.message


@pytest.mark.skipif(sys.platform == "win32", reason="such files are for other systems")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path):
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    with pytest.raises(AppError) as caught:
        read_start_image(pipe)
    assert caught.value.problem.code == "image_unreadable"
    assert "a pipe" in caught.value.problem.message


@pytest.mark.skipif(sys.platform != "linux", reason="other systems' file names are text")
def test_a_name_that_is_no_text_is_refused(tmp_path: Path):
    path = tmp_path / os.fsdecode(b"k\xfche.png")
    Image.new("RGB", (16, 16)).save(path)
    with pytest.raises(AppError) as caught:
        read_start_image(path)
    assert "rename the file" in caught.value.problem.message
    caught.value.problem.model_dump_json().encode("utf-8")
