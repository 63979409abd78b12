import copy
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.comfy.graph_samples import request, sample, shipped
from wan22.comfy.client import Graph
from wan22.comfy.graph_edit import (
    draw_seed,
    frames_made,
    graph_with_request,
    models_of,
    parameters_from_graph,
    snap_length,
    snap_size,
)
from wan22.schema.problem import AppError
from wan22.schema.request import MAX_SEED

SAMPLES = ("h100", "subgraph_newest", "primitiveint_steps", "i2v_rife", "i2v_native_film")


def _edit(graph: Graph, seed: int = 7, image: str = "up load.png", **values: Any) -> Graph:
    return graph_with_request(graph, request(**values), seed=seed, image_reference=image)


def _changed(before: Graph, after: Graph) -> dict[tuple[str, str], Any]:
    assert before.keys() == after.keys()
    return {
        (node, name): value
        for node in after
        for name, value in after[node]["inputs"].items()
        if before[node]["inputs"].get(name) != value
    }


def test_everything_lands_where_it_belongs() -> None:
    graph = shipped()
    edited = _edit(graph, prompt="{a|b} // sea", negative="none", width=1280, height=720, length=41)
    assert _changed(graph, edited) == {
        ("97", "image"): "up load.png",
        ("86", "noise_seed"): 7,
        ("93", "text"): "{a|b} // sea",
        ("89", "text"): "none",
        ("98", "width"): 1280,
        ("98", "height"): 720,
        ("98", "length"): 41,
    }


def test_what_is_not_asked_for_stays() -> None:
    graph = shipped()
    assert set(_changed(graph, _edit(graph))) == {("97", "image"), ("86", "noise_seed")}


def test_ids_do_not_matter() -> None:
    graph = sample("h100")
    edited = _edit(graph, prompt="p", negative="n", width=832, height=480)
    assert _changed(graph, edited) == {
        ("62", "image"): "up load.png",
        ("57", "noise_seed"): 7,
        ("6", "text"): "p",
        ("7", "text"): "n",
        ("50", "width"): 832,
        ("50", "height"): 480,
    }


def test_a_computed_length_becomes_a_literal_and_a_size_stays() -> None:
    graph = sample("subgraph_newest")
    edited = _edit(graph, length=49)
    assert edited["129:98"]["inputs"]["length"] == 49
    assert edited["129:161"] == graph["129:161"]
    assert _edit(graph, length=81)["129:98"] == graph["129:98"]
    assert parameters_from_graph(graph, "x", "y").length == 81
    assert parameters_from_graph(edited, "x", "y").length == 49


def _sized_by_primitives() -> Graph:
    graph = shipped()
    graph["w"] = {"class_type": "PrimitiveInt", "inputs": {"value": 640}}
    graph["98"]["inputs"] |= {"width": ["w", 0], "height": ["w", 0]}
    return graph


def test_a_primitive_is_changed_where_the_value_comes_from() -> None:
    graph = _sized_by_primitives()
    assert _changed(graph, _edit(graph, width=512, height=512)).keys() >= {("w", "value")}
    read = parameters_from_graph(_edit(graph, width=512, height=512), "x", "y")
    assert (read.width, read.height) == (512, 512)


@pytest.mark.parametrize("values", [{"width": 512}, {"height": 512}, {"width": 512, "height": 320}])
def test_a_shared_primitive_never_changes_the_other_side(values: dict[str, int]) -> None:
    edited = _edit(_sized_by_primitives(), **values)
    read = parameters_from_graph(edited, "x", "y")
    assert (read.width, read.height) == (values.get("width", 640), values.get("height", 640))


def test_seed_and_text_behind_primitives() -> None:
    graph = shipped()
    graph["s"] = {"class_type": "PrimitiveInt", "inputs": {"value": 1}}
    graph["t"] = {"class_type": "PrimitiveStringMultiline", "inputs": {"value": "shared"}}
    graph["86"]["inputs"]["noise_seed"] = ["s", 0]
    graph["93"]["inputs"]["text"] = ["t", 0]
    graph["89"]["inputs"]["text"] = ["t", 0]
    edited = _edit(graph, seed=2**64 - 1, prompt="only the positive one")
    assert edited["s"]["inputs"]["value"] == 2**64 - 1
    read = parameters_from_graph(edited, "x", "y")
    assert (read.seed, read.prompt, read.negative) == (2**64 - 1, "only the positive one", "shared")


def test_custom_sampler_takes_its_seed_from_the_noise_node() -> None:
    graph = shipped()
    graph["n"] = {"class_type": "RandomNoise", "inputs": {"noise_seed": 1}}
    graph["g"] = {
        "class_type": "CFGGuider",
        "inputs": {"model": ["104", 0], "positive": ["98", 0], "negative": ["98", 1], "cfg": 1.0},
    }
    graph["q"] = {"class_type": "BasicScheduler", "inputs": {"model": ["104", 0], "scheduler": "simple", "steps": 4}}
    graph["86"] = {
        "class_type": "SamplerCustomAdvanced",
        "inputs": {"noise": ["n", 0], "guider": ["g", 0], "sigmas": ["q", 0], "latent_image": ["98", 2]},
    }
    edited = _edit(graph, seed=99, prompt="p", negative="n")
    assert edited["n"]["inputs"]["noise_seed"] == 99
    read = parameters_from_graph(edited, "x", "y")
    assert (read.seed, read.prompt, read.negative, read.cfg) == (99, "p", "n", 1.0)


def test_image_behind_a_scaling_node() -> None:
    graph = shipped()
    graph["sc"] = {"class_type": "ImageScale", "inputs": {"image": ["97", 0], "width": 640, "height": 640}}
    graph["98"]["inputs"]["start_image"] = ["sc", 0]
    assert _edit(graph)["97"]["inputs"]["image"] == "up load.png"


def test_an_end_image_is_left_alone() -> None:
    graph = shipped()
    graph["last"] = {"class_type": "LoadImage", "inputs": {"image": "last.png"}}
    graph["98"] |= {"class_type": "WanFirstLastFrameToVideo"}
    graph["98"]["inputs"]["end_image"] = ["last", 0]
    edited = _edit(graph)
    assert (edited["97"]["inputs"]["image"], edited["last"]["inputs"]["image"]) == ("up load.png", "last.png")


def _without(graph: Graph, node: str, name: str) -> Graph:
    del graph[node]["inputs"][name]
    return graph


def _zeroed() -> Graph:
    graph = shipped()
    graph["z"] = {"class_type": "ConditioningZeroOut", "inputs": {"conditioning": ["93", 0]}}
    graph["98"]["inputs"]["negative"] = ["z", 0]
    return graph


def _same_text_twice() -> Graph:
    graph = shipped()
    graph["98"]["inputs"]["negative"] = ["93", 0]
    return graph


def _noise_free() -> Graph:
    graph = shipped()
    graph["86"]["inputs"]["add_noise"] = "disable"
    return graph


@pytest.mark.parametrize(
    ("graph", "values", "part"),
    [
        (sample("mute_loadimage"), {}, "a start image"),
        (_without(shipped(), "98", "length"), {}, "an image-to-video node"),
        ({"1": {"class_type": "LoadImage", "inputs": {"image": "x"}}}, {}, "a sampler"),
        (_noise_free(), {}, "a seed"),
        (sample("bypass_pass_1_sampler"), {}, "a seed"),
        (_without(shipped(), "98", "positive"), {"prompt": "p"}, "a positive prompt of its own"),
        (_zeroed(), {"negative": "n"}, "a negative prompt of its own"),
        (_same_text_twice(), {"negative": "n"}, "a negative prompt of its own"),
    ],
)
def test_a_missing_part_is_named(graph: Graph, values: dict[str, str], part: str) -> None:
    with pytest.raises(AppError) as caught:
        _edit(graph, **values)
    assert caught.value.problem.code == "workflow_part_missing"
    assert caught.value.problem.where["part"] == part
    assert part in caught.value.problem.message


def test_a_prompt_that_serves_both_sides_can_still_be_set() -> None:
    edited = _edit(_zeroed(), prompt="p")
    assert edited["93"]["inputs"]["text"] == "p"


REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "prompt": st.text(max_size=20),
        "negative": st.text(max_size=20),
        "width": st.integers(16, 16384),
        "height": st.integers(16, 16384),
        "length": st.integers(1, 16384),
    },
)


@given(
    name=st.sampled_from(SAMPLES),
    values=REQUESTS,
    seed=st.integers(0, MAX_SEED),
    image=st.text(min_size=1, max_size=20),
)
@settings(max_examples=150, deadline=None)
def test_never_changes_its_input_and_twice_is_once(name: str, values: dict[str, Any], seed: int, image: str) -> None:
    graph = sample(name)
    untouched = copy.deepcopy(graph)
    once = _edit(graph, seed, image, **values)
    assert graph == untouched
    assert _edit(once, seed, image, **values) == once
    read = parameters_from_graph(once, name, "sha")
    assert (read.image, read.seed) == (image, seed)
    for key, value in request(**values).model_dump(exclude_unset=True, include=set(values)).items():
        assert getattr(read, key) == value
    once["nobody"] = {"class_type": "X", "inputs": {}}
    assert graph == untouched


@given(st.integers(-5, 20000))
def test_snapping(number: int) -> None:
    length, size = snap_length(number), snap_size(number)
    assert frames_made(length) == length
    assert 1 <= length <= 16381
    assert size % 16 == 0
    assert 16 <= size <= 16384
    if 1 <= number <= 16381:
        assert abs(length - number) <= 2
    if 16 <= number <= 16384:
        assert abs(size - number) <= 8
    assert snap_length(length) == length
    assert snap_size(size) == size


@pytest.mark.parametrize(("asked", "made"), [(81, 81), (80, 77), (82, 81), (1, 1), (4, 1), (5, 5), (0, 1)])
def test_frames_made(asked: int, made: int) -> None:
    assert frames_made(asked) == made


def test_seeds_use_the_whole_range() -> None:
    seeds = [draw_seed(Random(number)) for number in range(200)]
    assert all(0 <= seed <= MAX_SEED for seed in seeds)
    assert max(seeds) > 2**63
    assert draw_seed(Random(1)) == draw_seed(Random(1))
    assert draw_seed() != draw_seed()


def test_parameters_of_the_shipped_graph() -> None:
    read = parameters_from_graph(shipped("wan22_baseline_reference"), "name", "sha")
    assert (read.workflow, read.workflow_sha256, read.seed, read.steps, read.cfg) == ("name", "sha", 42, 4, 1.0)
    assert (read.width, read.height, read.length, read.fps) == (640, 640, 81, 16.0)
    assert (read.shifts, read.interpolation) == ((5.0, 6.0), "none")
    assert read.models == {
        "pass_1_expert": "wan2.2_i2v_high_noise_14B_fp8_scaled.safetensors",
        "pass_1_lora": "wan2.2_i2v_lightx2v_4steps_lora_v1_high_noise.safetensors",
        "pass_2_expert": "wan2.2_i2v_low_noise_14B_fp8_scaled.safetensors",
        "pass_2_lora": "wan2.2_i2v_lightx2v_4steps_lora_v1_low_noise.safetensors",
        "text_encoder": "umt5_xxl_fp8_e4m3fn_scaled.safetensors",
        "vae": "wan_2.1_vae.safetensors",
    }


def test_parameters_follow_the_switches_of_the_newest_template() -> None:
    graph = sample("subgraph_newest")
    plain = parameters_from_graph(graph, "x", "y")
    assert (plain.steps, plain.cfg, plain.shifts, plain.fps) == (20, 3.5, (5.0, 5.0), 16.0)
    assert "pass_1_lora" not in plain.models
    graph["129:131"]["inputs"]["value"] = True
    fast = parameters_from_graph(graph, "x", "y")
    assert (fast.steps, fast.cfg) == (4, 1.0)
    assert fast.models["pass_2_lora"] == "wan2.2_i2v_lightx2v_4steps_lora_v1_low_noise.safetensors"


@pytest.mark.parametrize(("name", "kind", "fps"), [("i2v_rife", "rife", 32.0), ("i2v_native_film", "film", 32.0)])
def test_interpolation_is_read(name: str, kind: str, fps: float) -> None:
    read = parameters_from_graph(sample(name), "x", "y")
    assert (read.interpolation, read.fps) == (kind, fps)
    assert kind in read.models["interpolation"]


def test_what_cannot_be_read_is_none() -> None:
    graph = shipped()
    graph["86"]["inputs"] |= {"cfg": 2.0, "steps": ["gone", 0]}
    graph["104"]["inputs"]["shift"] = ["gone", 0]
    graph["101"]["inputs"]["strength_model"] = 0
    read = parameters_from_graph(graph, "x", "y")
    assert (read.steps, read.cfg, read.shifts) == (None, None, ())
    assert "pass_1_lora" not in models_of(graph)
    empty = parameters_from_graph({"1": {"class_type": "A", "inputs": {}}}, "x", "y")
    assert (empty.image, empty.width, empty.length, empty.seed, empty.steps, empty.fps) == (None,) * 6
