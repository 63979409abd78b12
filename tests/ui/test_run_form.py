from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QSettings
from PySide6.QtGui import QImage

from wan22.comfy.workflow import load_workflow
from wan22.schema.problem import AppError, problem
from wan22.system.paths import data_folder
from wan22.ui.state.image_look import ImageLook
from wan22.ui.state.run_form import AS_WORKFLOW, CUSTOM, RunForm
from wan22.ui.state.workflow_facts import WorkflowFacts, read_workflow

FOLDERS = (data_folder() / "workflows",)


@pytest.fixture
def owner(qapp):
    made = QObject()
    yield made
    made.deleteLater()


def memory_of(path: Path) -> QSettings:
    return QSettings(str(path / "window.ini"), QSettings.Format.IniFormat)


def look_of(width: int, height: int) -> ImageLook:
    path = Path("lake.png")
    return ImageLook(path, path, width, height, QImage())


def form_with(tmp_path: Path, owner: QObject, look: ImageLook | None = None) -> RunForm:
    form = RunForm(memory_of(tmp_path), owner)
    form.show_workflow(read_workflow(form.workflow, FOLDERS))
    form.show_image(look or look_of(1280, 720))
    return form


def test_a_first_form_makes_a_whole_request(tmp_path: Path, owner: QObject):
    form = form_with(tmp_path, owner)
    assert form.shown_prompt.startswith("The subject moves")
    assert form.fps == 16.0
    request = form.make_request()
    assert request is not None
    assert (request.width, request.height, request.length, request.prompt) == (1280, 720, 81, None)
    assert request.seed == form.seed is not None
    assert form.doubts() == ()


def test_without_a_picture_there_is_no_request(tmp_path: Path, owner: QObject):
    assert RunForm(memory_of(tmp_path), owner).make_request() is None


def test_the_negative_prompt_is_not_sent_at_cfg_1(tmp_path: Path, owner: QObject):
    form = form_with(tmp_path, owner)
    form.set_text("negative", "blurry")
    assert form.negative_reason == "has no effect at CFG 1"
    request = form.make_request()
    assert request is not None
    assert request.negative is None
    graph = load_workflow(form.workflow, FOLDERS).graph
    for node in graph.values():
        if "cfg" in node["inputs"]:
            node["inputs"]["cfg"] = 3.5
    read = form.facts
    assert read is not None
    form.show_workflow(WorkflowFacts("other", graph, read.parameters.model_copy(update={"cfg": 3.5})))
    assert form.negative_reason == ""
    request = form.make_request()
    assert request is not None
    assert request.negative == "blurry"


def test_a_random_seed_is_drawn_for_each_run_and_shown(tmp_path: Path, owner: QObject):
    form = form_with(tmp_path, owner)
    seeds = [request.seed for _ in range(3) if (request := form.make_request()) is not None]
    assert len(set(seeds)) == 3
    assert form.seed == seeds[-1]
    form.set_random(False)
    again = form.make_request()
    assert again is not None
    assert again.seed == seeds[-1]
    assert form.make_again(again) == again
    form.set_seed(7)
    form.set_random(True)
    assert form.make_again(again).seed != again.seed


def test_sizes_follow_the_picture_but_your_own_stays(tmp_path: Path, owner: QObject):
    form = form_with(tmp_path, owner)
    form.show_image(look_of(600, 600))
    assert form.size == (960, 960)
    form.set_size(AS_WORKFLOW)
    form.set_size("480p")
    assert form.size == (640, 640)
    form.set_size(AS_WORKFLOW)
    assert (form.size, form.sizes[-1][0]) == ((640, 640), AS_WORKFLOW)
    form.set_size(CUSTOM)
    assert form.size == (640, 640)
    form.set_custom(1270, 720)
    form.show_image(look_of(1280, 720))
    assert form.size == (1270, 720)
    assert [one.code for one in form.doubts()] == ["size_unusual"]
    form.set_custom(640, 640)
    assert [one.code for one in form.doubts()] == ["aspect_cropped"]
    form.set_length(80)
    assert "length_unusual" in [one.code for one in form.doubts()]


def test_a_small_picture_is_told(tmp_path: Path, owner: QObject):
    form = form_with(tmp_path, owner, look_of(320, 180))
    assert form.is_enlarged
    form.set_size("draft")
    assert form.size[0] * form.size[1] < 200_000


def test_everything_is_remembered(tmp_path: Path, owner: QObject):
    form = form_with(tmp_path, owner)
    form.set_text("prompt", 'Zeile 1\n"Zeile" 2, 船')
    form.set_text("negative", "")
    form.set_size(CUSTOM)
    form.set_custom(848, 480)
    form.set_length(49)
    form.set_seed(2**64 - 1)
    form.set_previews(False)
    form._memory.sync()
    again = RunForm(memory_of(tmp_path), owner)
    assert again.prompt == 'Zeile 1\n"Zeile" 2, 船'
    assert again.negative == ""
    assert (again.size_key, again.custom, again.length) == (CUSTOM, (848, 480), 49)
    assert (again.seed, again.is_random, again.previews) == (2**64 - 1, False, False)


def test_a_broken_memory_is_a_fresh_start(tmp_path: Path, owner: QObject):
    (tmp_path / "window.ini").write_text(
        "[run]\nlength=abc\nseed=-1\nsize=huge\nwidth=\nrandom=perhaps\n", encoding="utf-8"
    )
    form = form_with(tmp_path, owner)
    request = form.make_request()
    assert request is not None
    assert (request.width, request.height, request.length) == (1280, 720, 81)


def test_a_workflow_that_cannot_be_read_is_said(tmp_path: Path, owner: QObject):
    form = form_with(tmp_path, owner)
    with pytest.raises(AppError):
        read_workflow("no-such-one", FOLDERS)
    form.refuse_workflow(problem("workflow_not_found", "There is no workflow called 'x'."))
    assert form.refusal is not None
    assert form.doubts() == ()
