from typing import Any

import pytest

from tests.unit.launch.installs import SCHEMA, installation
from wan22.launch.environment_proof import environment_claims
from wan22.launch.launch_args import LaunchPlan, launch_plan
from wan22.schema.profile import Profile, Setting
from wan22.schema.server import LaunchClaim, Proof, SystemStats

SEGMENTS = "max_split_size_mb:512,expandable_segments:True"


def profile(name: str, value: str | int, read_by: str = "torch") -> Profile:
    setting = Setting(value=value, note="why", read_by=read_by)
    return Profile(name="trial", title="Trial", environment={name: setting})


def plan(asked: Profile, platform: str = "linux") -> LaunchPlan:
    return launch_plan(asked, installation(), SCHEMA, "127.0.0.1", 8188, (), {}, platform=platform)


def stats(allocator: str | None = "cudaMallocAsync", version: str = "0.25.0", os: str = "linux") -> SystemStats:
    name = "cpu" if allocator is None else f"cuda:0 NVIDIA GeForce RTX 5090 : {allocator}"
    return SystemStats.model_validate({"system": {"comfyui_version": version, "os": os}, "devices": [{"name": name}]})


def claim(asked: Profile, told: SystemStats | None = None, **more: Any) -> LaunchClaim:
    (only,) = environment_claims(asked, more.get("plan", plan(asked)), told or stats())
    return only


def test_a_variable_that_is_set():
    found = claim(profile("OMP_NUM_THREADS", 8))
    assert (found.name, found.expected, found.found, found.proof) == ("OMP_NUM_THREADS", "8", "8", Proof.proved)
    assert found.evidence == "OMP_NUM_THREADS=8"
    assert "Set for torch" in found.reason


def test_windows_folds_the_case_of_names():
    asked = profile("Omp_Num_Threads", "8")
    made = plan(asked)
    folded = {name.upper(): value for name, value in made.environment.items()}
    folding = LaunchPlan(
        made.argv, made.cwd, folded, made.added_environment, made.url, made.host, made.port, made.main_file
    )
    assert claim(asked, plan=folding).proof is Proof.proved


def test_a_variable_that_is_not_set_as_asked():
    other = plan(profile("OMP_NUM_THREADS", 4))
    found = claim(profile("OMP_NUM_THREADS", 8), plan=other)
    assert (found.found, found.proof) == ("4", Proof.refuted)
    found = claim(profile("MKL_NUM_THREADS", 8), plan=other)
    assert (found.found, found.proof) == ("not set", Proof.refuted)


@pytest.mark.parametrize(
    ("name", "value", "read_by"),
    [("TORCH_COMPILE", "1", "torch"), ("TORCH_COMPILE_MODE", "max-autotune", "torch"), ("MY_SWITCH", "on", "Nobody")],
)
def test_a_variable_that_nothing_reads(name: str, value: str, read_by: str):
    asked = profile(name, value, read_by)
    found = claim(asked)
    assert (found.found, found.proof, found.reason) == (value, Proof.refuted, "Set, but nothing reads it.")
    assert claim(asked, plan=None).proof is Proof.refuted


def test_lazy_loading_is_the_default_anyway():
    found = claim(profile("CUDA_MODULE_LOADING", "LAZY"))
    assert found.proof is Proof.proved
    assert "default anyway" in found.reason
    assert "default" not in claim(profile("CUDA_MODULE_LOADING", "EAGER")).reason


@pytest.mark.parametrize("name", ["PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF"])
def test_options_of_the_other_allocator_have_no_effect(name: str):
    found = claim(profile(name, SEGMENTS))
    assert found.proof is Proof.refuted
    assert found.reason == ("Set, but cudaMallocAsync is in use and ignores max_split_size_mb and expandable_segments.")


@pytest.mark.parametrize(
    ("told", "value", "proof", "words"),
    [
        (stats("native"), SEGMENTS, Proof.proved, "torch's own allocator"),
        (stats("native", os="nt"), SEGMENTS, Proof.refuted, "Windows"),
        (stats("native", os="win32"), "max_split_size_mb:512", Proof.proved, "max_split_size_mb"),
        (stats("native", version="0.38.1"), SEGMENTS, Proof.unknown, "out of the variable"),
        (stats(None), SEGMENTS, Proof.refuted, "cpu"),
        (stats(), "backend:cudaMallocAsync", Proof.proved, "Set for torch"),
        (SystemStats.model_validate({"system": {}}), SEGMENTS, Proof.unknown, "no device"),
    ],
)
def test_allocator_options_elsewhere(told: SystemStats, value: str, proof: Proof, words: str):
    found = claim(profile("PYTORCH_CUDA_ALLOC_CONF", value), told)
    assert found.proof is proof
    assert words in found.reason


def test_the_environment_of_an_attached_server_is_unknown():
    found = claim(profile("OMP_NUM_THREADS", 8), plan=None)
    assert (found.found, found.proof) == ("not visible", Proof.unknown)
    assert "attached" in found.reason
