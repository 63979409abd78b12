"""What speaks against a profile as it is edited: contradictions, values that a flag does not take, hidden letters."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wan22.launch.flag_schema import FlagSchema
from wan22.launch.help_text import FlagSpec
from wan22.launch.launch_args import OURS, flag_values
from wan22.launch.setting_knowledge import EXCLUSIVE_GROUPS
from wan22.launch.shape_complaint import nearest
from wan22.schema.profile import Profile

_ENDS_AT_ONCE = ("--help", "--quick-test-for-ci", "--list-feature-flags")


@dataclass(frozen=True, slots=True)
class SettingComplaint:
    """`setting`: the flag, the variable, or a key of the profile. Fatal: it must not be saved so."""

    setting: str
    sentence: str
    is_fatal: bool = True


def profile_complaints(profile: Profile, schema: FlagSchema | None) -> tuple[SettingComplaint, ...]:
    """All of them, in the order of the profile. `schema`: the flags of the installed ComfyUI, None = not known."""
    given = [(name, values) for name, one in profile.flags.items() if (values := flag_values(one.value)) is not None]
    found = [*_hidden_letters(profile)]
    for name, values in given:
        found += _of_flag(name, values, schema)
    return (*found, *_clashes([name for name, _ in given], schema))


def has_hidden_letters(text: str, *, may_break: bool = False) -> bool:
    """Whether a text holds control characters, or letters that turn the direction of what follows.

    `may_break`: line breaks and tabs are allowed.
    """
    return any(
        unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") or letter in _TURNING
        for letter in text
        if not (may_break and letter in "\n\r\t")
    )


_TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _hidden_letters(profile: Profile) -> Iterator[SettingComplaint]:
    what = "holds control characters, which nobody can see."
    if has_hidden_letters(profile.title):
        yield SettingComplaint("title", f"The title {what}")
    if has_hidden_letters(profile.description, may_break=True):
        yield SettingComplaint("description", f"The description {what}")
    for word in profile.gpu.match:
        if has_hidden_letters(word):
            yield SettingComplaint("gpu", f"The name of a board {what}")
    for name, setting in (*profile.environment.items(), *profile.flags.items()):
        words = setting.value if isinstance(setting.value, tuple) else (str(setting.value),)
        if any(has_hidden_letters(word) for word in words):
            yield SettingComplaint(name, f"The value of {name} {what}")
        if has_hidden_letters(setting.note + setting.read_by):
            yield SettingComplaint(name, f"The note of {name} {what}")


def _of_flag(name: str, values: Sequence[str], schema: FlagSchema | None) -> Iterator[SettingComplaint]:
    if name in OURS:
        yield SettingComplaint(name, f"{name} is left out: every start from here sets it.", is_fatal=False)
        return
    if name in _ENDS_AT_ONCE:
        yield SettingComplaint(name, f"With {name} ComfyUI ends at once: no job can run.")
        return
    if schema is None:
        return
    spec = schema.flags.get(name)
    comfyui = f"ComfyUI {schema.version}" if schema.version else "this ComfyUI"
    if spec is None:
        best = nearest(name, schema.flags)
        guess = f" The nearest flag that it knows is {best}." if best else ""
        sentence = f"{name} is not known to {comfyui}: it is left out at the start.{guess}"
        yield SettingComplaint(name, sentence, is_fatal=False)
        return
    sentence = _against_values(spec, values)
    if sentence:
        yield SettingComplaint(name, f"{sentence} {comfyui} would refuse to start.")


def _against_values(spec: FlagSpec, values: Sequence[str]) -> str:
    """Why a flag does not take these values; empty when it does."""
    seen = " ".join(values)
    if spec.takes == "none" and values:
        return f"{spec.name} takes no value, but '{seen}' is given."
    if spec.takes == "one" and len(values) != 1:
        return f"{spec.name} needs one value, {len(values) or 'none'} is given."
    if spec.takes == "optional" and len(values) > 1:
        return f"{spec.name} takes at most one value, {len(values)} are given."
    wrong = [value for value in values if spec.choices and value not in spec.choices]
    if wrong:
        return f"{spec.name} does not take '{' '.join(wrong)}'; it takes {', '.join(spec.choices)}."
    dashed = [value for value in values if value.startswith("--")]
    if dashed:
        return f"A value of {spec.name} must not begin with dashes, as '{dashed[0]}' does."
    return ""


def _clashes(given: Sequence[str], schema: FlagSchema | None) -> Iterator[SettingComplaint]:
    """Each flag whose exclusive group is given more than once, with the others named."""
    for name in given:
        others = [other for other in given if other != name and _exclude_each_other(name, other, schema)]
        if others:
            yield SettingComplaint(name, f"{name} and {' and '.join(others)} exclude each other: keep one.")


def _exclude_each_other(one: str, other: str, schema: FlagSchema | None) -> bool:
    if schema is None:
        return any({one, other} <= group for group in EXCLUSIVE_GROUPS)
    first, second = schema.flags.get(one), schema.flags.get(other)
    return first is not None and second is not None and first.group is not None and first.group == second.group
