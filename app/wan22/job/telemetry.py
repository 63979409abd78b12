"""GPU readings beside a job: started early, matched to the server's board, never guessed."""

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from wan22.gpu.match import find_device
from wan22.job.server import ServerHandle
from wan22.schema.events import TelemetryStatus
from wan22.schema.gpu import GpuInfo, GpuInventory, GpuProcess, GpuSampled
from wan22.schema.problem import Problem
from wan22.schema.run import TelemetryIdentity
from wan22.system.bus import Bus
from wan22.system.clock import Clock
from wan22.system.process_table import process_tree

FIRST_READING_LIMIT_S = 5.0


class SamplerHandle(Protocol):
    """A running sampler (a child process in the product)."""

    def start(self) -> None:
        """Start reading."""
        ...

    def stop(self) -> None:
        """Stop reading; harmless when it is not running."""
        ...


SamplerFactory = Callable[
    [Callable[[GpuSampled], None], Callable[[Problem], None], Callable[[GpuInventory], None]], SamplerHandle
]


class JobTelemetry:
    """Feeds readings to the bus while a job runs and tells which board did the work."""

    def __init__(
        self,
        make_sampler: SamplerFactory | None,
        bus: Bus,
        clock: Clock,
        interval_s: float,
        *,
        is_shared: bool = False,
    ) -> None:
        """`is_shared`: the sampler is not for this job alone and puts its readings on the bus itself."""
        self._bus = bus
        self._clock = clock
        self._interval_s = interval_s
        self._is_shared = is_shared
        self._is_foreign = False
        self._inventory: GpuInventory | None = None
        self._problem: Problem | None = None
        self._processes: dict[int, tuple[GpuProcess, ...]] = {}
        self._told: TelemetryIdentity | None = None
        self._known = threading.Event()
        self._sampler = make_sampler(self._sampled, self._failed, self._found) if make_sampler is not None else None

    @property
    def inventory(self) -> GpuInventory | None:
        """GPUs of this machine, once known."""
        return self._inventory

    @property
    def is_foreign(self) -> bool:
        """Whether readings of this machine are none of the job's business: it runs on another one."""
        return self._is_foreign

    def start(self) -> None:
        """Start the sampler; returns at once."""
        if self._sampler is not None:
            self._sampler.start()

    def stop(self) -> None:
        """Stop the sampler."""
        if self._sampler is not None:
            self._sampler.stop()

    def identify(
        self, handle: ServerHandle, environment: Mapping[str, str]
    ) -> tuple[TelemetryIdentity, GpuInfo | None]:
        """Match the server's device to one of our boards and publish whether there are readings for it.

        Asked again it publishes only news. A server on another machine never gets this machine's readings;
        without a sure match the run says so.
        """
        identity, board = self._identify(handle, environment)
        if identity == self._told:
            return identity, board
        self._told = identity
        self._bus.publish(
            TelemetryStatus(
                time_s=self._clock.now(),
                available=board is not None,
                source=identity.source,
                gpu_uuid=identity.gpu_uuid,
                reason=identity.reason,
            )
        )
        return identity, board

    def _identify(
        self, handle: ServerHandle, environment: Mapping[str, str]
    ) -> tuple[TelemetryIdentity, GpuInfo | None]:
        if self._sampler is None:
            return TelemetryIdentity(reason="readings are switched off"), None
        if not handle.local:
            self._is_foreign = True
            self.stop()
            return TelemetryIdentity(reason="the server runs on another machine"), None
        self._known.wait(FIRST_READING_LIMIT_S)
        if self._inventory is None:
            reason = self._problem.message if self._problem is not None else "the sampler did not answer in time"
            return TelemetryIdentity(reason=reason), None
        device = next((item for item in handle.stats.devices if item.type == "cuda"), None)
        if device is None:
            return TelemetryIdentity(source=self._inventory.source, reason="the server does not use a GPU"), None
        board = self._board_of_process(handle.pid)
        if board is None:
            visible = environment.get("CUDA_VISIBLE_DEVICES")
            match = find_device(self._inventory, device.gpu_name, device.index, visible, environment)
            if match is None or not match.certain:
                why = "no board of this machine fits" if match is None else f"a guess would be needed ({match.reason})"
                reason = f"which board works as the server's {device.gpu_name} is not sure: {why}"
                return TelemetryIdentity(source=self._inventory.source, reason=reason), None
            board = match.gpu
        source = self._inventory.source
        return TelemetryIdentity(source=source, gpu_uuid=board.uuid, interval_s=self._interval_s), board

    def _board_of_process(self, pid: int | None) -> GpuInfo | None:
        """The board that lists the server's own process: sure, where the driver tells processes at all."""
        if pid is None or self._inventory is None:
            return None
        tree = set(process_tree(pid)) | {pid}
        hits = [
            gpu
            for gpu, processes in self._processes.items()
            if any("compute" in process.kind and process.pid in tree for process in processes)
        ]
        if len(hits) != 1:
            return None
        return next((info for info in self._inventory.gpus if info.gpu == hits[0]), None)

    def _sampled(self, fact: GpuSampled) -> None:
        for gpu, processes in fact.processes:
            self._processes[gpu] = processes
        if not self._is_shared:
            self._bus.publish(fact)

    def _failed(self, found: Problem) -> None:
        self._problem = found
        self._known.set()

    def _found(self, inventory: GpuInventory) -> None:
        self._inventory = inventory
        self._known.set()
