"""Log lines of both generations."""

from collections import Counter

import pytest

from tests.unit.comfy.transcripts import DATA
from wan22.comfy.log_lines import SignKind, sign_from_line

LINES = [
    ("got prompt", SignKind.prompt_received, {}),
    ("\x1b[32m[INFO]\x1b[0m got prompt", SignKind.prompt_received, {}),
    ("Prompt executed in 39.78 seconds", SignKind.prompt_executed, {"seconds": 39.78}),
    ("\x1b[32m[INFO]\x1b[0m \x1b[32mPrompt executed in 1.29 seconds\x1b[0m", SignKind.prompt_executed,
     {"seconds": 1.29}),
    ("Prompt executed in 00:12:05", SignKind.prompt_executed, {"seconds": 725.0}),
    ("Requested to load WAN21", SignKind.load_requested, {"model": "WAN21"}),
    ("loaded completely 67026.91060108799 13629.073875427246 True", SignKind.loaded_completely,
     {"usable_mb": 67026.91060108799, "loaded_mb": 13629.073875427246, "full_load": "True"}),
    ("loaded completely 9.5367431640625e+25 6419.477203369141 True", SignKind.loaded_completely,
     {"usable_mb": 9.5367431640625e25, "loaded_mb": 6419.477203369141, "full_load": "True"}),
    ("loaded partially 128.0 122.03963088989258 19", SignKind.loaded_partially,
     {"usable_mb": 128.0, "loaded_mb": 122.03963088989258, "patches": 19.0}),
    ("[INFO] loaded completely;  17.40 MB loaded, full load: True", SignKind.loaded_completely,
     {"loaded_mb": 17.4, "full_load": "True"}),
    ("loaded completely; 20034.67 MB usable, 13629.08 MB loaded, full load: True", SignKind.loaded_completely,
     {"usable_mb": 20034.67, "loaded_mb": 13629.08, "full_load": "True"}),
    ("loaded partially; 9000.00 MB usable, 8900.50 MB loaded, 4728.58 MB offloaded, 1 MB buffer, lowvram patches: 12",
     SignKind.loaded_partially,
     {"usable_mb": 9000.0, "loaded_mb": 8900.5, "offloaded_mb": 4728.58, "patches": 12.0}),
    ("Unloaded partially: 500.00 MB freed, 100.00 MB remains loaded, 1.00 MB buffer reserved, lowvram patches: 0",
     SignKind.unloaded_partially, {"freed_mb": 500.0, "loaded_mb": 100.0}),
    ("0 models unloaded.", SignKind.models_unloaded, {"count": 0.0}),
    ("Model WAN21 prepared for dynamic VRAM loading. 13631MB Staged. 400 patches attached. Force pre-loaded 5.",
     SignKind.dynamic_vram_staged, {"model": "WAN21", "staged_mb": 13631.0, "patches": 400.0}),
    ("model weight dtype torch.float16, manual cast: None", SignKind.weight_dtype,
     {"dtype": "torch.float16", "manual_cast": "None"}),
    ("Using sage attention", SignKind.attention, {"backend": "sage"}),
    ("Using Flash Attention", SignKind.attention, {"backend": "Flash"}),
    ("Using Comfy Kitchen attention", SignKind.attention, {"backend": "Comfy Kitchen"}),
    ("Using sub quadratic optimization for attention, if you have memory or speed issues try using: --x",
     SignKind.attention, {"backend": "sub quadratic"}),
    ("Using sage attention mode: sageattn_qk_int8_pv_fp16_cuda", SignKind.attention,
     {"backend": "sageattn_qk_int8_pv_fp16_cuda"}),
    ("Using pytorch attention in VAE", SignKind.vae_attention, {"backend": "pytorch"}),
    ("Error running sage attention: no kernel, sorry, using pytorch attention instead.", SignKind.attention_fallback,
     {"backend": "sage attention", "reason": "no kernel, sorry"}),
    ("Error running SageAttention3: bad, falling back to pytorch attention.", SignKind.attention_fallback,
     {"backend": "SageAttention3", "reason": "bad"}),
    ("Flash Attention failed, using default SDPA: head dim", SignKind.attention_fallback,
     {"backend": "Flash Attention", "reason": "head dim"}),
    ("Warning: Ran out of memory when regular VAE decoding, retrying with tiled VAE decoding.",
     SignKind.vae_tiled_retry, {"direction": "decoding"}),
    ("Got an OOM, unloading all loaded models.", SignKind.oom_unload, {}),
    ("!!! Exception during processing !!! Allocation on device 0", SignKind.exception,
     {"reason": "Allocation on device 0"}),
    ("Processing interrupted", SignKind.interrupted, {}),
    ("lora key not loaded: diffusion_model.x.alpha", SignKind.lora_key_not_loaded, {"key": "diffusion_model.x.alpha"}),
    ("ERROR lora diffusion_model.blocks.0.weight shape '[1]' is invalid", SignKind.patch_failed,
     {"key": "diffusion_model.blocks.0.weight", "reason": "shape '[1]' is invalid"}),
    ("WARNING SHAPE MISMATCH a.weight WEIGHT NOT MERGED [1] != [2]", SignKind.patch_failed,
     {"key": "a.weight", "reason": "[1] != [2]"}),
    ("NOT LOADED diffusion_model.y", SignKind.weights_not_loaded, {"key": "diffusion_model.y"}),
    ("NOT LOADED: z (type=lora)", SignKind.weights_not_loaded, {"key": "z"}),
    ("W1125 01:00:00.000 [0/8] torch._dynamo hit config.recompile_limit (8)", SignKind.recompile_limit,
     {"limit": 8.0}),
    ("Exception in thread Thread-2 (prompt_worker):", SignKind.worker_died, {}),
]  # fmt: skip


@pytest.mark.parametrize(("line", "kind", "values"), LINES)
def test_lines(line: str, kind: SignKind, values: dict[str, float | str]) -> None:
    sign = sign_from_line(line)
    assert sign is not None
    assert (sign.kind, sign.values) == (kind, values)
    assert "\x1b" not in sign.line


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Starting server",
        "100%|██████████| 2/2 [00:06<00:00,  3.13s/it]",
        "Using MixedPrecisionOps for text encoder",
        "Using async weight offloading with 2 streams",
        "Exception in thread Thread-7 (other):",
        "I got prompt",
    ],
)
def test_other_lines_say_nothing(line: str) -> None:
    assert sign_from_line(line) is None


def test_every_kind_has_a_line_here() -> None:
    assert {kind for _, kind, _ in LINES} == set(SignKind)


def test_a_recorded_log() -> None:
    log = (DATA / "recordings" / "wan22-14b-h100" / "comfyui-out-of-memory.log").read_text(encoding="utf-8")
    kinds = Counter(sign.kind for line in log.splitlines() if (sign := sign_from_line(line)))
    assert kinds[SignKind.prompt_executed] == 3
    assert kinds[SignKind.loaded_partially] == 2
    assert kinds[SignKind.oom_unload] == 1
