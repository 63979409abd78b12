"""What a flag would do if it were given: for the flags that a profile does not give yet."""

from collections.abc import Iterable, Mapping

from wan22.launch.profile_lint import KnownFlags, lint_profile
from wan22.launch.setting_knowledge import known_settings
from wan22.schema.profile import Profile, Setting
from wan22.schema.setting_lint import Effect, SettingLint


def flag_explanations(
    profile: Profile,
    flags: Iterable[str],
    *,
    known_flags: KnownFlags | None,
    comfyui_version: str | None,
    torch_version: str | None,
    gpu_name: str | None,
    platform: str,
) -> Mapping[str, SettingLint]:
    """Flag → judgement, as if it were added bare to the profile; those of which nothing is known are left out."""
    found = {}
    for flag in flags:
        added = {**profile.flags, flag: Setting(value=True, note="-", read_by="ComfyUI")}
        judged = lint_profile(
            profile.model_copy(update={"flags": added, "environment": {}}),
            known_flags=known_flags,
            comfyui_version=comfyui_version,
            torch_version=torch_version,
            gpu_name=gpu_name,
            platform=platform,
        )
        first = next((lint for lint in judged if lint.setting == flag), None)
        if first is not None and first.effect is not Effect.unknown:
            found[flag] = first
    return found


def flags_known_here() -> tuple[str, ...]:
    """Flags in the table of knowledge: what can be offered while no ComfyUI is chosen."""
    return tuple(sorted(name for name in known_settings() if name.startswith("--")))
