"""A snapshot of a machine: hardware, driver, system, ComfyUI with its Python, models, profile, last results.

`FORMAT` is one integer; new optional fields do not change it. A value that is not known is None, and `reasons` of the
snapshot says why where that is known, by the path of the value (`gpu.boards.0.ecc_enabled`).
"""

from collections.abc import Mapping
from enum import Enum
from typing import Literal

from wan22.schema.frozen import Tolerant
from wan22.schema.gpu import GpuInfo
from wan22.schema.problem import Problem

FORMAT = 1


class AuditPart(Enum):
    """The parts of a snapshot, in the order in which they are shown."""

    gpu = "gpu"
    machine = "machine"
    system = "system"
    python = "python"
    comfyui = "comfyui"
    packs = "packs"
    models = "models"
    profile = "profile"
    results = "results"


class DiskFacts(Tolerant):
    """A volume. `kind` is NVMe, SSD, hard disk or removable; `holds` says what of ours lies there."""

    mount: str
    file_system: str | None = None
    kind: str | None = None
    total_bytes: int | None = None
    free_bytes: int | None = None
    holds: tuple[str, ...] = ()


class MachineFacts(Tolerant):
    """Processor, memory, disks. `memory_limit_bytes`: what a container may use; `cpu_usable`: threads we may use."""

    cpu: str | None = None
    cpu_cores: int | None = None
    cpu_threads: int | None = None
    cpu_usable: int | None = None
    memory_bytes: int | None = None
    memory_free_bytes: int | None = None
    memory_limit_bytes: int | None = None
    swap_bytes: int | None = None
    swap_used_bytes: int | None = None
    disks: tuple[DiskFacts, ...] = ()


class SystemFacts(Tolerant):
    """The operating system. `power_source` is mains or battery; `power_mode` is the slider of Windows 10 and 11;
    `gpu_scheduling` is Windows' hardware-accelerated GPU scheduling; `container` names its kind, "" is none.
    """

    name: str | None = None
    build: str | None = None
    kernel: str | None = None
    architecture: str | None = None
    power_plan: str | None = None
    power_mode: str | None = None
    power_source: str | None = None
    gpu_scheduling: bool | None = None
    wsl: bool | None = None
    container: str | None = None


class BoardFacts(Tolerant):
    """One board: what never changes, and what can be set. The uuid stays: it tells whose results are whose."""

    info: GpuInfo
    vbios_version: str | None = None
    pcie_generation_now: int | None = None
    pcie_width_now: int | None = None
    ecc_pending: bool | None = None
    persistence: bool | None = None


class GpuFacts(Tolerant):
    """The driver and its boards. `cuda_version` is the newest CUDA that the driver can do."""

    driver_version: str | None = None
    cuda_version: str | None = None
    nvml_version: str | None = None
    boards: tuple[BoardFacts, ...] = ()


class ImportFacts(Tolerant):
    """A package that decides about speed. `version` None: not installed; `imports` None: not tried."""

    version: str | None = None
    imports: bool | None = None
    error: str | None = None


class PythonFacts(Tolerant):
    """ComfyUI's own Python. `packages` and `key_packages` are None where they were not asked for.

    `torch_cuda`: the CUDA that torch was built for, "" for a build without.
    """

    executable: str | None = None
    version: str | None = None
    torch_cuda: str | None = None
    cudnn_version: str | None = None
    cuda_available: bool | None = None
    cuda_architectures: tuple[str, ...] | None = None
    key_packages: dict[str, ImportFacts] | None = None
    packages: dict[str, str] | None = None


class ComfyFacts(Tolerant):
    """The ComfyUI itself. `is_dirty`: files of the checkout were changed by hand."""

    folder: str | None = None
    layout: str | None = None
    version: str | None = None
    commit: str | None = None
    is_dirty: bool | None = None
    changed_files: tuple[str, ...] | None = None


class PackFacts(Tolerant):
    """A node pack: its folder (or single file), what it says of itself, and the commit that is checked out."""

    folder: str
    version: str | None = None
    commit: str | None = None
    is_enabled: bool = True


class ModelFacts(Tolerant):
    """A model file of the workflows. `sha256` only if it was measured before; `state` as `wan22 models check` says."""

    file: str
    state: str
    is_needed: bool = False
    byte_count: int | None = None
    sha256: str | None = None
    is_verified: bool | None = None


class ProfileFacts(Tolerant):
    """The profile that ComfyUI is started with."""

    name: str
    title: str = ""
    flags: dict[str, str] = {}  # noqa: RUF012 - pydantic copies defaults
    environment: dict[str, str] = {}  # noqa: RUF012


class ResultFacts(Tolerant):
    """A run of before: what it made and how long it took."""

    run_id: str
    started_s: float
    outcome: str | None = None
    total_s: float | None = None
    job: str | None = None
    profile: str | None = None
    simulated: bool = False


class PartProblem(Tolerant):
    """What kept a part, or something in it, from being known."""

    part: AuditPart
    problem: Problem


class AuditSnapshot(Tolerant):
    """`parts` are those that were asked for; one of them that is None could not be read, and `problems` says why.

    `quick`: without what takes seconds (imports in ComfyUI's Python, git). `simulated`: the boards are not real.
    """

    format: Literal[1] = 1
    app_version: str
    taken_at: str
    taken_s: float
    quick: bool = False
    simulated: bool = False
    parts: tuple[AuditPart, ...] = ()
    gpu: GpuFacts | None = None
    machine: MachineFacts | None = None
    system: SystemFacts | None = None
    python: PythonFacts | None = None
    comfyui: ComfyFacts | None = None
    packs: tuple[PackFacts, ...] | None = None
    models: tuple[ModelFacts, ...] | None = None
    profile: ProfileFacts | None = None
    results: tuple[ResultFacts, ...] | None = None
    reasons: Mapping[str, str] = {}
    problems: tuple[PartProblem, ...] = ()


class ChangeWeight(Enum):
    """How much a difference says about speed and picture, the heaviest first."""

    decisive = 0
    strong = 1
    minor = 2
    passing = 3


class AuditChange(Tolerant):
    """One difference of two snapshots. `subject` names what changed, `sentence` says it in full.

    `note`: what is known to follow from it. `is_drift`: the machine is another one than it was, not only in another
    state of the day.
    """

    part: AuditPart
    key: str
    subject: str
    sentence: str
    before: str
    after: str
    weight: ChangeWeight
    is_drift: bool
    note: str = ""


class AuditDifference(Tolerant):
    """All differences, the heaviest first. `not_compared` says in sentences what one of the two does not know."""

    format: Literal[1] = 1
    before_at: str
    after_at: str
    changes: tuple[AuditChange, ...] = ()
    not_compared: tuple[str, ...] = ()

    @property
    def drift(self) -> tuple[AuditChange, ...]:
        """The changes that count."""
        return tuple(change for change in self.changes if change.is_drift)
