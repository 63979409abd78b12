"""The run that the window shows: facts folded with the same `reduce` as everywhere else."""

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal

from wan22.runs.stages import node_intervals, stage_timings
from wan22.runs.state import Fact, RunState, reduce
from wan22.schema.events import Role, RunStarted
from wan22.schema.summary import StageTiming
from wan22.ui.state.phase_span import PhaseSpan, phase_spans


class LiveRun(QObject):
    """Written by `apply` alone; `changed` is said once a batch."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = RunState()

    def apply(self, facts: Iterable[Fact]) -> None:
        """Fold a batch. A new run starts afresh, but a server that is still there stays known."""
        before = self.state
        for fact in facts:
            if isinstance(fact, RunStarted) and self.state.run_id not in (None, fact.run_id):
                server = self.state.server
                self.state = RunState(readings=self.state.readings)
                if server.ready and not server.stopped:
                    self.state = RunState(server=server, readings=self.state.readings)
            self.state = reduce(self.state, fact)
        if self.state is not before:
            self.changed.emit()

    def stages(self, now_s: float | None = None) -> tuple[StageTiming, ...]:
        """Times of the stages; with `now_s` the one at work counts up to then."""
        return stage_timings(self.state, now_s)

    def phases(self) -> tuple[PhaseSpan, ...]:
        """What the server worked on when, for the shading behind curves."""
        return phase_spans(node_intervals(self.state), self.state.roles)

    @property
    def role(self) -> Role | None:
        """What the server works on now."""
        return self.state.current_role
