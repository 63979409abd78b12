import copy

import pytest

from tests.unit.comfy.graph_samples import sample, shipped
from wan22.comfy.client import Graph
from wan22.comfy.roles import pass_nodes, roles_from_graph, steps_of_pass
from wan22.schema.events import Role


def _classes(graph: Graph) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for node, role in roles_from_graph(graph).items():
        found.setdefault(role.value, set()).add(graph[node]["class_type"])
    return found


@pytest.mark.parametrize("name", ["wan22_i2v_two_pass", "wan22_baseline_reference"])
def test_shipped_graphs(name: str) -> None:
    graph = shipped(name)
    roles = roles_from_graph(graph)
    assert (roles["86"], roles["85"]) == (Role.pass_1, Role.pass_2)
    assert pass_nodes(graph) == ("86", "85")
    assert _classes(graph) == {
        "load": {"CLIPLoader", "VAELoader", "UNETLoader", "LoraLoaderModelOnly", "ModelSamplingSD3"},
        "encode": {"CLIPTextEncode", "LoadImage", "WanImageToVideo"},
        "pass_1": {"KSamplerAdvanced"},
        "pass_2": {"KSamplerAdvanced"},
        "decode": {"VAEDecode"},
        "save": {"CreateVideo", "SaveVideo"},
    }


def test_recorded_run() -> None:
    graph = sample("h100")
    roles = roles_from_graph(graph)
    named = {"57": Role.pass_1, "58": Role.pass_2, "8": Role.decode, "50": Role.encode, "61": Role.save}
    assert {node: roles[node] for node in named} == named
    assert [steps_of_pass(graph, node) for node in pass_nodes(graph)] == [2, 2]


def test_subgraph_ids_and_values_behind_switches() -> None:
    graph = sample("subgraph_newest")
    roles = roles_from_graph(graph)
    assert pass_nodes(graph) == ("129:86", "129:85")
    assert (roles["129:86"], roles["129:85"]) == (Role.pass_1, Role.pass_2)
    assert [steps_of_pass(graph, node) for node in pass_nodes(graph)] == [10, 10]
    graph["129:131"]["inputs"]["value"] = True
    assert [steps_of_pass(graph, node) for node in pass_nodes(graph)] == [2, 2]


def test_order_of_the_file_does_not_matter() -> None:
    graph = dict(reversed(shipped().items()))
    assert pass_nodes(graph) == ("86", "85")


def test_a_single_sampler_is_pass_1() -> None:
    graph = sample("bypass_pass_1_sampler")
    assert pass_nodes(graph) == ("85",)
    assert roles_from_graph(graph)["85"] is Role.pass_1
    assert Role.pass_2 not in roles_from_graph(graph).values()


def test_steps_behind_a_primitive() -> None:
    graph = sample("primitiveint_steps")
    assert steps_of_pass(graph, "86") == 2
    graph["86"]["inputs"]["end_at_step"] = 10000
    assert steps_of_pass(graph, "86") == 6


@pytest.mark.parametrize(("name", "node"), [("i2v_rife", "120"), ("i2v_native_film", "131")])
def test_interpolation(name: str, node: str) -> None:
    graph = sample(name)
    assert roles_from_graph(graph)[node] is Role.interpolate
    if name == "i2v_native_film":
        assert roles_from_graph(graph)["130"] is Role.interpolate


def _three_passes(expert: str) -> Graph:
    """The shipped graph with a pass between the two; `expert` is the model node that it samples with."""
    graph = shipped()
    middle = copy.deepcopy(graph["86"])
    middle["inputs"] |= {
        "model": [expert, 0],
        "add_noise": "disable",
        "latent_image": ["86", 0],
        "start_at_step": 2,
        "end_at_step": 3,
    }
    graph["200"] = middle
    graph["85"]["inputs"] |= {"latent_image": ["200", 0], "start_at_step": 3}
    return graph


@pytest.mark.parametrize(("expert", "role"), [("95", Role.pass_1), ("104", Role.pass_1), ("103", Role.pass_2)])
def test_a_middle_pass_belongs_to_the_one_with_its_expert(expert: str, role: Role) -> None:
    graph = _three_passes(expert)
    roles = roles_from_graph(graph)
    assert pass_nodes(graph) == ("86", "200", "85")
    assert (roles["86"], roles["200"], roles["85"]) == (Role.pass_1, role, Role.pass_2)


def test_a_middle_pass_on_a_third_file_belongs_to_the_nearer_end() -> None:
    graph = _three_passes("300")
    graph["300"] = {"class_type": "UnetLoaderGGUF", "inputs": {"unet_name": "third.gguf"}}
    assert roles_from_graph(graph)["200"] is Role.pass_1


def test_pass_2_behind_a_chain_of_other_nodes() -> None:
    graph = shipped()
    graph["300"] = {"class_type": "LatentUpscaleBy", "inputs": {"samples": ["86", 0], "scale_by": 1.5}}
    graph["301"] = {"class_type": "LatentBlend", "inputs": {"samples1": ["300", 0], "samples2": ["300", 0]}}
    graph["85"]["inputs"]["latent_image"] = ["301", 0]
    assert roles_from_graph(graph)["85"] is Role.pass_2


def _custom(sampler: str, noise: str, latent: list[object], sigmas: list[object]) -> Graph:
    return {
        sampler: {
            "class_type": "SamplerCustomAdvanced",
            "inputs": {
                "noise": [noise, 0],
                "guider": ["g", 0],
                "sampler": ["k", 0],
                "sigmas": sigmas,
                "latent_image": latent,
            },
        }
    }


def test_custom_samplers_with_split_sigmas() -> None:
    graph: Graph = {
        "m": {"class_type": "UNETLoader", "inputs": {"unet_name": "wan.safetensors", "weight_dtype": "default"}},
        "k": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
        "g": {"class_type": "BasicGuider", "inputs": {"model": ["m", 0], "conditioning": ["c", 0]}},
        "s": {
            "class_type": "BasicScheduler",
            "inputs": {"model": ["m", 0], "scheduler": "simple", "steps": 6, "denoise": 1},
        },
        "x": {"class_type": "SplitSigmas", "inputs": {"sigmas": ["s", 0], "step": 2}},
        "l": {
            "class_type": "EmptyHunyuanLatentVideo",
            "inputs": {"width": 64, "height": 64, "length": 5, "batch_size": 1},
        },
        "r": {"class_type": "RandomNoise", "inputs": {"noise_seed": 1}},
        "d": {"class_type": "DisableNoise", "inputs": {}},
        **_custom("two", "d", ["one", 0], ["x", 1]),
        **_custom("one", "r", ["l", 0], ["x", 0]),
    }
    roles = roles_from_graph(graph)
    assert (roles["one"], roles["two"], roles["k"]) == (Role.pass_1, Role.pass_2, Role.other)
    assert [steps_of_pass(graph, node) for node in pass_nodes(graph)] == [2, 4]
    graph["x"]["inputs"]["step"] = 99
    assert [steps_of_pass(graph, node) for node in pass_nodes(graph)] == [6, 0]


@pytest.mark.parametrize(
    ("inputs", "steps"),
    [
        ({"steps": 20, "denoise": 1.0}, 20),
        ({"steps": 20, "denoise": 0.5}, 20),
        ({"steps": 20, "denoise": 0.0}, 0),
        ({"steps": ["gone", 0]}, None),
        ({"steps": 4, "start_at_step": 3, "end_at_step": 2}, 0),
        ({"steps": 4, "start_at_step": 9, "end_at_step": 10000}, 0),
        ({"steps": 4, "start_at_step": 1, "end_at_step": 10000}, 3),
        ({"steps": 4, "start_at_step": ["gone", 0], "end_at_step": 4}, None),
        ({"steps": "4"}, 4),
        ({"steps": "four"}, None),
        ({"steps": float("nan")}, None),
        ({}, None),
    ],
)
def test_steps_are_clamped_as_the_server_does(inputs: dict[str, object], steps: int | None) -> None:
    assert steps_of_pass({"1": {"class_type": "KSampler", "inputs": inputs}}, "1") == steps


def test_hostile_graphs_end() -> None:
    graph: Graph = {
        "a": {"class_type": "KSampler", "inputs": {"latent_image": ["b", 0], "model": ["a", 0], "steps": ["p", 0]}},
        "b": {"class_type": "KSampler", "inputs": {"latent_image": ["a", 0], "model": ["b", 0]}},
        "p": {"class_type": "PrimitiveInt", "inputs": {"value": ["p", 0]}},
        "s": {
            "class_type": "ComfySwitchNode",
            "inputs": {"switch": ["s", 0], "on_true": ["s", 0], "on_false": ["s", 0]},
        },
        "w": {"class_type": "KSampler", "inputs": {"latent_image": ["s", 0], "steps": ["s", 0]}},
    }
    assert set(roles_from_graph(graph)) == set(graph)
    assert steps_of_pass(graph, "a") is None
    assert steps_of_pass(graph, "w") is None


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("DiffusionModelLoaderKJ", Role.load),
        ("CheckpointLoaderSimple", Role.load),
        ("UnetLoaderGGUF", Role.load),
        ("LoraLoader", Role.load),
        ("CLIPVisionLoader", Role.load),
        ("TorchCompileModelWanVideoV2", Role.load),
        ("PathchSageAttentionKJ", Role.load),
        ("ModelSamplingSD3", Role.load),
        ("CLIPVisionEncode", Role.encode),
        ("WanFirstLastFrameToVideo", Role.encode),
        ("Wan22ImageToVideoLatent", Role.encode),
        ("ImageScale", Role.encode),
        ("TextEncodeQwenImageEdit", Role.encode),
        ("VAEDecodeTiled", Role.decode),
        ("VAEDecode", Role.decode),
        ("RIFE VFI", Role.interpolate),
        ("FILM VFI", Role.interpolate),
        ("RifeTensorrt", Role.interpolate),
        ("FrameInterpolationModelLoader", Role.interpolate),
        ("VHS_VideoCombine", Role.save),
        ("SaveAnimatedWEBP", Role.save),
        ("SaveImage", Role.save),
        ("KSamplerSelect", Role.other),
        ("BasicScheduler", Role.other),
        ("PrimitiveInt", Role.other),
    ],
)
def test_role_of_a_class(name: str, role: Role) -> None:
    assert roles_from_graph({"1": {"class_type": name, "inputs": {}}}) == {"1": role}
