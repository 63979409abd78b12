"""Lines of ComfyUI's log that say something about a run, from both generations of its wording."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from wan22.system.line_text import clean_line, strip_level_tag


class SignKind(Enum):
    """What a log line tells."""

    prompt_received = "prompt_received"
    prompt_executed = "prompt_executed"
    load_requested = "load_requested"
    loaded_completely = "loaded_completely"
    loaded_partially = "loaded_partially"
    unloaded_partially = "unloaded_partially"
    models_unloaded = "models_unloaded"
    dynamic_vram_staged = "dynamic_vram_staged"
    weight_dtype = "weight_dtype"
    attention = "attention"
    vae_attention = "vae_attention"
    attention_fallback = "attention_fallback"
    vae_tiled_retry = "vae_tiled_retry"
    oom_unload = "oom_unload"
    exception = "exception"
    interrupted = "interrupted"
    lora_key_not_loaded = "lora_key_not_loaded"
    patch_failed = "patch_failed"
    weights_not_loaded = "weights_not_loaded"
    recompile_limit = "recompile_limit"
    worker_died = "worker_died"


@dataclass(frozen=True, slots=True)
class LogSign:
    """A line that was understood. `values` by kind:

    prompt_executed: seconds. load_requested, dynamic_vram_staged: model. loaded_*, unloaded_*: usable_mb, loaded_mb,
    offloaded_mb, freed_mb, patches, full_load as far as the line tells them. dynamic_vram_staged: staged_mb, patches.
    weight_dtype: dtype, manual_cast. attention, vae_attention: backend. attention_fallback: backend, reason.
    vae_tiled_retry: direction ("encoding", "decoding"). lora_key_not_loaded, patch_failed, weights_not_loaded: key.
    recompile_limit: limit. models_unloaded: count. exception: reason.
    """

    kind: SignKind
    values: Mapping[str, float | str] = field(default_factory=dict)
    line: str = ""


_NUMBER = r"-?[\d.]+(?:e[+-]?\d+)?"
_USABLE = rf"\s+(?:(?P<usable_mb>{_NUMBER}) MB usable,\s+)?"
_TEXT_VALUES = {"model", "dtype", "manual_cast", "backend", "reason", "direction", "key", "full_load"}

# The first pattern that fits decides; named groups become values.
_PATTERNS: tuple[tuple[SignKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (SignKind.prompt_received, r"^got prompt$"),
        (SignKind.prompt_executed, rf"^Prompt executed in (?P<seconds>{_NUMBER}) seconds$"),
        (SignKind.prompt_executed, r"^Prompt executed in (?P<clock>\d+:\d\d:\d\d)$"),
        (SignKind.load_requested, r"^Requested to load (?P<model>\S+)$"),
        # until October 2025: "loaded completely USABLE LOADED FULL", "loaded partially USABLE LOADED PATCHES"
        (
            SignKind.loaded_completely,
            rf"^loaded completely (?P<usable_mb>{_NUMBER}) (?P<loaded_mb>{_NUMBER}) (?P<full_load>True|False)$",
        ),
        (
            SignKind.loaded_partially,
            rf"^loaded partially (?P<usable_mb>{_NUMBER}) (?P<loaded_mb>{_NUMBER}) (?P<patches>\d+)$",
        ),
        (
            SignKind.loaded_completely,
            rf"^loaded completely;{_USABLE}(?P<loaded_mb>{_NUMBER}) MB loaded, full load: (?P<full_load>True|False)$",
        ),
        (
            SignKind.loaded_partially,
            (
                rf"^loaded partially;{_USABLE}(?P<loaded_mb>{_NUMBER}) MB loaded, (?P<offloaded_mb>{_NUMBER}) MB"
                r" offloaded,.*lowvram patches: (?P<patches>\d+)$"
            ),
        ),
        (
            SignKind.unloaded_partially,
            rf"^Unloaded partially: (?P<freed_mb>{_NUMBER}) MB freed, (?P<loaded_mb>{_NUMBER}) MB remains loaded",
        ),
        (SignKind.models_unloaded, r"^(?P<count>\d+) models unloaded\.$"),
        (
            SignKind.dynamic_vram_staged,
            (
                r"^Model (?P<model>\S+) prepared for dynamic VRAM loading\. (?P<staged_mb>\d+)MB Staged\."
                r" (?P<patches>\d+) patches attached"
            ),
        ),
        (SignKind.weight_dtype, r"^model weight dtype (?P<dtype>\S+), manual cast: (?P<manual_cast>\S+)$"),
        (
            SignKind.attention_fallback,
            (
                r"^Error running (?P<backend>sage attention|SageAttention3): (?P<reason>.*),"
                r" (?:using|falling back to) pytorch attention"
            ),
        ),
        (SignKind.attention_fallback, r"^(?P<backend>Flash Attention) failed, using default SDPA: (?P<reason>.*)$"),
        (SignKind.vae_attention, r"^Using (?P<backend>\w+) attention in VAE$"),
        (SignKind.attention, r"^Using (?P<backend>split|sub quadratic) optimization for attention"),
        (SignKind.attention, r"^Using sage attention mode: (?P<backend>\S+)$"),
        (SignKind.attention, r"^Using (?P<backend>[\w ]+?) [Aa]ttention$"),
        (
            SignKind.vae_tiled_retry,
            r"Ran out of memory when regular VAE (?P<direction>encoding|decoding), retrying with tiled",
        ),
        (SignKind.oom_unload, r"^Got an OOM, unloading all loaded models"),
        (SignKind.exception, r"^!!! Exception during processing !!! ?(?P<reason>.*)$"),
        (SignKind.interrupted, r"^Processing interrupted$"),
        (SignKind.lora_key_not_loaded, r"^lora key not loaded: (?P<key>.+)$"),
        (SignKind.patch_failed, r"^ERROR (?:lora|loha|lokr|glora|oft|boft|diff|set) (?P<key>\S+) (?P<reason>.*)$"),
        (SignKind.patch_failed, r"^WARNING SHAPE MISMATCH (?P<key>\S+) WEIGHT NOT MERGED (?P<reason>.*)$"),
        (SignKind.weights_not_loaded, r"^NOT LOADED:? (?P<key>\S+)"),
        (SignKind.recompile_limit, r"torch\._dynamo hit config\.\w+ \((?P<limit>\d+)\)"),
        (SignKind.worker_died, r"^Exception in thread \S+ \(prompt_worker\)"),
    )
)


def sign_from_line(line: str) -> LogSign | None:
    """What one line of the server's output tells about a run; None when nothing. Colours and tags do not matter."""
    text = strip_level_tag(clean_line(line)).strip()
    for kind, pattern in _PATTERNS:
        match = pattern.search(text)
        if match is not None:
            return LogSign(kind, _values(match), text)
    return None


def _values(match: re.Match[str]) -> dict[str, float | str]:
    values: dict[str, float | str] = {}
    for name, text in match.groupdict().items():
        if text is None:
            continue
        if name == "clock":
            hours, minutes, seconds = (int(part) for part in text.split(":"))
            values["seconds"] = float(hours * 3600 + minutes * 60 + seconds)
        else:
            values[name] = text if name in _TEXT_VALUES else float(text)
    return values
