from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from wan22.launch.help_text import FlagSpec
from wan22.launch.profile_lint import Effect, SettingLint, lint_profile, setting_parts
from wan22.launch.profile_store import ProfileStore
from wan22.launch.setting_knowledge import EXCLUSIVE_GROUPS, known_settings, rows_for
from wan22.schema.profile import Profile

SHIPPED = ProfileStore(Path(__file__).parents[3] / "profiles", None)
RECOMMENDED = [name for name in SHIPPED.names() if name != "rtx5090-original"]
GOOD, IDLE, BAD, OPEN = Effect.known_effect, Effect.no_effect, Effect.harmful, Effect.unknown
VERSIONS = ["0.3.64", "0.25.0", "0.38.1", None]


@dataclass(frozen=True)
class Flags:
    flags: Mapping[str, object]


def lint(profile: Profile, **changes: Any) -> tuple[SettingLint, ...]:
    usual = {"known_flags": None, "comfyui_version": None, "torch_version": None, "gpu_name": None, "platform": "linux"}
    return lint_profile(profile, **(usual | changes))


def profile(*settings: str, **changes: Any) -> Profile:
    """A profile of `--flag`, `--flag value`, `--flag [a b]` or `NAME=value`."""
    environment: dict[str, Any] = {}
    flags: dict[str, Any] = {}
    for text in settings:
        if not text.startswith("--"):
            name, _, value = text.partition("=")
            environment[name] = {"value": value, "note": "n", "read_by": "r"}
            continue
        name, _, words = text.partition(" ")
        listed = words.startswith("[")
        value: Any = tuple(words.strip("[]").split()) if listed else (words or True)
        flags[name] = {"value": value, "note": "n", "read_by": "r"}
    data = {"name": "mine", "title": "Mine", "environment": environment, "flags": flags}
    data["gpu"] = {"match": ["RTX 5090"], "vram_gib": 32}
    return Profile.model_validate(data | changes)


def only(*settings: str, **changes: Any) -> SettingLint:
    """The judgement of the first setting; the others stand beside it."""
    more = {"gpu": changes.pop("gpu")} if "gpu" in changes else {}
    found = lint(profile(*settings, **more), **changes)
    return next(one for one in found if one.setting == _name(settings[0]))


def _name(text: str) -> str:
    return text.partition(" ")[0].partition("=")[0]


# what the script of the guide is worth, line by line
ORIGINAL = [
    ("TORCH_COMPILE", "1", IDLE, "Nothing reads TORCH_COMPILE"),
    ("TORCH_COMPILE_MODE", "max-autotune", IDLE, "Nothing reads TORCH_COMPILE_MODE"),
    ("PYTORCH_CUDA_ALLOC_CONF", "max_split_size_mb:512", IDLE, "cudaMallocAsync by default, which ignores it"),
    ("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True", IDLE, "removes it from the variable, and on Windows"),
    ("OMP_NUM_THREADS", "8", GOOD, "Both passes run on the GPU, so their times do not depend on it"),
    ("CUDA_MODULE_LOADING", "LAZY", IDLE, "the default already, since CUDA 12.2 on Linux and 12.3 on Windows"),
    ("--use-sage-attention", "", GOOD, "Both passes use SageAttention"),
    ("--cuda-malloc", "", IDLE, "takes the allocator cudaMallocAsync by itself"),
    ("--force-channels-last", "", BAD, "required rank 4 tensor to use channels_last format"),
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_the_original_script_line_by_line(version: str | None, platform: str):
    found = lint(SHIPPED.load("rtx5090-original").profile, comfyui_version=version, platform=platform)
    assert [(one.setting, one.value, one.effect) for one in found] == [line[:3] for line in ORIGINAL]
    for one, line in zip(found, ORIGINAL, strict=True):
        assert line[3] in one.reason
        assert one.source


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", RECOMMENDED)
def test_no_recommended_profile_does_harm(name: str, version: str | None):
    recommended = SHIPPED.load(name).profile
    assert recommended.recommended
    found = lint(recommended, comfyui_version=version, torch_version="2.10.0+cu130")
    assert [one for one in found if one.effect is BAD or (one.effect is IDLE and one.value != "false")] == []
    given = {flag for flag, setting in recommended.flags.items() if setting.value is not False}
    assert "--force-channels-last" not in given
    assert recommended.environment.keys() & {"TORCH_COMPILE", "TORCH_COMPILE_MODE"} == set()
    assert "--fast" not in given or recommended.flags["--fast"].value == ("fp16_accumulation",)


@pytest.mark.parametrize("name", SHIPPED.names())
def test_everything_shipped_is_in_the_table(name: str):
    shipped = SHIPPED.load(name).profile
    for flag in shipped.flags:
        assert flag in known_settings()
    for setting, entry in {**shipped.environment, **shipped.flags}.items():
        for part in setting_parts(setting, entry.value):
            assert rows_for(setting, part), (setting, part)


@pytest.mark.parametrize(
    ("settings", "effect", "words", "situation"),
    [
        # allocator
        (["PYTORCH_CUDA_ALLOC_CONF=max_split_size_mb:512"], IDLE, "cudaMallocAsync by default", {}),
        (["PYTORCH_CUDA_ALLOC_CONF=max_split_size_mb:512", "--disable-cuda-malloc"], GOOD, "never splits", {}),
        (
            ["PYTORCH_CUDA_ALLOC_CONF=max_split_size_mb:512", "--fast [autotune]"],
            GOOD,
            "",
            {"comfyui_version": "0.3.65"},
        ),
        (
            ["PYTORCH_CUDA_ALLOC_CONF=max_split_size_mb:512", "--fast [autotune]"],
            IDLE,
            "",
            {"comfyui_version": "0.3.64"},
        ),
        (["PYTORCH_CUDA_ALLOC_CONF=garbage_collection_threshold:0.8"], IDLE, "cudaMallocAsync", {}),
        (["PYTORCH_CUDA_ALLOC_CONF=max_split_size_mb:512", "--cpu"], IDLE, "with --cpu none is used", {}),
        (["PYTORCH_CUDA_ALLOC_CONF=backend:cudaMallocAsync"], IDLE, "by itself", {}),
        (["PYTORCH_CUDA_ALLOC_CONF=backend:native"], OPEN, "appends its own backend", {}),
        (
            ["PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True", "--disable-cuda-malloc"],
            IDLE,
            "0.38 and newer remove",
            {"comfyui_version": "0.38.1"},
        ),
        (
            ["PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True", "--disable-cuda-malloc"],
            GOOD,
            "grows its blocks",
            {"comfyui_version": "0.25.0"},
        ),
        (
            ["PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True", "--disable-cuda-malloc"],
            IDLE,
            "does not support expandable_segments on Windows",
            {"comfyui_version": "0.25.0", "platform": "win32"},
        ),
        (["PYTORCH_ALLOC_CONF=expandable_segments:True"], IDLE, "reads that first", {}),
        (
            ["PYTORCH_ALLOC_CONF=max_split_size_mb:64", "PYTORCH_CUDA_ALLOC_CONF=max_split_size_mb:64"],
            IDLE,
            "reads the old name",
            {},
        ),
        (["PYTORCH_ALLOC_CONF=max_split_size_mb:64", "--disable-cuda-malloc"], GOOD, "never splits", {}),
        (["--cuda-malloc"], IDLE, "by itself", {}),
        (["--cuda-malloc", "--fast [autotune]"], GOOD, "Keeps the allocator", {"comfyui_version": "0.25.0"}),
        (["--disable-cuda-malloc"], GOOD, "On Windows", {}),
        # the rest of the environment
        (["OMP_NUM_THREADS=8", "--cpu"], GOOD, "computes with", {}),
        (["CUDA_MODULE_LOADING=EAGER"], BAD, "slower start", {}),
        (["CUDA_LAUNCH_BLOCKING=1"], BAD, "waited for", {}),
        (["CUDA_LAUNCH_BLOCKING=0"], IDLE, "default", {}),
        (["PYTORCH_NO_CUDA_MEMORY_CACHING=1"], BAD, "far too slow", {}),
        (["TORCH_COMPILE_DISABLE=1"], GOOD, "every torch.compile off", {}),
        (["CUDA_VISIBLE_DEVICES=1", "--cuda-device 0"], IDLE, "overwrites", {}),
        (["CUDA_VISIBLE_DEVICES=1"], GOOD, "Only these GPUs", {}),
        (["COMFYUI_TURBO=1"], IDLE, "no environment variable of this kind", {}),
        (["MY_OWN=1"], OPEN, "Nothing is known", {}),
        # attention
        (["--use-sage-attention"], GOOD, "also where xformers is installed", {}),
        (["--use-sage-attention"], GOOD, "gains little", {"gpu_name": "NVIDIA A100-SXM4-80GB"}),
        (["--use-sage-attention"], IDLE, "no kernel for this board", {"gpu_name": "Tesla T4"}),
        (["--use-sage-attention", "--cpu"], IDLE, "falls back", {}),
        (["--use-flash-attention"], OPEN, "takes xformers", {"comfyui_version": "0.3.64"}),
        (["--use-flash-attention", "--disable-xformers"], GOOD, "flash-attn", {"comfyui_version": "0.3.64"}),
        (["--use-flash-attention"], GOOD, "expect no gain", {"comfyui_version": "0.25.0"}),
        (["--use-split-cross-attention"], BAD, "slower passes", {}),
        (["--disable-xformers", "--use-sage-attention"], IDLE, "before xformers", {}),
        (["--force-upcast-attention"], IDLE, "does not look at it", {}),
        # --fast
        (["--fast"], BAD, "every untested optimisation", {}),
        (["--fast fp16_accumulation,autotune"], BAD, "one unknown option", {}),
        (["--fast [fp16_accumulation]"], GOOD, "Enabled fp16 accumulation.", {}),
        (["--fast [fp16_accumulation]"], IDLE, "same speed", {"gpu_name": "NVIDIA A100 80GB PCIe"}),
        (["--fast [fp16_accumulation]"], OPEN, "Not measured", {"gpu_name": "NVIDIA H100 80GB HBM3"}),
        (["--fast [fp16_accumulation]"], IDLE, "no such switch", {"torch_version": "2.6.0+cu124"}),
        (["--fast [fp8_matrix_mult]"], IDLE, "fp8_scaled", {}),
        (["--fast [fp8_matrix_mult]"], IDLE, "cannot multiply in fp8", {"gpu_name": "NVIDIA A100-SXM4-40GB"}),
        (["--fast [cublas_ops]"], IDLE, "fp16 weights only", {}),
        (["--fast [autotune]"], GOOD, "no longer takes cudaMallocAsync", {"comfyui_version": "0.3.65"}),
        (["--fast [autotune]"], GOOD, "a slower first run", {"comfyui_version": "0.3.64"}),
        (["--fast [warp_speed]"], OPEN, "exit code 2", {}),
        # precision
        (["--force-channels-last"], BAD, "3D convolutions", {"gpu_name": "NVIDIA H100 80GB HBM3"}),
        (["--force-fp32"], BAD, "slower", {}),
        (["--fp32-unet"], BAD, "slower", {}),
        (["--fp16-unet"], IDLE, "anyway", {}),
        (["--bf16-unet"], GOOD, "bf16 instead of fp16", {"comfyui_version": "0.3.64"}),
        (["--bf16-unet", "--fast [fp16_accumulation]"], BAD, "gains nothing", {"comfyui_version": "0.3.64"}),
        (["--bf16-unet"], OPEN, "not tried", {"comfyui_version": "0.25.0"}),
        (["--fp8_e4m3fn-text-enc"], IDLE, "file decides", {}),
        (["--fp8_e4m3fn-unet"], OPEN, "not tried", {}),
        (["--cpu-vae"], BAD, "processor", {}),
        (["--fp16-vae"], BAD, "black frames", {}),
        (["--bf16-vae"], IDLE, "anyway", {}),
        (["--supports-fp8-compute"], BAD, "cannot", {"gpu_name": "NVIDIA A100-SXM4-80GB"}),
        (["--supports-fp8-compute"], IDLE, "by itself", {}),
        (["--deterministic"], BAD, "slower algorithms", {}),
        # memory
        (["--lowvram"], IDLE, "DynamicVRAM", {"comfyui_version": "0.25.0", "torch_version": "2.10.0"}),
        (["--lowvram"], BAD, "only costs time", {"comfyui_version": "0.3.64"}),
        (["--lowvram"], GOOD, "less VRAM", {"comfyui_version": "0.3.64", "gpu": {"vram_gib": 12}}),
        (["--normalvram"], BAD, "exit code 2", {"comfyui_version": "0.21.1"}),
        (["--normalvram"], IDLE, "default", {"comfyui_version": "0.3.64"}),
        (["--normalvram"], BAD, "exit code 2", {}),
        (["--highvram"], BAD, "run out of memory", {}),
        (["--highvram"], OPEN, "frees little", {"gpu": {"match": ["A100"], "vram_gib": 40}}),
        (["--highvram"], GOOD, "pass 2 need not load", {"gpu": {"match": ["H100"], "vram_gib": 80}}),
        (["--novram"], BAD, "every step", {}),
        (["--cpu"], BAD, "GPU of this profile idles", {}),
        (["--cpu"], GOOD, "processor", {"gpu": {}}),
        (["--disable-smart-memory"], BAD, "loads them again", {}),
        (["--disable-pinned-memory"], GOOD, "less RAM is locked", {}),
        (["--disable-async-offload"], BAD, "GPU waits", {}),
        (["--async-offload"], IDLE, "default", {"comfyui_version": "0.25.0"}),
        (["--async-offload"], GOOD, "while the GPU computes", {"comfyui_version": "0.3.64"}),
        (["--cache-none"], BAD, "runs again", {}),
        (["--cache-classic"], IDLE, "default", {"comfyui_version": "0.3.64"}),
        (["--cache-classic"], GOOD, "kept", {"comfyui_version": "0.25.0"}),
        (["--reserve-vram 2"], GOOD, "stay free", {}),
        (["--disable-dynamic-vram"], GOOD, "will be removed", {}),
        # the server
        (["--port 8188"], IDLE, "this program sets it", {}),
        (["--verbose ERROR"], BAD, "hides the log lines", {}),
        (["--verbose"], GOOD, "says more", {}),
        (["--preview-method none"], IDLE, "default", {}),
        (["--preview-method auto"], GOOD, "every step", {}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_one_setting(settings: list[str], effect: Effect, words: str, situation: dict[str, Any]):
    found = only(*settings, **situation)
    assert found.effect is effect, found
    assert words in found.reason


def test_unknown_versions_are_mentioned():
    found = only("--fast [fp16_accumulation]")
    assert "With torch older than 2.7: " in found.reason
    assert "With torch" not in only("--fast [fp16_accumulation]", torch_version="2.10.0+cu130").reason


def test_a_given_board_goes_before_that_of_the_profile():
    assert only("--fast [fp16_accumulation]", gpu={"match": ["A100"]}).effect is IDLE
    found = only("--fast [fp16_accumulation]", gpu={"match": ["A100"]}, gpu_name="NVIDIA GeForce RTX 4090")
    assert found.effect is GOOD


def test_every_part_gets_its_own_judgement():
    found = lint(profile("--fast [fp16_accumulation fp8_matrix_mult]"))
    assert [(one.value, one.effect) for one in found] == [("fp16_accumulation", GOOD), ("fp8_matrix_mult", IDLE)]


@pytest.mark.parametrize(
    ("name", "value", "parts"),
    [
        ("--x", True, ("",)),
        ("--x", False, ()),
        ("--x", 2, ("2",)),
        ("--x", ("a", "b"), ("a", "b")),
        ("--x", "a,b", ("a,b",)),
        ("PYTORCH_CUDA_ALLOC_CONF", "a:1, b:2", ("a:1", "b:2")),
        ("PYTORCH_CUDA_ALLOC_CONF", "r:[256:1,512:2,>:4],b:2", ("r:[256:1,512:2,>:4]", "b:2")),
        ("PYTORCH_CUDA_ALLOC_CONF", "", ("",)),
        ("OTHER", "a:1,b:2", ("a:1,b:2",)),
    ],
)
def test_parts(name: str, value: Any, parts: tuple[str, ...]):
    assert setting_parts(name, value) == parts


def test_a_setting_that_is_not_given_says_so():
    found = lint(SHIPPED.load("a100").profile)[-1]
    assert (found.setting, found.value, found.effect) == ("--highvram", "false", IDLE)
    assert "not given" in found.reason


def test_a_flag_that_this_comfyui_does_not_know():
    known = Flags({"--use-sage-attention": object(), "--reserve-vram": object()})
    asked = profile("--use-sage-attention", "--use-sage-atention", "--vram-headroom 2")
    right, misspelt, missing = lint(asked, known_flags=known, comfyui_version="0.3.64")
    assert right.effect is GOOD
    assert misspelt.effect is BAD
    assert "ComfyUI 0.3.64 does not know this flag" in misspelt.reason
    assert "--use-sage-attention" in misspelt.advice
    assert (missing.effect, missing.value) == (BAD, "2")
    assert "left out, with a notice" in missing.reason


def test_a_flag_that_was_removed():
    known = Flags({"--novram": object(), "--lowvram": object()})
    found = lint(profile("--normalvram", "--lowvram"), known_flags=known, comfyui_version="0.25.0")
    assert [one.setting for one in found] == ["--normalvram", "--lowvram"], "what is left out clashes with nothing"
    assert found[0].effect is BAD
    assert found[0].advice == "Take it out.", "another flag with a like name is no remedy"


def test_a_value_that_this_comfyui_does_not_take():
    spec = FlagSpec(name="--fast", takes="many", choices=("fp16_accumulation", "autotune"))
    (found,) = lint(profile("--fast [fp16_acumulation]"), known_flags=Flags({"--fast": spec}))
    assert found.effect is BAD
    assert "fp16_accumulation, autotune" in found.reason
    assert "Write fp16_accumulation" in found.advice
    (right,) = lint(profile("--fast [fp16_accumulation]"), known_flags=Flags({"--fast": spec}))
    assert right.effect is GOOD


def test_a_misspelt_name_gets_the_nearest():
    found = only("--use-sage-atention")
    assert found.effect is OPEN
    assert "--use-sage-attention" in found.advice
    assert "OMP_NUM_THREADS" in only("OMP_NUM_THREAD=8").advice


@pytest.mark.parametrize("group", EXCLUSIVE_GROUPS, ids=min)
def test_two_flags_of_one_group_clash(group: frozenset[str]):
    one, other = sorted(group)[:2]
    found = lint(profile(one, other))[-1]
    assert found.effect is BAD
    assert found.setting == f"{one}, {other}"
    assert "exit code 2" in found.reason
    assert all("," not in single.setting for single in lint(profile(one)))
