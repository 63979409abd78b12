"""Converted workflows against the true server: it accepts every one that its own nodes allow."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tests.unit.comfy.ui_samples import CASES, TEMPLATES
from wan22.comfy.convert import convert_workflow
from wan22.comfy.graph_link import class_of, inputs_of
from wan22.comfy.object_info import NodeDefinitions
from wan22.comfy.workflow_format import read_workflow_file
from wan22.launch.discovery import find_installation
from wan22.schema.problem import AppError
from wan22.video.metadata import read_video_tags

MODELS = {
    "diffusion_models": [
        "wan2.2_i2v_high_noise_14B_fp8_scaled.safetensors",
        "wan2.2_i2v_low_noise_14B_fp8_scaled.safetensors",
        "wan2.2_ti2v_5B_fp16.safetensors",
    ],
    "loras": [
        "wan2.2_i2v_lightx2v_4steps_lora_v1_high_noise.safetensors",
        "wan2.2_i2v_lightx2v_4steps_lora_v1_low_noise.safetensors",
    ],
    "text_encoders": ["umt5_xxl_fp8_e4m3fn_scaled.safetensors"],
    "vae": ["wan_2.1_vae.safetensors", "wan2.2_vae.safetensors"],
    "frame_interpolation": ["film_net_fp16.safetensors"],
}
WITHOUT_VIDEO = "bypassed_subgraph.ui.json"
"""Its SaveVideo has nothing to save: the true editor sends it like that, and the server says so."""


@pytest.fixture
def server(comfyui: Path, port: int, tmp_path: Path) -> Iterator[str]:
    """A ComfyUI with empty model files and with the pictures that the workflows name."""
    pages, inputs, user = tmp_path / "web", tmp_path / "input", tmp_path / "user"
    for folder in (pages, inputs, user, tmp_path / "output"):
        folder.mkdir()
    (pages / "index.html").write_text("<html></html>", encoding="utf-8")
    for kind, names in MODELS.items():
        (tmp_path / "models" / kind).mkdir(parents=True)
        for name in names:
            (tmp_path / "models" / kind / name).touch()
    config = tmp_path / "paths.yaml"
    lines = [f"test:\n  base_path: {tmp_path / 'models'}\n", *(f"  {kind}: {kind}\n" for kind in MODELS)]
    config.write_text("".join(lines), encoding="utf-8")
    for path in _workflows():
        _media(read_workflow_file(path).value, inputs)
    command = [
        str(find_installation(comfyui).python), "main.py", "--cpu", "--port", str(port), "--front-end-root", str(pages),
        "--input-directory", str(inputs), "--output-directory", str(tmp_path / "output"), "--user-directory", str(user),
        "--extra-model-paths-config", str(config), "--database-url", f"sqlite:///{user / 'db'}",
    ]  # fmt: skip
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=comfyui, stdout=log, stderr=log, env=os.environ | {"PYTHONUTF8": "1"})
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _workflows() -> list[Path]:
    return sorted([*TEMPLATES.glob("*.json"), *CASES.glob("*.ui.json")])


def _media(workflow: Any, inputs: Path) -> None:
    nodes = [*workflow["nodes"], *(n for s in workflow.get("definitions", {}).get("subgraphs", []) for n in s["nodes"])]
    for node in nodes:
        if node["type"] == "LoadImage":
            Image.new("RGB", (64, 64), "red").save(inputs / node["widgets_values"][0])
        if node["type"] == "LoadVideo":
            with av.open(str(inputs / node["widgets_values"][0]), "w") as container:
                stream = container.add_stream("libx264", rate=16)
                stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
                frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), dtype=np.uint8), format="rgb24")
                for packet in (*stream.encode(frame), *stream.encode(None)):
                    container.mux(packet)


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/system_stats", timeout=2).close()
        except OSError:
            time.sleep(0.3)
        else:
            return
    pytest.fail("ComfyUI did not start")


def _post(url: str, graph: Any) -> tuple[int, Any]:
    body = json.dumps({"prompt": graph}).encode()
    request = urllib.request.Request(f"{url}/prompt", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_the_server_accepts_what_is_converted(server: str) -> None:
    with urllib.request.urlopen(f"{server}/object_info", timeout=60) as reply:
        definitions = NodeDefinitions(json.load(reply))
    refused: dict[str, Any] = {}
    lacking: list[str] = []
    for path in _workflows():
        try:
            graph = convert_workflow(read_workflow_file(path, read_video_tags).value, definitions).graph
        except AppError as error:
            lacking.append(error.problem.code)
            continue
        status, body = _post(server, graph)
        if status != 200:
            refused[path.name] = body
        for node in graph:
            assert definitions.has(class_of(graph, node)), (path.name, inputs_of(graph, node))
    assert list(refused) == [WITHOUT_VIDEO]
    assert "required_input_missing" in json.dumps(refused)
    known = definitions.has("ComfySwitchNode")
    assert lacking == ["node_type_missing"] * (0 if known else 6)
