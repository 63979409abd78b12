"""Two ways to have a server: start one from a profile, or attach to one that runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wan22.comfy.client import ComfyClient
from wan22.job.server import ServerHandle
from wan22.launch.discovery import Installation
from wan22.launch.launch_args import LaunchPlan
from wan22.launch.server import ManagedServer
from wan22.schema.events import ServerReady
from wan22.schema.problem import AppError
from wan22.schema.server import SystemStats
from wan22.system.bus import Bus
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock
from wan22.system.process_table import port_owner

ClientFactory = Callable[[str], ComfyClient]


class OwnedProvider:
    """Starts ComfyUI on the first `acquire`; `release` stops it unless `keep` is set.

    A server that is still alive from an earlier job is used again. `data_folder` takes the record of one that is left
    running.
    """

    def __init__(
        self,
        installation: Installation,
        plan: LaunchPlan,
        make_client: ClientFactory,
        bus: Bus,
        clock: Clock,
        *,
        start_limit_s: float,
        stop_limit_s: float,
        data_folder: Path,
        keep: bool = False,
    ) -> None:
        self._installation = installation
        self._plan = plan
        self._client = make_client(plan.url)
        self._bus = bus
        self._clock = clock
        self._data_folder = data_folder
        self._keep = keep
        self._server = ManagedServer(
            plan, bus, clock, self._probe, start_limit_s=start_limit_s, stop_limit_s=stop_limit_s
        )
        self._stats: SystemStats | None = None

    def acquire(self, cancel: CancelToken) -> ServerHandle:
        """The server, started if it does not run. Raises AppError with a named cause."""
        if self._stats is None or self._server.crash() is not None:
            self._stats = self._server.start(cancel)
        else:
            self._bus.publish(
                ServerReady(
                    time_s=self._clock.now(),
                    url=self._plan.url,
                    owned=True,
                    pid=self._server.pid,
                    version=self._stats.system.comfyui_version,
                    simulated=self._stats.is_simulated,
                )
            )
        return ServerHandle(
            client=self._client,
            stats=self._stats,
            owned=True,
            local=True,
            pid=self._server.pid,
            plan=self._plan,
            installation=self._installation,
            managed=self._server,
        )

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self._server.pid is not None

    def release(self, handle: ServerHandle) -> None:
        """Stop the server unless it is to be kept; a dead one is stopped in any case."""
        if (handle.is_dead or not self._keep) and handle.managed is self._server:
            self.stop()

    def stop(self) -> None:
        """Stop the server; harmless when it does not run."""
        self._server.stop()
        self._stats = None

    def leave_running(self) -> None:
        """Let the server live on without us; `find_left_server` finds it again. Harmless when it does not run."""
        if self.is_running:
            self._server.leave_running(self._data_folder)
            self._stats = None

    def _probe(self) -> SystemStats | None:
        try:
            return self._client.stats(timeout_s=2.0)
        except AppError:
            return None


@dataclass(slots=True)
class AttachedProvider:
    """A server that somebody else started: used, never stopped."""

    client: ComfyClient
    host: str
    port: int
    is_loopback: bool
    bus: Bus
    clock: Clock
    is_running: bool = False
    """Whether it answered and was not let go of since."""

    def acquire(self, cancel: CancelToken) -> ServerHandle:
        """The server; raises AppError `server_unreachable` and the like."""
        cancel.raise_if_set()
        stats = self.client.stats()
        self.is_running = True
        pid = self._local_pid(stats.system.argv)
        self.bus.publish(
            ServerReady(
                time_s=self.clock.now(),
                url=self.client.url,
                owned=False,
                version=stats.system.comfyui_version,
                pid=pid,
                simulated=stats.is_simulated,
            )
        )
        return ServerHandle(client=self.client, stats=stats, owned=False, local=pid is not None, pid=pid)

    def release(self, handle: ServerHandle) -> None:
        """Nothing: the server is not ours."""

    def stop(self) -> None:
        """Let go of it; it goes on."""
        self.is_running = False

    def leave_running(self) -> None:
        """Let go of it; it goes on."""
        self.stop()

    def _local_pid(self, argv: Sequence[str]) -> int | None:
        """The process behind a loopback port, when it is that ComfyUI and not a tunnel or a container's proxy."""
        if not self.is_loopback:
            return None
        owner = port_owner(self.host, self.port)
        if owner is None or not argv:
            return None
        main = argv[0].replace("\\", "/").rsplit("/", 1)[-1]
        command = [part.replace("\\", "/").rsplit("/", 1)[-1] for part in owner.command_line or ()]
        return owner.pid if main in command else None
