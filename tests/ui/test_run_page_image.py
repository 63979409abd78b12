from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt, QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from tests.ui.run_page_acts import drop, empty_home, mime_of, pick, red
from tests.ui.run_stage import moving_file, open_run, picture_file
from tests.ui.stage import Stage
from wan22.ui.theme import Theme


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return empty_home(tmp_path, monkeypatch)


@pytest.fixture
def stage(qtbot: QtBot, theme: Theme, tmp_path: Path, home: Path):
    made = Stage(theme, tmp_path)
    made.window.resize(1440, 900)
    made.window.show()
    yield made
    made.close()


def test_a_dropped_file_becomes_the_start_image(stage: Stage, qtbot: QtBot, tmp_path: Path):
    page = open_run(stage)
    path = picture_file(tmp_path / "Ünï côde" / "my lake.png", 600, 600)
    drop(page.picker, mime_of(QUrl.fromLocalFile(str(path))))
    qtbot.waitUntil(lambda: page.image.look is not None and page.image.look.path == path)
    assert page.picker.accessibleName() == "Start image: my lake.png, 600 × 600 pixels"  # noqa: RUF001
    assert page.form.size == (960, 960)
    qtbot.waitUntil(lambda: len(page.image.recent.thumbs) == 2)
    assert page.strip.isVisible()


def test_pixels_from_a_browser_are_kept_as_a_file(stage: Stage, qtbot: QtBot, tmp_path: Path):
    page = open_run(stage)
    drop(page.picker, mime_of(QUrl("https://example.org/lake.png"), picture=red()))
    qtbot.waitUntil(lambda: page.image.look is not None and page.image.look.width == 48)
    assert page.image.look is not None
    assert page.image.look.path.parent == stage.context.parts.folders.data / "images"
    assert "is enlarged" in page.fields.size_doubt.text()


def test_control_v_takes_a_picture_from_the_clipboard(stage: Stage, qtbot: QtBot):
    page = open_run(stage)
    stage.window.activateWindow()
    qtbot.waitUntil(stage.window.isActiveWindow)
    QGuiApplication.clipboard().setImage(red())
    page.picker.setFocus()
    qtbot.keyClick(page.picker, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: page.image.look is not None and page.image.look.width == 48)
    QGuiApplication.clipboard().setText("words for the prompt")
    page.fields.prompt.setFocus()
    page.fields.prompt.selectAll()
    qtbot.keyClick(page.fields.prompt, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert page.form.prompt == "words for the prompt"
    page.paste()
    assert "There is no picture in what was given" in page.image_doubt.text()


def test_what_cannot_be_used_is_said_below_the_picture(stage: Stage, qtbot: QtBot, tmp_path: Path):
    page = open_run(stage)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n")
    pick(page, qtbot, broken)
    assert "✕ The start image broken.png is not a readable picture" in page.image_doubt.text()
    assert page.image_doubt.text().endswith("The picture before it is kept.")
    assert page.bar.generate.isEnabled()
    drop(page.picker, mime_of(QUrl("https://example.org/page")))
    assert "The browser gave only a link." in page.image_doubt.text()
    pick(page, qtbot, moving_file(tmp_path / "moving.gif"))
    assert page.image_doubt.text() == "! moving.gif moves: only its first frame is used."
    assert not stage.window.problem.isVisible()


def test_recent_images_are_chosen_by_keyboard_and_leave_when_gone(stage: Stage, qtbot: QtBot, tmp_path: Path):
    page = open_run(stage)
    paths = [picture_file(tmp_path / f"{number}.png", 64, 64) for number in range(6)]
    for path in paths:
        pick(page, qtbot, path)
    qtbot.waitUntil(lambda: [one.path for one in page.image.recent.thumbs] == paths[:0:-1])
    shown = [one for one in page.strip._buttons if one.isVisible()]
    assert [one.path for one in shown if one.isChecked()] == [paths[-1]]
    shown[2].setFocus()
    qtbot.keyClick(shown[2], Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.image.look is not None and page.image.look.path == paths[3])
    qtbot.keyClick(shown[2], Qt.Key.Key_Delete)
    assert paths[3] not in page.image.recent.paths
    paths[5].unlink()
    stage.window.open_page("monitor")
    stage.window.open_page("run")
    qtbot.waitUntil(lambda: [one.path for one in page.image.recent.thumbs] == [paths[4], paths[2], paths[1]])


def test_the_picture_and_the_strip_come_back(qtbot: QtBot, theme: Theme, tmp_path: Path, home: Path):
    path = picture_file(tmp_path / "a, b;c.png", 64, 64)
    for number, expected in enumerate(("a, b;c.png", "start_image.png")):
        stage = Stage(theme, tmp_path)
        page = open_run(stage)
        if number == 0:
            pick(page, qtbot, path)
            qtbot.waitUntil(lambda: len(page.image.recent.thumbs) == 2)  # noqa: B023 - used at once
            stage.context.memory.sync()
            stage.close()
            stage = Stage(theme, tmp_path)
            page = open_run(stage)
        assert page.image.look is not None
        assert page.image.look.origin.name == expected
        stage.close()
        path.unlink(missing_ok=True)


def test_enter_and_click_ask_for_a_file(stage: Stage, qtbot: QtBot, tmp_path: Path):
    page = open_run(stage)
    path = picture_file(tmp_path / "picked.png", 64, 64)
    for number, act in enumerate(
        (
            lambda: qtbot.keyClick(page.picker, Qt.Key.Key_Return),
            lambda: qtbot.mouseClick(page.picker, Qt.MouseButton.LeftButton),
        )
    ):
        act()
        dialog = page.findChildren(QFileDialog)[0]
        if number == 0:
            dialog.reject()
            dialog.deleteLater()
            QApplication.sendPostedEvents(dialog, QEvent.Type.DeferredDelete)
        else:
            dialog.fileSelected.emit(str(path))
            dialog.reject()
    qtbot.waitUntil(lambda: page.image.look is not None and page.image.look.path == path)
