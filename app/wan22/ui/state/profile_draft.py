"""A profile as it is edited: what is saved, what was changed, what speaks against it, and what it is worth."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError
from PySide6.QtCore import QObject, Signal

from wan22.launch.discovery import Installation
from wan22.launch.flag_explanation import flags_known_here
from wan22.launch.flag_schema import FlagSchema
from wan22.launch.help_text import FlagSpec
from wan22.launch.profile_check import SettingComplaint, profile_complaints
from wan22.launch.profile_difference import profile_differences
from wan22.launch.profile_lint import lint_profile
from wan22.launch.profile_store import LoadedProfile
from wan22.launch.setting_text import text_of_value, value_of_text
from wan22.launch.shape_complaint import complaints
from wan22.schema.problem import Problem
from wan22.schema.profile import FlagValue, Profile, Setting
from wan22.schema.setting_lint import SettingLint
from wan22.ui.state.profile_card import ARROW

ADDED_NOTE = "Added in the editor."
TEXTS = ("title", "description", "match", "vram_gib", "power_w")
EXPECTATIONS: Mapping[str, tuple[str, ...]] = {
    "attention": ("any", "sage", "flash", "pytorch", "xformers", "split", "sub-quadratic"),
    "allocator": ("any", "native", "cudaMallocAsync"),
    "vram_state": ("any", "NORMAL_VRAM", "HIGH_VRAM", "LOW_VRAM", "NO_VRAM", "DISABLED", "SHARED"),
    "fp16_accumulation": ("any", "on", "off"),
}
_NUMBERS = {
    "vram_gib": "the memory counted on must be a number above 0, or empty.",
    "power_w": "the usual power limit must be a number above 0, or empty.",
}
_ANY_VARIABLE = {"value": "x", "note": "x", "read_by": "x"}
_SWITCH = {"any": None, "on": True, "off": False}


@dataclass(frozen=True, slots=True)
class Given:
    """One setting as it stands in the form: whether it is given, its value as text, and the words about it."""

    is_given: bool
    text: str
    note: str
    read_by: str
    saved: FlagValue | None = None

    def setting(self, *, takes_many: bool, is_flag: bool) -> dict[str, Any]:
        """As it goes into a profile. A value that nobody touched stays of its kind."""
        value: FlagValue = False
        if self.is_given or not is_flag:
            untouched = self.saved is not None and self.saved is not False and text_of_value(self.saved) == self.text
            if untouched and self.saved is not None:
                value = self.saved
            else:
                value = value_of_text(self.text, takes_many=takes_many or isinstance(self.saved, tuple))
                value = self.text if not is_flag and isinstance(value, bool) else value
        return {"value": value, "note": self.note.strip(), "read_by": self.read_by.strip()}


@dataclass(frozen=True, slots=True)
class Ground:
    """What a draft is judged against; unknown parts are None. `specs` are those of the installation, else of here.

    `is_asking`: ComfyUI is being asked for its flags; `problem`: why it could not be.
    """

    installation: Installation | None = None
    schema: FlagSchema | None = None
    gpu_name: str | None = None
    torch_version: str | None = None
    explanations: Mapping[str, SettingLint] | None = None
    problem: Problem | None = None
    is_asking: bool = False

    @property
    def specs(self) -> Mapping[str, FlagSpec]:
        """All flags that can be offered."""
        if self.schema is not None:
            return self.schema.flags
        return {name: FlagSpec(name=name, takes="optional") for name in flags_known_here()}


class ProfileDraft(QObject):
    """`changed` after every edit, and when something else speaks for or against it."""

    changed = Signal()

    def __init__(self, loaded: LoadedProfile, ground: Ground, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.loaded = loaded
        self.ground = ground
        self._trial: tuple[Profile, SettingComplaint | None] | None = None
        self.findings: tuple[SettingLint, ...] = ()
        self._fill(loaded.profile)

    @property
    def name(self) -> str:
        """The profile's name, which an edit does not change."""
        return self.loaded.profile.name

    @property
    def saved(self) -> Profile:
        """What is on disk."""
        return self.loaded.profile

    @property
    def is_edited(self) -> bool:
        """Whether something is not saved."""
        return self.wanted is None or self.wanted != self.saved

    @property
    def can_save(self) -> bool:
        """Whether it may be saved: edited, and nothing fatal speaks against it."""
        return self.wanted is not None and self.is_edited and not self.fatal

    @property
    def is_tried(self) -> bool:
        """Whether ComfyUI itself has judged it as it stands."""
        return self._trial is not None and self._trial[0] == self.wanted

    @property
    def fatal(self) -> tuple[SettingComplaint, ...]:
        """What forbids saving."""
        return tuple(one for one in self.complaints if one.is_fatal)

    def complaint(self, setting: str) -> SettingComplaint | None:
        """What speaks against a setting, the worst first."""
        mine = [one for one in self.complaints if one.setting == setting]
        return min(mine, key=lambda one: not one.is_fatal, default=None)

    def lints(self, setting: str) -> tuple[SettingLint, ...]:
        """What a setting that is given is worth; one that is not: what it would be worth. Clashes are complaints."""
        mine = tuple(one for one in self.findings if setting == one.setting)
        given = self.flags.get(setting) or self.variables.get(setting)
        if given is not None and (given.is_given or not setting.startswith("--")):
            return mine
        explained = (self.ground.explanations or {}).get(setting)
        return (explained,) if explained is not None else ()

    def changes(self) -> tuple[str, ...]:
        """What would be saved, as `--flag: from → to`."""
        if self.wanted is None:
            return ()
        found = profile_differences(self.saved, self.wanted)
        return tuple(
            f"{one.name} changed" if one.is_note else f"{one.name}: {one.left}{ARROW}{one.right}" for one in found
        )

    def give_flag(self, name: str, is_given: bool) -> None:
        """Give a flag or not. One that the saved profile does not name is forgotten when it is not given."""
        old = self.flags.get(name)
        if old is None and is_given:
            spec = self.ground.specs.get(name)
            note = _first_sentence(spec.help) if spec is not None else ""
            first = spec.choices[0] if spec is not None and spec.takes == "one" and spec.choices else ""
            self.flags[name] = Given(True, first, note or ADDED_NOTE, "ComfyUI")
        elif old is not None and not is_given and name not in self.saved.flags:
            del self.flags[name]
        elif old is not None:
            self.flags[name] = replace(old, is_given=is_given)
        self._judge()

    def set_flag(self, name: str, text: str) -> None:
        """The user typed a value: the flag is given."""
        if name not in self.flags:
            self.give_flag(name, True)
        self.flags[name] = replace(self.flags[name], is_given=True, text=text)
        self._judge()

    def set_note(self, name: str, note: str) -> None:
        """Why a setting is there."""
        table = self.flags if name in self.flags else self.variables
        table[name] = replace(table[name], note=note)
        self._judge()

    def add_variable(self, name: str, value: str = "") -> None:
        """One more environment variable; a name that is there already is left alone."""
        if name and name not in self.variables:
            self.variables[name] = Given(True, value, ADDED_NOTE, "not known")
            self._judge()

    def set_variable(self, name: str, text: str) -> None:
        """The value of an environment variable."""
        self.variables[name] = replace(self.variables[name], text=text)
        self._judge()

    def drop_variable(self, name: str) -> None:
        """Take an environment variable out."""
        self.variables.pop(name, None)
        self._judge()

    def set_expectation(self, key: str, text: str) -> None:
        """What must show after the start; "any" = nothing is asked."""
        self.expectations[key] = text
        self._judge()

    def set_text(self, key: str, text: str) -> None:
        """One of `TEXTS`."""
        self.texts[key] = text
        self._judge()

    def set_recommended(self, is_recommended: bool) -> None:
        """Whether it may be chosen by itself."""
        self.is_recommended = is_recommended
        self._judge()

    def discard(self) -> None:
        """Forget all edits."""
        self._fill(self.saved)
        self.changed.emit()

    def take_saved(self, loaded: LoadedProfile) -> None:
        """Something else is on disk now; edits of texts that say the same are none any more."""
        was_edited = self.is_edited
        self.loaded = loaded
        if not was_edited or self.wanted == loaded.profile:
            self._fill(loaded.profile)
            self.changed.emit()
        else:
            self._judge()

    def show_ground(self, ground: Ground) -> None:
        """Judge against something else, another ComfyUI say."""
        if ground != self.ground:
            self.ground = ground
            self._trial = None
            self._judge()

    def take_trial(self, tried: Profile, complaint: SettingComplaint | None) -> None:
        """What ComfyUI's own reader of flags said to a profile; it counts while the draft is still that one."""
        self._trial = (tried, complaint)
        self._judge()

    def _fill(self, profile: Profile) -> None:
        self.flags = {name: _given(setting) for name, setting in profile.flags.items()}
        self.variables = {name: _given(setting) for name, setting in profile.environment.items()}
        fp16 = next(word for word, value in _SWITCH.items() if value is profile.expect.fp16_accumulation)
        expect = profile.expect
        self.expectations = {
            "attention": expect.attention,
            "allocator": expect.allocator,
            "vram_state": expect.vram_state,
            "fp16_accumulation": fp16,
        }
        gpu = profile.gpu
        self.texts = {
            "title": profile.title,
            "description": profile.description,
            "match": ", ".join(gpu.match),
            "vram_gib": "" if gpu.vram_gib is None else f"{gpu.vram_gib:g}",
            "power_w": "" if gpu.power_w is None else f"{gpu.power_w:g}",
        }
        self.is_recommended = profile.recommended
        self._judge(quietly=True)

    def variable_complaint(self, name: str) -> str:
        """Why there can be no variable of that name; empty when there can."""
        if name in self.variables:
            return f"{name} is in the profile already."
        try:
            Profile.model_validate({"name": "x", "title": "x", "environment": {name: _ANY_VARIABLE}})
        except ValidationError as error:
            words = complaints(error, Profile)[0].sentence.partition(": ")[2]
            return f"{words[:1].upper()}{words[1:]}"
        return ""

    def _judge(self, *, quietly: bool = False) -> None:
        found: list[SettingComplaint] = []
        self.wanted: Profile | None = None
        try:
            self.wanted = Profile.model_validate(self._data())
        except ValidationError as error:
            for one in complaints(error, Profile):
                key = [str(part) for part in one.key_path]
                place = key[1] if len(key) > 1 and key[0] in ("flags", "environment", "gpu") else key[0] if key else ""
                words = _NUMBERS.get(place, one.sentence)
                found.append(SettingComplaint(place, f"{words[:1].upper()}{words[1:]}"))
        else:
            found += self._against(self.wanted)
            self.findings = lint_profile(
                self.wanted,
                known_flags=self.ground.schema,
                comfyui_version=self.ground.schema.version if self.ground.schema is not None else None,
                torch_version=self.ground.torch_version,
                gpu_name=self.ground.gpu_name,
                platform=sys.platform,
            )
        self.complaints = tuple(found)
        if not quietly:
            self.changed.emit()

    def _against(self, wanted: Profile) -> tuple[SettingComplaint, ...]:
        found = profile_complaints(wanted, self.ground.schema)
        tried, complaint = self._trial if self._trial is not None else (None, None)
        if complaint is None or tried != wanted:
            return found
        is_said = any(one.is_fatal and one.setting == complaint.setting for one in found)
        return found if is_said else (*found, complaint)

    def _data(self) -> dict[str, Any]:
        specs = self.ground.specs
        many = {name for name in self.flags if name in specs and specs[name].takes == "many"}
        data: dict[str, Any] = self.saved.model_dump()
        data["flags"] = {name: one.setting(takes_many=name in many, is_flag=True) for name, one in self.flags.items()}
        data["environment"] = {
            name: one.setting(takes_many=False, is_flag=False) for name, one in self.variables.items()
        }
        data["expect"] = {**self.expectations, "fp16_accumulation": _SWITCH[self.expectations["fp16_accumulation"]]}
        data["recommended"] = self.is_recommended
        data["title"] = self.texts["title"]
        data["description"] = self.texts["description"]
        words = tuple(word.strip() for word in self.texts["match"].split(",") if word.strip())
        numbers = {key: self._number(key) for key in ("vram_gib", "power_w")}
        data["gpu"] = {**data["gpu"], "match": words, **numbers}
        return data

    def _number(self, key: str) -> object:
        text = self.texts[key].strip()
        saved = getattr(self.saved.gpu, key)
        if saved is not None and text == f"{saved:g}":
            return saved
        return value_of_text(text) if text else None


def _given(setting: Setting) -> Given:
    return Given(setting.value is not False, text_of_value(setting.value), setting.note, setting.read_by, setting.value)


def _first_sentence(text: str) -> str:
    first, _, _ = text.partition(". ")
    return f"{first.rstrip('.')}." if first else ""
