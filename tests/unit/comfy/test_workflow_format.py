import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.unit.comfy.ui_samples import CASES, case, definitions
from wan22.comfy.workflow import load_workflow
from wan22.comfy.workflow_format import WorkflowForm, read_workflow_file
from wan22.comfy.workflow_import import for_server, import_workflow, workflow_reader
from wan22.schema.problem import AppError
from wan22.video.metadata import read_video_tags

API = case("flat.api.json")
UI = case("flat.ui.json")


def _json(folder: Path, value: Any, name: str = "wörk flow.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def _message(path: Path) -> str:
    with pytest.raises(AppError) as caught:
        read_workflow_file(path, read_video_tags)
    assert caught.value.problem.code == "workflow_invalid"
    return caught.value.problem.message


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (API, WorkflowForm.api),
        ({"prompt": API, "client_id": "x"}, WorkflowForm.api),
        ({"prompt": json.dumps(API), "workflow": UI}, WorkflowForm.api),
        ({"an id": {"prompt": [3, "an id", API, {}, []], "outputs": {}}}, WorkflowForm.api),
        (UI, WorkflowForm.editor),
        ({"workflow": UI}, WorkflowForm.editor),
        ({key: UI[key] for key in ("nodes", "links")}, WorkflowForm.editor),
    ],
)
def test_forms_and_wrappers(tmp_path: Path, value: Any, form: WorkflowForm) -> None:
    found = read_workflow_file(_json(tmp_path, value))
    assert found.form is form
    assert found.value == (API if form is WorkflowForm.api else found.value)


def _picture(path: Path, **tags: str) -> Path:
    image = Image.new("RGB", (8, 8), "red")
    if path.suffix == ".png":
        info = PngInfo()
        for name, text in tags.items():
            info.add_text(name, text)
        image.save(path, pnginfo=info)
    else:
        exif = Image.Exif()
        for number, (name, text) in enumerate(tags.items()):
            exif[0x0110 - number] = f"{name}:{text}"
        image.save(path, exif=exif.tobytes())
    return path


@pytest.mark.parametrize("suffix", [".png", ".webp", ".jpg"])
def test_pictures_with_a_prompt(tmp_path: Path, suffix: str) -> None:
    path = _picture(tmp_path / f"pïcture one{suffix}", prompt=json.dumps(API), workflow=json.dumps({"nodes": []}))
    found = read_workflow_file(path)
    assert (found.form, found.value) == (WorkflowForm.api, API)


def test_an_animated_png_of_comfyui(tmp_path: Path) -> None:
    info = PngInfo()
    info.add(b"comf", b"prompt\0" + json.dumps(API).encode("latin-1"), after_idat=True)
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.png", pnginfo=info, save_all=True, append_images=frames[1:])
    assert read_workflow_file(tmp_path / "a.png").value == API


def test_a_prompt_with_nan_is_read_and_one_that_is_broken_gives_way_to_the_workflow(tmp_path: Path) -> None:
    text = json.dumps(API | {"1": {"class_type": "X", "inputs": {}, "is_changed": [float("nan")]}})
    assert read_workflow_file(_picture(tmp_path / "a.png", prompt=text)).value["1"]["is_changed"] == [None]
    path = _picture(tmp_path / "b.png", prompt="{broken", workflow=json.dumps(UI))
    assert read_workflow_file(path).form is WorkflowForm.editor


def _video(path: Path, tags: dict[str, str], options: dict[str, str] | None = None) -> Path:
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream("libx264" if path.suffix != ".webm" else "libvpx-vp9", rate=16)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        container.metadata.update(tags)
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), dtype=np.uint8), format="rgb24")
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".mkv"])
def test_videos_as_comfyui_saves_them(tmp_path: Path, suffix: str) -> None:
    options = {"movflags": "use_metadata_tags"} if suffix == ".mp4" else {}
    tags = {"prompt": json.dumps(API), "workflow": json.dumps(UI)}
    path = _video(tmp_path / f"clip ä{suffix}", tags, options)
    assert read_workflow_file(path, read_video_tags).value == API
    assert import_workflow(path, definitions(), video_tags=read_video_tags).workflow.name == "clip ä"


def test_a_video_of_the_video_helper_suite(tmp_path: Path) -> None:
    path = _video(tmp_path / "a.mp4", {"comment": json.dumps({"prompt": json.dumps(API), "workflow": UI})})
    assert read_workflow_file(path, read_video_tags).value == API


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({}, "holds no nodes"),
        ([], "a list instead of"),
        ("text", "a text instead of"),
        (None, "holds nothing"),
        (7, "a single value"),
        ({"models": []}, "a list of model files"),
        ({"a": 1, "b": 2}, "it has 'a', 'b'"),
        ({"nodes": []}, "neither links nor a version"),
    ],
)
def test_anything_else_is_told_by_what_it_looks_like(tmp_path: Path, value: Any, words: str) -> None:
    assert words in _message(_json(tmp_path, value))


def test_pictures_and_videos_without_a_workflow(tmp_path: Path) -> None:
    assert "holds no workflow" in _message(_picture(tmp_path / "a.png"))
    assert "holds no workflow" in _message(_video(tmp_path / "a.mp4", {}))
    assert "settings of another program" in _message(_picture(tmp_path / "b.png", parameters="Steps: 20"))


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.png", b"\x89PNG\r\n\x1a\n broken", "cannot be read"),
        ("a.webp", b"RIFF\x10\0\0\0WEBPVP8 xxxx", "cannot be read"),
        ("a.mp4", b"\0\0\0\x18ftypmp42 and nothing else", "cannot be read"),
        ("a.webm", b"\x1aE\xdf\xa3 broken", "cannot be read"),
        ("a.json", b"PK\x03\x04zip", "is a ZIP file"),
        ("a.json", b"GIF89a", "is a GIF file"),
        ("a.json", b"<html>", "is not valid JSON"),
        ("a.json", b"\xff\xfe{", "is not text in UTF-8"),
        ("a.json", b"", "is not valid JSON"),
        ("a.json", b'{"1": {}, "1": {}}', "the key '1' stands twice"),
        ("a.json", b'{"a": NaN}', "NaN is not a number"),
        ("a.json", b'{"a": 1e999}', "1e999 is not a number"),
        ("a.json", b"[" * 100_000, "nested too deeply"),
        ("a.json", b'{"a": ' + b"9" * 5000 + b"}", "is not usable JSON"),
    ],
)
def test_broken_files(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(data)
    assert words in _message(tmp_path / name)


def test_what_is_imported_can_be_run_and_is_converted_again_for_the_server(tmp_path: Path) -> None:
    path = CASES / "flat.ui.json"
    read = workflow_reader(definitions(), read_video_tags)
    workflow = load_workflow(path, [], read)
    assert workflow.graph["94"]["inputs"]["bit_depth"] == 8
    older = for_server(workflow, definitions("comfyui-0.3.64"))
    assert {node: item["inputs"] for node, item in older.graph.items()} == {
        node: item["inputs"] for node, item in API.items()
    }
    api = load_workflow(_json(tmp_path, API), [], read)
    assert for_server(api, definitions("comfyui-0.3.64")) is api


def test_a_class_that_the_server_lacks_stops_the_second_conversion_only(tmp_path: Path) -> None:
    workflow = load_workflow(CASES / "subgraph_newest.ui.json", [], workflow_reader(definitions("comfyui-0.3.64")))
    with pytest.raises(AppError) as caught:
        for_server(workflow, definitions("comfyui-0.3.64"))
    assert caught.value.problem.code == "node_type_missing"
    assert "ComfySwitchNode" in caught.value.problem.message


def test_nothing_to_run(tmp_path: Path) -> None:
    path = _json(tmp_path, {"nodes": [{"id": 1, "type": "Note"}], "links": [], "version": 0.4})
    with pytest.raises(AppError) as caught:
        import_workflow(path, definitions())
    assert "no node that a server would run" in caught.value.problem.message
