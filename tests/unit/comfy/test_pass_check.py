from collections.abc import Callable

import pytest

from tests.unit.comfy.graph_samples import sample, shipped
from wan22.comfy.client import Graph
from wan22.comfy.pass_check import handovers, noise_ratio, pass_doubts
from wan22.schema.problem import Severity


def _shifted(high: object, low: object) -> Graph:
    graph = shipped()
    graph["104"]["inputs"]["shift"] = high
    graph["103"]["inputs"]["shift"] = low
    return graph


def _codes(graph: Graph) -> list[str]:
    return [doubt.code for doubt in pass_doubts(graph)]


@pytest.mark.parametrize(
    ("high", "low", "ratio"),
    [
        (5.0, 5.0, 1.0),
        (5.0, 6.0, 0.833),
        (6.0, 5.0, 1.2),
        (5.0, 8.0, 0.625),
        (8.0, 8.0, 1.0),
        (5.000000000000001, 5.0, 1.0),
    ],
)
def test_noise_at_the_handover(high: float, low: float, ratio: float) -> None:
    graph = _shifted(high, low)
    assert handovers(graph) == (("86", "85"),)
    assert noise_ratio(graph, "86", "85") == pytest.approx(ratio, abs=0.001)
    assert _codes(graph) == ([] if ratio == 1.0 else ["shifts_unequal"])


def test_the_warning_says_how_much() -> None:
    (too_little,) = pass_doubts(_shifted(5.0, 6.0))
    (too_much,) = pass_doubts(_shifted(6.0, 5.0))
    assert "0.83 of the noise that it expects (17% too little)" in too_little.message
    assert "1.20 of the noise that it expects (20% too much)" in too_much.message
    assert too_little.severity is Severity.warning


def test_other_schedulers_have_no_ratio_but_a_warning() -> None:
    graph = _shifted(5.0, 6.0)
    for node in ("86", "85"):
        graph[node]["inputs"]["scheduler"] = "beta"
    assert noise_ratio(graph, "86", "85") is None
    (doubt,) = pass_doubts(graph)
    assert doubt.code == "shifts_unequal"
    assert "noise that it expects" not in doubt.message


def test_a_pass_without_shift_node_samples_with_the_models_own() -> None:
    graph = shipped()
    graph["85"]["inputs"]["model"] = ["102", 0]
    (doubt,) = pass_doubts(graph)
    assert "5 in the pass at node 86 and 8 in the pass at node 85" in doubt.message


@pytest.mark.parametrize("shift", [["gone", 0], "five", None])
def test_an_unreadable_shift_is_not_judged(shift: object) -> None:
    assert _codes(_shifted(5.0, shift)) == []
    assert noise_ratio(_shifted(5.0, shift), "86", "85") is None


def _set(node: str, name: str, value: object) -> Callable[[Graph], None]:
    def change(graph: Graph) -> None:
        graph[node]["inputs"][name] = value

    return change


def _swap_experts(graph: Graph) -> None:
    names = graph["95"]["inputs"], graph["96"]["inputs"]
    names[0]["unet_name"], names[1]["unet_name"] = names[1]["unet_name"], names[0]["unet_name"]


def _swap_loras(graph: Graph) -> None:
    names = graph["101"]["inputs"], graph["102"]["inputs"]
    names[0]["lora_name"], names[1]["lora_name"] = names[1]["lora_name"], names[0]["lora_name"]


def _twenty_steps(graph: Graph) -> None:
    graph["86"]["inputs"] |= {"steps": 20, "end_at_step": 10}
    graph["85"]["inputs"] |= {"steps": 20, "start_at_step": 10, "end_at_step": 20}


def _no_loras(graph: Graph) -> None:
    graph["104"]["inputs"]["model"] = ["95", 0]
    graph["103"]["inputs"]["model"] = ["96", 0]


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (_set("85", "steps", 8), "passes_disagree", "4 steps in the pass at node 86 and 8"),
        (_set("85", "start_at_step", 3), "passes_disagree", "steps are left out"),
        (_set("85", "start_at_step", 1), "passes_disagree", "steps are done twice"),
        (_set("86", "return_with_leftover_noise", "disable"), "passes_disagree", "leftover noise"),
        (_set("85", "add_noise", "enable"), "passes_disagree", "adds noise of its own"),
        (_set("85", "sampler_name", "uni_pc"), "passes_disagree", "sampler_name is euler"),
        (_set("85", "scheduler", "beta"), "passes_disagree", "scheduler is simple"),
        (_swap_experts, "model_choice_suspect", "The first pass (node 86) runs on 'wan2.2_i2v_low_noise"),
        (
            _swap_loras,
            "model_choice_suspect",
            "The second pass (node 85) runs on 'wan2.2_i2v_lightx2v_4steps_lora_v1_high",
        ),
        (_set("90", "vae_name", "wan2.2_vae.safetensors"), "model_choice_suspect", "belongs to the 5B model"),
        (_set("95", "weight_dtype", "fp8_e5m2"), "model_choice_suspect", "weight_dtype should stay 'default'"),
        (_set("101", "lora_name", "wan2.2_t2v_lightx2v_high.safetensors"), "model_choice_suspect", "text-to-video"),
        (_set("86", "cfg", 3.5), "steps_suspect", "CFG 3.5"),
        (_twenty_steps, "steps_suspect", "20 steps with a 4-step LoRA"),
        (_no_loras, "steps_suspect", "no 4-step LoRA"),
    ],
)
def test_doubts(change: Callable[[Graph], None], code: str, words: str) -> None:
    graph = shipped()
    change(graph)
    doubts = list(pass_doubts(graph))
    assert {doubt.code for doubt in doubts} == {code}
    assert any(words in doubt.message for doubt in doubts)
    assert all(doubt.severity is Severity.warning and doubt.hint for doubt in doubts)


def test_the_same_expert_twice() -> None:
    graph = shipped()
    graph["96"]["inputs"]["unet_name"] = graph["95"]["inputs"]["unet_name"]
    messages = [doubt.message for doubt in pass_doubts(graph)]
    assert any("Both passes run on the same expert" in message for message in messages)


def test_a_last_pass_that_stops_early_is_noisy() -> None:
    graph = shipped()
    graph["85"]["inputs"] |= {"end_at_step": 3, "return_with_leftover_noise": "enable"}
    (doubt,) = pass_doubts(graph)
    assert "ends at step 3 of 4" in doubt.message


def test_a_new_beginning_is_no_handover() -> None:
    graph = shipped()
    graph["85"]["inputs"] |= {"add_noise": "enable", "start_at_step": 0}
    assert handovers(graph) == ()


@pytest.mark.parametrize("name", ["h100", "i2v_rife"])
def test_the_users_recipe_has_one_doubt(name: str) -> None:
    assert _codes(sample(name)) == ["shifts_unequal"]


def test_the_official_twenty_step_template_has_none() -> None:
    assert _codes(sample("subgraph_newest")) == []
