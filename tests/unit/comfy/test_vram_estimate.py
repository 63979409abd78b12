from pathlib import Path

import pytest

from tests.unit.comfy.graph_samples import manifest, sample, shipped
from wan22.comfy.client import Graph
from wan22.comfy.model_check import model_bytes
from wan22.comfy.vram_estimate import tokens_of, vram_estimate

GIB = 2**30


def _bytes(name: str) -> int | None:
    return model_bytes(name, manifest(), None)


def _sized(width: int, height: int, length: int = 81, **inputs: object) -> Graph:
    graph = shipped()
    graph["98"]["inputs"] |= {"width": width, "height": height, "length": length, **inputs}
    return graph


@pytest.mark.parametrize(
    ("size", "tokens"), [((832, 480, 81), 32_760), ((640, 640, 81), 33_600), ((1280, 720, 81), 75_600)]
)
def test_tokens(size: tuple[int, int, int], tokens: int) -> None:
    assert tokens_of(*size) == tokens


def test_the_anchors_are_met() -> None:
    """H100: 24.94 GiB in use less text encoder and VAE = 18.4 GiB; 4090D: 83 % of 24 GB; both at 640x640x81."""
    estimate = vram_estimate(_sized(640, 640), _bytes).bytes_needed
    assert estimate is not None
    assert estimate / GIB == pytest.approx(24.94 - 6.27 - 0.24, rel=0.01)
    assert estimate / GIB == pytest.approx(0.83 * 24, rel=0.08)


def test_it_grows_with_the_video() -> None:
    sizes = [(512, 512, 81), (640, 640, 81), (640, 640, 121), (1280, 720, 81), (1280, 720, 121)]
    needed = [vram_estimate(_sized(*size), _bytes).bytes_needed for size in sizes]
    assert None not in needed
    assert needed == sorted(needed, key=lambda value: value or 0)
    batch = vram_estimate(_sized(640, 640, batch_size=2), _bytes).bytes_needed
    assert batch is not None
    assert batch > (needed[1] or 0)


def test_only_the_larger_expert_counts_and_a_cast_halves_it() -> None:
    graph = shipped()
    eight = vram_estimate(graph, _bytes).bytes_needed
    graph["96"]["inputs"]["unet_name"] = "wan2.2_i2v_low_noise_14B_fp16.safetensors"
    sixteen = vram_estimate(graph, _bytes).bytes_needed
    graph["96"]["inputs"]["weight_dtype"] = "fp8_e4m3fn"
    cast = vram_estimate(graph, _bytes).bytes_needed
    assert eight is not None
    assert sixteen is not None
    assert cast is not None
    assert sixteen - eight == 28_577_914_792 - 14_294_742_832
    assert cast == pytest.approx(eight, rel=0.001)


@pytest.mark.parametrize(
    ("graph", "size", "words"),
    [
        (shipped(), None, "the size of wan2.2_i2v_high_noise"),
        (shipped(), 2_277_856, "too small to be a 14B expert"),
        (_sized(640, 640, length=["gone", 0]), 14_294_742_832, "no pass with a readable size"),
        ({"1": {"class_type": "SaveVideo", "inputs": {}}}, 14_294_742_832, "no pass with a readable size"),
        ({"1": {"class_type": "KSampler", "inputs": {}}}, 14_294_742_832, "cannot be read"),
    ],
)
def test_what_is_not_known_is_none_with_the_reason(graph: Graph, size: int | None, words: str) -> None:
    estimate = vram_estimate(graph, lambda _name: size)
    assert estimate.bytes_needed is None
    assert words in estimate.method


def test_the_method_is_told() -> None:
    method = vram_estimate(sample("h100"), _bytes).method
    assert "33,600 tokens" in method
    assert "H100" in method
    assert "13.3 GiB" in method


def test_a_file_on_this_machine_is_measured(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    (folder / "diffusion_models" / "sub").mkdir(parents=True)
    (folder / "diffusion_models" / "sub" / "mine.safetensors").write_bytes(b"x" * 77)
    assert model_bytes("sub\\mine.safetensors", manifest(), folder) == 77
    assert model_bytes("wan2.2_i2v_low_noise_14B_fp8_scaled.safetensors", manifest(), folder) == 14_294_742_832
    assert model_bytes("unknown.safetensors", manifest(), folder) is None


@pytest.mark.parametrize(
    "name", ["../outside.safetensors", "/outside.safetensors", "\\\\host\\share\\a", "C:\\a", "x" * 5000]
)
def test_names_that_lead_out_of_the_folders_are_not_followed(tmp_path: Path, name: str) -> None:
    (tmp_path / "models" / "diffusion_models").mkdir(parents=True)
    (tmp_path / "models" / "outside.safetensors").write_bytes(b"x")
    assert model_bytes(name, manifest(), tmp_path / "models") is None
