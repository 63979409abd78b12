"""Facts about the panel itself: on the bus for faces, never part of a run and never written."""

from dataclasses import dataclass
from enum import Enum

from wan22.schema.gpu import GpuInventory
from wan22.schema.problem import Problem
from wan22.schema.queue import QueuedJob
from wan22.schema.request import GenerationRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelFact:
    """Base of all facts that are for faces only. `time_s`: seconds since the epoch."""

    time_s: float


class Activity(Enum):
    """What the desk does now."""

    idle = "idle"
    connecting = "connecting"
    working = "working"
    stopping = "stopping"
    disconnecting = "disconnecting"


@dataclass(frozen=True, slots=True)
class JobTicket:
    """One job that was asked for; `number` counts up from 1 as long as the panel lives."""

    number: int
    request: GenerationRequest


@dataclass(frozen=True, slots=True)
class ServerPresence:
    """The server that the panel holds. `owned`: started from here, so it can be stopped and can be left running."""

    url: str
    owned: bool
    simulated: bool
    profile: str
    found_again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskChanged(PanelFact):
    """What is done, what waits, and which server is held, all at once."""

    activity: Activity
    current: JobTicket | None = None
    waiting: tuple[JobTicket, ...] = ()
    server: ServerPresence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueChanged(PanelFact):
    """All jobs, as `runs.queue_store` orders them. `held_back`: ids of those from an earlier session that wait for a
    word of the user before anything of them is begun."""

    jobs: tuple[QueuedJob, ...]
    is_paused: bool = False
    held_back: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuFound(PanelFact):
    """The boards that are read from now on."""

    inventory: GpuInventory


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuUnavailable(PanelFact):
    """There are no readings; `problem` says why."""

    problem: Problem
