import pytest

from tests.unit.comfy.graph_samples import sample, shipped
from tests.unit.comfy.ui_samples import converted, definitions, template
from wan22.comfy.analysis import AnalysisOrigin, analyse_graph
from wan22.comfy.analysis_chain import drawn_chain
from wan22.comfy.analysis_text import analysis_markdown, summary_line
from wan22.comfy.client import Graph
from wan22.comfy.lint import lint_graph
from wan22.schema.analysis import WorkflowAnalysis


def _analysed(graph: Graph, **origin: object) -> WorkflowAnalysis:
    found = analyse_graph(graph, definitions(), AnalysisOrigin(**origin))  # type: ignore[arg-type]
    return found.model_copy(update={"findings": lint_graph(graph)})


def test_the_shipped_workflow_in_numbers() -> None:
    found = _analysed(shipped(), name="ours")
    assert summary_line(found) == "2 passes, 4 steps, CFG 1, shift 5 / 5, 640×640, 81 frames, 16 fps, 5.06 s"  # noqa: RUF001
    first, second = found.passes
    assert (first.expert, first.role, first.start_step, first.end_step, first.total_steps) == (
        "high",
        "pass_1",
        0,
        2,
        4,
    )
    assert (second.expert, second.role, second.start_step, second.end_step) == ("low", "pass_2", 2, 4)
    assert (first.adds_noise, first.leaves_noise, second.adds_noise, second.leaves_noise) == (True, True, False, False)
    assert [(lora.expert, lora.strength, lora.is_fast) for lora in first.loras] == [("high", 1.0, True)]
    assert found.negative_has_effect is False
    assert found.not_understood == ()
    assert [item.class_type for item in found.outputs] == ["SaveVideo"]


def test_noise_at_the_hand_over() -> None:
    (handover,) = _analysed(shipped("wan22_baseline_reference")).handovers
    assert handover.sigma_end == pytest.approx(0.8333, abs=1e-4)
    assert handover.sigma_start == pytest.approx(0.8571, abs=1e-4)
    assert handover.noise_ratio == pytest.approx(0.8333, abs=1e-3)


@pytest.mark.parametrize(("name", "kind"), [("i2v_rife", "RIFE"), ("i2v_native_film", "FILM")])
def test_interpolation_makes_161_frames_of_81(name: str, kind: str) -> None:
    found = _analysed(sample(name))
    assert [(item.kind, item.multiplier) for item in found.interpolations] == [(kind, 2)]
    assert (found.frames_made, found.frames_out, found.fps) == (81, 161, 32.0)
    assert found.duration_s == pytest.approx(5.03, abs=0.01)


def test_switches_and_formulas_of_the_newest_template() -> None:
    found = _analysed(converted(template("video_wan2_2_14B_i2v.json-0.1.123")))
    assert (found.steps, found.length, [item.cfg for item in found.passes]) == (20, 81, [3.5, 3.5])
    assert [item.loras for item in found.passes] == [(), ()]


def test_first_and_last_frame_and_the_single_sampler() -> None:
    flf = _analysed(converted(template("video_wan2_2_14B_flf2v")))
    assert (flf.width, flf.length, flf.steps, len(flf.passes)) == (640, 81, 20, 2)
    small = _analysed(converted(template("video_wan2_2_5B")))
    assert (small.steps, len(small.passes), small.fps, small.image) == (20, 1, 24.0, None)


def _wrapper() -> Graph:
    """Two passes of the wrapper: its own loaders and samplers, LoRAs as a list."""

    def node(kind: str, **inputs: object) -> dict[str, object]:
        return {"class_type": kind, "inputs": inputs}

    graph: dict[str, dict[str, object]] = {
        "1": node("WanVideoLoraSelect", lora="lightx2v_4steps_high.safetensors", strength=0.8),
        "2": node("WanVideoModelLoader", model="wan2.2_i2v_high_14B.safetensors", lora=["1", 0]),
        "3": node("WanVideoModelLoader", model="wan2.2_i2v_low_14B.safetensors"),
        "4": node(
            "WanVideoSampler", model=["2", 0], image_embeds=["9", 0], steps=4, cfg=1.0, shift=5.0, seed=3,
            scheduler="unipc", start_step=0, end_step=2,
        ),
        "5": node(
            "WanVideoSampler", model=["3", 0], image_embeds=["9", 0], samples=["4", 0], steps=4, cfg=1.0, shift=5.0,
            seed=3, scheduler="unipc", start_step=2, end_step=-1,
        ),
        "9": node("WanVideoImageToVideoEncode", width=832, height=480, num_frames=81, start_image=["10", 0]),
        "10": node("LoadImage", image="a.png"),
        "11": node("WanVideoDecode", vae=["12", 0], samples=["5", 0]),
        "12": node("WanVideoVAELoader", model_name="Wan2_1_VAE.safetensors"),
        "13": node("VHS_VideoCombine", images=["11", 0], frame_rate=16, filename_prefix="w", format="video/h264-mp4"),
    }  # fmt: skip
    return graph


def test_nodes_of_other_packs_are_read_as_far_as_possible() -> None:
    found = _analysed(_wrapper())
    assert [(item.start_step, item.end_step, item.total_steps) for item in found.passes] == [(0, 2, 4), (2, 4, 4)]
    assert [(lora.file, lora.strength) for lora in found.passes[0].loras] == [("lightx2v_4steps_high.safetensors", 0.8)]
    assert (found.width, found.height, found.length, found.fps) == (832, 480, 81, 16.0)
    assert [item.class_type for item in found.outputs] == ["VHS_VideoCombine"]


def test_what_is_not_understood_is_said() -> None:
    graph = shipped()
    for node in ("95", "96"):
        graph[node] = {"class_type": "Mystery Loader", "inputs": {"file_choice": 3}}
    found = _analysed(graph)
    assert [item.expert_file for item in found.passes] == [None, None]
    assert "model file could not be read" in found.not_understood[0]
    assert "model         not known" in "\n".join(drawn_chain(found.chain))
    empty = _analysed({"1": {"class_type": "PreviewAny", "inputs": {}}})
    assert "No sampler was found" in empty.not_understood[0]
    assert summary_line(empty) == "0 passes"


def test_the_document_for_people() -> None:
    graph = shipped("wan22_baseline_reference")
    text = analysis_markdown(_analysed(graph, name="a | b", form="editor", container="MP4", notes=("One\nnote.",)))
    assert text.startswith("# Workflow analysis: a \\| b\n")
    assert "Source: the editor's form, read from a MP4 file, 17 nodes" in text
    assert "noise 0.833 of what is expected, 17% too little" in text
    assert "Mend: Give every pass the shift of the first one. (`shifts_unequal`)" in text
    assert "- One note." in text


def test_seeds_and_their_setting_in_the_editor() -> None:
    found = _analysed(shipped(), seed_after={"86": "randomize"})
    assert (found.passes[0].seed_after, found.passes[1].seed_after) == ("randomize", None)
    assert "(in the editor: randomize)" in "\n".join(drawn_chain(found.chain))
