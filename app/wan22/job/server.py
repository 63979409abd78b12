"""The ComfyUI that a job works with: started by us and ours to stop, or attached to and left alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from wan22.comfy.client import ComfyClient
from wan22.launch.discovery import Installation
from wan22.launch.launch_args import LaunchPlan
from wan22.schema.problem import Problem
from wan22.schema.server import SystemStats
from wan22.system.cancel import CancelToken


class OwnServer(Protocol):
    """A server that we have started, now or in an earlier run of this program."""

    @property
    def lines(self) -> tuple[str, ...]:
        """Its last lines, cleaned."""
        ...

    def crash(self) -> Problem | None:
        """Why it is of no use any more after it had been ready."""
        ...


@dataclass(slots=True)
class ServerHandle:
    """A server that answers. `local`: it runs on this machine, so this machine's GPU may be its GPU.

    `is_dead`: found to stand still; whoever gets the handle back ends it, if it is ours.
    """

    client: ComfyClient
    stats: SystemStats
    owned: bool
    local: bool
    pid: int | None = None
    plan: LaunchPlan | None = None
    installation: Installation | None = None
    managed: OwnServer | None = field(default=None, repr=False)
    is_dead: bool = False

    @property
    def url(self) -> str:
        """Base address."""
        return self.client.url

    def crash(self) -> Problem | None:
        """Why our own server ended, if it did; always None for an attached one."""
        return self.managed.crash() if self.managed is not None else None

    def log_lines(self) -> Sequence[str] | None:
        """What the server has said so far; None when an attached server does not tell."""
        if self.managed is not None:
            return tuple(self.managed.lines)
        text = self.client.logs()
        return None if text is None else text.splitlines()

    @property
    def models_folder(self) -> Path | None:
        """Where an owned server keeps its models."""
        return self.installation.folder / "models" if self.installation is not None else None


class ServerProvider(Protocol):
    """Who makes a server available for a job, and lets go of it afterwards."""

    def acquire(self, cancel: CancelToken) -> ServerHandle:
        """Start or find the server. Publishes what happens on the bus. Raises AppError."""
        ...

    def release(self, handle: ServerHandle) -> None:
        """The job is done with it; an owned one may be stopped, an attached one never is."""
        ...
