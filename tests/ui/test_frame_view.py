import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from wan22.ui.theme import Scheme, Theme
from wan22.ui.widgets.frame_view import FrameView


def picture(width: int, height: int, colour: str = "#c03010") -> QImage:
    image = QImage(width, height, QImage.Format.Format_RGB888)
    image.fill(QColor(colour))
    return image


@pytest.fixture
def view(qtbot: QtBot, theme: Theme) -> FrameView:
    made = FrameView(theme)
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.show()
    return made


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (400, 300, QRectF(0, 0, 400, 300)),
        (1600, 900, QRectF(0, 37, 400, 225)),
        (90, 160, QRectF(115, 0, 169, 300)),
        (40, 30, QRectF(0, 0, 400, 300)),
        (5, 5000, QRectF(199, 0, 1, 300)),
    ],
)
def test_a_picture_is_fitted_whole(view: FrameView, width: int, height: int, expected: QRectF):
    view.show_image(picture(width, height))
    assert view.picture_rect() == expected
    shown = view.grab().toImage()
    assert shown.pixelColor(expected.toRect().center()).red() > 150


def test_bars_have_the_colour_of_the_surface(view: FrameView, theme: Theme):
    view.show_image(picture(1600, 900))
    assert view.grab().toImage().pixelColor(200, 5) == theme.colour("panel")
    theme.choose(Scheme.light)
    assert view.grab().toImage().pixelColor(200, 5) == theme.colour("panel")
    theme.choose(Scheme.dark)


def test_a_picture_of_the_same_size_keeps_every_pixel(view: FrameView):
    image = picture(400, 300)
    for x in range(0, 400, 2):
        image.setPixelColor(x, 150, QColor("white"))
    view.show_image(image)
    shown = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    assert shown == image


def test_a_much_larger_picture_is_averaged_and_not_sampled(view: FrameView):
    image = picture(3200, 2400, "black")
    for x in range(0, 3200, 2):
        for y in range(80):
            image.setPixelColor(x, y, QColor("white"))
    view.show_image(image)
    assert 110 <= view.grab().toImage().pixelColor(200, 4).red() <= 145


def test_pixels_that_are_not_square(view: FrameView):
    view.show_image(picture(720, 576), pixel_aspect=16 / 15)
    assert view.picture_rect() == QRectF(0, 0, 400, 300)


def test_words_take_the_place_of_the_picture(view: FrameView, theme: Theme):
    view.show_image(picture(400, 300))
    view.show_text("No clip", "It appears here.")
    assert view.image is None
    assert view.words == ("No clip", "It appears here.")
    assert "No clip" in view.accessibleDescription()
    shown = view.grab().toImage()
    inks = {shown.pixelColor(x, y).name() for x in range(100, 300) for y in range(120, 180)}
    assert theme.colour("text").name() in inks
    assert shown.pixelColor(200, 20) == theme.colour("field")


def test_the_keyboards_focus_is_seen_and_the_pointers_is_not(view: FrameView, theme: Theme):
    view.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    view.show_image(picture(400, 300))
    view.activateWindow()
    view.setFocus(Qt.FocusReason.MouseFocusReason)
    assert view.grab().toImage().pixelColor(200, 1).red() > 150
    view.clearFocus()
    view.setFocus(Qt.FocusReason.TabFocusReason)
    assert view.grab().toImage().pixelColor(200, 1) == theme.colour("focus")
    view.clearFocus()
    assert view.grab().toImage().pixelColor(200, 1) != theme.colour("focus")
