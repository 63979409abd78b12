"""Step times and memory of the stand-in against the published estimates."""

import json

import pytest

from wan22.demo.cost_model import CostModel, VideoSize, size_for, step_count
from wan22.demo.prompt_check import ancestors
from wan22.demo.scenario import Limits, Scenario, Spill, read_scenario
from wan22.system.paths import data_folder

ROOT = data_folder()
GRAPH = json.loads((ROOT / "workflows" / "wan22_i2v_two_pass.json").read_text(encoding="utf-8"))
HEALTHY = read_scenario(ROOT / "resources" / "scenarios" / "healthy.toml")
HD = VideoSize(1280, 720, 81)


def test_tokens():
    assert (HD.tokens, VideoSize(640, 640, 81).tokens) == (75600, 33600)


def test_a_pass_at_720p_with_sage():
    model = CostModel(HEALTHY, ("--use-sage-attention",))
    assert 2 * model.forward_s(HD) == pytest.approx(72, rel=0.02)


def test_flags_do_what_the_scenario_says():
    plain = CostModel(HEALTHY, ()).forward_s(HD)
    sage = CostModel(HEALTHY, ("--use-sage-attention",)).forward_s(HD)
    both = CostModel(HEALTHY, ("--use-sage-attention", "--fast")).forward_s(HD)
    assert plain > 1.7 * sage > 1.7 * both
    assert CostModel(Scenario(), ("--use-sage-attention",)).forward_s(HD) == pytest.approx(plain)
    fell_back = CostModel(HEALTHY, ("--use-sage-attention",)).forward_s(HD, attention_fell_back=True)
    assert fell_back == pytest.approx(plain)


def test_the_shipped_graph():
    model = CostModel(HEALTHY, ())
    assert size_for(GRAPH, "108") == VideoSize(640, 640, 81)
    assert (step_count(GRAPH, "86"), step_count(GRAPH, "85")) == (2, 2)
    phases = model.phases(GRAPH, "86", is_on_disk=True)
    assert [one.is_step for one in phases] == [False, True, True]
    assert phases[1].load.compute == 1.0
    loader = model.phases(GRAPH, "95", is_on_disk=True)[0].seconds
    assert loader == pytest.approx(4.2, abs=0.3)
    assert model.phases(GRAPH, "95", is_on_disk=False)[0].seconds < 0.1
    assert all(model.phases(GRAPH, node, is_on_disk=True) for node in GRAPH)


def test_cfg_above_one_costs_double():
    graph = json.loads(json.dumps(GRAPH))
    graph["86"]["inputs"]["cfg"] = 3.5
    model = CostModel(HEALTHY, ())
    once = model.phases(GRAPH, "86", is_on_disk=True)[1].seconds
    assert model.phases(graph, "86", is_on_disk=True)[1].seconds == pytest.approx(2 * once)


def test_interpolation_makes_more_frames_and_odd_lengths_are_snapped():
    graph = json.loads(json.dumps(GRAPH))
    graph["98"]["inputs"]["length"] = 80
    graph["120"] = {"class_type": "RIFE VFI", "inputs": {"frames": ["87", 0], "multiplier": 2}}
    graph["94"]["inputs"]["images"] = ["120", 0]
    assert size_for(graph, "87").length == 77
    assert size_for(graph, "108").length == 153


def test_steps_behind_a_switch():
    path = ROOT / "tests" / "data" / "comfy" / "subgraph_newest.api.json"
    graph = json.loads(path.read_text(encoding="utf-8"))
    assert step_count(graph, "129:86") == 10
    graph["129:131"]["inputs"]["value"] = True
    assert (step_count(graph, "129:86"), step_count(graph, "129:85")) == (2, 2)


def test_a_number_behind_a_link():
    graph = json.loads(json.dumps(GRAPH))
    graph["1"] = {"class_type": "PrimitiveInt", "inputs": {"value": 6}}
    graph["86"]["inputs"]["steps"] = ["1", 0]
    graph["86"]["inputs"]["end_at_step"] = 10000
    assert step_count(graph, "86") == 6


def test_a_narrow_link_makes_loading_long():
    narrow = CostModel(Scenario(limits=Limits(pcie_generation=3, pcie_width=4)), ())
    load, *_ = narrow.phases(GRAPH, "86", is_on_disk=False)
    assert load.seconds > 6 * CostModel(Scenario(), ()).phases(GRAPH, "86", is_on_disk=False)[0].seconds


def test_spill_makes_steps_long_and_the_board_cool():
    spilled = Scenario(spill=Spill(gib=6, step_factor=8))
    phases = CostModel(spilled, ()).phases(GRAPH, "86", is_on_disk=False)
    assert phases[1].seconds == pytest.approx(8 * CostModel(Scenario(), ()).forward_s(size_for(GRAPH, "86")))
    assert phases[1].load.compute < 0.3
    assert phases[1].load.copy_in_bytes_per_s > 3e10


def test_the_order_of_nodes_is_comfyuis():
    order = ancestors(GRAPH, "108")
    assert order == (
        "90",
        "97",
        "84",
        "89",
        "93",
        "98",
        "95",
        "101",
        "104",
        "86",
        "96",
        "102",
        "103",
        "85",
        "87",
        "94",
        "108",
    )
