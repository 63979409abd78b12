"""Sizes that fit a picture."""

from dataclasses import dataclass

from wan22.comfy.size_check import MOST_CROPPED, cropped_share, fitting_size

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SizeClass:
    """A number of pixels under a name, and the sizes of it that are usual."""

    key: str
    name: str
    pixels: int
    usual: tuple[Size, ...]
    tip: str


SIZE_CLASSES = (
    SizeClass("draft", "draft", 512 * 288, ((512, 288), (288, 512), (384, 384)), "to try a prompt"),
    SizeClass("480p", "480p", 640 * 640, ((832, 480), (480, 832), (640, 640)), "less than half the work of 720p"),
    SizeClass("720p", "720p", 1280 * 720, ((1280, 720), (720, 1280), (960, 960)), "what Wan 2.2 14B is made for"),
)
DEFAULT_CLASS = "720p"

_SHAPES = ((16, 9), (9, 16), (1, 1), (4, 3), (3, 4), (3, 2), (2, 3), (21, 9))


def size_in_class(one: SizeClass, image: Size) -> Size:
    """The usual size of the class when it shows nearly all of the image, else the one that fits best."""
    usual = min(one.usual, key=lambda size: cropped_share(image, size))
    return usual if cropped_share(image, usual) <= MOST_CROPPED else fitting_size(image, one.pixels)


def shape_text(size: Size) -> str:
    """`16:9`, or `1.46:1` where no usual shape is near."""
    for shape in _SHAPES:
        if cropped_share(size, shape) <= MOST_CROPPED:
            return f"{shape[0]}:{shape[1]}"
    width, height = size
    return f"{width / height:.2f}:1" if width > height else f"1:{height / width:.2f}"


def size_text(size: Size) -> str:
    """`1280 × 720`, kept on one line."""  # noqa: RUF002 - the sign of multiplication
    return f"{size[0]}\u00a0×\u00a0{size[1]}"  # noqa: RUF001
