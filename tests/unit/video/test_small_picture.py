import io
from pathlib import Path

import pytest
from PIL import Image

from wan22.schema.problem import AppError
from wan22.video.small_picture import small_jpeg

CLIP = Path(__file__).resolve().parents[2] / "data" / "clips" / "clip_src16.mp4"


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def test_a_clip_gives_its_first_frame(tmp_path: Path):
    picture = opened(small_jpeg(CLIP, 240))
    assert (picture.format, picture.size) == ("JPEG", (240, 135))


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_a_picture_is_made_small_and_upright(tmp_path: Path, name: str):
    path = tmp_path / name
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (800, 400), "#336699").save(path, exif=exif)
    picture = opened(small_jpeg(path, 240))
    assert picture.size == (120, 240)
    assert picture.getpixel((60, 120)) == pytest.approx((0x33, 0x66, 0x99), abs=3)


def test_transparency_and_small_pictures_are_taken(tmp_path: Path):
    path = tmp_path / "a.png"
    Image.new("RGBA", (16, 8), (255, 0, 0, 0)).save(path)
    assert opened(small_jpeg(path, 240)).size == (16, 8)


def test_what_cannot_be_drawn_is_said(tmp_path: Path):
    path = tmp_path / "a.png"
    path.write_bytes(b"no picture")
    with pytest.raises(AppError) as caught:
        small_jpeg(path, 240)
    assert caught.value.problem.code == "image_unreadable"
    with pytest.raises(AppError) as caught:
        small_jpeg(path.rename(tmp_path / "a.mp4"), 240)
    assert caught.value.problem.code.startswith("clip_")
