from pathlib import Path

import pytest
from PySide6.QtGui import QFontInfo, QFontMetricsF, QPalette
from PySide6.QtWidgets import QApplication, QCheckBox, QPushButton, QRadioButton
from pytestqt.qtbot import QtBot

from wan22.system.paths import data_folder
from wan22.ui.measure import TextRole
from wan22.ui.palette import DARK, LIGHT, contrast_ratio
from wan22.ui.style_sheet import style_sheet
from wan22.ui.theme import FONT_FAMILY, Scheme, Theme, load_fonts


def test_inter_comes_with_the_program(theme: Theme):
    assert theme.family == FONT_FAMILY
    for role in TextRole:
        info = QFontInfo(theme.font(role))
        assert (info.family(), info.pixelSize(), info.weight()) == (FONT_FAMILY, *role.value)
    assert "SIL OPEN FONT LICENSE" in (data_folder() / "resources" / "fonts" / "OFL.txt").read_text(encoding="utf-8")


def test_all_figures_have_one_width(theme: Theme):
    metrics = QFontMetricsF(theme.font(TextRole.value))
    widths = [metrics.horizontalAdvance(figure * 10) / 10 for figure in "0123456789"]
    assert max(widths) - min(widths) < 0.1


def test_without_font_files_the_system_has_one(qapp: QApplication, tmp_path: Path):
    assert load_fonts(tmp_path) != ""


@pytest.mark.parametrize(("scheme", "colours"), [(Scheme.dark, DARK), (Scheme.light, LIGHT)])
def test_a_scheme_is_a_palette_and_a_style_sheet(theme: Theme, qapp: QApplication, scheme: Scheme, colours: object):
    theme.choose(scheme)
    assert theme.colours is colours
    assert qapp.palette().color(QPalette.ColorRole.Window).name().upper() == theme.colours.window
    assert theme.colours.accent in qapp.styleSheet()


def test_a_change_is_told_once(theme: Theme):
    told: list[str] = []
    theme.changed.connect(lambda: told.append(theme.colours.name))
    theme.choose(Scheme.light)
    theme.choose(Scheme.light)
    theme.choose(Scheme.dark)
    assert told == ["light", "dark"]


def test_an_unknown_system_scheme_is_dark(theme: Theme):
    theme.choose(Scheme.system)
    assert theme.scheme is Scheme.system
    assert theme.colours is DARK


@pytest.mark.parametrize("colours", [DARK, LIGHT], ids=lambda colours: colours.name)
def test_every_picture_of_the_style_sheet_exists(colours: object):
    icons = data_folder() / "resources" / "icons"
    text = style_sheet(colours, icons)
    names = [part.split('"')[0] for part in text.split('url("')[1:]]
    assert len(names) >= 4
    assert [name for name in names if not Path(name).is_file()] == []
    assert "$" not in text


@pytest.mark.parametrize("kind", [QCheckBox, QRadioButton])
def test_an_empty_box_can_be_seen_in_the_dark(qtbot: QtBot, theme: Theme, kind: type):
    box = kind("")
    qtbot.addWidget(box)
    box.resize(40, 24)
    box.show()
    picture = box.grab().toImage()
    inks = {picture.pixelColor(x, picture.height() // 2).name().upper() for x in range(picture.width())}
    assert max(contrast_ratio(ink, theme.colours.window) for ink in inks) >= 3.0


def test_focus_can_be_seen(qtbot: QtBot, theme: Theme):
    button = QPushButton("Start")
    qtbot.addWidget(button)
    button.show()
    button.setFocus()
    qtbot.waitUntil(button.hasFocus)
    focused = button.grab().toImage()
    inks = {focused.pixelColor(focused.width() // 2, y).name().upper() for y in range(3)}
    assert theme.colours.focus in inks
