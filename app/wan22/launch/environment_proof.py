"""Environment variables of a profile: were they set, and does anything take notice?"""

from collections.abc import Mapping

from wan22.launch.launch_args import LaunchPlan
from wan22.schema.profile import Profile, Setting
from wan22.schema.server import LaunchClaim, Proof, SystemStats
from wan22.schema.version import version_tuple

_READ_BY_NOBODY = frozenset({"TORCH_COMPILE", "TORCH_COMPILE_MODE"})
_ALLOCATOR_VARIABLES = frozenset({"PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF"})
_NATIVE_ONLY = ("max_split_size_mb", "expandable_segments", "garbage_collection_threshold", "roundup_power2_divisions")
_KEEPS_SEGMENTS_UNTIL = (0, 25, 0)
_WINDOWS = ("nt", "win32")

Verdict = tuple[Proof, str]


def environment_claims(profile: Profile, plan: LaunchPlan | None, stats: SystemStats) -> tuple[LaunchClaim, ...]:
    """One claim a variable. `plan` None: the server is not ours and its environment cannot be seen."""
    return tuple(_claim(name, setting, plan, stats) for name, setting in profile.environment.items())


def _claim(name: str, setting: Setting, plan: LaunchPlan | None, stats: SystemStats) -> LaunchClaim:
    expected = str(setting.value)
    nobody = name in _READ_BY_NOBODY or setting.read_by.strip().lower() == "nobody"
    if plan is None:
        found, proof = "not visible", Proof.refuted if nobody else Proof.unknown
        reason = "Nothing reads it, set or not." if nobody else "The environment of an attached server cannot be seen."
        return LaunchClaim(name=name, expected=expected, found=found, proof=proof, reason=reason)
    value = _value(plan.environment, name)
    if value != expected:
        found = "not set" if value is None else value
        return LaunchClaim(
            name=name, expected=expected, found=found, proof=Proof.refuted, reason="The child has another value."
        )
    proof, reason = (Proof.refuted, "Set, but nothing reads it.") if nobody else _effect(name, expected, setting, stats)
    return LaunchClaim(
        name=name, expected=expected, found=value, proof=proof, reason=reason, evidence=f"{name}={value}"
    )


def _value(environment: Mapping[str, str], name: str) -> str | None:
    if name in environment:
        return environment[name]
    return environment.get(name.upper())  # Windows folds the case of names


def _effect(name: str, value: str, setting: Setting, stats: SystemStats) -> Verdict:
    if name in _ALLOCATOR_VARIABLES:
        return _allocator_effect(value, stats)
    if name == "CUDA_MODULE_LOADING" and value.upper() == "LAZY":
        return Proof.proved, "Set, but it is CUDA's default anyway: it changes nothing."
    return Proof.proved, f"Set for {setting.read_by}; a server does not tell what that does."


def _allocator_effect(value: str, stats: SystemStats) -> Verdict:
    options = [part.partition(":")[0].strip() for part in value.split(",")]
    native = [option for option in options if option in _NATIVE_ONLY]
    if not native:
        return Proof.proved, "Set for torch; a server does not tell what that does."
    names = " and ".join(native)
    if not stats.devices:
        return Proof.unknown, "The server names no device, so its allocator is not known."
    device = stats.devices[0]
    if device.allocator is None:
        return Proof.refuted, f"Set, but the server works on {device.name}, where {names} means nothing."
    if device.allocator == "cudaMallocAsync":
        return Proof.refuted, f"Set, but cudaMallocAsync is in use and ignores {names}."
    if "expandable_segments" in native:
        if stats.system.os in _WINDOWS:
            return Proof.refuted, "Set, but torch does not support expandable_segments on Windows."
        if (version_tuple(stats.system.comfyui_version) or ()) > _KEEPS_SEGMENTS_UNTIL:
            return Proof.unknown, "Set, but newer ComfyUI takes expandable_segments:True out of the variable."
    return Proof.proved, f"Set, and torch's own allocator, which reads {names}, is in use."
