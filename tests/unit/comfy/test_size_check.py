import pytest

from tests.unit.comfy.graph_samples import shipped
from wan22.comfy.client import Graph
from wan22.comfy.size_check import cropped_share, fitting_size, size_doubts
from wan22.schema.problem import Severity


def _sized(**values: object) -> Graph:
    graph = shipped()
    graph["98"]["inputs"] |= values
    return graph


@pytest.mark.parametrize(("length", "made", "hint"), [(80, 77, "77 or 81"), (6, 5, "5 or 9"), (2, 1, "1 or 5")])
def test_an_unusual_length_says_how_many_frames_will_come(length: int, made: int, hint: str) -> None:
    (doubt,) = size_doubts(_sized(length=length), None)
    assert (doubt.code, doubt.severity, doubt.where["input"]) == ("length_unusual", Severity.warning, "length")
    assert f"asked for {length} frames, but {made} frame" in doubt.message
    assert hint in doubt.hint


# 66, 72 and 90 pixels were rendered by ComfyUI 0.25.0: the videos were 64, 72 and 88 pixels.
@pytest.mark.parametrize(
    ("size", "words", "hint"),
    [(66, "will be 64 pixels", "64 or 80"), (72, "pads it", "64 or 80"), (90, "will be 88 pixels", "80 or 96")],
)
@pytest.mark.parametrize("side", ["width", "height"])
def test_an_unusual_size(size: int, words: str, hint: str, side: str) -> None:
    (doubt,) = size_doubts(_sized(**{side: size}), None)
    assert (doubt.code, doubt.where["input"]) == ("size_unusual", side)
    assert words in doubt.message
    assert hint in doubt.hint


@pytest.mark.parametrize(
    "values", [{"length": 1}, {"length": 81, "width": 1280, "height": 720}, {"length": ["gone", 0]}]
)
def test_usual_or_unknown_values_are_left_alone(values: dict[str, object]) -> None:
    assert list(size_doubts(_sized(**values), None)) == []


@pytest.mark.parametrize(
    ("image", "share", "sides"),
    [
        ((640, 640), 0.0, ""),
        ((646, 640), 0.009, ""),
        ((1920, 1080), 0.4375, "left and right"),
        ((480, 832), 0.423, "top and bottom"),
    ],
)
def test_cropping(image: tuple[int, int], share: float, sides: str) -> None:
    assert cropped_share(image, (640, 640)) == pytest.approx(share, abs=0.001)
    doubts = list(size_doubts(_sized(), image))
    assert [doubt.code for doubt in doubts] == (["aspect_cropped"] if sides else [])
    for doubt in doubts:
        assert sides in doubt.message
        assert f"{share:.0%}" in doubt.message


def test_the_suggested_size_keeps_the_picture() -> None:
    for image in ((1920, 1080), (480, 832), (96, 64), (4032, 3024), (1000, 999)):
        width, height = fitting_size(image, 640 * 640)
        assert width % 16 == height % 16 == 0
        assert cropped_share(image, (width, height)) <= 0.02
        assert 0.6 < width * height / 640**2 < 1.6


def test_a_node_in_between_takes_care_of_the_shape() -> None:
    graph = shipped()
    graph["sc"] = {"class_type": "ImageScale", "inputs": {"image": ["97", 0], "width": 640, "height": 640}}
    graph["98"]["inputs"]["start_image"] = ["sc", 0]
    assert list(size_doubts(graph, (1920, 1080))) == []
