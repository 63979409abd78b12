"""Preflight against real definitions. Each planted mistake was also posted to real servers, see `REFUSED`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.comfy.graph_samples import definitions, manifest, raw_definitions, request, sample, shipped
from wan22.comfy.client import Graph
from wan22.comfy.graph_check import GraphCheck, check_graph
from wan22.comfy.graph_edit import graph_with_request
from wan22.comfy.object_info import NodeDefinitions, graph_for_server
from wan22.schema.problem import Problem, Severity
from wan22.schema.server import DeviceInfo

CPU = DeviceInfo(name="cpu", type="cpu", vram_total=8 * 2**30)


def _check(graph: Graph, known: NodeDefinitions | str = "0.3.64", **values: Any) -> GraphCheck:
    arguments: dict[str, Any] = {
        "request": request(),
        "image_size": (640, 640),
        "device": None,
        "manifest": manifest(),
        "models_folder": None,
    }
    known = definitions(known) if isinstance(known, str) else known
    return check_graph(graph, known, **{**arguments, **values})


def _ready(graph: Graph, known: str = "0.3.64") -> Graph:
    wanted = request(prompt="a", negative="b", width=640, height=640, length=81)
    edited = graph_with_request(graph, wanted, seed=2**64 - 1, image_reference="not uploaded yet.png")
    return graph_for_server(edited, definitions(known))[0]


@pytest.mark.parametrize("version", ["0.3.64", "0.25.0"])
def test_the_shipped_graph_passes_without_a_word(version: str) -> None:
    check = _check(_ready(shipped(), version), version)
    assert (check.errors, check.warnings) == ((), ())


@pytest.mark.parametrize("version", ["0.3.64", "0.25.0"])
def test_the_reference_graph_passes_with_one_warning(version: str) -> None:
    check = _check(_ready(shipped("wan22_baseline_reference"), version), version)
    assert check.errors == ()
    assert [warning.code for warning in check.warnings] == ["shifts_unequal"]
    assert check.warnings[0].severity is Severity.warning
    assert "5 in the pass at node 86 and 6 in the pass at node 85" in check.warnings[0].message
    assert "0.83" in check.warnings[0].message
    assert "17% too little" in check.warnings[0].message


def test_the_newest_template_passes_on_a_server_that_knows_its_nodes() -> None:
    check = _check(_ready(sample("subgraph_newest"), "0.25.0"), "0.25.0")
    assert check.errors == ()
    assert {problem.where["class_type"] for problem in _check(sample("subgraph_newest")).errors} == {
        "ComfySwitchNode",
        "ComfyMathExpression",
    }


def test_the_recorded_graph_passes_on_its_own_server() -> None:
    assert _check(sample("h100")).errors == ()


def _set(node: str, name: str, value: object) -> Callable[[Graph], None]:
    def change(graph: Graph) -> None:
        graph[node]["inputs"][name] = value

    return change


def _drop(node: str, name: str) -> Callable[[Graph], None]:
    def change(graph: Graph) -> None:
        del graph[node]["inputs"][name]

    return change


def _class(node: str, class_type: str) -> Callable[[Graph], None]:
    def change(graph: Graph) -> None:
        graph[node]["class_type"] = class_type

    return change


def _without_output(graph: Graph) -> None:
    del graph["108"]


# Each of these was refused by ComfyUI 0.3.64 and 0.25.0 on POST /prompt when it was planted in the shipped graph.
REFUSED: list[tuple[Callable[[Graph], None], str, str | None, str | None]] = [
    (_class("87", "RIFE VFI"), "node_type_missing", "87", None),
    (_set("95", "unet_name", "nope.safetensors"), "model_missing", "95", "unet_name"),
    (_set("101", "lora_name", "nope.safetensors"), "model_missing", "101", "lora_name"),
    (_set("90", "vae_name", "nope.safetensors"), "model_missing", "90", "vae_name"),
    (_set("84", "clip_name", "nope.safetensors"), "model_missing", "84", "clip_name"),
    (_set("86", "sampler_name", "eulr"), "input_value_invalid", "86", "sampler_name"),
    (_set("86", "scheduler", "simpel"), "input_value_invalid", "86", "scheduler"),
    (_set("95", "weight_dtype", "fp9"), "input_value_invalid", "95", "weight_dtype"),
    (_set("84", "type", "wann"), "input_value_invalid", "84", "type"),
    (_set("86", "steps", 0), "input_value_out_of_range", "86", "steps"),
    (_set("85", "cfg", 101), "input_value_out_of_range", "85", "cfg"),
    (_set("98", "length", 0), "input_value_out_of_range", "98", "length"),
    (_set("98", "width", 8), "input_value_out_of_range", "98", "width"),
    (_set("98", "width", 20000), "input_value_out_of_range", "98", "width"),
    (_set("86", "noise_seed", -1), "input_value_out_of_range", "86", "noise_seed"),
    (_set("86", "noise_seed", 2**64), "input_value_out_of_range", "86", "noise_seed"),
    (_set("101", "strength_model", 101.0), "input_value_out_of_range", "101", "strength_model"),
    (_set("94", "fps", 0), "input_value_out_of_range", "94", "fps"),
    (_set("94", "fps", 1000), "input_value_out_of_range", "94", "fps"),
    (_set("86", "steps", "four"), "input_type_invalid", "86", "steps"),
    (_set("86", "steps", None), "input_type_invalid", "86", "steps"),
    (_set("104", "shift", "x"), "input_type_invalid", "104", "shift"),
    (_drop("86", "steps"), "input_missing", "86", "steps"),
    (_drop("86", "model"), "input_missing", "86", "model"),
    (_drop("94", "fps"), "input_missing", "94", "fps"),
    (_drop("87", "vae"), "input_missing", "87", "vae"),
    (_set("86", "model", ["999", 0]), "input_link_invalid", "86", "model"),
    (_set("86", "positive", ["98", 7]), "input_link_invalid", "86", "positive"),
    (_set("86", "model", ["84", 0]), "input_link_invalid", "86", "model"),
    (_set("87", "samples", ["98", 0]), "input_link_invalid", "87", "samples"),
    (_set("86", "model", ["104", 0, 1]), "input_link_invalid", "86", "model"),
    (_set("86", "model", [104, 0]), "input_link_invalid", "86", "model"),
    (_set("104", "model", ["104", 0]), "input_link_invalid", "104", None),
    (_without_output, "workflow_has_no_output", None, None),
]
# Accepted by POST /prompt, and fatal afterwards: the job fails, the last one even ends the server's worker thread.
FATAL_LATER: list[tuple[Callable[[Graph], None], str, str | None, str | None]] = [
    (_set("108", "format", "gif"), "input_value_invalid", "108", "format"),
    (_set("86", "model", "x"), "input_type_invalid", "86", "model"),
    (_set("86", "unknown", ["999", 0]), "input_link_invalid", "86", "unknown"),
]


@pytest.mark.parametrize("version", ["0.3.64", "0.25.0"])
@pytest.mark.parametrize(("change", "code", "node", "name"), [*REFUSED, *FATAL_LATER])
def test_each_mistake_is_found_once_and_at_its_place(
    change: Callable[[Graph], None], code: str, node: str | None, name: str | None, version: str
) -> None:
    graph = _ready(shipped())
    change(graph)
    if version == "0.25.0" and code == "node_type_missing":
        graph["87"]["class_type"] = "GMFSS Fortuna VFI"
    check = _check(graph, version)
    assert [(problem.code, problem.where.get("node"), problem.where.get("input")) for problem in check.errors] == [
        (code, node, name)
    ]
    assert check.errors[0].severity is Severity.error
    assert check.errors[0].message.endswith(".")
    assert check.errors[0].hint


@pytest.mark.parametrize(
    "change",
    [
        _set("86", "steps", "4"),
        _set("86", "steps", 4.7),
        _set("86", "unknown", 1),
        _set("86", "cfg", 1),
        lambda graph: graph.update({"500": {"class_type": "KSampler", "inputs": {}}}),
    ],
)
def test_what_the_server_takes_is_no_error(change: Callable[[Graph], None]) -> None:
    graph = _ready(shipped())
    change(graph)
    assert _check(graph).errors == ()


def _only(check: GraphCheck) -> Problem:
    assert len(check.errors) == 1
    return check.errors[0]


@pytest.mark.parametrize(
    ("class_type", "pack"),
    [
        ("RIFE VFI", "ComfyUI-Frame-Interpolation"),
        ("VHS_VideoCombine", "ComfyUI-VideoHelperSuite"),
        ("PathchSageAttentionKJ", "ComfyUI-KJNodes"),
        ("UnetLoaderGGUF", "ComfyUI-GGUF"),
        ("FrameInterpolate", "ComfyUI 0.20 or newer"),
    ],
)
def test_the_pack_of_an_unknown_node_is_named(class_type: str, pack: str) -> None:
    graph = _ready(shipped())
    graph["900"] = {"class_type": class_type, "inputs": {}}
    graph["901"] = {"class_type": class_type, "inputs": {}}
    error = _only(_check(graph))
    assert pack in error.message
    assert "nodes 900, 901" in error.message
    assert "https://" in error.hint
    assert error.where["pack"] == pack


def test_an_unknown_node_of_an_unknown_pack() -> None:
    graph = _ready(shipped())
    graph["900"] = {"class_type": "Nobody Knows", "inputs": {}}
    error = _only(_check(graph))
    assert "pack" not in error.where
    assert "'Nobody Knows'" in error.message


def test_links_from_unknown_or_broken_classes_are_not_judged_further() -> None:
    raw = raw_definitions("0.3.64")
    raw["ModelSamplingSD3"] = {"input": 3}
    assert _check(_ready(shipped()), NodeDefinitions(raw)).errors == ()


def _without_model(class_type: str, name: str, *offered: str) -> NodeDefinitions:
    raw = raw_definitions("0.3.64")
    raw[class_type]["input"]["required"][name][0] = list(offered)
    return NodeDefinitions(raw)


def test_a_missing_model_comes_with_folder_size_and_address() -> None:
    error = _only(_check(_ready(shipped()), _without_model("VAELoader", "vae_name", "other.safetensors")))
    assert error.code == "model_missing"
    assert "'wan_2.1_vae.safetensors' (0.25 GB)" in error.message
    assert "models/vae of the server's ComfyUI" in error.message
    assert error.where["url"] in error.hint
    assert error.where["folder"] == "models/vae"
    assert error.where["bytes"] == "253815318"
    assert len(error.where["sha256"]) == 64


def test_an_empty_list_of_models_is_a_missing_model_too() -> None:
    errors = _check(_ready(shipped()), _without_model("UNETLoader", "unet_name")).errors
    assert [(error.code, error.where["node"]) for error in errors] == [("model_missing", "95"), ("model_missing", "96")]


def test_a_missing_model_on_this_machine_is_named_by_its_full_folder(tmp_path: Path) -> None:
    folder = tmp_path / "Comfy UI ä" / "models"
    known = _without_model("VAELoader", "vae_name")
    error = _only(_check(_ready(shipped()), known, models_folder=folder))
    assert str(folder / "vae") in error.message
    assert str(folder / "vae") in error.hint
    (folder / "vae").mkdir(parents=True)
    (folder / "vae" / "wan_2.1_vae.safetensors").write_bytes(b"x")
    assert "does not list it: restart ComfyUI" in _only(_check(_ready(shipped()), known, models_folder=folder)).hint


@pytest.mark.parametrize("there", ["wan\\WAN_2.1_VAE.safetensors", "sub/wan_2.1_vae.safetensors"])
def test_the_same_file_in_another_place_is_pointed_out(there: str) -> None:
    error = _only(_check(_ready(shipped()), _without_model("VAELoader", "vae_name", there)))
    assert error.code == "model_missing"
    assert there in error.hint


def test_a_file_in_the_wrong_folder_is_pointed_out() -> None:
    raw = raw_definitions("0.3.64")
    raw["VAELoader"]["input"]["required"]["vae_name"][0] = []
    raw["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0] = ["wan_2.1_vae.safetensors"]
    error = _only(_check(_ready(shipped()), NodeDefinitions(raw)))
    assert "CheckpointLoaderSimple" in error.hint
    assert "wrong folder" in error.hint


def test_an_unknown_model_has_a_folder_but_no_address() -> None:
    graph = _ready(shipped())
    graph["101"]["inputs"]["lora_name"] = "mine/special.safetensors"
    error = _only(_check(graph))
    assert error.where["folder"] == "models/loras"
    assert "url" not in error.where


def test_a_fixed_list_of_a_pack_is_a_wrong_choice_not_a_missing_file() -> None:
    graph = graph_for_server(sample("i2v_rife"), definitions("0.25.0"))[0]
    graph["120"]["inputs"]["ckpt_name"] = "rife99.pth"
    error = _only(_check(graph, "0.25.0"))
    assert (error.code, error.where["input"]) == ("input_value_invalid", "ckpt_name")


def test_a_near_choice_is_offered() -> None:
    graph = _ready(shipped())
    graph["86"]["inputs"]["sampler_name"] = "eulr"
    error = _only(_check(graph))
    assert error.hint == "Did you mean euler?"
    assert "and 30 more" in error.message


def _with_second_image(value: object) -> Graph:
    graph = _ready(shipped())
    graph["last"] = {"class_type": "LoadImage", "inputs": {"image": value}}
    graph["98"]["class_type"] = "WanFirstLastFrameToVideo"
    graph["98"]["inputs"]["end_image"] = ["last", 0]
    return graph


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        ("gone.png", ["start_image_missing"]),
        ("example.png", []),
        ("sub/perhaps.png", []),
        ("perhaps.png [output]", []),
        (3, ["input_type_invalid"]),
    ],
)
def test_other_images_must_be_on_the_server(value: object, codes: list[str]) -> None:
    assert [error.code for error in _check(_with_second_image(value)).errors] == codes


def test_without_a_request_the_start_image_must_be_there_too() -> None:
    graph = _ready(shipped())
    assert _only(_check(graph, request=None)).code == "start_image_missing"


def test_dynamic_combos_and_growing_lists_are_checked() -> None:
    graph = graph_for_server(_ready(shipped()), definitions("newer"))[0]
    graph["108"]["inputs"] |= {"format": "mp4", "format.codec": "h265"}
    wrong = [error for error in _check(graph, "newer").errors if error.where.get("node") == "108"]
    assert [(error.code, error.where["input"]) for error in wrong] == [("input_value_invalid", "format.codec")]
    newest = graph_for_server(sample("subgraph_newest"), definitions("0.25.0"))[0]
    del newest["129:163"]["inputs"]["values.a"]
    error = _only(_check(newest, "0.25.0"))
    assert (error.code, error.where["input"]) == ("input_missing", "values.a")


def test_the_unchosen_side_of_a_switch_is_checked_as_the_server_does() -> None:
    graph = _ready(sample("subgraph_newest"), "0.25.0")
    graph["129:101"]["inputs"]["lora_name"] = "nope.safetensors"
    assert _only(_check(graph, "0.25.0")).where["node"] == "129:101"


def test_list_values_travel_wrapped() -> None:
    graph = _ready(shipped())
    graph["86"]["inputs"]["steps"] = {"__value__": 4}
    assert _check(graph).errors == ()
    graph["86"]["inputs"]["steps"] = {"__value__": [1, 2]}
    assert _only(_check(graph)).code == "input_type_invalid"


def test_warnings_that_only_follow_from_an_error_are_left_out() -> None:
    graph = _ready(shipped())
    graph["104"]["inputs"]["shift"] = "x"
    assert _check(graph).warnings == ()


def test_vram_is_compared_with_the_card() -> None:
    small = DeviceInfo(name="cuda:0 NVIDIA GeForce RTX 5080 : native", type="cuda", vram_total=16 * 2**30)
    check = _check(_ready(shipped()), device=small)
    assert [warning.code for warning in check.warnings] == ["vram_short"]
    assert "NVIDIA GeForce RTX 5080 has 16.0 GiB" in check.warnings[0].message
    assert check.vram_method in check.warnings[0].detail
    large = _check(_ready(shipped()), device=small.model_copy(update={"vram_total": 32 * 2**30}))
    assert large.warnings == ()
    assert large.vram_estimate_bytes == check.vram_estimate_bytes
    unknown = _check(_ready(shipped()), device=small.model_copy(update={"vram_total": None}))
    assert unknown.warnings == ()


def test_a_cpu_needs_no_estimate() -> None:
    check = _check(_ready(shipped()), device=CPU)
    assert check.vram_estimate_bytes is None
    assert "CPU" in check.vram_method
