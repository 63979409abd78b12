import os
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from tests.ui.page_check import cut_off, texts, without_name
from tests.ui.run_page_acts import button, empty_home, install, pick, tell, waiting
from tests.ui.run_stage import open_run, picture_file, wait_for
from tests.ui.stage import Stage
from wan22.schema.gpu import GpuInfo, GpuInventory
from wan22.schema.panel_fact import Activity, DeskChanged, GpuFound, ServerPresence
from wan22.schema.settings import Settings
from wan22.system.paths import data_folder, user_folders
from wan22.ui.theme import Scheme, Theme
from wan22.wiring.desk import ServerChoice

SERVER = ServerPresence("http://127.0.0.1:8188", owned=True, simulated=True, profile="rtx5090")


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


def test_the_wheel_moves_the_page_and_no_value(stage: Stage, qtbot: QtBot):
    page = open_run(stage)
    place, none = QPointF(20, 10), Qt.KeyboardModifier.NoModifier
    for field in (page.fields.length, page.fields.size_choice.choice, page.fields.profile):
        field.setFocus()
        wheel = QWheelEvent(
            place,
            field.mapToGlobal(place),
            QPoint(0, -120),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            none,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(field, wheel)
        assert not wheel.isAccepted()
    assert (page.form.shown_length, page.form.size_key, stage.context.panel.settings.profile) == (81, "720p", None)


def test_a_seed_that_is_typed_is_kept(stage: Stage, qtbot: QtBot):
    page = open_run(stage)
    page.fields.seed.line.setFocus()
    qtbot.keyClicks(page.fields.seed.line, "99999999999999999999")
    assert page.form.seed == 2**64 - 1
    assert page.fields.seed.mode.selected == 1
    page.generate()
    waiting(stage)
    assert stage.context.panel.waiting[0].request.seed == 2**64 - 1


def test_another_workflow_is_read_before_it_counts(stage: Stage, qtbot: QtBot, tmp_path: Path):
    own = data_folder() / "workflows" / "wan22_i2v_two_pass.json"
    folder = user_folders(os.environ).config / "workflows"
    folder.mkdir(parents=True)
    text = own.read_text(encoding="utf-8").replace('"cfg": 1.0', '"cfg": 3.5').replace('"length": 81', '"length": 49')
    (folder / "mine.json").write_text(text, encoding="utf-8")
    (folder / "broken.json").write_text("{", encoding="utf-8")
    page = open_run(stage)
    qtbot.waitUntil(lambda: page.fields.workflow.findText("mine") >= 0)
    page.fields.workflow.picked.emit("mine")
    qtbot.waitUntil(lambda: page.form.shown_length == 49)
    assert page.fields.negative.isEnabled()
    assert page.fields.length.value() == 49
    page.fields.workflow.picked.emit("broken")
    qtbot.waitUntil(page.fields.workflow_doubt.isVisible)
    assert "is not valid JSON" in page.fields.workflow_doubt.text()
    assert not page.bar.generate.isEnabled()
    page.fields.workflow.picked.emit("mine")
    qtbot.waitUntil(page.bar.generate.isEnabled)
    page.generate()
    waiting(stage)
    request = stage.context.panel.waiting[0].request
    assert (request.workflow, request.length, request.negative) == ("mine", 49, None)


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
    for _ in range(17):
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
        "Workflow",
        "Profile",
        "Previews",
        "Add to queue",
        "Start server",
        "Drop the waiting job 1",
    ]
