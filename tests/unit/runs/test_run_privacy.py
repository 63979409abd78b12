from pathlib import Path

import pytest

from tests.unit.runs.facts import manifest
from wan22.runs.run_privacy import LEFT_OUT, Eraser, LeftOut
from wan22.schema.run import JobParameters, ServerIdentity

HOME = Path("C:\\Users\\Grete Müller")
MANIFEST = manifest(
    parameters=JobParameters(
        workflow="w", workflow_sha256="", image="sub/katze.png", prompt="a", negative="blurry face"
    ),
    server=ServerIdentity(url="", owned=True, folder="D:\\AI\\ComfyUI", python="D:\\AI\\python.exe"),
)


def test_paths_are_found_in_every_spelling():
    eraser = Eraser(MANIFEST, LeftOut(paths=True), HOME)
    for text in (
        "open C:\\Users\\Grete Müller\\a.png",
        "open C:/Users/Grete Müller/a.png",
        '"C:\\\\Users\\\\Grete Müller\\\\a.png"',
        "D:\\AI\\ComfyUI\\main.py",
        "D:/AI/ComfyUI/main.py",
    ):
        cleaned = eraser.text(text)
        assert "Grete" not in cleaned
        assert "ComfyUI" not in cleaned
        assert LEFT_OUT in cleaned
    assert "anna" not in eraser.text("/home/anna/x and /Users/otto/y")
    assert "otto" not in eraser.text("/home/anna/x and /Users/otto/y")
    assert eraser.text("blurry face") == "blurry face"


def test_a_short_prompt_is_taken_out_only_where_it_stands_alone():
    eraser = Eraser(MANIFEST, LeftOut(prompt=True), HOME)
    assert eraser.document({"text": "a", "name": "banana", "n": 3, "l": ["a", None]}) == {
        "text": LEFT_OUT,
        "name": "banana",
        "n": 3,
        "l": [LEFT_OUT, None],
    }
    assert eraser.text("it is a blurry face.") == f"it is a {LEFT_OUT}."


def test_the_image_is_known_by_all_its_names():
    eraser = Eraser(MANIFEST, LeftOut(image=True), HOME, ["Meine Katze.png"])
    assert eraser.text("w · Meine Katze.png, katze.png, sub/katze.png") == f"w · {LEFT_OUT}, {LEFT_OUT}, {LEFT_OUT}"


def test_lines_that_are_no_json_are_treated_as_text():
    eraser = Eraser(MANIFEST, LeftOut(prompt=True), HOME)
    assert list(eraser.lines('{"x": "blurry face"}\ntorn {"x": "blurry face')) == [
        f'{{"x": "{LEFT_OUT}"}}',
        f'torn {{"x": "{LEFT_OUT}',
    ]


def test_nothing_is_left_out_unasked():
    assert LeftOut().is_nothing
    assert LeftOut(image=True, paths=True).names == ("image", "paths")
    eraser = Eraser(MANIFEST, LeftOut(), HOME)
    assert eraser.text("D:\\AI\\ComfyUI /home/anna/x katze.png") == "D:\\AI\\ComfyUI /home/anna/x katze.png"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("/mnt/secret project/models/wan.safetensors", "…/wan.safetensors"),
        ("loading /mnt/secret/models/wan.safetensors now", "loading …/wan.safetensors now"),
        ("E:\\secret stuff\\models\\wan.safetensors", "…/wan.safetensors"),
        ("--config=/srv/secret/a.yaml", "--config=…/a.yaml"),
        ("http://127.0.0.1:8188/view/a/b", "http://127.0.0.1:8188/view/a/b"),
        ("outputs/wan.mp4", "outputs/wan.mp4"),
        ("sub/folder/wan.safetensors", "sub/folder/wan.safetensors"),
        ("GET /object_info took 1/2 s, 25/11/2026", "GET /object_info took 1/2 s, 25/11/2026"),
        ("NVIDIA H100 80GB HBM3 : cudaMallocAsync", "NVIDIA H100 80GB HBM3 : cudaMallocAsync"),
        ("cuda:0 NVIDIA", "cuda:0 NVIDIA"),
    ],
)
def test_folders_of_any_place_go_and_names_stay(text: str, kept: str):
    assert Eraser(MANIFEST, LeftOut(paths=True), HOME).text(text) == kept
    assert Eraser(MANIFEST, LeftOut(), HOME).text(text) == text
