import hashlib
import json
from pathlib import Path

import pytest

from tests.unit.runs.facts import cold_job, stored_run
from wan22.comfy.workflow import Workflow, canonical_sha256, load_workflow
from wan22.job.repeat import IMAGE_MISSING, repeat_of
from wan22.runs.layout import RunFolder
from wan22.schema.problem import AppError
from wan22.schema.run import JobParameters, ServerIdentity
from wan22.system.paths import data_folder

NAME = "wan22_i2v_two_pass"
FOLDERS = (data_folder() / "workflows",)


def load(name: str) -> Workflow:
    return load_workflow(name, FOLDERS)


def job_of(**update: object) -> JobParameters:
    known = load(NAME)
    plain = JobParameters(
        workflow=NAME,
        workflow_sha256=known.sha256,
        image="boat.png",
        prompt="a boat",
        negative="blur",
        seed=7,
        width=640,
        height=640,
        length=81,
        steps=4,
    )
    return plain.model_copy(update=update)


def run_with(root: Path, job: JobParameters | None, **update: object) -> RunFolder:
    return stored_run(root, "2026-01-01", cold_job(), parameters=job, **update)


def with_image(folder: RunFolder) -> Path:
    folder.input.mkdir()
    image = folder.input / "boat.png"
    image.write_bytes(b"picture")
    return image


def test_the_same_job_again(tmp_path: Path):
    folder = run_with(tmp_path, job_of())
    image = with_image(folder)
    found = repeat_of(folder, load)
    assert found.notes == ()
    request = found.request(new_seed=False)
    assert (request.workflow, request.image, request.seed) == (NAME, image, 7)
    assert (request.prompt, request.negative) == ("a boat", "blur")
    assert (request.width, request.height, request.length) == (640, 640, 81)
    other = found.request(new_seed=True)
    assert other.seed != 7
    assert other.model_copy(update={"seed": 7}) == request


def test_a_workflow_that_is_another_by_now_is_replaced_by_what_was_sent(tmp_path: Path):
    folder = run_with(tmp_path, job_of(workflow_sha256="0" * 64))
    with_image(folder)
    folder.workflow.write_text(json.dumps(load(NAME).graph), encoding="utf-8")
    request = repeat_of(folder, load).request(new_seed=False)
    assert request.workflow == str(folder.workflow)
    assert load(request.workflow).sha256 == canonical_sha256(load(NAME).graph)


@pytest.mark.parametrize("job", [None, job_of(workflow="unknown"), job_of(workflow_sha256="0" * 64)])
def test_a_run_that_does_not_say_what_it_made_cannot_be_repeated(tmp_path: Path, job: JobParameters | None):
    folder = run_with(tmp_path, job)
    with pytest.raises(AppError) as caught:
        repeat_of(folder, load)
    assert caught.value.problem.code == "run_not_repeatable"


def test_an_image_that_is_missing_is_said_and_can_be_chosen(tmp_path: Path):
    found = repeat_of(run_with(tmp_path, job_of()), load)
    assert (found.image, found.notes) == (None, (IMAGE_MISSING,))
    with pytest.raises(AppError) as caught:
        found.request(new_seed=False)
    assert caught.value.problem.code == "run_not_repeatable"
    assert found.request(new_seed=False, image=tmp_path / "other.png").image == tmp_path / "other.png"


def test_the_servers_copy_is_used_only_while_it_is_the_same(tmp_path: Path):
    comfyui = tmp_path / "ComfyUI"
    (comfyui / "input").mkdir(parents=True)
    image = comfyui / "input" / "boat.png"
    image.write_bytes(b"picture")
    server = ServerIdentity(url="", owned=True, folder=str(comfyui))
    digest = hashlib.sha256(b"picture").hexdigest()
    folder = run_with(tmp_path / "runs", job_of(image_sha256=digest), server=server)
    assert repeat_of(folder, load).image == image
    image.write_bytes(b"another")
    assert repeat_of(folder, load).image is None
    escaping = run_with(tmp_path / "other", job_of(image="../input/boat.png", image_sha256=digest), server=server)
    assert repeat_of(escaping, load).image is None


def test_a_prompt_that_was_left_out_is_said(tmp_path: Path):
    folder = run_with(tmp_path, job_of(prompt=None, seed=None))
    with_image(folder)
    found = repeat_of(folder, load)
    assert "prompt" in found.notes[0]
    assert found.request(new_seed=False).prompt is None
    assert found.request(new_seed=False).seed is not None
