import shutil
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.fakes.comfy_server import FakeComfy, closed_port
from tests.ui.page_check import cut_off, texts, without_name
from tests.ui.run_stage import DEMO, moving_file, open_run, picture_file, wait_for
from tests.ui.stage import DATA, Stage
from wan22.schema.gpu import GpuInfo, GpuInventory
from wan22.schema.panel_fact import Activity, DeskChanged, GpuFound, PanelFact, ServerPresence
from wan22.schema.settings import Settings
from wan22.system.settings_file import load_settings
from wan22.ui.pages.run_page import RunPage
from wan22.ui.theme import Scheme, Theme
from wan22.wiring.desk import ServerChoice

SERVER = ServerPresence("http://127.0.0.1:8188", owned=True, simulated=True, profile="rtx5090")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's home, where a ComfyUI may lie."""
    made = tmp_path / "home"
    made.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(made))
    for name in ("COMFYUI_PATH", "COMFYUI_FOLDERS_BASE_PATH"):
        monkeypatch.delenv(name, raising=False)
    return made


@pytest.fixture
def stage(qtbot: QtBot, theme: Theme, tmp_path: Path, home: Path):
    made = Stage(theme, tmp_path)
    made.window.resize(1440, 900)
    made.window.show()
    yield made
    made.close()


def waiting(stage: Stage) -> list[int]:
    stage.settle()
    return [ticket.number for ticket in stage.context.panel.waiting]


def tell(stage: Stage, fact: PanelFact) -> None:
    stage.bus.publish(fact)
    stage.settle()


def pick(page: RunPage, qtbot: QtBot, path: Path) -> None:
    page.image.pick(path)
    qtbot.waitUntil(lambda: not page.image.is_looking)


def drop(target: QWidget, mime: QMimeData) -> None:
    place, action, button = QPointF(20, 20), Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(target, QDragEnterEvent(place.toPoint(), action, mime, button, none))
    QApplication.sendEvent(target, QDropEvent(place, action, mime, button, none, QEvent.Type.Drop))


def mime_of(*urls: QUrl, picture: QImage | None = None, text: str = "") -> QMimeData:
    mime = QMimeData()
    if urls:
        mime.setUrls(list(urls))
    if picture is not None:
        mime.setImageData(picture)
    if text:
        mime.setText(text)
    return mime


def red() -> QImage:
    picture = QImage(48, 32, QImage.Format.Format_RGB32)
    picture.fill(QColor("red"))
    return picture


def install(folder: Path) -> Path:
    shutil.copytree(DATA / "launch" / "fake_comfyui", folder)
    python = folder / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("", encoding="utf-8")
    (folder / "venv" / "Scripts").mkdir()
    (folder / "venv" / "Scripts" / "python.exe").write_text("", encoding="utf-8")
    return folder


def button(page: QWidget, start: str) -> QPushButton:
    return next(one for one in page.findChildren(QPushButton) if one.text().startswith(start) and one.isVisible())


# the job


def test_one_click_queues_what_the_form_says(stage: Stage, qtbot: QtBot):
    page = open_run(stage)
    assert page.bar.generate.text() == "Start the demo and generate"
    qtbot.mouseClick(page.bar.generate, Qt.MouseButton.LeftButton)
    assert waiting(stage) == [1]
    (ticket,) = stage.context.panel.waiting
    request = ticket.request
    assert request.image.name == "start_image.png"
    assert (request.width, request.height, request.length) == (1280, 720, 81)
    assert page.fields.seed.line.text() == str(request.seed)
    assert page.bar.generate.text() == "Add to queue"
    assert stage.context.panel.choice.previews


def test_control_enter_works_from_every_field(stage: Stage, qtbot: QtBot):
    page = open_run(stage)
    stage.window.activateWindow()
    qtbot.waitUntil(stage.window.isActiveWindow)
    for count, field in enumerate((page.fields.prompt, page.fields.seed.line, page.picker, page.fields.length), 1):
        field.setFocus()
        qtbot.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        assert len(waiting(stage)) == count
    assert "\n" not in page.form.shown_prompt


def test_a_number_that_is_still_typed_counts(stage: Stage, qtbot: QtBot):
    page = open_run(stage)
    page.fields.length.setFocus()
    page.fields.length.lineEdit().selectAll()
    qtbot.keyClicks(page.fields.length, "49")
    page.generate()
    waiting(stage)
    assert stage.context.panel.waiting[0].request.length == 49
    assert page.fields.length.detail.text() == "3.1 s"


def test_waiting_jobs_can_be_dropped(stage: Stage, qtbot: QtBot):
    page = open_run(stage)
    for _ in range(3):
        page.generate()
    assert waiting(stage) == [1, 2, 3]
    assert "3 jobs wait" in texts(page.bar)
    second = [one for one in page.bar.waiting.findChildren(QPushButton) if "job 2" in one.accessibleName()]
    qtbot.mouseClick(second[0], Qt.MouseButton.LeftButton)
    assert waiting(stage) == [1, 3]
    assert without_name(page.bar) == []


def test_again_makes_the_same_job_with_a_new_seed(stage: Stage):
    page = open_run(stage)
    page.generate()
    page.form.set_text("prompt", "another one")
    page.progress.again_wanted.emit()
    waiting(stage)
    first, second = (ticket.request for ticket in stage.context.panel.waiting)
    assert second.prompt == first.prompt
    assert second.seed != first.seed
    page.form.set_random(False)
    page.again()
    waiting(stage)
    assert stage.context.panel.waiting[2].request == second


def test_the_server_is_started_and_stopped_beside_it(stage: Stage, qtbot: QtBot):
    page = open_run(stage)
    asked: list[str] = []
    stage.context.connect_server = lambda: asked.append("connect")  # type: ignore[method-assign]
    stage.context.disconnect_server = lambda: asked.append("disconnect")  # type: ignore[method-assign]
    qtbot.mouseClick(page.bar.server, Qt.MouseButton.LeftButton)
    tell(stage, DeskChanged(time_s=1.0, activity=Activity.idle, server=SERVER))
    assert page.bar.server.text() == "Stop server"
    assert page.bar.generate.text() == "Generate"
    assert "The simulated ComfyUI runs at 127.0.0.1:8188, profile rtx5090." in texts(page.bar)
    qtbot.mouseClick(page.bar.server, Qt.MouseButton.LeftButton)
    assert asked == ["connect", "disconnect"]


def test_without_a_choice_the_button_says_why_not(stage: Stage):
    page = open_run(stage, ServerChoice(Settings()))
    assert not page.bar.generate.isEnabled()
    assert "! Choose a ComfyUI first." in texts(page.bar)
    page.generate()
    assert waiting(stage) == []
    assert page.card.isVisible()
    assert "Use the demo" in texts(page.card)


def test_a_picture_that_is_being_read_is_waited_for(stage: Stage, qtbot: QtBot, tmp_path: Path):
    page = open_run(stage)
    path = picture_file(tmp_path / "next.png", 64, 64)
    page.image.pick(path)
    page.generate()
    assert not page.bar.generate.isEnabled()
    assert waiting(stage) == []
    qtbot.waitUntil(page.bar.generate.isEnabled)
    page.generate()
    waiting(stage)
    assert stage.context.panel.waiting[0].request.image == path


# the form


def test_the_negative_prompt_is_grey_at_cfg_1(stage: Stage):
    page = open_run(stage)
    assert not page.fields.negative.isEnabled()
    assert "has no effect at CFG 1" in texts(page.fields)


def test_doubts_stand_below_their_fields(stage: Stage, qtbot: QtBot):
    page = open_run(stage)
    assert not page.fields.size_doubt.isVisible()
    page.fields.length.setValue(80)
    assert page.fields.length_doubt.text() == "! 80 frames are not 4n + 1: 77 will come. Take 77 or 81."
    page.fields.length.stepBy(1)
    assert (page.fields.length.value(), page.fields.length_doubt.isVisible()) == (81, False)
    page.form.set_size("custom")
    page.fields.size_choice.width_field.setValue(720)
    assert "of the picture is cut off, left and right" in page.fields.size_doubt.text()
    stage.settle()
    assert cut_off(page) == []


def test_a_seed_that_is_typed_is_kept(stage: Stage, qtbot: QtBot):
    page = open_run(stage)
    page.fields.seed.line.setFocus()
    qtbot.keyClicks(page.fields.seed.line, "99999999999999999999")
    assert page.form.seed == 2**64 - 1
    assert page.fields.seed.mode.selected == 1
    page.generate()
    waiting(stage)
    assert stage.context.panel.waiting[0].request.seed == 2**64 - 1


def test_the_profile_is_chosen_by_the_board_or_by_name(stage: Stage, qtbot: QtBot):
    page = open_run(stage)
    board = GpuInfo(gpu=0, name="NVIDIA GeForce RTX 5090", uuid="GPU-0")
    tell(stage, GpuFound(time_s=1.0, inventory=GpuInventory(source="simulated", gpus=(board,))))
    qtbot.waitUntil(lambda: page.fields.profile.currentText() == "automatic: rtx5090")
    tell(stage, DeskChanged(time_s=2.0, activity=Activity.idle, server=SERVER))
    page.fields.profile.picked.emit("cpu")
    assert stage.context.panel.settings.profile == "cpu"
    assert page.fields.profile.currentText() == "cpu"
    assert "it is started again for the next job" in page.fields.profile_doubt.text()
    page.fields.profile.picked.emit("")
    assert stage.context.panel.settings.profile is None


# the start image


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


# the first start


def test_a_first_start_offers_what_is_on_the_machine(stage: Stage, qtbot: QtBot, home: Path):
    folder = install(home / "ComfyUI")
    page = open_run(stage, is_first_start=True)
    assert "This is the SIMULATED demo" in texts(page.card)
    qtbot.mouseClick(button(page.card, "Use ComfyUI 0.25.1 in ~"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: stage.context.panel.settings.comfyui == folder)
    assert not page.card.isVisible()
    assert (stage.context.panel.is_demo, stage.context.panel.is_first_start) == (False, False)
    qtbot.mouseClick(page.bar.generate, Qt.MouseButton.LeftButton)
    assert waiting(stage)
    kept = stage.context.parts.folders.config / "settings.toml"
    qtbot.waitUntil(kept.is_file)
    assert load_settings(kept, {}, {}).comfyui == folder


def test_a_folder_without_comfyui_is_refused_in_words(stage: Stage, qtbot: QtBot, home: Path, tmp_path: Path):
    page = open_run(stage, is_first_start=True)
    assert "No ComfyUI was found in the usual places of this machine." in texts(page.card)
    qtbot.mouseClick(page.card.choose, Qt.MouseButton.LeftButton)
    dialog = page.findChildren(QFileDialog)[0]
    dialog.fileSelected.emit(str(home))
    dialog.reject()
    qtbot.waitUntil(lambda: "✕ No ComfyUI was found in" in page.card.doubt.text())
    assert page.card.choose.isEnabled()
    folder = install(tmp_path / "Ünï côde" / "my ComfyUI")
    page._check_folder(folder)
    qtbot.waitUntil(lambda: stage.context.panel.settings.comfyui == folder)


def test_a_running_server_is_asked_before_it_is_used(stage: Stage, qtbot: QtBot):
    page = open_run(stage, is_first_start=True)
    qtbot.mouseClick(page.card.attach, Qt.MouseButton.LeftButton)
    assert page.card.address.hasFocus() or not stage.window.isActiveWindow()
    page.card.address.setText(f"http://127.0.0.1:{closed_port()}")
    qtbot.keyClick(page.card.address, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.card.doubt.text().startswith("✕"))
    page.card.address.setText("not an address")
    qtbot.mouseClick(page.card.use_address, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(page.card.use_address.isEnabled)
    with FakeComfy() as server:
        page.card.address.setText(server.url)
        qtbot.mouseClick(page.card.use_address, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: stage.context.panel.settings.url == server.url)
    assert not page.card.isVisible()
    assert page.bar.generate.text() == "Connect and generate" or waiting(stage)
    assert not [one for one in threading.enumerate() if one.name == "comfyui-address"]


def test_staying_in_the_demo_hides_the_card_only(stage: Stage, qtbot: QtBot):
    page = open_run(stage, is_first_start=True)
    qtbot.mouseClick(page.card.demo, Qt.MouseButton.LeftButton)
    assert not page.card.isVisible()
    assert stage.context.panel.is_first_start
    qtbot.mouseClick(page.bar.choose, Qt.MouseButton.LeftButton)
    assert page.card.isVisible()
    assert not page.bar.choose.isVisible()


def test_a_chosen_server_needs_no_card(stage: Stage):
    page = open_run(stage, DEMO)
    assert not page.card.isVisible()
    assert not page.bar.choose.isVisible()


# the look


@pytest.mark.parametrize("scheme", [Scheme.dark, Scheme.light])
@pytest.mark.parametrize("size", [(1080, 680), (1440, 900)])
def test_everything_has_a_name_and_fits(
    stage: Stage, theme: Theme, home: Path, tmp_path: Path, scheme: Scheme, size: tuple[int, int]
):
    install(home / "Documents" / "ComfyUI_windows_portable" / "ComfyUI")
    install(home / "ComfyUI")
    theme.choose(scheme)
    stage.window.resize(*size)
    page = open_run(stage, is_first_start=True)
    page.form.set_size("custom")
    page.form.set_custom(16384, 16000)
    page.form.set_length(16380)
    page.form.set_seed(2**64 - 1)
    page.image.refuse("The start image broken.png is not a readable picture: cannot identify it.")
    for _ in range(4):
        page.generate()
    stage.settle()
    assert cut_off(stage.window) == []
    page._show_card()
    wait_for(lambda: not page.search._search.is_asking)
    page.card._ask_address()
    page.card.show_refusal("No ComfyUI was found there: it holds no main.py. Give the folder that holds it.")
    stage.settle()
    assert without_name(stage.window) == []
    assert cut_off(stage.window) == []
    mains = [one for one in page.findChildren(QPushButton) if one.property("kind") == "main" and one.isVisible()]
    assert len(mains) == 1


def test_the_keyboard_goes_through_the_page_as_the_eye_does(stage: Stage, qtbot: QtBot, home: Path, tmp_path: Path):
    install(home / "ComfyUI")
    page = open_run(stage, is_first_start=True)
    pick(page, qtbot, picture_file(tmp_path / "a.png", 64, 64))
    qtbot.waitUntil(page.strip.isVisible)
    page.generate()
    waiting(stage)
    assert not page.card.isVisible()
    qtbot.mouseClick(page.bar.choose, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not page.search._search.is_asking)
    stage.window.activateWindow()
    qtbot.waitUntil(stage.window.isActiveWindow)
    button(page.card, "Use ComfyUI").setFocus()
    visited = []
    for _ in range(16):
        focus = QApplication.focusWidget()
        assert focus is not None
        visited.append(focus.accessibleName())
        qtbot.keyClick(focus, Qt.Key.Key_Tab)
    assert [name.partition(":")[0] for name in visited[1:]] == [
        "Choose folder",
        "Use a running server",
        "Stay in the demo",
        "Start image",
        "Recent image",
        "Prompt",
        "Size",
        "Length in frames",
        "Seed",
        "Seed",
        "Profile",
        "Previews",
        "Add to queue",
        "Start server",
        "Drop the waiting job 1",
    ]
