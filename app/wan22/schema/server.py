"""What is known of a ComfyUI server, and what a profile's promises turned out to be worth."""

from collections.abc import Mapping
from enum import Enum

from wan22.schema.frozen import Tolerant


class DeviceInfo(Tolerant):
    """One device of `/system_stats`. Sizes in bytes; `allocator` is the suffix of its name, if any."""

    name: str
    type: str = ""
    index: int | None = None
    vram_total: int | None = None
    vram_free: int | None = None
    torch_vram_total: int | None = None
    torch_vram_free: int | None = None

    @property
    def allocator(self) -> str | None:
        """Allocator backend really in use (`native`, `cudaMallocAsync`), None on a CPU."""
        head, mark, tail = self.name.rpartition(" : ")
        return tail if mark and head else None

    @property
    def gpu_name(self) -> str:
        """Name of the board alone: no `cuda:0`, no allocator."""
        text = self.name.rpartition(" : ")[0] or self.name
        first, _, rest = text.partition(" ")
        return rest if first.startswith("cuda:") and rest else text


class SystemInfo(Tolerant):
    """The `system` part of `/system_stats`."""

    os: str | None = None
    comfyui_version: str | None = None
    python_version: str | None = None
    pytorch_version: str | None = None
    embedded_python: bool | None = None
    ram_total: int | None = None
    ram_free: int | None = None
    argv: tuple[str, ...] = ()
    deploy_environment: str | None = None


class SystemStats(Tolerant):
    """`GET /system_stats`."""

    system: SystemInfo
    devices: tuple[DeviceInfo, ...] = ()

    @property
    def is_simulated(self) -> bool:
        """Whether it is this program's own stand-in: nothing from it was measured."""
        return self.system.deploy_environment == "simulated"


class Proof(Enum):
    """How far a claim is shown to be true."""

    proved = "proved"
    refuted = "refuted"
    unknown = "unknown"


class LaunchClaim(Tolerant):
    """One expectation of the profile against what the running server shows.

    `evidence` quotes the log line, argument or field that decided; `reason` says why it is not proved.
    """

    name: str
    expected: str
    found: str
    proof: Proof
    reason: str = ""
    evidence: str = ""


class ProcessRecord(Tolerant):
    """A process that can be found again. `created_s`: epoch seconds; a later process with the same id has another."""

    pid: int
    created_s: float


class ServerRecord(Tolerant):
    """A server of ours that was left running: `server.json` in the user's data folder.

    `process`: what was started (Windows: it may only have started the real one). `supervisor`: POSIX only. `argv`,
    `working_folder`, `environment`, `added_environment`, `notices` and `profile` are those of the launch plan, the
    environment without what has nothing to do with the GPU. `folder` holds main.py. `started_s`: epoch seconds.
    `log`: the file that its output goes to. `holder`: the panel that has taken it up again and works with it now.
    """

    format: int = 1
    process: ProcessRecord
    holder: ProcessRecord | None = None
    supervisor: ProcessRecord | None = None
    url: str
    host: str
    port: int
    argv: tuple[str, ...]
    folder: str
    working_folder: str
    python: str
    environment: Mapping[str, str] = {}
    added_environment: Mapping[str, str] = {}
    notices: tuple[str, ...] = ()
    profile: str | None = None
    version: str | None = None
    simulated: bool = False
    started_s: float
    log: str
