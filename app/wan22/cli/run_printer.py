"""Shows a run while it goes on: rewritten lines on a terminal, lasting lines elsewhere, JSON lines for programs."""

import queue
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from wan22.cli.console import Console, LiveBlock
from wan22.cli.gpu_line import gpu_line
from wan22.cli.stage_lines import stage_line
from wan22.gpu.latest import merged_reading
from wan22.job.eta import eta
from wan22.job.stall_text import stall_sentence
from wan22.runs.own_band import Usual
from wan22.runs.stages import stage_timings
from wan22.runs.state import Phase, RunState, reduce
from wan22.schema.duration_text import duration, duration_range, measured
from wan22.schema.events import (
    JobRecovered,
    JobStalled,
    LaunchProved,
    PreflightFinished,
    PromptQueued,
    Role,
    RungTried,
    RunStarted,
    ServerReady,
    ServerStageReached,
    ServerStarting,
    ServerStopped,
    SocketLost,
    SocketRestored,
    TelemetryStatus,
)
from wan22.schema.gpu import GpuReading, GpuSampled
from wan22.schema.panel_fact import PanelFact
from wan22.schema.server import Proof
from wan22.schema.summary import StageTiming
from wan22.system.bus import Bus, Fact
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock
from wan22.system.threads import Worker

REFRESH_S = 0.25
WAITING_S = 3.0
"""A job that is still queued after this time waits for another one."""


class RunPrinter:
    """A context: what happens on the bus inside it is shown, in a thread of its own."""

    def __init__(
        self,
        console: Console,
        bus: Bus,
        clock: Clock,
        usual_times: Callable[[str], Mapping[Role, Usual]] = lambda _run_id: {},
        *,
        on_panel: Callable[[PanelFact], None] | None = None,
    ) -> None:
        """`usual_times`: usual stage times for a run, by its id; asked once, when the job is queued.

        `on_panel` hears the facts that are no part of a run, once everything before them is shown.
        """
        self._console = console
        self._bus = bus
        self._clock = clock
        self._usual_times = usual_times
        self._on_panel = on_panel
        self._usual: Mapping[Role, Usual] = {}
        self._facts: queue.SimpleQueue[Fact] = queue.SimpleQueue()
        self._state = RunState()
        self._readings: dict[int, GpuReading] = {}
        self._printed: set[Role] = set()
        self._broken = False
        self._waiting_said = False
        self._worker = Worker("run-printer", self._work)
        self._unsubscribe: Callable[[], None] = lambda: None

    def __enter__(self) -> Self:
        self._unsubscribe = self._bus.subscribe(self._facts.put)
        self._worker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._unsubscribe()
        self._worker.stop()

    def _work(self, cancel: CancelToken) -> None:
        with self._console.live() as block:
            while not cancel.wait(REFRESH_S):
                self._drain(block)
            self._drain(block)
            block.show([])

    def _drain(self, block: LiveBlock) -> None:
        while True:
            try:
                fact = self._facts.get_nowait()
            except queue.Empty:
                break
            if isinstance(fact, PanelFact):
                self._hand_on(fact, block)
                continue
            if isinstance(fact, RunStarted) and self._state.run_id not in (None, fact.run_id):
                self._begin_afresh(block)
            self._state = reduce(self._state, fact)
            if isinstance(fact, GpuSampled):
                for reading in fact.readings:
                    self._readings[reading.gpu] = merged_reading(self._readings.get(reading.gpu), reading)
            if isinstance(fact, PromptQueued) and self._state.run_id is not None:
                self._usual = self._usual_times(self._state.run_id)
            if self._console.as_json:
                self._print_json(fact)
            else:
                for line in lasting_lines(fact):
                    self._console.text(line)
        if not self._console.as_json:
            self._print_stages(block)

    def _hand_on(self, fact: PanelFact, block: LiveBlock) -> None:
        if self._on_panel is None:
            return
        if not self._console.as_json:
            self._print_stages(block)
        self._on_panel(fact)

    def _begin_afresh(self, block: LiveBlock) -> None:
        """Another run follows, a gentler try say: what the one before has to show comes first."""
        if not self._console.as_json:
            self._print_stages(block)
        self._state, self._printed, self._waiting_said = RunState(), set(), False

    def _print_json(self, fact: Fact) -> None:
        """A reader that went away (a closed pipe) must not end the run: it is on disk all the same."""
        if isinstance(fact, GpuSampled) or self._broken:
            return
        try:
            self._console.json(fact)
        except OSError:
            self._broken = True

    def _print_stages(self, block: LiveBlock) -> None:
        now_s = self._clock.now()
        stages = stage_timings(self._state, now_s)
        current = self._state.current_role
        for stage in stages:
            fresh = stage.complete and stage.role is not current and stage.role not in self._printed
            if fresh and self._is_over(stage):
                self._printed.add(stage.role)
                self._console.text("  " + stage_line(stage))
        if not block.is_live:
            self._say_waiting(now_s)
        if block.is_live:
            block.show(self._live_lines(stages, now_s))

    def _say_waiting(self, now_s: float) -> None:
        """Once, where no live line says so: an idle server begins at once, so this one works for somebody else."""
        state = self._state
        waits = state.phase is Phase.queued and state.queued_s is not None and now_s - state.queued_s >= WAITING_S
        if waits and not self._waiting_said:
            self._waiting_said = True
            self._console.text("  waiting in the server's queue: it still works on another job")

    def _is_over(self, stage: StageTiming) -> bool:
        """Loaders run again between the passes, so a stage is final only when no node of it is still to come."""
        started = {start.node for start in self._state.starts}
        return self._state.end is not None or all(node in started or node in self._state.cached for node in stage.nodes)

    def _live_lines(self, stages: tuple[StageTiming, ...], now_s: float) -> list[str]:
        state = self._state
        lines: list[str] = []
        if state.phase is Phase.starting:
            lines.append(f"  starting ComfyUI: {state.server.stage or 'process started'} …")
        if state.phase is Phase.queued:
            lines.append(f"  waiting in the server's queue for {duration(now_s - (state.queued_s or now_s))} …")
        if state.phase is Phase.running:
            lines.extend(
                "  " + stage_line(stage, at_work=stage.role is state.current_role)
                for stage in stages
                if stage.role not in self._printed and stage.role is not Role.other
            )
            lines.append("  " + self._left(stages))
        if state.telemetry is not None and state.telemetry.available:
            lines.extend("  " + gpu_line(None, reading) for reading in self._readings.values())
        return lines

    def _left(self, stages: tuple[StageTiming, ...]) -> str:
        left = eta(stages, self._usual)
        if left is None:
            if any(stage.step_s for stage in stages):
                return "time left: unknown, no earlier run here tells how long this stage takes"
            return "time left: unknown until the first steps are done"
        if left.complete:
            return f"about {duration_range(left.low_s, left.high_s)} left"
        return f"at least {duration_range(left.low_s, left.high_s)} left"


def lasting_lines(fact: Fact) -> list[str]:
    """Lines that stay on the screen for a fact; most facts have none."""
    match fact:
        case RunStarted():
            mark = "SIMULATED · " if fact.simulated else ""
            return [f"{mark}{fact.title} · run {fact.run_id}"]
        case ServerStarting():
            return [f"! {notice}" for notice in fact.notices]
        case ServerStageReached():
            return [f"  {fact.stage.replace('_', ' ')}: {fact.detail}"] if fact.detail else []
        case ServerReady():
            how = "started here" if fact.owned else "attached, never stopped"
            after = f" after {measured(fact.startup_s)}" if fact.startup_s is not None else ""
            mark = "SIMULATED " if fact.simulated else ""
            return [f"● {mark}ComfyUI {fact.version or '(unknown version)'} ready at {fact.url}{after} ({how})"]
        case LaunchProved():
            return _proof_lines(fact)
        case PreflightFinished():
            return [f"! {warning.message}" for warning in fact.warnings]
        case TelemetryStatus():
            return [] if fact.available else [f"! no telemetry: {fact.reason}"]
        case PromptQueued():
            return [f"  queued · seed {fact.seed}"]
        case ServerStopped():
            return [] if fact.expected else ["! ComfyUI ended unexpectedly"]
        case SocketLost() | SocketRestored() | JobStalled() | RungTried() | JobRecovered():
            return [_trouble_line(fact)]
        case _:
            return []


def _trouble_line(fact: SocketLost | SocketRestored | JobStalled | RungTried | JobRecovered) -> str:
    match fact:
        case SocketLost():
            return "! the live connection broke; the job goes on, the connection is opened again"
        case SocketRestored():
            return "  the live connection is back"
        case JobStalled():
            return f"! {stall_sentence(fact)}"
        case RungTried():
            flags = f" ({' '.join(fact.rung.flags)})" if fact.rung.flags else ""
            return f"  gentler, {fact.number} of {fact.count}: {fact.rung.title}{flags}. {fact.rung.changes}"
        case JobRecovered():
            gap = duration(fact.unseen_s)
            return f"  the job was found at the server ({fact.found}); the last {gap} were not seen"


def _proof_lines(fact: LaunchProved) -> list[str]:
    counts = {proof: sum(claim.proof is proof for claim in fact.claims) for proof in Proof}
    refuted = [claim for claim in fact.claims if claim.proof is Proof.refuted]
    found = f"{counts[Proof.proved]} proved · {len(refuted)} refuted · {counts[Proof.unknown]} unknown"
    return [
        f"  launch proof: {found}",
        *(f"  ✕ {item.name}: expected {item.expected}, found {item.found}. {item.reason}".rstrip() for item in refuted),
    ]
