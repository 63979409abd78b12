import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.comfy.graph_samples import definitions, raw_definitions, sample, shipped
from wan22.comfy.client import Graph
from wan22.comfy.object_info import InputKind, NodeDefinitions, graph_for_server, names_files

VERSIONS = ("0.3.64", "0.25.0", "newer")


@pytest.mark.parametrize("version", VERSIONS)
def test_every_recorded_definition_is_understood(version: str) -> None:
    known = definitions(version)
    assert known.broken == ()
    assert set(known.class_types) == set(raw_definitions(version))


@pytest.mark.parametrize("version", VERSIONS)
def test_kinds_of_a_sampler(version: str) -> None:
    known = definitions(version)
    kinds = {spec.name: spec.kind.value for spec in known.inputs("KSamplerAdvanced")}
    assert kinds["model"] == "socket"
    assert kinds["noise_seed"] == "int"
    assert kinds["cfg"] == "float"
    assert kinds["sampler_name"] == "combo"
    seed = known.input("KSamplerAdvanced", "noise_seed")
    assert seed is not None
    assert (seed.min, seed.max, seed.required) == (0, 2**64 - 1, True)
    text = known.input("CLIPTextEncode", "text")
    assert text is not None
    assert text.kind is InputKind.string
    length = known.input("WanImageToVideo", "length")
    assert length is not None
    assert (length.default, length.step, length.min) == (81, 4, 1)
    assert known.outputs("WanImageToVideo") == ("CONDITIONING", "CONDITIONING", "LATENT")


def test_the_combo_shapes() -> None:
    old = definitions("0.3.64").input("UNETLoader", "weight_dtype")
    v3 = definitions("0.25.0").input("SaveVideo", "format")
    dynamic = definitions("newer").input("SaveVideo", "format")
    assert old is not None
    assert v3 is not None
    assert dynamic is not None
    assert (old.kind, old.options[0]) == (InputKind.combo, "default")
    assert (v3.kind, v3.options, v3.default) == (InputKind.combo, ("auto", "mp4"), "auto")
    assert (dynamic.kind, dynamic.options) == (InputKind.dynamic_combo, ("auto", "mp4", "mkv", "webm"))
    boolean = definitions("0.25.0").input("RIFE VFI", "torch_compile")
    assert boolean is not None
    assert (boolean.kind, boolean.default) == (InputKind.boolean, False)


def test_unknown_classes_have_nothing() -> None:
    known = definitions("0.3.64")
    assert not known.has("FrameInterpolate")
    assert known.inputs("FrameInterpolate") == ()
    assert known.input("KSampler", "nothing") is None
    assert known.python_module("FrameInterpolate") is None
    assert known.python_module("WanImageToVideo") == "comfy_extras.nodes_wan"
    assert definitions("0.25.0").python_module("RIFE VFI") == "custom_nodes.ComfyUI-Frame-Interpolation"
    assert known.is_output("SaveVideo")
    assert not known.is_output("VAEDecode")


def test_dynamic_and_growing_inputs_are_spelled_out() -> None:
    given_inputs = {"format": "mp4", "format.codec": "h264", "format.codec.encoding": "re-encode"}
    names = [spec.name for spec in definitions("newer").expected_inputs("SaveVideo", given_inputs)]
    assert names[-4:] == ["format", "format.codec", "format.codec.encoding", "format.codec.encoding.crf"]
    assert "format.codec" not in [spec.name for spec in definitions("newer").expected_inputs("SaveVideo", {})]
    grown = list(definitions("0.25.0").expected_inputs("ComfyMathExpression", {}))
    assert [(spec.name, spec.required) for spec in grown[:3]] == [
        ("expression", True),
        ("values.a", True),
        ("values.b", False),
    ]
    images = [spec.name for spec in definitions("0.25.0").expected_inputs("BatchImagesNode", {})]
    assert images[:2] == ["images.image0", "images.image1"]


@pytest.mark.parametrize(
    "broken",
    [
        None,
        3,
        {"input": 3},
        {"input": {"required": []}, "output": []} | {"input": {"required": ["x"]}},
        {"input": {"required": {"x": []}}},
        {"input": {"required": {"x": 7}}},
        {"input": {"required": {"x": [{"a": 1}]}}},
        {"input": {"required": {"x": ["COMFY_DYNAMICCOMBO_V3", {"options": ["a"]}]}}},
        {"input": {"required": {"x": ["COMFY_DYNAMICCOMBO_V3", {"options": [{"key": "a", "inputs": 3}]}]}}},
        {"output": "LATENT"},
    ],
)
def test_a_broken_definition_is_skipped_and_named(broken: object) -> None:
    known = NodeDefinitions({"Bad": broken, "Good": {"input": {"required": {"x": ["INT"]}}, "output": ["INT"]}})
    assert known.broken == ("Bad",)
    assert known.has("Good")
    assert not known.has("Bad")


def test_odd_but_usable_definitions() -> None:
    known = NodeDefinitions(
        {
            "Odd": {
                "input": {
                    "required": {"a": "IMAGE", "b": ["INT", {"min": "x", "max": None, "default": 3}], "c": [[], None]},
                    "optional": None,
                    "hidden": {"prompt": "PROMPT"},
                },
                "output": [["a", "b"], "INT"],
                "output_node": 1,
            },
            "Empty": {},
            "Endless": {"input": {"required": {"x": ["COMFY_AUTOGROW_V3", {"template": 3}]}}},
        }
    )
    assert known.broken == ()
    assert [(spec.name, spec.kind, spec.min, spec.default) for spec in known.inputs("Odd")] == [
        ("a", InputKind.socket, None, None),
        ("b", InputKind.int, None, 3),
        ("c", InputKind.combo, None, None),
    ]
    assert known.outputs("Odd") == ("COMBO", "INT")
    assert list(known.expected_inputs("Endless", {})) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["input", "required", "options", "key", "inputs", "x", "min"]), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@given(JSON)
@settings(max_examples=200, deadline=None)
def test_nonsense_never_raises(nonsense: Any) -> None:
    known = NodeDefinitions({"A": nonsense, "B": {"input": {"required": {"x": nonsense}}}})
    for class_type in known.class_types:
        assert list(known.expected_inputs(class_type, {"x": "a"})) is not None
        graph, notes = graph_for_server({"1": {"class_type": class_type, "inputs": {"x": "a"}}}, known)
        assert set(graph) == {"1"}
        assert isinstance(notes, tuple)


@pytest.mark.parametrize("version", ["0.3.64", "0.25.0"])
@pytest.mark.parametrize("name", ["wan22_i2v_two_pass", "wan22_baseline_reference"])
def test_the_shipped_graphs_fit_as_they_are(version: str, name: str) -> None:
    graph = shipped(name)
    assert graph_for_server(graph, definitions(version)) == (graph, ())


@pytest.mark.parametrize(("codec", "filled"), [("auto", "auto"), ("h264", "h264"), ("vp9", "auto"), (None, "auto")])
def test_a_dynamic_combo_gets_its_sub_inputs(codec: str | None, filled: str) -> None:
    graph = shipped()
    if codec is None:
        del graph["108"]["inputs"]["codec"]
    else:
        graph["108"]["inputs"]["codec"] = codec
    untouched = copy.deepcopy(graph)
    fitted, notes = graph_for_server(graph, definitions("newer"))
    assert graph == untouched
    assert fitted["108"]["inputs"]["format.codec"] == filled
    assert any("'format.codec'" in note and "node 108" in note for note in notes)
    assert ("format.codec.encoding" in fitted["108"]["inputs"]) == (filled == "h264")
    assert graph_for_server(fitted, definitions("newer")) == (fitted, ())


def test_new_required_inputs_get_their_defaults() -> None:
    graph = sample("i2v_rife")
    for name in ("dtype", "torch_compile", "batch_size"):
        graph["120"]["inputs"].pop(name, None)
    fitted, notes = graph_for_server(graph, definitions("0.25.0"))
    inputs = fitted["120"]["inputs"]
    assert (inputs["dtype"], inputs["torch_compile"], inputs["batch_size"]) == ("float32", False, 1)
    assert len(notes) == 3


@pytest.mark.parametrize(
    ("node", "name"),
    [
        ("86", "steps"),
        ("86", "cfg"),
        ("85", "scheduler"),
        ("93", "text"),
        ("98", "length"),
        ("94", "fps"),
        ("97", "image"),
    ],
)
def test_what_carries_the_meaning_is_never_guessed(node: str, name: str) -> None:
    graph = shipped()
    del graph[node]["inputs"][name]
    fitted, notes = graph_for_server(graph, definitions("0.25.0"))
    assert name not in fitted[node]["inputs"]
    assert notes == ()


@pytest.mark.parametrize(
    ("node", "name"), [("95", "unet_name"), ("90", "vae_name"), ("101", "lora_name"), ("86", "model")]
)
def test_files_and_links_are_never_guessed(node: str, name: str) -> None:
    graph = shipped()
    del graph[node]["inputs"][name]
    assert name not in graph_for_server(graph, definitions("0.25.0"))[0][node]["inputs"]


def _offering(*names: str) -> NodeDefinitions:
    raw = raw_definitions("0.3.64")
    raw["LoraLoaderModelOnly"]["input"]["required"]["lora_name"][0] = list(names)
    return NodeDefinitions(raw)


def _lora(graph: Graph) -> object:
    return graph["101"]["inputs"]["lora_name"]


def test_spelling_of_a_choice_is_the_servers_own() -> None:
    graph = shipped()
    graph["101"]["inputs"]["lora_name"] = "Wan22/fast LoRA.safetensors"
    fitted, notes = graph_for_server(graph, _offering("wan22\\Fast lora.safetensors", "other.safetensors"))
    assert _lora(fitted) == "wan22\\Fast lora.safetensors"
    assert len(notes) == 1
    assert "is written" in notes[0]


def test_an_ambiguous_or_different_spelling_is_left() -> None:
    graph = shipped()
    graph["101"]["inputs"]["lora_name"] = "A.safetensors"
    assert _lora(graph_for_server(graph, _offering("a.safetensors", "a.SAFETENSORS"))[0]) == "A.safetensors"
    assert _lora(graph_for_server(graph, _offering("sub/a.safetensors"))[0]) == "A.safetensors"


def test_lists_of_files_are_told_from_other_choices() -> None:
    known = definitions("0.25.0")
    specs = {
        (class_type, name): known.input(class_type, name)
        for class_type, name in [("UNETLoader", "unet_name"), ("LoadImage", "image"), ("UNETLoader", "weight_dtype")]
    }
    assert [spec is not None and names_files(spec) for spec in specs.values()] == [True, True, False]
