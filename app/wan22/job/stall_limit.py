"""How long a job may be silent before anybody looks. Pure, but for the facts that are kept.

Nothing is decided by a limit alone: when it has passed, the server's process and its GPU are looked at
(`job.liveness`). So a limit that is too short costs a look and a line, one that is too long costs waiting.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wan22.runs.own_band import Usual
from wan22.runs.stages import PASSES
from wan22.schema.events import AnyEvent, NodeFinished, NodesCached, NodeStarted, PromptStarted, Role, StepDone

TIMES_USUAL = 5.0
"""So many times its usual time a step or a stage may take."""
STEP_FLOOR_S = 60.0
"""Least time for a step whose usual time is known from this run."""
STAGE_FLOOR_S = 120.0
"""Least time for a stage whose usual time is known from earlier runs."""
FIRST_STEP_FLOOR_S = 600.0
"""Least time for loading and until the first step of a pass: a busy hard disk gives 14 GB in 8 minutes (30 MB/s)."""
UNKNOWN_S: Mapping[Role, float] = {
    Role.load: 900.0,
    Role.encode: 300.0,
    Role.pass_1: 900.0,
    Role.pass_2: 900.0,
    Role.decode: 300.0,
    Role.interpolate: 600.0,
    Role.save: 300.0,
    Role.other: 600.0,
}
"""Without any time to go by. A step at 720p with CFG 3.5 takes minutes on a small board, and so does the first use of
a compiled model, or of an interpolation that fetches its weights."""
WAITING_S = 120.0
"""For a job that is the server's next one while nothing runs there."""
BLIND_S = 900.0
"""Least time without a live connection: then steps are not heard, and only the end of the job is a sign."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Seconds of silence that are usual, and what that is taken from."""

    seconds: float
    reason: str


@dataclass(slots=True)
class JobProgress:
    """What a job has shown so far. `accept` takes its facts in order; `usual`: stage times of earlier runs."""

    roles: Mapping[str, Role]
    usual: Mapping[Role, Usual] = field(default_factory=dict)
    node: str | None = None
    is_started: bool = False
    _reported: set[str] = field(default_factory=set)
    _last_report: tuple[str, int, float] | None = None
    _step_s: list[float] = field(default_factory=list)

    @property
    def role(self) -> Role | None:
        """Role of the node at work; None before the first one."""
        return None if self.node is None else self.roles.get(self.node, Role.other)

    def accept(self, fact: AnyEvent) -> bool:
        """Whether the fact is a sign of progress."""
        match fact:
            case NodeStarted():
                self.node, self._last_report = fact.node, None
                self.is_started = True
            case StepDone():
                self.node = fact.node
                self._note_step(fact)
            case PromptStarted() | NodesCached():
                self.is_started = True
            case NodeFinished():
                pass
            case _:
                return False
        return True

    def allowed(self) -> Allowed:
        """How long it may be silent from its last sign of progress on."""
        role = self.role
        if not self.is_started:
            return Allowed(WAITING_S, "a job that waits for nothing begins at once")
        if role is None:
            return Allowed(UNKNOWN_S[Role.load], "nothing is known of how it begins")
        if role in PASSES and self._step_s and self.node in self._reported:
            longest_s = max(self._step_s)
            reason = f"the longest step of this run took {longest_s:.1f} s"
            return Allowed(max(STEP_FLOOR_S, TIMES_USUAL * longest_s), reason)
        usual = self.usual.get(role)
        if usual is not None:
            floor_s = FIRST_STEP_FLOOR_S if role in PASSES or role is Role.load else STAGE_FLOOR_S
            reason = f"this stage took at most {usual.high_s:.0f} s in {usual.count} earlier runs"
            return Allowed(max(floor_s, TIMES_USUAL * usual.high_s), reason)
        return Allowed(UNKNOWN_S[role], "no earlier run tells how long this stage takes")

    def _note_step(self, fact: StepDone) -> None:
        """A step's time is that between two reports of one node; the first report holds loading too."""
        last = self._last_report
        if last is not None and last[0] == fact.node and fact.value > last[1]:
            self._step_s.append((fact.time_s - last[2]) / (fact.value - last[1]))
        self._last_report = (fact.node, fact.value, fact.time_s)
        self._reported.add(fact.node)
