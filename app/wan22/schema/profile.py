"""A GPU profile: how to start ComfyUI for a board, why, and what a good time is there."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from wan22.schema.frozen import Strict
from wan22.schema.verdict import TargetKey

FORMAT = 1

FlagValue = bool | int | float | str | tuple[str, ...]


class Setting(Strict):
    """One environment variable or flag with the reason it is there.

    `value`: true = the bare flag, false = not given (kept for its note), else its argument(s). `note` says what
    it does, `read_by` who reads it ("ComfyUI", "torch", "CUDA driver", "nobody").
    """

    value: FlagValue
    note: str = Field(min_length=1)
    read_by: str = Field(min_length=1)


class GpuExpectation(Strict):
    """The board a profile is made for. `match`: any of these words in the board's name, case ignored."""

    match: tuple[str, ...] = ()
    vram_gib: float | None = Field(default=None, gt=0)
    power_w: float | None = Field(default=None, gt=0)


class Target(Strict):
    """Bands of seconds for one key. Within `excellent` or below it is excellent, up to `good_below_s` good, else slow.

    `assumption` says where the band comes from when it was not measured here.
    """

    key: TargetKey
    pass_excellent_s: tuple[float, float] | None = None
    pass_good_below_s: float | None = None
    total_excellent_s: tuple[float, float] | None = None
    total_good_below_s: float | None = None
    source: str
    assumption: str = ""

    @model_validator(mode="after")
    def _in_order(self) -> "Target":
        for band, limit in (
            (self.pass_excellent_s, self.pass_good_below_s),
            (self.total_excellent_s, self.total_good_below_s),
        ):
            if band is not None and not 0 < band[0] < band[1]:
                raise ValueError("a band is two seconds values, the smaller first")
            if band is not None and limit is not None and limit < band[1]:
                raise ValueError("the good limit must not lie below the excellent band")
        return self


class Expectation(Strict):
    """What must show after the start, beyond the flags themselves."""

    attention: Literal["sage", "flash", "pytorch", "xformers", "split", "sub-quadratic", "any"] = "any"
    allocator: Literal["native", "cudaMallocAsync", "any"] = "any"
    vram_state: Literal["NORMAL_VRAM", "HIGH_VRAM", "LOW_VRAM", "NO_VRAM", "DISABLED", "SHARED", "any"] = "any"
    fp16_accumulation: bool | None = None


class Profile(Strict):
    """A launch profile as written in `profiles/*.toml`. Flags keep their `--name` as key."""

    format: Literal[1] = 1
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")]
    title: str
    description: str = ""
    gpu: GpuExpectation = GpuExpectation()
    environment: dict[str, Setting] = Field(default_factory=dict)
    flags: dict[str, Setting] = Field(default_factory=dict)
    expect: Expectation = Expectation()
    targets: tuple[Target, ...] = ()

    @model_validator(mode="after")
    def _names(self) -> "Profile":
        for flag in self.flags:
            if not flag.startswith("--"):
                raise ValueError(f"flag '{flag}' must start with --")
        for name, setting in self.environment.items():
            if not name or "=" in name:
                raise ValueError(f"'{name}' is not a name for an environment variable")
            if isinstance(setting.value, bool | tuple):
                raise ValueError(f"environment variable {name} needs a text or a number as value")
        return self
