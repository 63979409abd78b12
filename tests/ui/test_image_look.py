from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtGui import QColor, QImage

from tests.ui.run_stage import moving_file, picture_file
from wan22.schema.problem import AppError
from wan22.ui.state import image_look
from wan22.ui.state.image_look import keep_picture, look_at, thumb


def refusal(path: Path, folder: Path) -> str:
    with pytest.raises(AppError) as caught:
        look_at(path, folder)
    return f"{caught.value.problem.code}: {caught.value.problem.message}"


def test_a_picture_is_measured_and_made_small(tmp_path: Path):
    path = picture_file(tmp_path / "Ünï côde" / "wide picture.jpg", 2000, 1000)
    look = look_at(path, tmp_path / "kept")
    assert (look.path, look.width, look.height, look.note) == (path, 2000, 1000, "")
    assert (look.picture.width(), look.picture.height()) == (1024, 512)
    assert not (tmp_path / "kept").exists()


def test_a_turned_photo_is_taken_upright(tmp_path: Path):
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (80, 40)).save(path, exif=exif)
    look = look_at(path, tmp_path)
    assert (look.width, look.height) == (40, 80)
    assert (look.picture.width(), look.picture.height()) == (40, 80)


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_of_a_moving_picture_only_the_first_frame_is_sent(tmp_path: Path, ending: str):
    path = moving_file(tmp_path / f"moving.{ending}")
    look = look_at(path, tmp_path / "kept")
    assert look.origin == path
    assert look.note == f"moving.{ending} moves: only its first frame is used."
    with Image.open(look.path) as still:
        assert (still.format, still.size, getattr(still, "n_frames", 1)) == ("PNG", (96, 64), 1)
    assert look_at(path, tmp_path / "kept").path == look.path
    assert len(list((tmp_path / "kept").iterdir())) == 1


def test_a_still_gif_is_sent_as_it_is(tmp_path: Path):
    path = picture_file(tmp_path / "still.gif", 64, 64)
    assert look_at(path, tmp_path).path == path


def test_what_is_no_picture_is_refused_in_words(tmp_path: Path):
    text = tmp_path / "notes.png"
    text.write_text("no picture", encoding="utf-8")
    assert refusal(text, tmp_path).startswith("image_unreadable: The start image notes.png is not a readable picture")
    assert refusal(tmp_path / "gone.png", tmp_path).startswith("file_unreadable")
    assert refusal(tmp_path, tmp_path).endswith("is a folder; one picture is needed.")


def test_a_file_that_comfyui_would_not_take_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = picture_file(tmp_path / "large.bmp", 800, 800)
    monkeypatch.setattr(image_look, "MAX_BYTES", 1_000_000)
    assert refusal(path, tmp_path) == (
        "image_unreadable: The start image large.bmp is 2 MB large; ComfyUI takes 1 MB at most."
    )


def test_a_thumb_is_small_and_a_missing_file_has_none(tmp_path: Path):
    found = thumb(picture_file(tmp_path / "a.png", 800, 400))
    assert found is not None
    assert found.picture.width() == 192
    assert thumb(tmp_path / "gone.png") is None


def test_a_pasted_picture_is_kept_once(tmp_path: Path):
    picture = QImage(32, 16, QImage.Format.Format_RGB32)
    picture.fill(QColor("red"))
    first = keep_picture(picture, tmp_path / "images", "pasted")
    assert keep_picture(picture, tmp_path / "images", "pasted") == first
    assert look_at(first, tmp_path).width == 32
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(AppError) as caught:
        keep_picture(picture, tmp_path / "file", "pasted")
    assert caught.value.problem.code == "file_unwritable"
