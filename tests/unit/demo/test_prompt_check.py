"""What the look-alike refuses, against what a recorded ComfyUI answered to the same graphs."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.comfy.transcripts import DATA, exchanges
from tests.unit.demo.look_alikes import DEFINITIONS, small_graph
from wan22.demo.definitions import Definitions
from wan22.demo.prompt_check import PromptCheck, check_prompt

RECORDED = {one["case"]: one["body"] for one in exchanges() if one["path"] == "/prompt"}


@pytest.fixture
def definitions(tmp_path: Path) -> Definitions:
    return Definitions(DEFINITIONS, tmp_path)


def check(graph: dict[str, Any], definitions: Definitions) -> PromptCheck:
    return check_prompt(graph, definitions, lambda name: name == "example.png")


def without(graph: dict[str, Any], node: str, name: str) -> dict[str, Any]:
    del graph[node]["inputs"][name]
    return graph


def test_a_good_graph(definitions: Definitions):
    assert check(small_graph(), definitions) == PromptCheck(outputs=("61",))


@pytest.mark.parametrize(
    ("case", "graph", "node"),
    [
        ("model_not_in_list", small_graph(n37={"unet_name": "missing.safetensors"}), "37"),
        ("required_input_missing", without(small_graph(), "57", "model"), "57"),
        ("bad_type", small_graph(n57={"steps": "abc"}), "57"),
        ("value_too_small", small_graph(n57={"cfg": -5.0}), "57"),
        ("missing_image", small_graph(n62={"image": "nope.png"}), "62"),
        ("link_type_mismatch", small_graph(n8={"samples": ["39", 0]}), "8"),
    ],
)
def test_errors_of_nodes_are_those_recorded(definitions: Definitions, case: str, graph: dict[str, Any], node: str):
    found = check(graph, definitions)
    body = RECORDED[case]
    assert found.error == body["error"]
    told, expected = dict(found.node_errors), body["node_errors"]
    assert list(told) == list(expected) == [node]
    mine, theirs = told[node]["errors"][0], expected[node]["errors"][0]
    # Settings of an input differ between the two versions and were shortened in the recording.
    mine["extra_info"].pop("input_config", None)
    theirs["extra_info"].pop("input_config", None)
    assert mine == theirs
    assert told[node]["class_type"] == expected[node]["class_type"]
    assert told[node]["dependent_outputs"] == expected[node]["dependent_outputs"]


def test_no_outputs(definitions: Definitions):
    graph = small_graph()
    del graph["61"]
    for one in (graph, {}):
        assert check(one, definitions).error == RECORDED["no_outputs"]["error"]


def test_an_unknown_class(definitions: Definitions):
    graph = small_graph()
    graph["70"] = {"class_type": "Nope", "inputs": {}, "_meta": {"title": "My node"}}
    error = check(graph, definitions).error
    assert error is not None
    assert (error["type"], error["extra_info"]["class_type"]) == ("missing_node_type", "Nope")
    assert "My node" in error["message"]
    del graph["70"]["class_type"]
    error = check(graph, definitions).error
    assert error is not None
    assert error["extra_info"]["class_type"] is None


@pytest.mark.parametrize(
    ("changes", "node", "kind"),
    [
        ({"n57": {"steps": 10001}}, "57", "value_bigger_than_max"),
        ({"n57": {"scheduler": "magic"}}, "57", "value_not_in_list"),
        ({"n57": {"sampler_name": "magic"}}, "57", "value_not_in_list"),
        ({"n57": {"model": ["nope", 0]}}, "57", "exception_during_inner_validation"),
        ({"n57": {"model": ["54", 7]}}, "57", "exception_during_inner_validation"),
        ({"n57": {"model": [1, 2, 3]}}, "57", "bad_linked_input"),
        ({"n61": {"format": "avi"}}, "61", "value_not_in_list"),
    ],
)
def test_other_errors_of_nodes(definitions: Definitions, changes: dict[str, Any], node: str, kind: str):
    found = check(small_graph(**changes), definitions)
    assert found.outputs == ()
    assert found.node_errors[node]["errors"][0]["type"] == kind
    json.dumps([found.error, found.node_errors])


def test_a_cycle_is_named(definitions: Definitions):
    found = check(small_graph(n54={"model": ["101", 0]}, n101={"model": ["54", 0]}), definitions)
    error = found.node_errors["54"]["errors"][0]
    assert (error["type"], sorted(error["extra_info"]["cycle_nodes"])) == ("dependency_cycle", ["101", "54"])
    assert error["details"] == "54 (ModelSamplingSD3) -> 101 (LoraLoaderModelOnly) -> 54 (ModelSamplingSD3)"
    assert "101" in found.node_errors
    assert "57" not in found.node_errors


@pytest.mark.parametrize("path", sorted((DATA / "comfy").glob("*.api.json")), ids=lambda path: path.name)
def test_graphs_of_the_real_frontend_are_taken(definitions: Definitions, path: Path):
    found = check_prompt(json.loads(path.read_text(encoding="utf-8")), definitions, lambda _name: True)
    assert found.error is None
    assert found.node_errors == {}
    assert len(found.outputs) == 1


def test_a_good_output_runs_beside_a_bad_one(definitions: Definitions):
    graph = small_graph()
    graph["71"] = {"class_type": "SaveVideo", "inputs": {"video": ["60", 0], "format": "avi", "codec": "auto"}}
    found = check(graph, definitions)
    assert (found.outputs, found.error, list(found.node_errors)) == (("61",), None, ["71"])


def test_the_choices_of_load_image_are_the_files_there(definitions: Definitions, tmp_path: Path):
    (tmp_path / "ä b.PNG").write_bytes(b"")
    (tmp_path / "notes.txt").write_bytes(b"")
    node = definitions.get("LoadImage")
    assert node is not None
    assert node["input"]["required"]["image"][0] == ["ä b.PNG"]
