import pytest

from tests.unit.comfy.graph_samples import sample
from wan22.comfy.graph_link import ancestors, float_of, int_of, link_of, literal_of, source_of, text_of, title_of


@pytest.mark.parametrize("value", [["1", 0], ("1", 2)])
def test_links(value: object) -> None:
    assert link_of(value) is not None


@pytest.mark.parametrize("value", [[1, 0], ["1", "0"], ["1", True], ["1"], ["1", 0, 0], "1", None, {"a": 1}, 5])
def test_no_links(value: object) -> None:
    assert link_of(value) is None


def test_literals_behind_links() -> None:
    graph = sample("subgraph_newest")
    assert literal_of(graph, ["129:119", 0]) == 20
    assert literal_of(graph, ["129:163", 1]) == 81
    assert literal_of(graph, ["129:163", 0]) == 81.0
    assert literal_of(graph, ["129:163", 3]) is None
    assert literal_of(graph, ["129:87", 0]) is None
    assert literal_of(graph, ["gone", 0]) is None
    assert float_of(graph, 5.000000000000001) == 5.0
    assert (int_of(graph, "12"), int_of(graph, "x"), int_of(graph, float("inf"))) == (12, None, None)
    assert (text_of(graph, "x"), text_of(graph, 5)) == ("x", None)
    graph["129:161"]["inputs"]["value"] = "x"
    assert literal_of(graph, ["129:163", 1]) is None


def test_switches_are_followed_to_the_chosen_side() -> None:
    graph = sample("subgraph_newest")
    assert source_of(graph, "129:104", "model") == ("129:95", 0)
    graph["129:131"]["inputs"]["value"] = True
    assert source_of(graph, "129:104", "model") == ("129:101", 0)
    graph["129:131"]["inputs"]["value"] = ["gone", 0]
    assert source_of(graph, "129:104", "model") == ("129:116", 0)


def test_ancestors_are_nearest_first_and_end_in_circles() -> None:
    graph = {
        "a": {"class_type": "A", "inputs": {"x": ["b", 0], "y": ["gone", 0]}},
        "b": {"class_type": "B", "inputs": {"x": ["c", 0]}},
        "c": {"class_type": "C", "inputs": {"x": ["a", 0]}, "_meta": {"title": "Third"}},
    }
    assert ancestors(graph, ["a"]) == ("a", "b", "c")
    assert title_of(graph, "c") == "C (node c) 'Third'"
    assert title_of(graph, "a") == "A (node a)"
