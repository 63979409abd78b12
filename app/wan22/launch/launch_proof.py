"""Does the running server keep what its profile promises? Judged by its arguments, its devices and its log."""

import re
from collections.abc import Sequence

from wan22.launch.environment_proof import environment_claims
from wan22.launch.flag_use import Origin, flags_from_words
from wan22.launch.launch_args import LaunchPlan, flag_values
from wan22.launch.log_evidence import LogEvidence
from wan22.schema.profile import Profile, Setting
from wan22.schema.server import LaunchClaim, Proof, SystemStats

_ATTENTION_LINES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("sage", re.compile(r"^Using sage attention$", re.IGNORECASE)),
    ("flash", re.compile(r"^Using flash attention$", re.IGNORECASE)),
    ("xformers", re.compile(r"^Using xformers attention$", re.IGNORECASE)),
    ("pytorch", re.compile(r"^Using pytorch attention$", re.IGNORECASE)),
    ("comfy kitchen", re.compile(r"^Using comfy kitchen attention$", re.IGNORECASE)),
    ("split", re.compile(r"^Using split optimization for attention", re.IGNORECASE)),
    ("sub-quadratic", re.compile(r"^Using sub quadratic optimization for attention", re.IGNORECASE)),
)
_ATTENTION_FLAGS = {
    "--use-sage-attention": "sage",
    "--use-flash-attention": "flash",
    "--use-pytorch-cross-attention": "pytorch",
    "--use-ck-attention": "comfy kitchen",
    "--use-split-cross-attention": "split",
    "--use-quad-cross-attention": "sub-quadratic",
}
_FALLBACKS = {
    "sage": re.compile(r"Error running sage ?attention3?: .*(?:using|falling back to) pytorch", re.IGNORECASE),
    "flash": re.compile(r"Flash Attention failed, using default SDPA", re.IGNORECASE),
}
_ALLOCATOR_FLAGS = {"--cuda-malloc": "cudaMallocAsync", "--disable-cuda-malloc": "native"}
_VRAM_STATE = re.compile(r"^Set vram state to: (\w+)")
_FP16 = re.compile(r"^Enabled fp16 accumulation")
_SCALED_FP8 = re.compile(r"fp8 matrix mult: (True|False)")
_NATIVE_OPS = re.compile(r"^Native ops: (.*?), emulated ops:")
_CUBLAS = re.compile(r"^Using cublas ops", re.IGNORECASE)
_GIB = 1024**3
_SIZE_TOLERANCE = 0.10


def launch_claims(
    profile: Profile, plan: LaunchPlan | None, stats: SystemStats, log_lines: Sequence[str] | None
) -> tuple[LaunchClaim, ...]:
    """Every expectation of `profile` with its proof. `plan` None: a server that we did not start.

    `log_lines` None: the server does not give out its log; what only a log shows is then unknown. Asked again after
    a job it says more: whether attention fell back, and which kernels the loaded weights use.
    """
    log = LogEvidence(log_lines)
    claims = [_flag_claim(name, setting, plan, stats) for name, setting in profile.flags.items()]
    claims += environment_claims(profile, plan, stats)
    claims += _attention_claims(profile, log)
    claims += _allocator_claims(profile, stats)
    claims += _vram_state_claims(profile, log)
    claims += _fp16_claims(profile, log)
    claims += _fast_claims(profile, log)
    claims += _board_claims(profile, stats)
    return tuple(claims)


def _flag_claim(name: str, setting: Setting, plan: LaunchPlan | None, stats: SystemStats) -> LaunchClaim:
    values = flag_values(setting.value)
    expected = "not given" if values is None else " ".join(values) or "given"
    argv = stats.system.argv
    if not argv:
        return LaunchClaim(
            name=name,
            expected=expected,
            found="not visible",
            proof=Proof.unknown,
            reason="The server does not tell how it was started.",
        )
    uses = [flag for flag in flags_from_words(argv[1:], Origin.program)[0] if flag.name == name]
    found = " ".join(uses[-1].values) or "given" if uses else "not given"
    evidence = str(uses[-1]) if uses else " ".join(argv)
    if values is None:
        kept = not uses
        reason = "" if kept else "The profile leaves this flag out for a reason."
    else:
        kept = bool(uses) and _same(uses[-1].values, values)
        reason = "" if kept else _why_not(name, plan, bool(uses))
    proof = Proof.proved if kept else Proof.refuted
    return LaunchClaim(name=name, expected=expected, found=found, proof=proof, reason=reason, evidence=evidence)


def _same(found: Sequence[str], expected: Sequence[str]) -> bool:
    return sorted(map(_number, found)) == sorted(map(_number, expected))


def _number(text: str) -> str:
    """`1` and `1.0` are the same number."""
    try:
        return repr(float(text))
    except ValueError:
        return text


def _why_not(name: str, plan: LaunchPlan | None, is_given: bool) -> str:
    notices = (
        [] if plan is None else [notice for notice in plan.notices if re.search(rf"{re.escape(name)}(?![\w-])", notice)]
    )
    if notices:
        return notices[0]
    return "The server has another value." if is_given else "The server was started without it."


def _attention_claims(profile: Profile, log: LogEvidence) -> list[LaunchClaim]:
    expected: str = profile.expect.attention
    if expected == "any":
        implied = [backend for flag, backend in _ATTENTION_FLAGS.items() if _is_given(profile, flag)]
        if not implied:
            return []
        expected = implied[0]
    chosen = next(((name, match) for name, line in _ATTENTION_LINES if (match := log.find(line))), None)
    if chosen is None:
        return [_claim("attention", expected, "not visible", Proof.unknown, log.silence)]
    found, line = chosen
    if found != expected:
        reason = f"ComfyUI chose {found} attention."
        return [_claim("attention", expected, found, Proof.refuted, reason, line.string)]
    fallback = _FALLBACKS.get(expected)
    count = log.count(fallback) if fallback is not None else 0
    if fallback is not None and count:
        last = log.find_last(fallback)
        reason = f"{expected} was chosen, but {count} call{'' if count == 1 else 's'} fell back to pytorch attention."
        return [_claim("attention", expected, "pytorch", Proof.refuted, reason, last.string if last else "")]
    reason = "" if log.shows_job or fallback is None else "Chosen; whether calls fall back shows in the first job."
    return [_claim("attention", expected, found, Proof.proved, reason, line.string)]


def _allocator_claims(profile: Profile, stats: SystemStats) -> list[LaunchClaim]:
    expected: str = profile.expect.allocator
    if expected == "any":
        implied = [backend for flag, backend in _ALLOCATOR_FLAGS.items() if _is_given(profile, flag)]
        if not implied:
            return []
        expected = implied[0]
    if not stats.devices:
        return [_claim("allocator", expected, "not visible", Proof.unknown, "The server names no device.")]
    device = stats.devices[0]
    if device.allocator is None:
        reason = f"The server works on {device.name}, which has no such allocator."
        return [_claim("allocator", expected, "none", Proof.refuted, reason, device.name)]
    kept = device.allocator == expected
    reason = "" if kept else f"The device says {device.allocator}."
    return [
        _claim("allocator", expected, device.allocator, Proof.proved if kept else Proof.refuted, reason, device.name)
    ]


def _vram_state_claims(profile: Profile, log: LogEvidence) -> list[LaunchClaim]:
    expected = profile.expect.vram_state
    if expected == "any":
        return []
    match = log.find(_VRAM_STATE)
    if match is None:
        return [_claim("VRAM state", expected, "not visible", Proof.unknown, log.silence)]
    found = match.group(1)
    kept = found == expected
    reason = "" if kept else f"ComfyUI works in {found}."
    return [_claim("VRAM state", expected, found, Proof.proved if kept else Proof.refuted, reason, match.string)]


def _fp16_claims(profile: Profile, log: LogEvidence) -> list[LaunchClaim]:
    wanted = profile.expect.fp16_accumulation
    if wanted is None:
        wanted = True if "fp16_accumulation" in _fast_options(profile) else None
    if wanted is None:
        return []
    expected = "on" if wanted else "off"
    match = log.find(_FP16)
    if match is None and not log.shows_start:
        return [_claim("fp16 accumulation", expected, "not visible", Proof.unknown, log.silence)]
    found = "off" if match is None else "on"
    if found == expected:
        return [_claim("fp16 accumulation", expected, found, Proof.proved, "", match.string if match else "")]
    reason = "The flag was given with --fast."
    if match is None:
        reason = "The start did not say that it is on: without a GPU, or with torch before 2.7, it is passed over."
    return [_claim("fp16 accumulation", expected, found, Proof.refuted, reason, match.string if match else "")]


def _fast_claims(profile: Profile, log: LogEvidence) -> list[LaunchClaim]:
    """Options of --fast whose effect depends on the weights or on packages."""
    options = _fast_options(profile)
    claims: list[LaunchClaim] = []
    if "fp8_matrix_mult" in options:
        claims.append(_fp8_claim(log))
    if "cublas_ops" in options:
        claims.append(_cublas_claim(log))
    if "autotune" in options:
        reason = "Nothing that ComfyUI says shows whether it has an effect."
        claims.append(_claim("autotune", "used", "not visible", Proof.unknown, reason))
    return claims


def _fp8_claim(log: LogEvidence) -> LaunchClaim:
    name = "fp8 matrix multiplication"
    scaled, native = log.find_last(_SCALED_FP8), log.find_last(_NATIVE_OPS)
    if scaled is not None:
        used, evidence = scaled.group(1) == "True", scaled.string
    elif native is not None:
        used, evidence = "float8" in native.group(1), native.string
    else:
        return _claim(name, "used", "not visible", Proof.unknown, _no_model(log))
    if used:
        return _claim(name, "used", "used", Proof.proved, "", evidence)
    reason = "With scaled fp8 weights the file and the GPU decide, not the flag."
    return _claim(name, "used", "not used", Proof.refuted, reason, evidence)


def _cublas_claim(log: LogEvidence) -> LaunchClaim:
    match = log.find(_CUBLAS)
    if match is not None:
        return _claim("cublas_ops", "used", "used", Proof.proved, "", match.string)
    if not log.shows_model:
        return _claim("cublas_ops", "used", "not visible", Proof.unknown, _no_model(log))
    reason = "A model was loaded without it: the package cublas_ops is missing, or the weights are not fp16."
    return _claim("cublas_ops", "used", "not used", Proof.refuted, reason)


def _board_claims(profile: Profile, stats: SystemStats) -> list[LaunchClaim]:
    claims: list[LaunchClaim] = []
    device = stats.devices[0] if stats.devices else None
    if profile.gpu.match:
        expected = " or ".join(profile.gpu.match)
        if device is None:
            claims.append(_claim("board", expected, "not visible", Proof.unknown, "The server names no device."))
        else:
            kept = profile.gpu.word_for(device.gpu_name) is not None
            reason = "" if kept else "The profile is made for another board."
            proof = Proof.proved if kept else Proof.refuted
            claims.append(_claim("board", expected, device.gpu_name, proof, reason, device.name))
    if profile.gpu.vram_gib is not None:
        claims.append(_size_claim(profile.gpu.vram_gib, None if device is None else device.vram_total))
    return claims


def _size_claim(expected_gib: float, total_bytes: int | None) -> LaunchClaim:
    expected = f"{expected_gib:g} GiB"
    if total_bytes is None:
        return _claim("VRAM size", expected, "not visible", Proof.unknown, "The server does not tell it.")
    found_gib = total_bytes / _GIB
    kept = abs(found_gib - expected_gib) <= _SIZE_TOLERANCE * expected_gib
    reason = "" if kept else "The difference is more than a tenth."
    proof = Proof.proved if kept else Proof.refuted
    return _claim("VRAM size", expected, f"{found_gib:.1f} GiB", proof, reason, f"vram_total {total_bytes}")


def _no_model(log: LogEvidence) -> str:
    return "It shows when a model is loaded, and none was yet." if log.is_given else log.silence


def _is_given(profile: Profile, flag: str) -> bool:
    setting = profile.flags.get(flag)
    return setting is not None and flag_values(setting.value) is not None


def _fast_options(profile: Profile) -> tuple[str, ...]:
    """What `--fast` of the profile switches on; bare it is everything."""
    setting = profile.flags.get("--fast")
    values = None if setting is None else flag_values(setting.value)
    if values is None:
        return ()
    return values or ("fp16_accumulation", "fp8_matrix_mult", "cublas_ops", "autotune")


def _claim(name: str, expected: str, found: str, proof: Proof, reason: str = "", evidence: str = "") -> LaunchClaim:
    return LaunchClaim(name=name, expected=expected, found=found, proof=proof, reason=reason, evidence=evidence)
