from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.page_check import cut_off
from tests.ui.stage import Stage
from wan22.ui.pages.queue_page import QueuePage
from wan22.ui.pages.setup_page import SetupPage
from wan22.ui.state.dropped_file import DropPlace, dropped
from wan22.ui.theme import Theme

COPY, LEFT, NONE = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def stage(theme: Theme, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(theme, tmp_path / "stage")
    made.window.resize(1440, 900)
    made.window.show()
    made.window.open_page("monitor")
    made.settle()
    yield made
    made.close()


def files(*paths: Path) -> QMimeData:
    given = QMimeData()
    given.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return given


def enter(stage: Stage, given: QMimeData) -> QDragEnterEvent:
    event = QDragEnterEvent(QPoint(700, 400), COPY, given, LEFT, NONE)
    QApplication.sendEvent(stage.window, event)
    return event


def drop(stage: Stage, given: QMimeData) -> None:
    assert enter(stage, given).isAccepted()
    QApplication.sendEvent(stage.window, QDropEvent(QPointF(700, 400), COPY, given, LEFT, NONE))
    stage.settle()


@pytest.mark.parametrize(
    ("names", "place"),
    [
        (["a.PNG"], DropPlace.image),
        (["a.png", "b.jpg"], DropPlace.images),
        (["flow.json"], DropPlace.workflow),
        (["clip.mp4"], DropPlace.workflow),
        (["2026.wan22run"], DropPlace.archive),
        (["ComfyUI"], DropPlace.folder),
        (["ComfyUI_0.25"], DropPlace.folder),
        (["report.pdf"], DropPlace.nowhere),
        (["a.png", "flow.json"], DropPlace.nowhere),
        ([], DropPlace.nowhere),
    ],
)
def test_where_things_belong(names: list[str], place: DropPlace):
    assert dropped([Path("/x") / name for name in names]).place is place


def test_a_very_long_name_is_shortened_and_a_refusal_names_the_ending():
    assert len(dropped([Path("x" * 300 + ".png")]).detail) < 80
    assert "nothing here takes .pdf files" in dropped([Path("a.pdf")]).detail


def test_the_overlay_says_what_will_happen_and_goes_again(stage: Stage, tmp_path: Path):
    enter(stage, files(tmp_path / "boat.png"))
    overlay = stage.context.hand_over.drop.overlay
    assert overlay is not None
    assert overlay.isVisible()
    assert (overlay.title.text(), overlay.detail.text()) == ("Start image of the next video", "boat.png → Run")
    stage.settle()
    assert cut_off(stage.window) == []
    QApplication.sendEvent(stage.window, QDragLeaveEvent())
    assert not overlay.isVisible()
    enter(stage, files(tmp_path / "notes.pdf"))
    assert overlay.title.text() == "This cannot be used here"
    QApplication.sendEvent(stage.window, QDragLeaveEvent())


def test_fields_below_the_overlay_still_get_what_is_dropped_on_them(stage: Stage, tmp_path: Path):
    stage.window.open_page("run")
    stage.settle()
    enter(stage, files(tmp_path / "boat.png"))
    overlay = stage.context.hand_over.drop.overlay
    assert overlay is not None
    below = stage.window.childAt(QPoint(400, 200))
    assert below is not None
    assert below is not overlay
    QApplication.sendEvent(stage.window, QDragLeaveEvent())


def test_a_picture_goes_to_the_run_page(stage: Stage, tmp_path: Path):
    given: list[object] = []
    stage.context.hand_over.image_given.connect(given.append)
    drop(stage, files(tmp_path / "boat.png"))
    assert (stage.window.page_key, given) == ("run", [tmp_path / "boat.png"])


def test_pixels_of_a_browser_go_there_too(stage: Stage):
    picture = QImage(8, 8, QImage.Format.Format_RGB32)
    picture.fill(QColor("red"))
    mime = QMimeData()
    mime.setImageData(picture)
    given: list[object] = []
    stage.context.hand_over.pixels_given.connect(given.append)
    drop(stage, mime)
    assert stage.window.page_key == "run"
    assert len(given) == 1


def test_several_pictures_are_many_jobs(stage: Stage, tmp_path: Path):
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for path in paths:
        QImage(8, 8, QImage.Format.Format_RGB32).save(str(path))
    drop(stage, files(*paths))
    page = stage.window.stack.currentWidget()
    assert isinstance(page, QueuePage)
    assert page.adder.isVisible()


def test_a_workflow_goes_to_its_section_and_a_folder_to_comfyui(stage: Stage, tmp_path: Path):
    given: list[object] = []
    stage.context.hand_over.workflow_given.connect(given.append)
    drop(stage, files(tmp_path / "flow.json"))
    page = stage.window.stack.currentWidget()
    assert isinstance(page, SetupPage)
    assert page.stack.currentWidget() is page.workflows
    assert given == [tmp_path / "flow.json"]
    folder = tmp_path / "Comfy UI ü"
    folder.mkdir()
    drop(stage, files(folder))
    assert page.stack.currentWidget() is page.server
    assert page.server.folder.folder.text() == str(folder)


def test_an_exported_run_goes_to_the_history(stage: Stage, tmp_path: Path):
    given: list[object] = []
    stage.context.hand_over.archive_given.connect(given.append)
    drop(stage, files(tmp_path / "boat.wan22run"))
    assert (stage.window.page_key, given) == ("history", [tmp_path / "boat.wan22run"])


def test_everything_else_is_refused_in_words(qtbot: QtBot, stage: Stage, tmp_path: Path):
    drop(stage, files(tmp_path / "report.pdf"))
    qtbot.waitUntil(stage.window.problem.isVisible)
    assert "report.pdf: nothing here takes .pdf files" in stage.window.problem.message.text()
    assert stage.window.page_key == "monitor"
    link = QMimeData()
    link.setUrls([QUrl("https://example.org/boat.png")])
    drop(stage, link)
    assert "only a link" in stage.window.problem.message.text()
