"""Whatever a file holds: a result or a clear error, never a traceback."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.comfy.ui_samples import case, definitions
from wan22.comfy.analysis import analyse_graph
from wan22.comfy.convert import ConvertOptions, convert_workflow
from wan22.comfy.lint import lint_graph
from wan22.comfy.object_info import NodeDefinitions
from wan22.comfy.workflow import canonical_sha256
from wan22.schema.problem import AppError

ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-20, 20)
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.sampled_from(
        ["", "-10", "-20", "1", "2", "MODEL", "*", "INT,FLOAT", "randomize", "{a|{b|c}", "\ud800", "//x"]
    ),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["name", "link", "id"]), inner, max_size=3)
    ),
    max_leaves=6,
)
TYPES = st.sampled_from(
    [
        "UNETLoader", "LoraLoaderModelOnly", "ModelSamplingSD3", "KSamplerAdvanced", "CLIPTextEncode", "Reroute",
        "Note", "PrimitiveNode", "PrimitiveInt", "SetNode", "GetNode", "SaveVideo", "LoadImage", "ComfyMathExpression",
        "s1", "s2", "WanImageToVideo", "Nobody", "Power Lora Loader (rgthree)",
    ]
)  # fmt: skip
IDS = st.integers(-1, 5) | st.sampled_from(["1", "2", "-10", "-20", 1.5, None, True])
SLOT = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["model", "shift", "", "text", "values.a"]) | ODD,
        "type": ODD,
        "link": IDS,
        "links": st.lists(IDS, max_size=2) | ODD,
        "widget": st.just({"name": "shift"}) | ODD,
    },
)
NODE = st.fixed_dictionaries(
    {"id": IDS, "type": TYPES | ODD},
    optional={
        "mode": st.sampled_from([0, 2, 4]) | ODD,
        "inputs": st.lists(SLOT | ODD, max_size=3) | ODD,
        "outputs": st.lists(SLOT | ODD, max_size=2) | ODD,
        "widgets_values": st.lists(ODD, max_size=6) | ODD,
        "properties": st.just({"proxyWidgets": [["-1", "a"], ["1", "shift"], 3]}) | ODD,
        "title": ODD,
    },
)
LINK = st.lists(IDS, min_size=4, max_size=7) | st.fixed_dictionaries(
    {"id": IDS, "origin_id": IDS, "origin_slot": IDS, "target_id": IDS, "target_slot": IDS}
)
BODY = {
    "nodes": st.lists(NODE | ODD, max_size=5),
    "links": st.lists(LINK | ODD, max_size=6) | ODD,
    "extra": st.just({"ue_links": [{"downstream": 1, "downstream_slot": 0, "upstream": 2, "upstream_slot": 0}]}) | ODD,
}
PORT = st.fixed_dictionaries(
    {"name": st.sampled_from(["a", "shift"])}, optional={"linkIds": st.lists(IDS), "type": ODD}
)
SUBGRAPH = st.fixed_dictionaries(
    {"id": st.sampled_from(["s1", "s2"]) | ODD} | BODY,
    optional={"inputs": st.lists(PORT | ODD, max_size=3) | ODD, "outputs": st.lists(PORT | ODD, max_size=2) | ODD},
)
WORKFLOW = st.fixed_dictionaries(
    BODY, optional={"definitions": st.fixed_dictionaries({"subgraphs": st.lists(SUBGRAPH, max_size=2)}) | ODD}
)


def _all_of_it(workflow: Any, known: NodeDefinitions) -> None:
    try:
        result = convert_workflow(workflow, known, ConvertOptions(lenient=True))
    except AppError:
        return
    for item in result.graph.values():
        assert isinstance(item["inputs"], dict)
    analysis = analyse_graph(result.graph, known)
    assert analysis.node_count == len(result.graph)
    lint_graph(result.graph)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(workflow=WORKFLOW)
def test_any_workflow(workflow: dict[str, Any]) -> None:
    _all_of_it(workflow, definitions())


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [path] if path else []
    for key, inner in items:
        found += _paths(inner, (*path, key))
    return found


NEWEST = case("subgraph_newest.ui.json")
PLACES = _paths(NEWEST)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(places=st.lists(st.sampled_from(PLACES), min_size=1, max_size=3), value=ODD)
def test_a_true_workflow_with_broken_places(places: list[tuple[Any, ...]], value: Any) -> None:
    workflow = json.loads(json.dumps(NEWEST))
    for path in places:
        target = workflow
        for key in path[:-1]:
            try:
                target = target[key]
            except (KeyError, IndexError, TypeError):
                break
        else:
            if isinstance(target, dict) or (
                isinstance(target, list) and isinstance(path[-1], int) and path[-1] < len(target)
            ):
                target[path[-1]] = value
    _all_of_it(workflow, definitions())


@settings(max_examples=150, deadline=None)
@given(raw=st.dictionaries(st.sampled_from(["KSamplerAdvanced", "UNETLoader", "A"]), ODD, max_size=3))
def test_definitions_that_make_no_sense(raw: dict[str, Any]) -> None:
    _all_of_it(case("flat.ui.json"), NodeDefinitions(raw))


@pytest.mark.parametrize("values", [[float("nan")], [float("inf")], [None], [{"a": 1}], [[1, 2]], "text", 7])
def test_odd_values_stay_json(values: Any) -> None:
    workflow = {"nodes": [{"id": 1, "type": "ModelSamplingSD3", "widgets_values": values}], "links": [], "version": 0.4}
    graph = convert_workflow(workflow, definitions()).graph
    assert len(canonical_sha256(graph)) == 64
