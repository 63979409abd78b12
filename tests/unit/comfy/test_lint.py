import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.comfy.graph_samples import sample, shipped
from tests.unit.comfy.ui_samples import converted, template
from wan22.comfy.client import Graph
from wan22.comfy.lint import fix_graph, lint_graph
from wan22.schema.analysis import Finding, FindingLevel
from wan22.schema.problem import AppError

HIGH, LOW = "wan2.2_i2v_high_noise_14B_fp8_scaled.safetensors", "wan2.2_i2v_low_noise_14B_fp8_scaled.safetensors"
LORA = "wan2.2_i2v_lightx2v_4steps_lora_v1_{}_noise.safetensors"
Change = Callable[[Graph], None]


def _rules(graph: Graph) -> list[str]:
    """What is found beside the truth about the negative prompt, which CFG 1 always has."""
    return [item.rule for item in lint_graph(graph) if item.rule != "negative_without_effect"]


def _set(node: str, **values: Any) -> Change:
    return lambda graph: graph[node]["inputs"].update(values)


def _all(*changes: Change) -> Change:
    return lambda graph: [change(graph) for change in changes] and None


def _interpolated(fps: float, times: int = 1) -> Change:
    def change(graph: Graph) -> None:
        source = "87"
        for number in range(times):
            node = f"12{number}"
            graph[node] = {
                "class_type": "RIFE VFI",
                "inputs": {"frames": [source, 0], "multiplier": 2, "ckpt_name": "rife49.pth"},
            }
            source = node
        graph["94"]["inputs"].update(images=[source, 0], fps=fps)

    return change


def _tiled(graph: Graph) -> None:
    graph["87"]["class_type"] = "VAEDecodeTiled"
    graph["87"]["inputs"].update(tile_size=512, overlap=64)


CASES: list[tuple[str, Change, bool]] = [
    ("shifts_unequal", _set("103", shift=6.0), True),
    ("steps_differ", _set("85", steps=6, end_at_step=6), True),
    ("steps_gap", _set("85", start_at_step=3), True),
    ("steps_gap", _set("85", start_at_step=1), True),
    ("leftover_noise_off", _set("86", return_with_leftover_noise="disable"), True),
    ("second_adds_noise", _set("85", add_noise="enable"), True),
    ("sampler_differs", _set("85", sampler_name="uni_pc"), True),
    ("last_pass_unfinished", _set("85", end_at_step=3, return_with_leftover_noise="enable"), True),
    ("expert_swapped", _all(_set("95", unet_name=LOW), _set("96", unet_name=HIGH)), True),
    ("lora_swapped", _all(_set("101", lora_name=LORA.format("low")), _set("102", lora_name=LORA.format("high"))), True),
    ("lora_swapped", _set("102", lora_name=LORA.format("high")), True),
    ("lora_for_text", _set("101", lora_name="wan2.2_t2v_lightx2v_4steps_high_noise.safetensors"), False),
    ("weight_dtype_changed", _set("95", weight_dtype="fp8_e4m3fn_fast"), True),
    ("vae_of_5b", _set("90", vae_name="wan2.2_vae.safetensors"), True),
    ("cfg_with_fast_lora", _all(_set("85", cfg=3.5), _set("86", cfg=3.5)), True),
    (
        "steps_with_fast_lora",
        _all(_set("86", steps=20, end_at_step=10), _set("85", steps=20, start_at_step=10, end_at_step=10000)),
        True,
    ),
    ("few_steps_without_lora", _all(_set("101", strength_model=0.0), _set("102", strength_model=0.0)), False),
    ("length_unusual", _set("98", length=80), True),
    ("size_unusual", _set("98", width=650), True),
    ("low_lora_too_strong", _set("102", strength_model=1.5), True),
    ("schedule_not_trained", _all(_set("103", shift=8.0), _set("104", shift=8.0)), False),
    ("fps_not_of_model", _set("94", fps=24), True),
    ("fps_after_interpolation", _interpolated(16), True),
    ("decode_tiled", _tiled, True),
    ("text_encoder_type", _set("84", type="flux"), True),
    ("text_encoder_file", _set("84", clip_name="clip_l.safetensors"), True),
]


def test_our_own_workflows_are_clean_but_for_the_truth() -> None:
    assert _rules(shipped()) == []
    assert _rules(shipped("wan22_baseline_reference")) == ["shifts_unequal"]
    assert _rules(sample("i2v_rife")) == ["shifts_unequal"]


@pytest.mark.parametrize(("rule", "change", "has_fix"), CASES, ids=[f"{item[0]}-{n}" for n, item in enumerate(CASES)])
def test_each_rule_finds_its_fault_and_mends_it_in_a_copy(rule: str, change: Change, has_fix: bool) -> None:
    graph = shipped()
    change(graph)
    before = copy.deepcopy(graph)
    findings = lint_graph(graph)
    found = next(item for item in findings if item.rule == rule)
    assert found.message.endswith(".")
    assert found.why.endswith(".")
    assert bool(found.fix) is has_fix
    if not has_fix:
        with pytest.raises(AppError) as caught:
            fix_graph(graph, rule, findings)
        assert caught.value.problem.code == "rule_without_fix"
        return
    mended = fix_graph(graph, rule, findings)
    assert graph == before
    assert rule not in _rules(mended)
    assert set(_rules(mended)) <= set(_rules(graph))


def test_the_same_expert_twice_gets_the_other_one() -> None:
    graph = shipped()
    graph["96"]["inputs"]["unet_name"] = HIGH
    findings = lint_graph(graph)
    assert {"same_expert_twice", "expert_swapped"} <= {item.rule for item in findings}
    assert fix_graph(graph, "same_expert_twice", findings)["96"]["inputs"]["unet_name"] == LOW


def test_crossed_branches_take_two_mends_in_any_order() -> None:
    graph = shipped()
    graph["86"]["inputs"]["model"], graph["85"]["inputs"]["model"] = ["103", 0], ["104", 0]
    for order in (("expert_swapped", "lora_swapped"), ("lora_swapped", "expert_swapped")):
        mended = graph
        for rule in order:
            mended = fix_graph(mended, rule, lint_graph(mended))
        assert _rules(mended) == []


def test_noise_is_computed_and_shown() -> None:
    (found,) = (item for item in lint_graph(shipped("wan22_baseline_reference")) if item.rule == "shifts_unequal")
    assert found.level is FindingLevel.doubtful
    assert "0.83 of the noise that it expects (17% too little)" in found.message


def test_interpolating_twice() -> None:
    graph = shipped()
    _interpolated(64, times=2)(graph)
    findings = lint_graph(graph)
    (found,) = (item for item in findings if item.rule == "interpolated_twice")
    assert "4 frames for one" in found.message
    mended = fix_graph(graph, "interpolated_twice", findings)
    assert "121" not in mended
    assert mended["94"]["inputs"]["images"] == ["120", 0]


def test_slow_motion_after_interpolation_is_told_in_seconds() -> None:
    graph = shipped()
    _interpolated(16)(graph)
    (found,) = (item for item in lint_graph(graph) if item.rule == "fps_after_interpolation")
    assert "161 frames last 10.06 s instead of 5.03 s" in found.message
    assert "2 times slower" in found.why
    graph["94"]["inputs"]["fps"] = 32
    assert _rules(graph) == []


def test_the_switch_of_the_newest_template() -> None:
    graph = converted(template("video_wan2_2_14B_i2v.json-0.1.123"))
    findings = lint_graph(graph)
    (found,) = (item for item in findings if item.rule == "fast_switch_off")
    assert "20 steps are done instead of 4" in found.message
    mended = fix_graph(graph, "fast_switch_off", findings)
    assert mended["129:131"]["inputs"]["value"] is True
    assert _rules(mended) == []


@pytest.mark.parametrize("start", ["03_video", "video_wan2_2_14B_i2v.media-video-0.3.57", "video_wan2_2_5B"])
def test_official_templates_that_are_right(start: str) -> None:
    assert _rules(converted(template(start))) == []


def test_a_rule_that_finds_nothing_is_named_with_those_that_do() -> None:
    graph = shipped("wan22_baseline_reference")
    with pytest.raises(AppError) as caught:
        fix_graph(graph, "decode_tiled", lint_graph(graph))
    assert caught.value.problem.code == "rule_not_found"
    assert "shifts_unequal" in caught.value.problem.message


# --- headers


def _lora(path: Path, *, blocks: int = 40, width: int = 5120, prefix: str = "diffusion_model.", rank: int = 4) -> Path:
    tensors: dict[str, Any] = {"__metadata__": {"made": "by a test"}}
    for block in range(blocks):
        layers = [f"{kind}_attn.{letter}" for kind in ("self", "cross") for letter in "qkvo"] + ["ffn.0", "ffn.2"]
        for layer in layers:
            name = f"{prefix}blocks.{block}.{layer}"
            if prefix == "lora_unet_":
                name = prefix + f"blocks.{block}.{layer}".replace(".", "_")
            tensors[f"{name}.lora_down.weight"] = {"dtype": "F16", "shape": [rank, width], "data_offsets": [0, 0]}
            tensors[f"{name}.lora_up.weight"] = {"dtype": "F16", "shape": [width, rank], "data_offsets": [0, 0]}
    data = json.dumps(tensors).encode()
    path.write_bytes(len(data).to_bytes(8, "little") + data)
    return path


def _with_file(path: Path) -> list[Finding]:
    graph = shipped()
    return [
        item
        for item in lint_graph(graph, lambda kind, name: path if kind == "loras" and "high" in name else None)
        if item.rule.startswith("lora")
    ]


def test_loras_that_fit_are_silent(tmp_path: Path) -> None:
    assert _with_file(_lora(tmp_path / "a.safetensors")) == []
    assert _with_file(_lora(tmp_path / "b.safetensors", prefix="lora_unet_")) == []


@pytest.mark.parametrize(
    ("more", "level", "words"),
    [
        ({"width": 3072, "blocks": 30}, "wrong", "made for Wan 2.2 5B; Wan 14B has 5120, so none of them is used"),
        ({"prefix": "transformer."}, "wrong", "names its layers with 'transformer.'"),
        ({"prefix": ""}, "wrong", "names its layers with no prefix at all"),
        ({"blocks": 20}, "doubtful", "reaches 200 of 400 layers"),
        ({"prefix": "other."}, "wrong", "reaches 0 of 400 layers of the model; it has names such as 'other.blocks.0"),
    ],
)
def test_loras_that_do_not_fit(tmp_path: Path, more: dict[str, Any], level: str, words: str) -> None:
    (found,) = _with_file(_lora(tmp_path / "a.safetensors", **more))
    assert (found.rule, found.level.value) == ("lora_does_not_fit", level)
    assert words in found.message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"short",
        b"\xff" * 16,
        (4).to_bytes(8, "little") + b"nope",
        (2).to_bytes(8, "little") + b"[]",
        (14).to_bytes(8, "little") + b'{"a": {"b":1}}',
        (100_000).to_bytes(8, "little") + b"[" * 100_000,
    ],
)
def test_damaged_model_files_are_findings(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.safetensors").write_bytes(data)
    (found,) = _with_file(tmp_path / "a.safetensors")
    assert (found.rule, found.level) == ("lora_unreadable", FindingLevel.wrong)
    assert "is not a whole safetensors file" in found.message
