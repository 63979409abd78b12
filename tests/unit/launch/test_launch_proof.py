import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.launch.installs import SCHEMA, installation
from tests.unit.launch.logs import recorded_start
from wan22.launch.launch_args import launch_plan
from wan22.launch.launch_proof import launch_claims
from wan22.schema.profile import Profile
from wan22.schema.server import LaunchClaim, Proof, SystemStats

H100_LOG = recorded_start("0.3.64")
RECORDED = Path(__file__).resolve().parents[2] / "data" / "recordings" / "wan22-14b-h100" / "system_stats.json"


def h100(*argv: str, **system: Any) -> SystemStats:
    told = json.loads(RECORDED.read_text(encoding="utf-8"))
    told["system"] |= {"argv": ["main.py", "--port", "8188", *argv]} | system
    return SystemStats.model_validate(told)


def cpu() -> SystemStats:
    return SystemStats.model_validate({"system": {"argv": ["main.py", "--cpu"]}, "devices": [{"name": "cpu"}]})


def profile(**parts: Any) -> Profile:
    def settings(values: dict[str, Any]) -> dict[str, Any]:
        return {name: {"value": value, "note": "why", "read_by": "ComfyUI"} for name, value in values.items()}

    for part in ("flags", "environment"):
        parts[part] = settings(parts.get(part, {}))
    return Profile.model_validate({"name": "trial", "title": "Trial"} | parts)


def claim(name: str, asked: Profile, stats: SystemStats, log: list[str] | None = None) -> LaunchClaim:
    claims = {one.name: one for one in launch_claims(asked, None, stats, log)}
    return claims[name]


def shown(found: LaunchClaim) -> tuple[str, str, Proof]:
    return (found.expected, found.found, found.proof)


def test_a_profile_without_promises_has_no_claims():
    assert launch_claims(profile(), None, h100(), H100_LOG) == ()


def test_a_healthy_start_is_proved_in_full():
    asked = profile(
        flags={"--use-pytorch-cross-attention": True, "--reserve-vram": 1, "--lowvram": False},
        gpu={"match": ["H100"], "vram_gib": 80},
        expect={"attention": "pytorch", "allocator": "cudaMallocAsync", "vram_state": "NORMAL_VRAM"},
    )
    claims = launch_claims(asked, None, h100("--use-pytorch-cross-attention", "--reserve-vram", "1.0"), H100_LOG)
    assert [(one.name, one.proof, one.reason) for one in claims] == [
        (name, Proof.proved, "")
        for name in (
            *("--use-pytorch-cross-attention", "--reserve-vram", "--lowvram"),
            *("attention", "allocator", "VRAM state", "board", "VRAM size"),
        )
    ]
    evidence = {one.name: one.evidence for one in claims}
    assert evidence["--reserve-vram"] == "--reserve-vram 1.0"
    assert evidence["attention"] == "Using pytorch attention"
    assert evidence["allocator"] == "cuda:0 NVIDIA H100 80GB HBM3 : cudaMallocAsync"
    assert evidence["VRAM state"] == "Set vram state to: NORMAL_VRAM"


def test_flags_that_are_not_there():
    asked = profile(flags={"--fast": ["autotune", "fp16_accumulation"], "--novram": True, "--lowvram": False})
    stats = h100("--fast", "fp16_accumulation", "--lowvram")
    assert shown(claim("--fast", asked, stats)) == (
        "autotune fp16_accumulation",
        "fp16_accumulation",
        Proof.refuted,
    )
    assert shown(claim("--novram", asked, stats)) == ("given", "not given", Proof.refuted)
    assert shown(claim("--lowvram", asked, stats)) == ("not given", "given", Proof.refuted)
    assert claim("--fast", asked, h100("--fast", "fp16_accumulation", "autotune")).proof is Proof.proved
    assert claim("--fast", asked, h100("--fast=autotune")).proof is Proof.refuted
    silent = claim("--novram", asked, SystemStats.model_validate({"system": {}}))
    assert shown(silent) == ("given", "not visible", Proof.unknown)


def test_the_reason_comes_from_the_plan():
    asked = profile(flags={"--normalvram": True, "--use-sage-attention": True})
    plan = launch_plan(asked, installation(), SCHEMA, "127.0.0.1", 8188, ("--use-flash-attention",), {})
    claims = {one.name: one for one in launch_claims(asked, plan, h100("--use-flash-attention"), None)}
    assert claims["--normalvram"].reason == "--normalvram is not known to ComfyUI 0.25.0: left out."
    assert claims["--use-sage-attention"].reason.startswith("--use-flash-attention from the extra flags replaces")


@pytest.mark.parametrize(
    ("expected", "line"),
    [
        ("sage", "Using sage attention"),
        ("flash", "Using Flash Attention"),
        ("xformers", "Using xformers attention"),
        ("split", "Using split optimization for attention"),
        ("sub-quadratic", "Using sub quadratic optimization for attention, if you have memory or speed issues"),
    ],
)
def test_attention_is_read_from_the_log(expected: str, line: str):
    asked = profile(expect={"attention": expected})
    assert shown(claim("attention", asked, h100(), [line])) == (expected, expected, Proof.proved)
    other = claim("attention", asked, h100(), ["Using pytorch attention in VAE", *H100_LOG])
    assert shown(other) == (expected, "pytorch", Proof.refuted)


@pytest.mark.parametrize(
    ("flag", "start", "line"),
    [
        (
            "--use-sage-attention",
            "Using sage attention",
            "Error running sage attention: Unsupported head_dim: 48, using pytorch attention instead.",
        ),
        (
            "--use-sage-attention",
            "Using sage attention",
            "Error running SageAttention3: no, falling back to pytorch attention.",
        ),
        (
            "--use-flash-attention",
            "Using Flash Attention",
            "Flash Attention failed, using default SDPA: FlashAttention only supports Ampere GPUs",
        ),
    ],
)
def test_falling_back_refutes_the_attention_of_a_flag(flag: str, start: str, line: str):
    asked = profile(flags={flag: True})
    early = claim("attention", asked, h100(), [start])
    assert early.proof is Proof.proved
    assert "first job" in early.reason
    assert claim("attention", asked, h100(), [start, "got prompt"]).reason == ""
    found = claim("attention", asked, h100(), [start, "got prompt", line, line])
    assert (found.found, found.proof, found.evidence) == ("pytorch", Proof.refuted, line)
    assert "2 calls fell back" in found.reason


def test_the_allocator_is_read_from_the_device():
    asked = profile(expect={"allocator": "native"})
    assert shown(claim("allocator", asked, h100())) == ("native", "cudaMallocAsync", Proof.refuted)
    assert claim("allocator", asked, cpu()).proof is Proof.refuted
    assert claim("allocator", asked, SystemStats.model_validate({"system": {}})).proof is Proof.unknown
    by_flag = claim("allocator", profile(flags={"--cuda-malloc": True}), h100("--cuda-malloc"))
    assert shown(by_flag) == ("cudaMallocAsync", "cudaMallocAsync", Proof.proved)
    assert claim("allocator", profile(flags={"--disable-cuda-malloc": True}), h100()).proof is Proof.refuted


def test_fp16_accumulation():
    asked = profile(flags={"--fast": ["fp16_accumulation"]})
    on = [*H100_LOG[:3], "Enabled fp16 accumulation.", *H100_LOG[3:]]
    assert shown(claim("fp16 accumulation", asked, h100(), on)) == ("on", "on", Proof.proved)
    off = claim("fp16 accumulation", asked, h100(), H100_LOG)
    assert shown(off) == ("on", "off", Proof.refuted)
    assert "2.7" in off.reason
    never = profile(expect={"fp16_accumulation": False})
    assert shown(claim("fp16 accumulation", never, h100(), on)) == ("off", "on", Proof.refuted)
    assert shown(claim("fp16 accumulation", never, h100(), H100_LOG)) == ("off", "off", Proof.proved)
    assert claim("fp16 accumulation", asked, h100(), H100_LOG[:3]).proof is Proof.unknown


def test_bare_fast_promises_everything():
    asked = profile(flags={"--fast": True})
    names = [one.name for one in launch_claims(asked, None, h100("--fast"), None)]
    assert names == ["--fast", "fp16 accumulation", "fp8 matrix multiplication", "cublas_ops", "autotune"]


def test_fp8_and_cublas_show_when_a_model_is_loaded():
    asked = profile(flags={"--fast": ["fp8_matrix_mult", "cublas_ops", "autotune"]})
    fp8, loaded = "fp8 matrix multiplication", "model weight dtype torch.float16, manual cast: None"
    assert claim(fp8, asked, h100(), H100_LOG).proof is Proof.unknown
    assert "none was yet" in claim(fp8, asked, h100(), H100_LOG).reason
    scaled = "Using scaled fp8: fp8 matrix mult: False, scale input: False"
    assert shown(claim(fp8, asked, h100(), [scaled])) == ("used", "not used", Proof.refuted)
    assert claim(fp8, asked, h100(), [scaled.replace("False", "True")]).proof is Proof.proved
    native = "Native ops: float8_e4m3fn, nvfp4 , emulated ops: mxfp8"
    assert claim(fp8, asked, h100(), [native]).proof is Proof.proved
    assert claim(fp8, asked, h100(), ["Native ops:  , emulated ops: float8_e4m3fn"]).proof is Proof.refuted
    assert claim("cublas_ops", asked, h100(), H100_LOG).proof is Proof.unknown
    assert claim("cublas_ops", asked, h100(), [loaded]).proof is Proof.refuted
    assert claim("cublas_ops", asked, h100(), [loaded, "Using cublas ops"]).proof is Proof.proved
    assert claim("autotune", asked, h100(), H100_LOG).proof is Proof.unknown


def test_the_board_and_its_memory():
    asked = profile(gpu={"match": ["RTX 5090", "H200"], "vram_gib": 32})
    assert shown(claim("board", asked, h100())) == ("RTX 5090 or H200", "NVIDIA H100 80GB HBM3", Proof.refuted)
    assert shown(claim("VRAM size", asked, h100())) == ("32 GiB", "79.2 GiB", Proof.refuted)
    assert claim("VRAM size", profile(gpu={"vram_gib": 87}), h100()).proof is Proof.proved
    assert claim("VRAM size", profile(gpu={"vram_gib": 88}), h100()).proof is Proof.refuted
    assert claim("VRAM size", asked, cpu()).proof is Proof.unknown


def test_without_a_log_what_only_it_shows_is_unknown():
    asked = profile(
        flags={"--use-sage-attention": True, "--fast": True},
        expect={"attention": "sage", "vram_state": "HIGH_VRAM", "fp16_accumulation": True},
    )
    claims = launch_claims(asked, None, h100("--use-sage-attention", "--fast"), None)
    unknown = {one.name: one.reason for one in claims if one.proof is Proof.unknown}
    assert set(unknown) == {
        *("attention", "VRAM state", "fp16 accumulation", "fp8 matrix multiplication", "cublas_ops", "autotune"),
    }
    assert {reason for name, reason in unknown.items() if name != "autotune"} == {
        "This server does not give out its log."
    }


def test_a_log_that_has_lost_its_start_is_told():
    asked = profile(expect={"attention": "sage", "vram_state": "HIGH_VRAM", "fp16_accumulation": True})
    claims = launch_claims(asked, None, h100(), ["got prompt", "Prompt executed in 12 seconds"])
    assert {(one.proof, one.reason) for one in claims} == {
        (Proof.unknown, "The log does not reach back to the start of the server.")
    }


def test_the_log_of_an_attached_server_has_time_stamps_and_colours():
    log = [f"2026-11-25T01:13:07.123456 - \x1b[32m[INFO]\x1b[0m {line}" for line in H100_LOG]
    asked = profile(expect={"attention": "pytorch", "vram_state": "NORMAL_VRAM", "fp16_accumulation": False})
    assert {one.proof for one in launch_claims(asked, None, h100(), log)} == {Proof.proved}
