"""What a run looks like at a moment: facts folded into one frozen object.

`reduce` is pure and the only fold: the command line, the window and a replayed run show the same thing because it
is the same function. Facts may come in any order: what belongs to a node is kept by time, not by arrival, and roles
are looked up late (see `stages`), since the server may start before it has answered.
"""

from bisect import insort
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from wan22.runs.executed_line import executed_seconds
from wan22.schema.events import (
    AnyEvent,
    JobRecovered,
    JobStalled,
    LaunchProved,
    NodeFinished,
    NodesCached,
    NodeStarted,
    OutputFile,
    OutputSaved,
    PreflightFinished,
    PreviewReceived,
    ProblemFound,
    PromptFinished,
    PromptOutcome,
    PromptQueued,
    PromptStarted,
    Role,
    RunFinished,
    RungTried,
    RunStarted,
    ServerReady,
    ServerSaid,
    ServerStageReached,
    ServerStarting,
    ServerStopped,
    SocketLost,
    SocketRestored,
    StepDone,
    TelemetryStatus,
)
from wan22.schema.gpu import GpuReading, GpuSampled
from wan22.schema.problem import Problem
from wan22.schema.server import LaunchClaim

Fact = AnyEvent | GpuSampled


class Phase(Enum):
    """How far a run has come; it never goes back for one job."""

    preparing = "preparing"
    starting = "starting"
    ready = "ready"
    queued = "queued"
    running = "running"
    collecting = "collecting"
    finished = "finished"


_ORDER = {phase: number for number, phase in enumerate(Phase)}


@dataclass(frozen=True, slots=True)
class ServerView:
    """The server of a run as the facts show it."""

    url: str | None = None
    owned: bool | None = None
    version: str | None = None
    pid: int | None = None
    stage: str | None = None
    startup_s: float | None = None
    ready: bool = False
    stopped: bool = False
    exit_code: int | None = None
    stop_expected: bool = False
    claims: tuple[LaunchClaim, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class NodeStart:
    """The server began with `node` at `time_s`."""

    time_s: float
    node: str


@dataclass(frozen=True, slots=True, order=True)
class StepReport:
    """`value` of `maximum` steps of a node were done at `time_s`."""

    time_s: float
    value: int
    maximum: int


@dataclass(frozen=True, slots=True, order=True)
class SocketGap:
    """Time without a live connection; `restored_s` is None while it lasts."""

    lost_s: float
    restored_s: float | None = None


@dataclass(frozen=True, slots=True)
class RunState:
    """All that the facts so far say of a run. Unknown is None."""

    run_id: str | None = None
    title: str = ""
    simulated: bool = False
    phase: Phase = Phase.preparing
    server: ServerView = ServerView()
    warnings: tuple[Problem, ...] = ()
    vram_estimate_bytes: int | None = None
    prompt_id: str | None = None
    roles: Mapping[str, Role] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    planned_steps: Mapping[str, int] = field(default_factory=dict)
    seed: int | None = None
    queue_position: int | None = None
    queued_s: float | None = None
    started_s: float | None = None
    cached: frozenset[str] = frozenset()
    starts: tuple[NodeStart, ...] = ()
    reports: Mapping[str, tuple[StepReport, ...]] = field(default_factory=dict)
    gaps: tuple[SocketGap, ...] = ()
    end: PromptFinished | None = None
    files: tuple[tuple[str, OutputFile], ...] = ()
    previews: int = 0
    outputs: tuple[OutputSaved, ...] = ()
    problems: tuple[Problem, ...] = ()
    fatal: Problem | None = None
    telemetry: TelemetryStatus | None = None
    readings: Mapping[int, GpuReading] = field(default_factory=dict)
    executed_lines: tuple[tuple[float, float], ...] = ()
    stall: JobStalled | None = None
    retry: RungTried | None = None
    recovered: JobRecovered | None = None
    outcome: PromptOutcome | None = None
    finished_s: float | None = None

    @property
    def current_node(self) -> str | None:
        """The node that the server works on now; None before, after and while the connection is lost."""
        if self.phase is not Phase.running or not self.starts or self.is_blind:
            return None
        return self.starts[-1].node

    @property
    def current_role(self) -> Role | None:
        """Role of the node that the server works on now."""
        node = self.current_node
        return None if node is None else self.roles.get(node, Role.other)

    @property
    def is_blind(self) -> bool:
        """Whether the connection was lost since the last node began: what the server does now is not seen."""
        last_s = self.starts[-1].time_s if self.starts else self.queued_s
        return any(gap.restored_s is None or last_s is None or gap.restored_s > last_s for gap in self.gaps)


def reduce(state: RunState, fact: Fact) -> RunState:
    """The state after one more fact. Never raises, whatever the order; a fact of no interest changes nothing."""
    handler = _HANDLERS.get(type(fact))
    return state if handler is None else handler(state, fact)


def reduce_all(facts: Iterable[Fact], state: RunState | None = None) -> RunState:
    """Fold many facts."""
    state = state or RunState()
    for fact in facts:
        state = reduce(state, fact)
    return state


def _forward(state: RunState, phase: Phase) -> Phase:
    return phase if _ORDER[phase] > _ORDER[state.phase] else state.phase


def _run_started(state: RunState, fact: RunStarted) -> RunState:
    is_simulated = state.simulated or fact.simulated
    return replace(state, run_id=fact.run_id, title=fact.title, simulated=is_simulated)


def _server_starting(state: RunState, fact: ServerStarting) -> RunState:
    server = replace(_living(state.server), url=fact.url, owned=True, pid=fact.pid)
    return replace(state, server=server, phase=_forward(state, Phase.starting))


def _living(server: ServerView) -> ServerView:
    """What is still true when a server is there again: nothing of one that has ended."""
    return ServerView() if server.stopped else server


def _server_stage(state: RunState, fact: ServerStageReached) -> RunState:
    server = replace(state.server, stage=fact.stage)
    return replace(state, server=server, phase=_forward(state, Phase.starting))


def _server_ready(state: RunState, fact: ServerReady) -> RunState:
    known = _living(state.server)
    server = replace(
        known,
        url=fact.url,
        owned=fact.owned,
        version=fact.version,
        pid=fact.pid if fact.pid is not None else known.pid,
        startup_s=fact.startup_s,
        ready=True,
    )
    is_simulated = state.simulated or fact.simulated
    return replace(state, server=server, phase=_forward(state, Phase.ready), simulated=is_simulated)


def _server_stopped(state: RunState, fact: ServerStopped) -> RunState:
    server = replace(state.server, stopped=True, exit_code=fact.exit_code, stop_expected=fact.expected)
    return replace(state, server=server)


def _server_said(state: RunState, fact: ServerSaid) -> RunState:
    seconds = executed_seconds(fact.line)
    if seconds is None:
        return state
    return replace(state, executed_lines=_inserted(state.executed_lines, (fact.time_s, seconds)))


def _launch_proved(state: RunState, fact: LaunchProved) -> RunState:
    return replace(state, server=replace(state.server, claims=fact.claims))


def _preflight(state: RunState, fact: PreflightFinished) -> RunState:
    return replace(state, warnings=fact.warnings, vram_estimate_bytes=fact.vram_estimate_bytes)


def _prompt_queued(state: RunState, fact: PromptQueued) -> RunState:
    """A second job in one run (after a failed try) starts afresh; its own early facts are kept."""
    if state.prompt_id is not None and state.prompt_id != fact.prompt_id:
        phase = state.phase if state.phase is Phase.finished else Phase.queued
        gaps = tuple(gap for gap in state.gaps if gap.restored_s is None)
        state = replace(
            state, phase=phase, started_s=None, cached=frozenset(), starts=(), reports={}, gaps=gaps, end=None, files=()
        )
    return replace(
        state,
        prompt_id=fact.prompt_id,
        roles=dict(fact.roles),
        titles=dict(fact.titles),
        planned_steps=dict(fact.steps),
        seed=fact.seed,
        queue_position=fact.queue_position,
        queued_s=fact.time_s,
        phase=_forward(state, Phase.queued),
    )


def _of_prompt(
    handler: Callable[[RunState, Any], RunState],
) -> Callable[[RunState, Any], RunState]:
    """Only for facts of this run's job; the first one seen tells which job that is."""

    def only_ours(state: RunState, fact: Any) -> RunState:
        if state.prompt_id is None:
            state = replace(state, prompt_id=fact.prompt_id)
        return handler(state, fact) if fact.prompt_id == state.prompt_id else state

    return only_ours


def _prompt_started(state: RunState, fact: PromptStarted) -> RunState:
    return replace(state, started_s=fact.time_s, phase=_forward(state, Phase.running), stall=None)


def _nodes_cached(state: RunState, fact: NodesCached) -> RunState:
    return replace(state, cached=state.cached.union(fact.nodes), phase=_forward(state, Phase.running))


def _node_started(state: RunState, fact: NodeStarted) -> RunState:
    starts = _inserted(state.starts, NodeStart(fact.time_s, fact.node))
    return replace(state, starts=starts, phase=_forward(state, Phase.running), stall=None)


def _step_done(state: RunState, fact: StepDone) -> RunState:
    report = StepReport(fact.time_s, fact.value, fact.maximum)
    reports = {**state.reports, fact.node: _inserted(state.reports.get(fact.node, ()), report)}
    return replace(state, reports=reports, phase=_forward(state, Phase.running), stall=None)


def _node_finished(state: RunState, fact: NodeFinished) -> RunState:
    found = tuple((fact.node, file) for file in fact.files)
    return replace(state, files=state.files + tuple(item for item in found if item not in state.files))


def _preview(state: RunState, _: PreviewReceived) -> RunState:
    return replace(state, previews=state.previews + 1)


def _socket_lost(state: RunState, fact: SocketLost) -> RunState:
    return replace(state, gaps=(*state.gaps, SocketGap(fact.time_s)))


def _socket_restored(state: RunState, fact: SocketRestored) -> RunState:
    """Close the open gap that began last; without one the loss itself was missed."""
    for number in reversed(range(len(state.gaps))):
        gap = state.gaps[number]
        if gap.restored_s is None:
            closed = SocketGap(gap.lost_s, max(gap.lost_s, fact.time_s))
            return replace(state, gaps=(*state.gaps[:number], closed, *state.gaps[number + 1 :]))
    lost_s = fact.time_s - (fact.missed_s or 0.0)
    return replace(state, gaps=(*state.gaps, SocketGap(lost_s, fact.time_s)))


def _prompt_finished(state: RunState, fact: PromptFinished) -> RunState:
    if state.end is not None and not (state.end.from_history and not fact.from_history):
        return state
    return replace(state, end=fact, phase=_forward(state, Phase.collecting), stall=None)


def _job_recovered(state: RunState, fact: JobRecovered) -> RunState:
    """An end that only meant that nobody looked any more is taken back: the job goes on."""
    phase = Phase.queued if fact.found == "waiting" else Phase.running
    is_open = state.end is None or state.end.outcome is PromptOutcome.lost
    if not is_open:
        return replace(state, recovered=fact)
    return replace(state, recovered=fact, end=None, outcome=None, finished_s=None, fatal=None, stall=None, phase=phase)


def _output_saved(state: RunState, fact: OutputSaved) -> RunState:
    return state if fact in state.outputs else replace(state, outputs=(*state.outputs, fact))


def _telemetry_status(state: RunState, fact: TelemetryStatus) -> RunState:
    return replace(state, telemetry=fact)


def _problem_found(state: RunState, fact: ProblemFound) -> RunState:
    return replace(state, problems=(*state.problems, fact.problem), fatal=fact.problem if fact.fatal else state.fatal)


def _run_finished(state: RunState, fact: RunFinished) -> RunState:
    return replace(state, outcome=fact.outcome, finished_s=fact.time_s, phase=Phase.finished)


def _gpu_sampled(state: RunState, fact: GpuSampled) -> RunState:
    newer = {
        reading.gpu: reading
        for reading in fact.readings
        if reading.gpu not in state.readings or reading.time_s >= state.readings[reading.gpu].time_s
    }
    return replace(state, readings={**state.readings, **newer}) if newer else state


def _inserted(items: tuple[Any, ...], item: Any) -> tuple[Any, ...]:
    """`items` in order with `item` added; the same thing told twice counts once."""
    if not items or items[-1] < item:
        return (*items, item)
    if item in items:
        return items
    ordered = list(items)
    insort(ordered, item)
    return tuple(ordered)


_HANDLERS: Mapping[type, Callable[[RunState, Any], RunState]] = {
    RunStarted: _run_started,
    ServerStarting: _server_starting,
    ServerStageReached: _server_stage,
    ServerReady: _server_ready,
    ServerStopped: _server_stopped,
    ServerSaid: _server_said,
    LaunchProved: _launch_proved,
    PreflightFinished: _preflight,
    PromptQueued: _prompt_queued,
    PromptStarted: _of_prompt(_prompt_started),
    NodesCached: _of_prompt(_nodes_cached),
    NodeStarted: _of_prompt(_node_started),
    StepDone: _of_prompt(_step_done),
    NodeFinished: _of_prompt(_node_finished),
    PreviewReceived: _preview,
    SocketLost: _socket_lost,
    SocketRestored: _socket_restored,
    JobStalled: _of_prompt(lambda state, fact: replace(state, stall=fact)),
    RungTried: lambda state, fact: replace(state, retry=fact),
    JobRecovered: _of_prompt(_job_recovered),
    PromptFinished: _of_prompt(_prompt_finished),
    OutputSaved: _output_saved,
    TelemetryStatus: _telemetry_status,
    ProblemFound: _problem_found,
    RunFinished: _run_finished,
    GpuSampled: _gpu_sampled,
}
