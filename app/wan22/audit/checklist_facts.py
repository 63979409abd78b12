"""What the checklist is judged by: things that were found, each with its date. Nothing is read here."""

from dataclasses import dataclass
from pathlib import Path

from wan22.schema.verdict import TargetKey

BENCHMARK_ORIGIN = "bench"
"""`origin` in the manifest of a run that a benchmark made."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file, and when it was written (epoch seconds). `is_ours`: this program wrote it."""

    path: Path
    time_s: float
    is_ours: bool = True


@dataclass(frozen=True, slots=True)
class FoundWorkflow:
    """A workflow with the interpolators in it: rife, film. `is_own`: it did not come with the program."""

    path: Path
    time_s: float
    interpolators: frozenset[str] = frozenset()
    is_own: bool = True


@dataclass(frozen=True, slots=True)
class FoundAudit:
    """A snapshot that is kept. `has_board`: an NVIDIA board was seen; None when that part was not read."""

    path: Path
    time_s: float
    is_full: bool
    has_board: bool | None


@dataclass(frozen=True, slots=True)
class FoundPack:
    """The interpolation pack on the disk."""

    folder: Path
    time_s: float
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class PackProof:
    """What a server said of interpolation nodes: whether they are there, in which words, when, in which run."""

    is_loaded: bool
    text: str
    time_s: float
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """A run that came to its end on a real GPU. `flags`: the server's, without values.

    `environment`: None when it is not known with which variables the server ran.
    """

    run_id: str
    started_s: float
    board: str = ""
    key: TargetKey | None = None
    interpolation: str = "none"
    workflow: str = ""
    is_benchmark: bool = False
    flags: frozenset[str] | None = None
    environment: frozenset[tuple[str, str]] | None = None

    @property
    def group(self) -> tuple[str, TargetKey | None]:
        """Only runs of one group can be compared: the same kind of board did the same job."""
        return self.board, self.key


@dataclass(frozen=True, slots=True)
class ChecklistFacts:
    """Everything that was found. `features`: names of the commands and pages that this version has.

    `engine`: docker or podman, if it can be found; `trials` the newest first. `shipped`: workflows of the program.
    """

    now_s: float
    features: frozenset[str] = frozenset()
    has_comfyui: bool = False
    is_attached: bool = False
    audits: tuple[FoundAudit, ...] = ()
    scripts: tuple[FoundFile, ...] = ()
    trials: tuple[Trial, ...] = ()
    analyses: tuple[FoundFile, ...] = ()
    workflows: tuple[FoundWorkflow, ...] = ()
    shipped: frozenset[str] = frozenset()
    pack: FoundPack | None = None
    proof: PackProof | None = None
    guides: tuple[FoundFile, ...] = ()
    reports: tuple[FoundFile, ...] = ()
    containers: tuple[FoundFile, ...] = ()
    engine: str | None = None

    @property
    def has_no_gpu(self) -> bool:
        """Whether the newest audit looked for an NVIDIA board and found none, and no other machine is asked."""
        seen = next((one.has_board for one in self.audits if one.has_board is not None), None)
        return seen is False and not self.is_attached
