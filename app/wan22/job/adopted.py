"""The third way to have a server: take up the one that an earlier run of this program left running."""

from pathlib import Path

from wan22.comfy.client import ComfyClient
from wan22.job.server import ServerHandle
from wan22.launch.adopted_server import AdoptedServer
from wan22.launch.discovery import Installation, find_installation
from wan22.launch.server_record import holds_port
from wan22.schema.events import ServerReady
from wan22.schema.problem import AppError, app_error
from wan22.schema.server import ServerRecord
from wan22.system.bus import Bus
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock


class AdoptedProvider:
    """A server that we started once and may stop. It stays between jobs; when it has ended it is not started again."""

    def __init__(
        self,
        record: ServerRecord,
        data_folder: Path,
        client: ComfyClient,
        bus: Bus,
        clock: Clock,
        *,
        stop_limit_s: float,
    ) -> None:
        self.record = record
        self._client = client
        self._bus = bus
        self._clock = clock
        self._server = AdoptedServer(record, data_folder, bus, clock, stop_limit_s=stop_limit_s)
        self._installation: Installation | None = None

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self._server.pid is not None

    def acquire(self, cancel: CancelToken) -> ServerHandle:
        """The server. Raises AppError: why it ended, `server_not_ours`, or what its client says."""
        cancel.raise_if_set()
        self._server.follow()
        found = self._server.crash()
        if found is not None:
            raise AppError(found)
        stats = self._client.stats()
        if self._server.pid is None or not holds_port(self.record):
            message = f"Another server answers at {self.record.url} than the one that was left running there."
            raise app_error("server_not_ours", message, url=self.record.url, pid=self.record.process.pid)
        self._bus.publish(
            ServerReady(
                time_s=self._clock.now(),
                url=self.record.url,
                owned=True,
                version=stats.system.comfyui_version,
                pid=self._server.pid,
                simulated=stats.is_simulated,
            )
        )
        return ServerHandle(
            client=self._client,
            stats=stats,
            owned=True,
            local=True,
            pid=self._server.pid,
            plan=self._server.plan,
            installation=self._found_installation(),
            managed=self._server,
        )

    def release(self, handle: ServerHandle) -> None:
        """Nothing: it was left running on purpose and serves the next job too. A dead one is stopped."""
        if handle.is_dead:
            self.stop()

    def stop(self) -> None:
        """Stop the server with everything it has started; harmless when it is gone."""
        self._server.stop()

    def leave_running(self) -> None:
        """Let go of it; it goes on and can be found again."""
        self._server.leave_running()

    def _found_installation(self) -> Installation | None:
        """The installation it was started from; None when that was moved meanwhile."""
        if self._installation is None:
            try:
                self._installation = find_installation(Path(self.record.folder), Path(self.record.python))
            except AppError:
                return None
        return self._installation
