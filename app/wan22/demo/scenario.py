"""What the stand-in pretends: a board, its surroundings, what flags do to it and what goes wrong. One TOML each."""

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from wan22.schema.frozen import Strict
from wan22.schema.problem import AppError, app_error
from wan22.system.files import read_text

FORMAT = 1
DEFAULT_SCENARIO = "healthy"

FaultKind = Literal["none", "out_of_memory", "crash", "hang", "worker_death", "attention_fallback"]
FaultPlace = Literal["start", "load", "pass_1", "pass_2", "decode", "save"]


class Board(Strict):
    """The simulated board. Defaults: an RTX 5090 with 575 W, as its driver tells it."""

    name: str = Field(default="NVIDIA GeForce RTX 5090", min_length=1)
    memory_mib: int = Field(default=32607, gt=1024)
    memory_reserved_mib: int = Field(default=487, ge=0)
    bar1_mib: int = Field(default=32768, ge=0)
    power_default_w: float = Field(default=575.0, gt=0)
    power_min_w: float = Field(default=400.0, gt=0)
    power_max_w: float = Field(default=575.0, gt=0)
    power_idle_w: float = Field(default=24.0, ge=0)
    power_context_w: float = Field(default=62.0, ge=0)
    power_demand_w: float = Field(
        default=660.0, gt=0, description="What full load would draw at boost clock, uncapped."
    )
    temperature_max_c: float = 90.0
    temperature_slowdown_c: float = 92.0
    temperature_shutdown_c: float = 95.0
    sm_clock_max_mhz: float = Field(default=3090.0, gt=0)
    sm_clock_boost_mhz: float = Field(default=2850.0, gt=0)
    sm_clock_base_mhz: float = Field(default=2017.0, gt=0)
    sm_clock_idle_mhz: float = Field(default=180.0, gt=0)
    memory_clock_mhz: float = Field(default=14001.0, gt=0)
    memory_clock_idle_mhz: float = Field(default=405.0, gt=0)
    pcie_generation: int = Field(default=5, ge=1, le=7)
    pcie_width: int = Field(default=16, ge=1, le=32)
    linear_tflops: float = Field(default=178.0, gt=0)
    attention_tflops: float = Field(default=214.0, gt=0)
    time_factor: float = Field(default=2.07, gt=0, description="Share of those rates that a real job does not reach.")


class Limits(Strict):
    """What was set on the board. None: as delivered."""

    power_w: float | None = Field(default=None, gt=0)
    lock_sm_mhz: float | None = Field(default=None, gt=0)
    pcie_generation: int | None = Field(default=None, ge=1, le=7)
    pcie_width: int | None = Field(default=None, ge=1, le=32)


class Cooling(Strict):
    """How heat leaves: a resistance in °C per watt and a time constant in seconds."""

    ambient_c: float = Field(default=25.0, ge=-20, le=60)
    resistance_c_per_w: float = Field(default=0.079, gt=0, le=1)
    time_constant_s: float = Field(default=28.0, gt=0)


class Neighbour(Strict):
    """Another program on the same board. `load`: the share of the GPU's time that it takes."""

    name: str = Field(min_length=1)
    pid: int = Field(default=4242, gt=0)
    kind: Literal["compute", "graphics", "compute+graphics"] = "graphics"
    memory_gib: float = Field(default=0.5, ge=0)
    load: float = Field(default=0.0, ge=0, le=1)


class Spill(Strict):
    """Working set that the driver moves to system memory: `gib` of it, and how much longer a step takes."""

    gib: float = Field(default=0.0, ge=0)
    step_factor: float = Field(default=1.0, ge=1)


class Noise(Strict):
    """Relative spread of what is measured, and of step times."""

    power: float = Field(default=0.012, ge=0, le=0.2)
    clock: float = Field(default=0.004, ge=0, le=0.2)
    step: float = Field(default=0.008, ge=0, le=0.5)


class FlagEffect(Strict):
    """What a flag of ComfyUI does: factors on the time of linear layers and of attention, and memory in GiB."""

    linear: float = Field(default=1.0, gt=0)
    attention: float = Field(default=1.0, gt=0)
    memory_gib: float = 0.0


class Fault(Strict):
    """What goes wrong, and in which stage of the job; `at = "start"` means before the server is ready.

    `hang`: the worker stands still without a word. `worker_death`: it ends, and the log says so. `above_gib`: memory
    is short only for a job that asks for more than this.
    """

    kind: FaultKind = "none"
    at: FaultPlace = "pass_1"
    job: int = Field(default=0, ge=0, description="Only in this job, counted from 1; 0 = in every one.")
    above_gib: float = Field(default=0.0, ge=0, description="Only for a job that asks for more VRAM than this.")


class Timing(Strict):
    """Seconds that things outside the GPU take, before any speed-up."""

    start_s: float = Field(default=8.0, ge=0)
    disk_gib_per_s: float = Field(default=3.2, gt=0)


class Scenario(Strict):
    """A whole scenario. Everything left out is that of a healthy RTX 5090."""

    format: Literal[1] = 1
    name: str = Field(default=DEFAULT_SCENARIO, min_length=1)
    title: str = ""
    description: str = ""
    speed: float = Field(default=1.0, gt=0, le=1000)
    seed: int = Field(default=1, ge=0)
    board: Board = Board()
    limits: Limits = Limits()
    cooling: Cooling = Cooling()
    neighbours: tuple[Neighbour, ...] = ()
    spill: Spill = Spill()
    noise: Noise = Noise()
    flags: dict[str, FlagEffect] = Field(default_factory=dict)
    fault: Fault = Fault()
    timing: Timing = Timing()

    @property
    def power_limit_w(self) -> float:
        """Power limit in force, inside what the board allows."""
        wanted = self.board.power_default_w if self.limits.power_w is None else self.limits.power_w
        return min(max(wanted, self.board.power_min_w), self.board.power_max_w)

    @property
    def board_name(self) -> str:
        """Name of the board with the mark that every screen and file shows."""
        return f"{self.board.name} (SIMULATED)"


def scenario_names(folder: Path) -> tuple[str, ...]:
    """Names of the scenarios that lie in a folder."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def load_scenario(which: str, folder: Path) -> tuple[Scenario, Path]:
    """The scenario of a name in `folder`, or of a file that ends with `.toml`, and where it lies.

    Errors: AppError `scenario_not_found`, `scenario_invalid`, `file_unreadable`.
    """
    if which.lower().endswith(".toml"):
        path = Path(which).expanduser().absolute()
        if not path.is_file():
            raise app_error("scenario_not_found", f"There is no scenario file {path}.", file=path)
        return read_scenario(path), path
    names = scenario_names(folder)
    if which not in names:
        near = difflib.get_close_matches(which, names, n=1)
        hint = f"Did you mean --demo={near[0]}? " if near else ""
        message = f"No demo scenario is called '{which}'."
        raise app_error("scenario_not_found", message, hint=f"{hint}There are: {', '.join(names)}.", name=which)
    path = folder / f"{which}.toml"
    return read_scenario(path), path


def read_scenario(path: Path) -> Scenario:
    """A scenario from its file. Errors: AppError `scenario_invalid` with file and key, `file_unreadable`."""
    try:
        data = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise app_error("scenario_invalid", f"{path.name} is not valid TOML: {error}.", file=path) from error
    found = data.get("format", FORMAT)
    if isinstance(found, int) and found > FORMAT:
        message = f"{path.name} was written for a newer version of this program (format {found})."
        raise app_error("scenario_invalid", message, hint="Upgrade this program.", file=path)
    try:
        return Scenario.model_validate({"name": path.stem} | data)
    except ValidationError as error:
        raise _invalid(path, error) from error


def _invalid(path: Path, error: ValidationError) -> AppError:
    sentences = [_complaint(detail) for detail in error.errors(include_url=False)]
    return app_error("scenario_invalid", f"{path.name}: {sentences[0]}", detail="\n".join(sentences), file=path)


def _complaint(detail: Mapping[str, Any]) -> str:
    place = tuple(detail["loc"])
    key = ".".join(str(part) for part in place)
    if detail["type"] != "extra_forbidden":
        return f"{key} = {detail.get('input')!r}: {detail['msg']}."
    known = _keys_at(Scenario, place[:-1])
    near = difflib.get_close_matches(str(place[-1]), known, n=1)
    meant = f"did you mean {near[0]}?" if near else f"known there: {', '.join(known)}."
    return f"{key} is not a key of a scenario; {meant}"


def _keys_at(shape: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """Keys allowed in the table at `place` below `shape`."""
    for part in place:
        if part not in shape.model_fields:  # a number in a list, or the name of a flag
            continue
        inner = _shape_in(shape.model_fields[str(part)].annotation)
        if inner is None:
            return []
        shape = inner
    return list(shape.model_fields)


def _shape_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = _shape_in(part)
        if found is not None:
            return found
    return None
