"""Every error shape of ComfyUI becomes a coded problem that a person can read."""

from typing import Any

import pytest

from tests.unit.comfy.transcripts import CPU, H100, exchanges, history, messages, prompt_id_of
from wan22.comfy.client import Graph
from wan22.comfy.messages import execution_failure
from wan22.comfy.server_errors import problem_from_execution_error, problems_from_prompt_reply
from wan22.schema.problem import Problem

# code, words that must be in the message
PROMPT_CASES = {
    "unknown_node_type": ("node_type_missing", ["RIFE VFI", "node 70"]),
    "model_not_in_list": ("model_missing", ["UNETLoader (node 37)", "missing.safetensors", "models/diffusion_models"]),
    "required_input_missing": ("input_missing", ["KSamplerAdvanced (node 57)", "'model'"]),
    "bad_type": ("input_type_invalid", ["'steps'", "node 57", "a whole number", "'abc'"]),
    "value_too_small": ("input_value_out_of_range", ["'cfg'", "node 57", "-5.0", "at least 0.0 and at most 100.0"]),
    "no_outputs": ("workflow_has_no_output", ["no node that saves"]),
    "missing_image": ("start_image_missing", ["LoadImage (node 62)", "nope.png"]),
    "link_type_mismatch": ("input_link_invalid", ["'samples'", "node 8", "LATENT", "VAELoader (node 39)", "VAE"]),
    "no_prompt": ("prompt_rejected", ["without a workflow"]),
    "empty_prompt": ("workflow_has_no_output", ["no node that saves"]),
    "bad_json": ("server_request_failed", ["HTTP 500", "Server got itself in trouble"]),
}
GRAPH: Graph = {
    "1": {"class_type": "UNETLoader", "inputs": {"unet_name": "a.safetensors"}, "_meta": {"title": "High noise"}},
    "2": {"class_type": "KSampler", "inputs": {"model": ["1", 0], "vae": ["99", 0], "sampler_name": "x"}},
}


@pytest.mark.parametrize("case", sorted(PROMPT_CASES))
def test_recorded_refusals(case: str) -> None:
    exchange = next(item for item in exchanges() if item["case"] == case)
    request = exchange["request"]
    graph = request.get("prompt", {}) if isinstance(request, dict) else {}
    found = problems_from_prompt_reply(exchange["status"], exchange["body"], graph)[0]
    code, words = PROMPT_CASES[case]
    assert found.code == code
    assert [word for word in words if word not in found.message] == []
    assert found.message.endswith(".")
    assert found.hint
    assert "Traceback" not in found.message


def test_a_missing_model_says_what_is_there() -> None:
    exchange = next(item for item in exchanges() if item["case"] == "model_not_in_list")
    (found,) = problems_from_prompt_reply(400, exchange["body"], exchange["request"]["prompt"])
    assert "wan2.2_i2v_low_noise_14B_fp8_scaled.safetensors" in found.hint
    assert found.where == {
        "node": "37",
        "class_type": "UNETLoader",
        "input": "unet_name",
        "file": "missing.safetensors",
        "folder": "models/diffusion_models",
    }


def of_node(error: dict[str, Any], node: str = "2", class_type: str = "KSampler") -> Problem:
    body = {
        "error": {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation"},
        "node_errors": {node: {"errors": [error], "dependent_outputs": ["9"], "class_type": class_type}},
    }
    (found,) = problems_from_prompt_reply(400, body, GRAPH)
    return found


def error(kind: str, details: str = "", message: str = "Some words", **extra: Any) -> dict[str, Any]:
    return {"type": kind, "message": message, "details": details, "extra_info": extra}


def test_a_long_list_is_shortened_and_a_longer_one_only_counted() -> None:
    options = [f"choice {number}" for number in range(20)]
    found = of_node(
        error("value_not_in_list", input_name="sampler_name", input_config=[options, {}], received_value="x")
    )
    assert found.code == "input_value_invalid"
    assert found.message == (
        "Input 'sampler_name' of KSampler (node 2) is 'x', but the server offers "
        + ", ".join(options[:12])
        + " and 8 more."
    )
    found = of_node(
        error("value_not_in_list", "sampler_name: 'x' not in (list of length 44)", input_name="sampler_name",
              input_config=None, received_value="x")
    )  # fmt: skip
    assert "a list of 44" in found.message


def test_the_newer_combo_shape_is_read() -> None:
    config = ["COMBO", {"options": ["auto", "mp4"]}]
    found = of_node(error("value_not_in_list", input_name="format", input_config=config, received_value="avi"))
    assert found.message.endswith("is 'avi', but the server offers auto, mp4.")


@pytest.mark.parametrize(
    ("class_type", "input_name", "value", "folder"),
    [
        ("LoraLoaderModelOnly", "lora_name", "l.safetensors", "models/loras"),
        ("VAELoader", "vae_name", "v.safetensors", "models/vae"),
        ("CLIPLoader", "clip_name", "c.safetensors", "models/text_encoders"),
        ("DualCLIPLoader", "clip_name2", "c.gguf", "models/text_encoders"),
        ("CheckpointLoaderSimple", "ckpt_name", "k.ckpt", "models/checkpoints"),
        ("FrameInterpolationModelLoader", "model_name", "r.safetensors", "models/frame_interpolation"),
        ("CLIPVisionLoader", "clip_name", "c.safetensors", "models/clip_vision"),
    ],
)
def test_each_loader_has_its_folder(class_type: str, input_name: str, value: str, folder: str) -> None:
    found = of_node(
        error("value_not_in_list", input_name=input_name, input_config=[[], {}], received_value=value),
        node="5",
        class_type=class_type,
    )
    assert (found.code, found.where["folder"]) == ("model_missing", folder)
    assert f"{class_type} (node 5)" in found.message


def test_a_fixed_list_of_weights_is_a_wrong_choice_not_a_missing_file() -> None:
    config = [["rife47.pth", "rife49.pth"], {}]
    found = of_node(
        error("value_not_in_list", input_name="ckpt_name", input_config=config, received_value="rife46.pth"),
        class_type="RIFE VFI",
        node="7",
    )
    assert found.code == "input_value_invalid"


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        (error("bad_linked_input", "vae", input_name="vae", received_value=["1"]), "input_link_invalid", "['1']"),
        (error("value_bigger_than_max", "cfg", input_name="cfg", input_config=["FLOAT", {"max": 100.0}],
               received_value=200), "input_value_out_of_range", "is 200, but must be at most 100.0"),
        (error("custom_validation_failed", "seed - too odd", input_name="seed"), "node_check_failed", ": too odd"),
        (error("custom_validation_failed", "seed", input_name="seed"), "node_check_failed", "its input 'seed'."),
        (error("exception_during_inner_validation", "'99'", input_name="images", exception_type="KeyError"),
         "input_link_invalid", "Input 'vae' of KSampler (node 2) is linked to node 99"),
        (error("exception_during_validation", "'99'", exception_type="KeyError"), "input_link_invalid", "node 99"),
        (error("dependency_cycle", "2 (A) -> 3 (B) -> 2"), "input_link_invalid", "circle"),
        (error("brand_new_error", "what", "Odd"), "node_check_failed", "Odd: what"),
    ],
)  # fmt: skip
def test_all_other_kinds_of_node_errors(given: dict[str, Any], code: str, words: str) -> None:
    found = of_node(given)
    assert found.code == code
    assert words in found.message
    assert found.where["node"] == "2"


def test_a_crashed_check_names_the_bad_output() -> None:
    found = of_node(error("exception_during_validation", "tuple index out of range"), node="1", class_type="UNETLoader")
    assert found.code == "input_link_invalid"
    assert "UNETLoader (node 1) 'High noise'" in found.message


@pytest.mark.parametrize(
    ("top", "code", "words"),
    [
        (error("missing_node_type", "Node ID '#5'", "Node 'x' not found.", node_id="5", class_type="VHS_VideoCombine"),
         "node_type_missing", "VHS_VideoCombine"),
        (error("missing_node_type", "Node ID '#5'", "No class", node_id="5", class_type=None), "workflow_invalid",
         "Node 5 of the workflow names no class."),
        (error("invalid_prompt", "Node ID '#5'", "Cannot execute because a node is missing the class_type property."),
         "workflow_invalid", "Node 5"),
        (error("invalid_prompt_id", "must be a UUID", "bad id"), "prompt_id_invalid", "must be a UUID"),
        (error("prompt_outputs_failed_validation", "x: y", "Failed"), "prompt_rejected", "Failed: x: y"),
        (error("something_new", "", "Nope"), "prompt_rejected", "Nope"),
        ("plain words", "prompt_rejected", "plain words"),
    ],
)  # fmt: skip
def test_errors_about_the_whole_job(top: Any, code: str, words: str) -> None:
    (found,) = problems_from_prompt_reply(400, {"error": top, "node_errors": []}, GRAPH)
    assert found.code == code
    assert words in found.message


def test_a_missing_pack_is_named_in_the_hint() -> None:
    top = error("missing_node_type", "Node ID '#5'", "x", node_id="5", class_type="VHS_VideoCombine")
    (found,) = problems_from_prompt_reply(400, {"error": top, "node_errors": {}}, GRAPH)
    assert "VideoHelperSuite" in found.hint


def test_several_problems_are_all_kept() -> None:
    body = {
        "error": {"type": "prompt_outputs_failed_validation", "message": "Failed"},
        "node_errors": {
            "1": {"class_type": "UNETLoader", "errors": [error("custom_validation_failed", "x - odd", input_name="x")]},
            "2": {"class_type": "KSampler", "errors": [error("required_input_missing", "model", input_name="model")]},
        },
    }
    found = problems_from_prompt_reply(400, body, GRAPH)
    assert [item.code for item in found] == ["input_missing", "node_check_failed"]
    assert "All 2 problems" in found[0].detail
    assert found[1].message in found[0].detail


@pytest.mark.parametrize("body", ["", None, [], {}, {"node_errors": []}, "<html>", {"error": None, "node_errors": {}}])
def test_a_reply_without_any_reason_is_a_problem_all_the_same(body: Any) -> None:
    (found,) = problems_from_prompt_reply(500, body, GRAPH)
    assert found.code == "server_request_failed"
    assert "HTTP 500" in found.message


@pytest.mark.parametrize("node_errors", [{"1": None}, {"1": {"errors": "x"}}, {"1": {"errors": [None]}}, ["x"], "x"])
def test_nonsense_among_the_node_errors_does_not_hide_the_error(node_errors: Any) -> None:
    body = {"error": error("prompt_no_outputs"), "node_errors": node_errors}
    assert problems_from_prompt_reply(400, body, GRAPH)[0].code == "workflow_has_no_output"


def test_the_recorded_out_of_memory_from_the_socket_and_from_history() -> None:
    recorded = messages(H100, "1280x720x81-out-of-memory")
    prompt_id = prompt_id_of(recorded)
    data = next(found for message in recorded if (found := execution_failure(message, prompt_id)))
    from_history = dict(history(H100, "1280x720x81-out-of-memory").messages)["execution_error"]
    for source in (data, from_history):
        found = problem_from_execution_error(source, {"57": {"class_type": "KSamplerAdvanced", "inputs": {}}})
        assert found.code == "out_of_memory"
        assert found.message == (
            "The GPU ran out of memory in KSamplerAdvanced (node 57): "
            "738 MiB more were needed but only 11 MiB were free of 79.18 GiB."
        )
        assert "another program" in found.hint
        assert found.where["requested_bytes"] == str(round(738.28 * 2**20))
        assert found.where["allocated_bytes"] == str(round(1.94 * 2**30))
        assert "execution.py" in found.detail


def test_the_native_allocators_words() -> None:
    text = (
        "CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 31.36 GiB of which 1.10 GiB is "
        "free. Of the allocated memory 28.00 GiB is allocated by PyTorch, and 1 GiB is reserved but unallocated.\n"
    )
    data = {"node_id": "2", "exception_type": "torch.OutOfMemoryError", "exception_message": text}
    found = problem_from_execution_error(data, GRAPH)
    assert "2.50 GiB more were needed but only 1.10 GiB were free of 31.36 GiB" in found.message
    assert "fewer frames" in found.hint


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("torch.cuda.OutOfMemoryError", ""),
        ("torch.AcceleratorError", "CUDA error: out of memory"),
        ("RuntimeError", "CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"),
        ("RuntimeError", "Allocation on device 0"),
    ],
)
def test_other_ways_to_run_out_of_memory(kind: str, text: str) -> None:
    found = problem_from_execution_error({"node_id": "2", "exception_type": kind, "exception_message": text}, GRAPH)
    assert found.code == "out_of_memory"
    assert found.message == "The GPU ran out of memory in KSampler (node 2)."


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("DefaultCPUAllocator: can't allocate memory: you tried to allocate 5 bytes", "RAM"),
        ("CUDA error: an illegal memory access was encountered", "restarted"),
        ("type fp8e4nv not supported in this architecture", "fp8"),
        ("[Errno 28] No space left on device", "disk is full"),
        ("shape mismatch", "details"),
    ],
)
def test_other_failures(text: str, hint: str) -> None:
    data = {
        "node_id": "129:86",
        "node_type": "VAEDecode",
        "exception_type": "builtins.RuntimeError",
        "exception_message": f"{text}\n\nTIPS: none",
        "traceback": ["line 1\n", "line 2\n"],
        "current_inputs": {"samples": ["huge"]},
    }
    found = problem_from_execution_error(data, GRAPH)
    assert found.code == "generation_failed"
    assert found.message == f"VAEDecode (node 129:86) failed: RuntimeError: {text}"
    assert hint in found.hint
    assert "line 2" in found.detail
    assert "huge" not in found.detail


def test_an_execution_error_without_anything() -> None:
    found = problem_from_execution_error({}, {})
    assert found.code == "generation_failed"
    assert found.message == "Node ? failed: Error: it gave no reason"


def test_the_recorded_runs_without_an_error_have_none() -> None:
    for folder, run in ((H100, "640x640x81-cold"), (CPU, "64x64x5-cold")):
        recorded = messages(folder, run)
        assert [m for m in recorded if execution_failure(m, prompt_id_of(recorded))] == []
