import pytest

from wan22.comfy.size_check import cropped_share
from wan22.ui.state.size_preset import SIZE_CLASSES, shape_text, size_in_class, size_text
from wan22.ui.state.value_doubt import crop_words, length_words, side_words


def sizes(image: tuple[int, int]) -> list[tuple[int, int]]:
    return [size_in_class(one, image) for one in SIZE_CLASSES]


def test_usual_sizes_are_taken_where_they_fit():
    assert sizes((1920, 1080))[2] == (1280, 720)
    assert sizes((1080, 1920))[2] == (720, 1280)
    assert sizes((500, 500)) == [(384, 384), (640, 640), (960, 960)]
    assert sizes((1664, 960))[1] == (832, 480)


@pytest.mark.parametrize("image", [(1280, 720), (1000, 700), (333, 1000), (4000, 900), (17, 16)])
def test_every_size_is_a_multiple_of_16_and_keeps_the_picture(image: tuple[int, int]):
    for one, size in zip(SIZE_CLASSES, sizes(image), strict=True):
        assert size[0] % 16 == 0
        assert size[1] % 16 == 0
        assert cropped_share(image, size) <= 0.03
        assert one.pixels * 0.6 < size[0] * size[1] < one.pixels * 1.4


def test_shapes_have_their_usual_names():
    assert [shape_text(size) for size in ((1280, 720), (640, 640), (720, 1280), (1000, 700), (700, 1000))] == [
        "16:9",
        "1:1",
        "9:16",
        "1.43:1",
        "1:1.43",
    ]
    assert size_text((1280, 720)).replace("\u00a0", " ") == "1280 × 720"  # noqa: RUF001


def test_doubts_say_what_to_take():
    assert length_words(80) == "80 frames are not 4n + 1: 77 will come. Take 77 or 81."
    assert side_words((1280, 720)) == ""
    assert side_words((1271, 720)) == "The width 1271 is no multiple of 16: take 1264 or 1280."
    assert "33% of the picture is cut off, left and right" in crop_words((1200, 800), (800, 800))
