from typing import Any

import pytest

from tests.unit.comfy.ui_samples import case, converted, definitions, flow, loader, node, shift, subgraph
from wan22.comfy.convert import ConvertOptions, convert_workflow
from wan22.comfy.object_info import NodeDefinitions
from wan22.comfy.ui_graph import read_ui_workflow
from wan22.comfy.ui_node_ids import renumbered
from wan22.schema.problem import AppError


def _newer(workflow: dict[str, Any]) -> dict[str, Any]:
    """The same file in version 1: links as objects, ids as texts in places."""
    names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    return workflow | {
        "version": 1,
        "links": [dict(zip(names, link, strict=True)) for link in workflow["links"]],
        "state": {"lastNodeId": workflow.get("last_node_id", 0), "lastLinkId": 999},
    }


@pytest.mark.parametrize("name", ["flat", "reroute", "bypass_high_lora"])
def test_both_versions_of_the_form_are_the_same_workflow(name: str) -> None:
    assert converted(_newer(case(f"{name}.ui.json")), "comfyui-0.3.64") == case(f"{name}.api.json")


def test_ids_may_be_texts() -> None:
    workflow = flow([loader(1), shift(2)], [(1, 0, 2, 0)])
    for item in workflow["nodes"]:
        item["id"] = str(item["id"])
    assert converted(workflow)["2"]["inputs"]["model"] == ["1", 0]


@pytest.mark.parametrize(
    ("workflow", "words"),
    [
        ({"nodes": [{"type": "A"}]}, "a node without an id"),
        ({"nodes": [{"id": 3, "type": 7}]}, "a node without a type (node 3)"),
        ({"nodes": [{"id": 1, "type": "A"}, {"id": "1", "type": "B"}]}, "two nodes with the id 1"),
        ({"nodes": [], "definitions": {"subgraphs": [{"nodes": []}]}}, "a subgraph without an id"),
        ({"nodes": [], "definitions": {"subgraphs": [{"id": "s"}, {"id": "s"}]}}, "two subgraphs with the id s"),
    ],
)
def test_what_makes_no_sense_is_named(workflow: dict[str, Any], words: str) -> None:
    with pytest.raises(AppError) as caught:
        read_ui_workflow(workflow)
    assert words in caught.value.problem.message


def test_taken_numbers_are_replaced_in_the_order_of_the_file() -> None:
    workflow = {"nodes": [{"id": 1}, {"id": 5}], "last_node_id": 7}
    first = {"nodes": [{"id": 5}, {"id": 6}, {"id": 9}]}
    second = {"nodes": [{"id": 9}, {"id": 8}, {"id": "1"}]}
    assert renumbered(workflow, [first, second]) == [{"5": "8"}, {"9": "10", "8": "11"}]


def test_links_and_promoted_widgets_follow_a_replaced_number() -> None:
    body = subgraph("s", [loader(1), shift(5, 4.0)], [(1, 0, 5, 0), (-10, 0, 5, 1)], [("shift", "FLOAT")], [])
    host = node(5, "s", widgets_values=[7.0], properties={"proxyWidgets": [["5", "shift"]]})
    graph = converted(flow([host], [], definitions={"subgraphs": [body]}))
    assert sorted(graph) == ["5:1", "5:100"]
    assert graph["5:100"]["inputs"] == {"shift": 7.0, "model": ["5:1", 0]}


@pytest.mark.parametrize(
    ("values", "index"), [(["B", 1, "A", "B", ""], 1), (["B", "A", "B", ""], 1), (["C", "A", "B", ""], 0)]
)
def test_a_choice_with_its_own_list(values: list[Any], index: int) -> None:
    known = NodeDefinitions({"CustomCombo": {"input": {"required": {"choice": ["COMBO", {}]}}, "output": ["STRING"]}})
    workflow = flow([node(1, "CustomCombo", widgets_values=values)], [])
    inputs = convert_workflow(workflow, known, ConvertOptions(titles=False)).graph["1"]["inputs"]
    assert inputs == {"choice": values[0], "index": index, "option1": "A", "option2": "B", "option3": ""}


def test_a_value_that_the_outside_does_not_keep_is_taken_from_inside() -> None:
    body = subgraph("s", [shift(3, 4.0)], [(-10, 0, 3, 1)], [("shift", "FLOAT")], [])
    result = convert_workflow(
        flow([node(5, "s", widgets_values=[None])], [], definitions={"subgraphs": [body]}), definitions()
    )
    assert result.graph["5:3"]["inputs"]["shift"] == 4.0
    assert result.notes == ()


def test_a_set_node_outside_of_the_subgraph_is_found() -> None:
    get = node(4, "GetNode", outputs=["MODEL"], widgets_values=["m"])
    body = subgraph("s", [get, shift(3)], [(4, 0, 3, 0)], [], [])
    setter = node(2, "SetNode", inputs=[("MODEL", "MODEL")], outputs=["*"], widgets_values=["m"])
    workflow = flow([loader(1), setter, node(5, "s")], [(1, 0, 2, 0)], definitions={"subgraphs": [body]})
    assert converted(workflow)["5:3"]["inputs"]["model"] == ["1", 0]
