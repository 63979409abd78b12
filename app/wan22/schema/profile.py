"""A GPU profile: how to start ComfyUI for a board and why; and what a good time is, for which job."""

import math
import re
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from wan22.schema.board import board_has, board_words, is_board
from wan22.schema.frozen import Strict
from wan22.schema.verdict import TargetKey

FORMAT = 1

FlagValue = bool | int | float | str | tuple[str, ...]

TARGETS_NAME = "targets"
"""`targets.toml` lies beside the profiles, so no profile may have that name."""

_RESERVED_NAMES = {
    TARGETS_NAME,
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{port}{n}" for port in ("com", "lpt") for n in range(10)),
}
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_().]*")
_FLAG_NAME = re.compile(r"--[A-Za-z0-9][A-Za-z0-9_-]*")


class Setting(Strict):
    """One environment variable or flag with the reason it is there.

    `value`: true = the bare flag, false = not given (kept for its note), else its argument(s). `note` says what
    it does, `read_by` who reads it ("ComfyUI", "torch", "CUDA driver", "nobody").
    """

    value: FlagValue
    note: str = Field(min_length=1)
    read_by: str = Field(min_length=1)

    @field_validator("value")
    @classmethod
    def _usable(cls, value: FlagValue) -> FlagValue:
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError("it must be a finite number")
        if value == ():
            raise ValueError("an empty list says nothing; true stands for the bare flag")
        return value


class GpuExpectation(Strict):
    """The board a profile is made for.

    `match`: whole words of which any one names the board, case ignored. `fallback`: taken for NVIDIA boards that
    no other profile names. `vram_gib` is the nominal memory counted on (a driver reports slightly less),
    `power_w` the usual default limit of such a board: for show, since boards differ and say their own.
    """

    match: tuple[str, ...] = ()
    fallback: bool = False
    vram_gib: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    power_w: float | None = Field(default=None, gt=0, allow_inf_nan=False)

    @field_validator("match")
    @classmethod
    def _has_words(cls, match: tuple[str, ...]) -> tuple[str, ...]:
        for text in match:
            if not board_words(text):
                raise ValueError(f"'{text}' holds no word to look for in a board's name")
        return match

    def word_for(self, board_name: str) -> str | None:
        """The longest `match` that is in the board's name; None when none is."""
        return max((word for word in self.match if board_has(board_name, word)), key=len, default=None)


class Target(Strict):
    """Bands of seconds for one key. Within `excellent` or below it is excellent, up to `good_below_s` good, else slow.

    `pass_…` is for each of the two passes. `total_…` is for what `total_of` says: both passes together, or the
    whole job as the server times it. `key.interpolation` "any" stands for every interpolation but "none".
    `assumption` says what was taken for granted when the band was not measured here.
    """

    key: TargetKey
    pass_excellent_s: tuple[float, float] | None = None
    pass_good_below_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    total_excellent_s: tuple[float, float] | None = None
    total_good_below_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    total_of: Literal["passes", "job"] = "passes"
    source: str
    assumption: str = ""

    @model_validator(mode="after")
    def _in_order(self) -> "Target":
        for band, limit in (
            (self.pass_excellent_s, self.pass_good_below_s),
            (self.total_excellent_s, self.total_good_below_s),
        ):
            if band is not None and not 0 < band[0] < band[1] < math.inf:
                raise ValueError("a band is two seconds values, the smaller first")
            if band is not None and limit is not None and limit < band[1]:
                raise ValueError("the good limit must not lie below the excellent band")
        return self

    def fits(self, job: TargetKey) -> bool:
        """Whether this band is for that job; `job.gpu` is the board's full name. Variants of a board do not fit."""
        own = self.key
        interpolation_fits = own.interpolation == job.interpolation or (
            own.interpolation == "any" and job.interpolation != "none"
        )
        return (
            interpolation_fits
            and (own.width, own.height, own.length, own.steps) == (job.width, job.height, job.length, job.steps)
            and math.isclose(own.cfg, job.cfg, abs_tol=1e-6)
            and is_board(job.gpu, own.gpu)
        )


class TargetTable(Strict):
    """`targets.toml`: every band there is, shared by all profiles; the key alone says whom it is for."""

    format: Literal[1] = 1
    target: tuple[Target, ...] = ()


class Expectation(Strict):
    """What must show after the start, beyond the flags themselves."""

    attention: Literal["sage", "flash", "pytorch", "xformers", "split", "sub-quadratic", "any"] = "any"
    allocator: Literal["native", "cudaMallocAsync", "any"] = "any"
    vram_state: Literal["NORMAL_VRAM", "HIGH_VRAM", "LOW_VRAM", "NO_VRAM", "DISABLED", "SHARED", "any"] = "any"
    fp16_accumulation: bool | None = None


class Profile(Strict):
    """A launch profile as written in `profiles/*.toml`. Flags keep their `--name` as key.

    `recommended` is false for a profile that is kept for comparison: it is never chosen by itself.
    """

    format: Literal[1] = 1
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=64)]
    title: str
    description: str = ""
    recommended: bool = True
    gpu: GpuExpectation = GpuExpectation()
    environment: dict[str, Setting] = Field(default_factory=dict)
    flags: dict[str, Setting] = Field(default_factory=dict)
    expect: Expectation = Expectation()

    @field_validator("name")
    @classmethod
    def _free_name(cls, name: str) -> str:
        if name.partition(".")[0] in _RESERVED_NAMES:
            raise ValueError("this name is reserved; choose another one")
        return name

    @field_validator("flags")
    @classmethod
    def _flag_names(cls, flags: dict[str, Setting]) -> dict[str, Setting]:
        for flag in flags:
            if not _FLAG_NAME.fullmatch(flag):
                raise ValueError(f"'{flag}' is not a flag: it must look like --name, its value goes into `value`")
        return flags

    @field_validator("environment")
    @classmethod
    def _environment_names(cls, environment: dict[str, Setting]) -> dict[str, Setting]:
        for name, setting in environment.items():
            if name.startswith("-"):
                raise ValueError(f"'{name}' is a flag and belongs under [flags]")
            if not _ENVIRONMENT_NAME.fullmatch(name):
                raise ValueError(f"'{name}' is not a name for an environment variable")
            if isinstance(setting.value, bool | tuple):
                raise ValueError(f"environment variable {name} needs a text or a number as value")
            if isinstance(setting.value, str) and "\0" in setting.value:
                raise ValueError(f"the value of environment variable {name} must not hold a zero character")
        return environment


class ProfileFile(Profile):
    """A whole profile file: a profile and how it stands to others.

    `extends` names the profile it builds on. `standalone` true: nothing of a shipped profile of the same name is
    mixed in. Without either, a user's file lies over the shipped profile of its name, key by key.
    """

    extends: str | None = None
    standalone: bool = False


def target_for(targets: Iterable[Target], job: TargetKey) -> Target | None:
    """The band for a job (`job.gpu` = the board's full name), the most exact one if several fit; else None."""
    fitting = [target for target in targets if target.fits(job)]
    return max(fitting, key=lambda one: (one.key.interpolation == job.interpolation, len(one.key.gpu)), default=None)
