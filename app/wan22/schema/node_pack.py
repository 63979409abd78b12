"""Node packs: what is known of them, how they stand on a machine, and how an installation goes on."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath

from pydantic import Field, field_validator

from wan22.schema.frozen import Strict, Tolerant
from wan22.schema.pack_address import address_fault, folder_fault, revision_fault
from wan22.schema.panel_fact import PanelFact
from wan22.schema.problem import Problem


class PackSource(Strict):
    """One pack of the catalogue, or one that was named by its address.

    `id`: its name in the public registry of packs. `revision`: commit, tag or branch that is installed; None = the
    newest. `requirements`: its list of Python packages. `script_note`: why its install.py is not needed; empty = it
    is offered. `classes`: what it brings, as far as is known.
    """

    id: str = Field(min_length=1)
    name: str = Field(min_length=1)
    folder: str
    url: str
    revision: str | None = None
    version: str | None = None
    licence: str | None = None
    purpose: str = ""
    requirements: str = "requirements.txt"
    script_note: str = ""
    classes: tuple[str, ...] = ()

    @field_validator("folder")
    @classmethod
    def _usable_folder(cls, name: str) -> str:
        fault = folder_fault(name)
        if fault is not None:
            raise ValueError(f"'{name}' cannot be the name of its folder: {fault}")
        return name

    @field_validator("url")
    @classmethod
    def _usable_address(cls, url: str) -> str:
        fault = address_fault(url, files_allowed=True)
        if fault is not None:
            raise ValueError(f"'{url}' is not used as address: {fault}")
        return url

    @field_validator("revision")
    @classmethod
    def _usable_revision(cls, revision: str | None) -> str | None:
        if revision is not None and (fault := revision_fault(revision)) is not None:
            raise ValueError(f"'{revision[:60]}' is not used: {fault}")
        return revision

    @field_validator("requirements")
    @classmethod
    def _stays_inside(cls, name: str) -> str:
        path = PurePosixPath(name)
        if "\\" in name or ":" in name or path.is_absolute() or ".." in path.parts or not path.parts:
            raise ValueError("it must be a file inside of the pack")
        return name


class PackState(Enum):
    """How a needed pack stands.

    `core`: the classes belong to ComfyUI itself and are there. `core_too_old`: they do, but to a newer one.
    `on_disk`: installed and enabled; whether it loads is known only while ComfyUI runs. `restart_needed`: it is on
    the disk, the running server has not got it and its log shows no failure. `class_missing`: the pack is loaded, but
    it has no such class. `unknown`: nobody says which pack it is.
    """

    core = "core"
    core_too_old = "core_too_old"
    loaded = "loaded"
    on_disk = "on_disk"
    restart_needed = "restart_needed"
    failed = "failed"
    class_missing = "class_missing"
    disabled = "disabled"
    absent = "absent"
    unknown = "unknown"


class ImportFailure(Tolerant):
    """Why a pack did not load, from the log. `missing_module`: the Python module that was not found."""

    path: str
    error: str = ""
    missing_module: str | None = None
    hint: str = ""
    trace: tuple[str, ...] = ()


class PackNeed(Tolerant):
    """Classes of a workflow that come from one pack. `nodes`: ids of the nodes, by class.

    `told_by`: who says that it is this pack. `id`, `url`: None when nobody knows. `is_core`: ComfyUI itself.
    """

    name: str
    id: str | None = None
    url: str | None = None
    is_core: bool = False
    classes: tuple[str, ...]
    nodes: tuple[str, ...] = ()
    wanted_version: str | None = None
    told_by: str = ""


class PackStatus(Tolerant):
    """One needed or installed pack as found. `missing`: its classes that the server does not know."""

    need: PackNeed
    state: PackState
    folder: Path | None = None
    commit: str | None = None
    version: str | None = None
    missing: tuple[str, ...] = ()
    failure: ImportFailure | None = None
    is_installable: bool = False
    licence: str | None = None
    purpose: str = ""

    @property
    def is_usable(self) -> bool:
        """Whether the workflow can have its nodes; None of `on_disk` is proved until ComfyUI runs."""
        return self.state in (PackState.core, PackState.loaded, PackState.on_disk)


class PackageChange(Tolerant):
    """A Python package that comes, goes or changes. None: not there (before, or after)."""

    name: str
    before: str | None
    after: str | None
    source: str = ""

    @property
    def text(self) -> str:
        """`einops 0.8.1 (new)`, `numpy 1.26.4 → 2.4.1`."""
        if self.before is None:
            return f"{self.name} {self.after} (new)"
        if self.after is None:
            return f"{self.name} {self.before} (removed)"
        return f"{self.name} {self.before} → {self.after}"


class PackStep(Enum):
    """What an installation does, in order."""

    plan = "plan"
    snapshot = "snapshot"
    fetch = "fetch"
    packages = "packages"
    script = "script"
    place = "place"
    restart = "restart"
    proof = "proof"
    undo = "undo"


class PackOutcome(Enum):
    """How it ended. `placed`: installed, but not proved, because no server was asked."""

    proved = "proved"
    placed = "placed"
    failed = "failed"
    cancelled = "cancelled"


class PackProof(Tolerant):
    """What the restarted server shows. `newly_failed`: packs that loaded before and do not load now."""

    present: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    newly_loaded: tuple[str, ...] = ()
    newly_failed: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    failure: ImportFailure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackStepStarted(PanelFact):
    """A step began. `text` says what is done, for a person."""

    pack: str
    step: PackStep
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackSaid(PanelFact):
    """A line of git, pip or the pack's own script."""

    pack: str
    step: PackStep
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackEnded(PanelFact):
    """An installation ended. `undone`: what was put back after a failure; `left`: what could not be."""

    pack: str
    outcome: PackOutcome
    folder: Path | None = None
    commit: str | None = None
    changes: tuple[PackageChange, ...] = ()
    proof: PackProof | None = None
    undone: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    problem: Problem | None = None
