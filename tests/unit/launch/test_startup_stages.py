import pytest

from tests.unit.launch.logs import heard, recorded_start
from wan22.launch.startup_stages import CustomNodeImports, FailedPack, StageReached, StartupStage, StartupStages


def reached(lines: list[str]) -> tuple[StartupStages, dict[str, str]]:
    stages = StartupStages()
    found = [stage for line in lines for stage in stages.feed(line)]
    assert len({stage.stage for stage in found}) == len(found)
    return stages, {stage.stage.value: stage.detail for stage in found}


def test_a_start_with_bare_lines():
    assert reached(recorded_start("0.3.64"))[1] == {
        "torch": "2.11.0+cu130",
        "device": "cuda:0 NVIDIA H100 80GB HBM3 : cudaMallocAsync, 81079 MB, NORMAL_VRAM",
        "attention": "pytorch attention",
        "version": "0.3.64",
        "custom_nodes": "1 custom node in 0.0 s",
        "database": "SQLite",
        "listening": "http://127.0.0.1:8188",
    }


def test_a_start_with_tags_and_colours():
    assert reached(recorded_start("0.25.0"))[1] == {
        "torch": "2.14.1+cu130",
        "device": "cpu, 24106 MB, DISABLED",
        "attention": "sub quadratic optimization for attention",
        "version": "0.25.0",
        "custom_nodes": "1 custom node in 0.0 s",
        "database": "SQLite",
        "listening": "http://127.0.0.1:8198",
    }


def test_custom_nodes_with_times_and_failures():
    log = b"""Prestartup times for custom nodes:
   3.0 seconds (PRESTARTUP FAILED): D:\\ComfyUI\\custom_nodes\\ComfyUI-Manager
Cannot import D:\\ComfyUI\\custom_nodes\\K\xc3\xb6nig module for custom nodes: No module named 'sageattention'
Import times for custom nodes:
   0.0 seconds: D:\\ComfyUI\\custom_nodes\\websocket_image_save.py
   0.5 seconds (IMPORT FAILED): D:\\ComfyUI\\custom_nodes\\K\xc3\xb6nig
   0.7 seconds (IMPORT FAILED): D:\\ComfyUI\\custom_nodes\\Other
  12.3 seconds: D:\\ComfyUI\\custom_nodes\\ComfyUI-Manager
IMPORT FAILED: nodes_audio.py
Context impl SQLiteImpl.
"""
    stages, found = reached(heard(log))
    assert stages.custom_nodes == CustomNodeImports(
        4, pytest.approx(13.5), (FailedPack("König", "No module named 'sageattention'"), FailedPack("Other"))
    )
    assert found["custom_nodes"] == "4 custom nodes in 13.5 s; failed: König (No module named 'sageattention'), Other"
    assert stages.core_failures == ("nodes_audio.py",)
    assert "database" in found


def test_custom_nodes_that_are_switched_off():
    stages, found = reached(["Skipping loading of custom nodes"])
    assert found == {"custom_nodes": "switched off"}
    assert stages.custom_nodes is None


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        ("Using sage attention", "sage attention"),
        ("Using Flash Attention", "Flash Attention"),
        ("Using xformers attention", "xformers attention"),
        ("Using Comfy Kitchen attention", "Comfy Kitchen attention"),
        ("Using split optimization for attention", "split optimization for attention"),
        ("Using pytorch attention in VAE", None),
        ("Using async weight offloading with 2 streams", None),
    ],
)
def test_attention_lines(line: str, detail: str | None):
    assert reached([line])[1].get("attention") == detail


def test_a_stage_is_told_once_and_the_process_is_one():
    stages = StartupStages()
    assert stages.process_started(17) == (StageReached(StartupStage.process, "process 17"),)
    assert stages.process_started(17) == ()
    assert stages.feed("pytorch version: 2.10") == (StageReached(StartupStage.torch, "2.10"),)
    assert stages.feed("pytorch version: 2.10") == ()
