"""Model files: what is wanted, what was found on the disk, and how a fetch goes on."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath

from pydantic import Field, field_validator

from wan22.schema.frozen import Strict, Tolerant
from wan22.schema.panel_fact import PanelFact
from wan22.schema.problem import Problem


class ModelFile(Strict):
    """One model file. `folder` is relative to ComfyUI's own folder; `bytes` and `sha256` are None when not known."""

    file: str = Field(min_length=1)
    folder: str = Field(min_length=1)
    url: str | None = None
    bytes: int | None = Field(default=None, gt=0)
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    role: str = ""
    baseline: bool = False
    licence: str | None = None

    @field_validator("file")
    @classmethod
    def _plain_name(cls, name: str) -> str:
        if any(letter in name for letter in '/\\:*?"<>|\0') or name in (".", ".."):
            raise ValueError("it must be a file name without a folder")
        return name

    @field_validator("folder")
    @classmethod
    def _stays_below(cls, folder: str) -> str:
        parts = PurePosixPath(folder).parts
        if "\\" in folder or ":" in folder or ".." in parts or PurePosixPath(folder).is_absolute():
            raise ValueError("it must be a folder below ComfyUI's own, written with /")
        if parts[:1] == ("models",) and len(parts) < 2:
            raise ValueError("it must name a folder below models")
        return folder

    @property
    def kind(self) -> str:
        """The name ComfyUI has for the folder: `loras` for models/loras, `custom_nodes` for a file of a node pack."""
        parts = PurePosixPath(self.folder).parts
        return parts[1] if parts[0] == "models" else parts[0]

    @property
    def sub_folder(self) -> tuple[str, ...]:
        """Folders between the one of its kind and the file."""
        parts = PurePosixPath(self.folder).parts
        return parts[2:] if parts[0] == "models" else parts[1:]

    def path_below(self, models_folder: Path) -> Path:
        """Where the file belongs, given ComfyUI's `models` folder."""
        folder = PurePosixPath(self.folder)
        if folder.parts[0] == "models":
            return models_folder.joinpath(*folder.parts[1:], self.file)
        return models_folder.parent.joinpath(*folder.parts, self.file)


class ModelState(Enum):
    """How a wanted file stands on this machine.

    `extra_folder`: usable, in a folder that an extra_model_paths.yaml adds. `other_name`: the right content (or the
    right name but for the case of its letters) under another name.
    """

    present = "present"
    extra_folder = "extra_folder"
    other_name = "other_name"
    wrong_folder = "wrong_folder"
    wrong_size = "wrong_size"
    wrong_hash = "wrong_hash"
    partial = "partial"
    missing = "missing"


class ModelStatus(Tolerant):
    """One wanted file as found.

    `target` is where ComfyUI expects it and where a fetch puts it; `path` where it lies, None when it does not;
    `byte_count` the size there. `sha256` was measured (now or for the same size and time of change before), None =
    not hashed. `partial_bytes`: size of an unfinished download. `candidates`: files of the right size under unknown
    names, which only hashing can tell. `copies`: further files of that name that ComfyUI never reads.
    `pack_missing`: it belongs to a node pack that is not installed, so there is no folder for it yet.
    """

    file: ModelFile
    state: ModelState
    target: Path
    path: Path | None = None
    byte_count: int | None = None
    sha256: str | None = None
    partial_bytes: int | None = None
    candidates: tuple[Path, ...] = ()
    copies: tuple[Path, ...] = ()
    pack_missing: bool = False
    notes: tuple[str, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Whether ComfyUI finds the file under the name that workflows use, as far as is known."""
        return self.state in (ModelState.present, ModelState.extra_folder)

    @property
    def is_movable(self) -> bool:
        """Whether the file is here, but where or as ComfyUI does not find it."""
        return self.path is not None and self.state in (ModelState.wrong_folder, ModelState.other_name)

    @property
    def is_verified(self) -> bool | None:
        """Whether the measured digest is the published one; None when either is not known."""
        if self.sha256 is None or self.file.sha256 is None:
            return None
        return self.sha256 == self.file.sha256


class FetchPhase(Enum):
    """What is done with a file: reading what an earlier try left, receiving, or waiting before another try."""

    checking = "checking"
    receiving = "receiving"
    waiting = "waiting"


class FetchOutcome(Enum):
    """How the fetch of one file ended."""

    fetched = "fetched"
    failed = "failed"
    cancelled = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFetchStarted(PanelFact):
    """A fetch of several files began. `total_bytes` is None when the size of one is not known."""

    files: tuple[str, ...]
    total_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFetchAdvanced(PanelFact):
    """Where the fetch is, a few times a second. Totals, rate and ETA are None when not known.

    `index` counts from 1. `all_…` and `eta_s` are for all files together; `note` says why it waits.
    """

    file: str
    index: int
    count: int
    phase: FetchPhase
    done_bytes: int
    total_bytes: int | None
    all_done_bytes: int
    all_total_bytes: int | None
    rate_bytes_s: float | None = None
    eta_s: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFileEnded(PanelFact):
    """One file is done with. `verified` is False when there was no digest to compare with.

    `replaced`: the new name of a wrong file that lay in its place.
    """

    file: str
    path: Path
    outcome: FetchOutcome
    byte_count: int = 0
    sha256: str | None = None
    verified: bool = False
    replaced: Path | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFetchEnded(PanelFact):
    """The whole fetch ended; `problem` is the first that kept a file from coming."""

    fetched: int
    failed: int
    problem: Problem | None = None
