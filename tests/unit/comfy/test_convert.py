import copy
import json
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from tests.unit.comfy.ui_samples import (
    CASES,
    TEMPLATES,
    case,
    converted,
    definitions,
    flow,
    loader,
    lora,
    node,
    shift,
    subgraph,
    template,
)
from wan22.comfy.convert import ConvertOptions, convert_workflow
from wan22.comfy.input_check import wrong_inputs
from wan22.comfy.object_info import NodeDefinitions
from wan22.schema.problem import AppError
from wan22.wiring.workflow import shipped_definitions

INDEX = json.loads((CASES / "index.json").read_text(encoding="utf-8"))
REFEREED = json.loads((CASES / "own" / "refereed.json").read_text(encoding="utf-8"))
NEW = "video_wan2_2_14B_i2v.json-0.1.123"


@pytest.mark.parametrize("entry", INDEX, ids=[entry["case"] for entry in INDEX])
def test_cases_become_what_the_editor_makes_of_them(entry: dict[str, str]) -> None:
    version = entry["object_info"].removeprefix("object_info.").removesuffix(".subset.json")
    assert converted(case(entry["ui"]), version) == case(entry["expected_api"])


@pytest.mark.parametrize("entry", REFEREED, ids=[entry["case"] for entry in REFEREED])
def test_small_workflows_become_what_the_editor_makes_of_them(entry: dict[str, Any]) -> None:
    options = ConvertOptions(titles=False)
    assert convert_workflow(entry["workflow"], shipped_definitions(), options).graph == entry["expected"]


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.json")), ids=lambda path: path.name[:45])
def test_every_template_fits_the_definitions(path: Any) -> None:
    graph = converted(json.loads(path.read_text(encoding="utf-8")))
    wrong = [
        found.message
        for node_id in graph
        for found in wrong_inputs(graph, definitions(), node_id, frozenset(graph))
        if found.code != "input_value_invalid"
    ]
    assert len(graph) >= 10
    assert wrong == []


def test_titles_are_kept_for_people() -> None:
    graph = convert_workflow(case("flat.ui.json"), definitions()).graph
    assert graph["93"]["_meta"] == {"title": "CLIP Text Encode (Positive Prompt)"}
    assert graph["86"]["_meta"] == {"title": "KSamplerAdvanced"}


def test_what_the_editor_does_with_seeds_is_told() -> None:
    result = convert_workflow(case("flat.ui.json"), definitions())
    assert result.seed_after == {"86": "randomize", "85": "fixed"}


# --- muted and bypassed


def test_a_muted_node_leaves_and_its_consumers_lose_the_link() -> None:
    graph = converted(flow([loader(1), lora(2, mode=2), shift(3)], [(1, 0, 2, 0), (2, 0, 3, 0)]))
    assert graph == {
        "1": {"class_type": "UNETLoader", "inputs": {"unet_name": "a.safetensors", "weight_dtype": "default"}},
        "3": {"class_type": "ModelSamplingSD3", "inputs": {"shift": 5.0}},
    }


def test_bypassed_nodes_in_a_row_hand_on() -> None:
    graph = converted(
        flow([loader(1), lora(2, mode=4), shift(3, mode=4), shift(4)], [(1, 0, 2, 0), (2, 0, 3, 0), (3, 0, 4, 0)])
    )
    assert list(graph) == ["1", "4"]
    assert graph["4"]["inputs"]["model"] == ["1", 0]


def test_a_bypassed_node_prefers_the_opposite_slot() -> None:
    pair = node(3, "Two", inputs=[("a", "MODEL"), ("b", "MODEL")], outputs=["MODEL", "MODEL"], mode=4)
    nodes = [loader(1, "one"), loader(2, "two"), pair, shift(4)]
    assert converted(flow(nodes, [(1, 0, 3, 0), (2, 0, 3, 1), (3, 1, 4, 0)]))["4"]["inputs"]["model"] == ["2", 0]


def test_a_bypassed_node_falls_back_to_the_first_input_of_the_type() -> None:
    odd = node(3, "Odd", inputs=[("x", "IMAGE"), ("b", "MODEL")], outputs=["MODEL"], mode=4)
    assert converted(flow([loader(1), odd, shift(4)], [(1, 0, 3, 1), (3, 0, 4, 0)]))["4"]["inputs"]["model"] == ["1", 0]


def test_a_widget_fed_by_a_muted_node_keeps_its_own_value() -> None:
    number = node(2, "PrimitiveFloat", outputs=["FLOAT"], widgets_values=[9.0], mode=2)
    graph = converted(flow([loader(1), number, shift(3, 5.0)], [(1, 0, 3, 0), (2, 0, 3, 1)]))
    assert graph["3"]["inputs"] == {"shift": 5.0, "model": ["1", 0]}


def test_unknown_classes_do_not_matter_where_they_are_not_sent() -> None:
    odd = node(3, "Nobody knows this", inputs=[("b", "MODEL")], outputs=["MODEL"], mode=4)
    assert converted(flow([loader(1), odd, shift(4)], [(1, 0, 3, 0), (3, 0, 4, 0)]))["4"]["inputs"]["model"] == ["1", 0]


# --- nodes of the editor alone


def _through(middle: list[dict[str, Any]], links: list[tuple[int, int, int, int]]) -> Any:
    return converted(flow([loader(1), *middle, shift(9)], links))["9"]["inputs"]["model"]


def test_reroutes_are_followed_one_after_the_other() -> None:
    middle = [node(number, "Reroute", inputs=[("", "*")], outputs=["MODEL"]) for number in (2, 3)]
    assert _through(middle, [(1, 0, 2, 0), (2, 0, 3, 0), (3, 0, 9, 0)]) == ["1", 0]


@pytest.mark.parametrize("kinds", [("SetNode", "GetNode"), ("easy setNode", "easy getNode")])
def test_get_and_set_are_followed_by_name(kinds: tuple[str, str]) -> None:
    middle = [
        node(2, kinds[0], inputs=[("MODEL", "MODEL")], outputs=["*"], widgets_values=["the model"]),
        node(3, kinds[0], inputs=[("MODEL", "MODEL")], outputs=["*"], widgets_values=["another"]),
        node(4, kinds[1], outputs=["MODEL"], widgets_values=["the model"]),
    ]
    assert _through(middle, [(1, 0, 2, 0), (4, 0, 9, 0)]) == ["1", 0]
    assert "9" in converted(flow([loader(1), *copy.deepcopy(middle)[2:], shift(9)], [(4, 0, 9, 0)]))


def test_a_set_node_also_hands_on_directly() -> None:
    middle = [node(2, "SetNode", inputs=[("MODEL", "MODEL")], outputs=["MODEL"], widgets_values=["m"])]
    assert _through(middle, [(1, 0, 2, 0), (2, 0, 9, 0)]) == ["1", 0]


def test_links_of_use_everywhere_are_followed() -> None:
    workflow = flow([loader(1), shift(9)], [])
    workflow["extra"] = {"ue_links": [{"downstream": 9, "downstream_slot": 0, "upstream": "1", "upstream_slot": 0}]}
    assert converted(workflow)["9"]["inputs"]["model"] == ["1", 0]


def test_a_primitive_goes_over_the_stale_value() -> None:
    primitive = node(2, "PrimitiveNode", outputs=["FLOAT"], widgets_values=[8.0, "fixed"])
    graph = converted(flow([loader(1), primitive, shift(3, 5.0)], [(1, 0, 3, 0), (2, 0, 3, 1)]))
    assert graph["3"]["inputs"]["shift"] == 8.0
    assert "2" not in graph


def test_notes_are_never_sent() -> None:
    notes = [node(5, "Note", widgets_values=["x"]), node(6, "MarkdownNote", widgets_values=["y"])]
    assert list(converted(flow([loader(1), *notes], []))) == ["1"]


# --- values


def test_trailing_values_take_the_default() -> None:
    save = node(2, "SaveVideo", inputs=[("video", "VIDEO")], widgets_values=["out"])
    assert converted(flow([save], []))["2"]["inputs"] == {"filename_prefix": "out", "format": "auto", "codec": "auto"}


def test_a_converted_widget_still_uses_up_its_place() -> None:
    number = node(2, "PrimitiveInt", outputs=["INT"], widgets_values=[704, "fixed"])
    video = node(
        3,
        "WanImageToVideo",
        inputs=[("width", "INT", True)],
        outputs=["CONDITIONING", "CONDITIONING", "LATENT"],
        widgets_values=[1, 640, 81, 1],
    )
    inputs = converted(flow([number, video], [(2, 0, 3, 0)]))["3"]["inputs"]
    assert inputs == {"width": ["2", 0], "height": 640, "length": 81, "batch_size": 1}


def test_values_by_name_are_taken_as_they_are() -> None:
    save = node(2, "SaveVideo", widgets_values={"codec": "h264", "filename_prefix": "p", "videopreview": {"a": 1}})
    assert converted(flow([save], []))["2"]["inputs"] == {"filename_prefix": "p", "format": "auto", "codec": "h264"}


def test_a_missing_slot_behind_a_seed_does_not_shift_the_rest() -> None:
    values: list[Any] = ["enable", 7, 4, 1, "euler", "simple", 0, 2, "enable"]
    inputs = converted(flow([node(1, "KSamplerAdvanced", widgets_values=values)], []))["1"]["inputs"]
    assert (inputs["noise_seed"], inputs["steps"], inputs["return_with_leftover_noise"]) == (7, 4, "enable")


def test_a_list_is_wrapped_and_old_sampler_names_are_shortened() -> None:
    primitive = node(2, "PrimitiveNode", outputs=["FLOAT"], widgets_values=[[1, 2]])
    graph = converted(flow([primitive, shift(3)], [(2, 0, 3, 1)]))
    assert graph["3"]["inputs"]["shift"] == {"__value__": [1, 2]}
    values: list[Any] = ["enable", 7, "fixed", 4, 1, "sample_euler", "simple", 0, 2, "enable"]
    inputs = converted(flow([node(1, "KSamplerAdvanced", widgets_values=values)], []))["1"]["inputs"]
    assert inputs["sampler_name"] == "euler"


def test_choices_get_the_servers_spelling_and_a_note_says_so() -> None:
    known = NodeDefinitions({"L": {"input": {"required": {"f": [["wan/A.safetensors", "b"]]}}, "output": []}})
    result = convert_workflow(flow([node(1, "L", widgets_values=["WAN\\a.safetensors"])], []), known)
    assert result.graph["1"]["inputs"] == {"f": "wan/A.safetensors"}
    assert "'f' is written 'wan/A.safetensors' here; the file says 'WAN\\a.safetensors'" in result.notes[0]


def test_dates_and_widgets_are_filled_into_file_names() -> None:
    save = node(2, "SaveVideo", widgets_values=["%date:yyyy-MM-dd%/%Loader.unet_name%_%width%", "auto", "auto"])
    graph = converted(flow([loader(1, "x:y", title="Loader"), save], []), now=datetime(2026, 3, 4, tzinfo=UTC))
    assert graph["2"]["inputs"]["filename_prefix"] == "2026-03-04/x_y_%width%"


def test_values_of_sockets_in_old_files_are_skipped() -> None:
    spec = {"a": ["INT", {"forceInput": True}], "b": ["INT", {}], "c": ["STRING", {}]}
    known = NodeDefinitions({"N": {"input": {"required": spec}, "output": []}})
    for values in ([9, 1, "t"], [1, "t"]):
        graph = convert_workflow(flow([node(1, "N", widgets_values=values)], []), known).graph
        assert graph["1"]["inputs"] == {"b": 1, "c": "t"}


def test_a_stack_of_loras_becomes_rows() -> None:
    row = {"on": True, "lora": "x.safetensors", "strength": 0.8}
    stack = node(2, "Power Lora Loader (rgthree)", widgets_values=[{}, {"type": "Header"}, row, {}, ""])
    known = NodeDefinitions({"Power Lora Loader (rgthree)": {"input": {}, "output": ["MODEL", "CLIP"]}})
    assert convert_workflow(flow([stack], []), known).graph["2"]["inputs"] == {"lora_1": row}


# --- subgraphs


def _nested(host_values: list[Any], outer_properties: dict[str, Any] | None = None) -> dict[str, Any]:
    """Host 5 of `outer`, which holds host 7 of `inner`, which holds the shift node 3 and the loader 1."""
    inner = subgraph(
        "inner",
        [loader(1), shift(3, 4.0)],
        [(1, 0, 3, 0), (-10, 0, 3, 1), (3, 0, -20, 0)],
        [("shift", "FLOAT")],
        [("MODEL", "MODEL")],
    )
    middle = node(7, "inner", inputs=[("shift", "FLOAT", True)], outputs=["MODEL"], widgets_values=[])
    outer = subgraph("outer", [middle], [(-10, 0, 7, 0), (7, 0, -20, 0)], [("amount", "FLOAT")], [("M", "MODEL")])
    host = node(5, "outer", outputs=["MODEL"], widgets_values=host_values, properties=outer_properties or {})
    return flow([host, lora(6)], [(5, 0, 6, 0)], definitions={"subgraphs": [outer, inner]})


@pytest.mark.parametrize(
    ("values", "properties", "expected"),
    [
        ([], {}, 4.0),
        ([7.5], {}, 7.5),
        ([7.5], {"proxyWidgets": [["-1", "amount"]]}, 7.5),
        ([], {"proxyWidgets": [["7", "shift"]]}, 4.0),
        ([7.5], {"proxyWidgets": [["7", "shift"]]}, 7.5),
    ],
)
def test_a_value_goes_in_through_two_subgraphs(values: list[Any], properties: dict[str, Any], expected: float) -> None:
    graph = converted(_nested(values, properties))
    assert sorted(graph) == ["5:7:1", "5:7:3", "6"]
    assert graph["5:7:3"]["inputs"] == {"shift": expected, "model": ["5:7:1", 0]}
    assert graph["6"]["inputs"]["model"] == ["5:7:3", 0]


def test_different_values_outside_and_inside_are_told() -> None:
    result = convert_workflow(_nested([7.5]), definitions())
    assert len(result.notes) == 1
    assert "'amount'" in result.notes[0]
    assert convert_workflow(_nested([4.0]), definitions()).notes == ()


@pytest.mark.parametrize("mode", [2, 4])
def test_muted_and_bypassed_hosts_take_their_inside_with_them(mode: int) -> None:
    workflow = _nested([7.5])
    workflow["nodes"][0]["mode"] = mode
    assert converted(workflow) == {
        "6": {"class_type": "LoraLoaderModelOnly", "inputs": {"lora_name": "l.safetensors", "strength_model": 1.0}}
    }


def test_a_bypassed_host_hands_on_what_fits() -> None:
    body = subgraph("s", [lora(2)], [(-10, 0, 2, 0), (2, 0, -20, 0)], [("model", "MODEL")], [("MODEL", "MODEL")])
    host = node(5, "s", inputs=[("model", "MODEL")], outputs=["MODEL"], mode=4)
    nodes = [loader(1), host, shift(6)]
    graph = converted(flow(nodes, [(1, 0, 5, 0), (5, 0, 6, 0)], definitions={"subgraphs": [body]}))
    assert sorted(graph) == ["1", "6"]
    assert graph["6"]["inputs"]["model"] == ["1", 0]


def test_two_hosts_of_one_subgraph_keep_their_own_values() -> None:
    body = subgraph("s", [shift(3, 1.0)], [(-10, 0, 3, 1), (3, 0, -20, 0)], [("shift", "FLOAT")], [("M", "MODEL")])
    hosts = [node(number, "s", outputs=["MODEL"], widgets_values=[value]) for number, value in ((1, 5.0), (2, 6.0))]
    graph = converted(flow(hosts, [], definitions={"subgraphs": [body]}))
    assert {key: item["inputs"]["shift"] for key, item in graph.items()} == {"1:3": 5.0, "2:3": 6.0}


def test_a_link_from_outside_wins_over_the_hosts_value() -> None:
    body = subgraph("s", [shift(3, 1.0)], [(-10, 0, 3, 1), (3, 0, -20, 0)], [("shift", "FLOAT")], [("M", "MODEL")])
    host = node(5, "s", inputs=[("shift", "FLOAT", True)], outputs=["MODEL"], widgets_values=[6.0])
    number = node(2, "PrimitiveFloat", outputs=["FLOAT"], widgets_values=[9.0])
    graph = converted(flow([number, host], [(2, 0, 5, 0)], definitions={"subgraphs": [body]}))
    assert graph["5:3"]["inputs"]["shift"] == ["2", 0]


def test_one_promoted_widget_feeds_several_nodes() -> None:
    body = subgraph("s", [shift(3, 1.0), shift(4, 2.0)], [(-10, 0, 3, 1), (-10, 0, 4, 1)], [("shift", "FLOAT")], [])
    graph = converted(flow([node(5, "s", widgets_values=[])], [], definitions={"subgraphs": [body]}))
    assert {key: item["inputs"]["shift"] for key, item in graph.items()} == {"5:3": 1.0, "5:4": 1.0}


def test_a_wire_straight_through_a_subgraph() -> None:
    body = subgraph("s", [], [(-10, 0, -20, 0)], [("model", "MODEL")], [("M", "MODEL")])
    host = node(5, "s", inputs=[("model", "MODEL")], outputs=["MODEL"])
    graph = converted(
        flow([loader(1), host, shift(6)], [(1, 0, 5, 0), (5, 0, 6, 0)], definitions={"subgraphs": [body]})
    )
    assert graph["6"]["inputs"]["model"] == ["1", 0]


def test_edited_values_of_the_newest_template_win() -> None:
    workflow = template(NEW)
    (host,) = (item for item in workflow["nodes"] if item["id"] == 129)
    host["widgets_values"][1:4] = [832, 480, 3]
    host["widgets_values"][-1] = True
    result = convert_workflow(workflow, definitions())
    assert result.graph["129:98"]["inputs"]["width"] == 832
    assert result.graph["129:98"]["inputs"]["height"] == 480
    assert result.graph["129:161"]["inputs"]["value"] == 3
    assert result.graph["129:131"]["inputs"]["value"] is True
    assert "hold different values for 'width', 'height', 'value_1', 'value'" in result.notes[0]


# --- refusals


def _refused(workflow: dict[str, Any]) -> AppError:
    with pytest.raises(AppError) as caught:
        convert_workflow(workflow, definitions())
    return caught.value


def test_unknown_classes_are_named_with_node_and_pack() -> None:
    workflow = flow(
        [
            node(1, "KSampler Fancy", title="My sampler", properties={"cnr_id": "fancy-pack", "ver": "1.2"}),
            node(2, "Other", properties={"aux_id": "someone/other-nodes"}),
            node(3, "UnetLoaderGGUF"),
        ],
        [],
    )
    problem = _refused(workflow).problem
    assert problem.code == "node_type_missing"
    assert "'KSampler Fancy'" in problem.message
    assert "node 1 'My sampler'" in problem.message
    assert "the node pack fancy-pack 1.2" in problem.message
    assert "the node pack someone/other-nodes" in problem.detail
    assert "ComfyUI-GGUF" in problem.detail


def test_lenient_conversion_keeps_the_links_of_unknown_classes() -> None:
    odd = node(2, "Odd", inputs=[("model", "MODEL"), ("n", "INT", True)], outputs=["MODEL"], widgets_values=[4])
    workflow = flow([loader(1), odd], [(1, 0, 2, 0)])
    result = convert_workflow(workflow, definitions(), ConvertOptions(lenient=True, titles=False))
    assert result.graph["2"] == {"class_type": "Odd", "inputs": {"n": 4, "model": ["1", 0]}}
    assert [found.where["class_type"] for found in result.unknown] == ["Odd"]


def test_group_nodes_are_refused_by_name() -> None:
    problem = _refused(flow([node(4, "workflow>Two passes")], [])).problem
    assert problem.code == "workflow_group_node"
    assert "'Two passes' (node 4)" in problem.message


def test_circles_and_subgraphs_in_themselves_are_errors() -> None:
    circle = [node(number, "Reroute", inputs=[("", "*")], outputs=["MODEL"]) for number in (2, 3)]
    workflow = flow([*circle, shift(9)], [(2, 0, 3, 0), (3, 0, 2, 0), (3, 0, 9, 0)])
    assert "circle" in _refused(workflow).problem.message
    body = subgraph("s", [node(2, "s")], [], [], [])
    problem = _refused(flow([node(1, "s")], [], definitions={"subgraphs": [body]})).problem
    assert problem.code == "workflow_invalid"
    assert "contains itself" in problem.message


def test_many_subgraphs_in_each_other_do_not_explode() -> None:
    bodies = [
        subgraph(f"s{depth}", [node(number, f"s{depth + 1}") for number in range(20)], [], [], []) for depth in range(6)
    ]
    problem = _refused(flow([node(1, "s0")], [], definitions={"subgraphs": bodies})).problem
    assert "more than 50,000 nodes" in problem.message


def test_the_draw_is_the_callers() -> None:
    encoder = node(1, "CLIPTextEncode", widgets_values=["a {red|blue|green} cat"])
    texts = {converted(flow([encoder], []), random=Random(seed))["1"]["inputs"]["text"] for seed in range(40)}
    assert texts == {"a red cat", "a blue cat", "a green cat"}
