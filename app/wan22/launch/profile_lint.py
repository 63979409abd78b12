"""Judges every setting of a profile: what it does to a Wan 2.2 job here, why, and what to do about it. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from wan22.launch.knowledge.condition import Situation
from wan22.launch.setting_knowledge import EXCLUSIVE_GROUPS, choose, known_settings, rows_for
from wan22.launch.shape_complaint import nearest
from wan22.schema.board import compute_capability
from wan22.schema.profile import FlagValue, Profile, Setting
from wan22.schema.setting_lint import Effect, SettingLint
from wan22.schema.version import version_tuple

__all__ = ["Effect", "KnownFlags", "SettingLint", "lint_profile"]

_ALLOCATOR_VARIABLES = ("PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF")
_COMMA_OUTSIDE_BRACKETS = re.compile(r",(?![^\[]*\])")


class KnownFlags(Protocol):
    """The flags that one ComfyUI takes, by name."""

    @property
    def flags(self) -> Mapping[str, object]:
        """Flag with its dashes → whatever is known of it."""
        ...


def lint_profile(
    profile: Profile,
    *,
    known_flags: KnownFlags | None,
    comfyui_version: str | None,
    torch_version: str | None,
    gpu_name: str | None,
    platform: str,
) -> tuple[SettingLint, ...]:
    """Judge all settings in the order of the profile, environment first; then flags that exclude each other.

    A setting with several parts (`--fast`, the allocator variables) gives one judgement for each. `gpu_name` None
    stands for the board that the profile is made for; `platform` is that of `sys.platform`. Unknown versions count
    as current ones.
    """
    settings = {**profile.environment, **profile.flags}
    situation = Situation(
        given={name: parts for name, setting in settings.items() if (parts := setting_parts(name, setting.value))},
        comfyui=version_tuple(comfyui_version),
        torch=version_tuple(torch_version),
        capability=compute_capability(gpu_name or next(iter(profile.gpu.match), None)),
        vram_gib=profile.gpu.vram_gib,
        windows=platform.startswith(("win", "nt")),
    )
    found = [lint for name, setting in settings.items() for lint in _judged(name, setting, situation, known_flags)]
    taken = known_flags.flags if known_flags is not None else situation.given
    return (*found, *_clashes([name for name in situation.given if name in taken]))


def setting_parts(name: str, value: FlagValue) -> tuple[str, ...]:
    """The parts of a setting that are judged one by one; empty when it is not given, "" for a bare flag."""
    if value is False:
        return ()
    if value is True:
        return ("",)
    if isinstance(value, tuple):
        return value
    if name in _ALLOCATOR_VARIABLES and isinstance(value, str):
        parts = tuple(part.strip() for part in _COMMA_OUTSIDE_BRACKETS.split(value) if part.strip())
        return parts or ("",)
    return (str(value),)


def _judged(name: str, setting: Setting, at: Situation, known_flags: KnownFlags | None) -> Iterator[SettingLint]:
    parts = at.given.get(name)
    if parts is None:
        yield SettingLint(
            setting=name,
            value="false",
            effect=Effect.no_effect,
            reason="It is not given to ComfyUI; it stands in the profile for its note.",
            source="the profile",
        )
        return
    refused = _refused(name, parts, at, known_flags) if name.startswith("--") and known_flags is not None else None
    if refused is not None:
        yield refused
        return
    for part in parts:
        yield _judged_part(name, part, at, setting)


def _judged_part(name: str, part: str, at: Situation, setting: Setting) -> SettingLint:
    row, remarks = choose(rows_for(name, part), at)
    if row is None:
        best = nearest(name, (other for other in known_settings() if other.startswith("--") == name.startswith("--")))
        guess = f"The nearest name that is known here is {best}." if best and best != name else ""
        reason = f"Nothing is known of it here; the profile says that it is read by: {setting.read_by}."
        return SettingLint(
            setting=name, value=part, effect=Effect.unknown, reason=" ".join((reason, *remarks)), advice=guess
        )
    return SettingLint(
        setting=name,
        value=part,
        effect=row.effect,
        reason=" ".join((row.reason, *remarks)),
        advice=row.advice,
        source=row.source,
    )


def _refused(name: str, parts: tuple[str, ...], at: Situation, known_flags: KnownFlags) -> SettingLint | None:
    """What this very ComfyUI would not take: an unknown flag, or a value that is none of its choices."""
    which = "This ComfyUI" if at.comfyui is None else f"ComfyUI {'.'.join(map(str, at.comfyui))}"
    if name in known_flags.flags:
        choices = tuple(getattr(known_flags.flags[name], "choices", ()))
        wrong = [part for part in parts if part and choices and part not in choices]
        if not wrong:
            return None
        what = f"takes {', '.join(choices)} here, not {' '.join(wrong)}"
        advice = f"Write {nearest(wrong[0], choices) or choices[0]} or take the flag out."
    else:
        what = "does not know this flag"
        best = None if name in known_settings() else nearest(name, known_flags.flags)
        advice = f"Take it out{f' or write {best}' if best else ''}."
    return SettingLint(
        setting=name,
        value=" ".join(parts),
        effect=Effect.harmful,
        reason=f"{which} {what}: started by hand it ends with exit code 2. Started from here the flag is left out, "
        "with a notice.",
        advice=advice,
        source="its own main.py --help",
    )


def _clashes(names: Sequence[str]) -> Iterator[SettingLint]:
    for group in EXCLUSIVE_GROUPS:
        given = [name for name in names if name in group]
        if len(given) > 1:
            yield SettingLint(
                setting=", ".join(given),
                value="",
                effect=Effect.harmful,
                reason="ComfyUI takes at most one of these flags: started by hand it ends with exit code 2. Started "
                "from here the last one is given.",
                advice="Keep one.",
                source="ComfyUI's source code, 0.3.64 and 0.25.0",
            )
