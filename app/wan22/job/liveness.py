"""Whether a silent server is at work, dead, or out of sight: a decision from what was seen, and nothing else. Pure."""

from dataclasses import dataclass, replace

from wan22.schema.events import Liveness

CPU_SHARE = 0.2
"""Of one core: a thread that computes takes a whole one, a server that only answers takes a few hundredths."""
MOVED_BYTES = 4 * 2**20
"""Read, written or taken as memory between two looks; a log line and an answer are far less."""
GPU_PCT = 3.0
"""A reading at or above is work; driver and desktop flicker below."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds of looking. `look_s`: between two looks. `observe_s`: until the first verdict, and how fresh movement
    must be. `silent_s`: nothing moves and HTTP does not answer: dead. `answering_s`: nothing moves but HTTP answers
    (a node may wait for another machine): dead. `shared_gpu_s`: nothing of its own moves and it does not answer, while
    its board works, for somebody else then: dead. `unreachable_s`: without an answer a look is due, whatever the
    limits say. `again_s`: the same verdict is told again.
    """

    look_s: float = 5.0
    observe_s: float = 20.0
    silent_s: float = 60.0
    answering_s: float = 180.0
    shared_gpu_s: float = 600.0
    unreachable_s: float = 60.0
    again_s: float = 300.0

    def at_pace(self, pace: float) -> "Patience":
        """For a server that works `pace` times faster than life; never so short that nothing can be measured."""
        if pace <= 1.0:
            return self
        return replace(
            self,
            look_s=max(0.5, self.look_s / pace),
            observe_s=max(1.5, self.observe_s / pace),
            silent_s=max(3.0, self.silent_s / pace),
            answering_s=max(3.0, self.answering_s / pace),
            shared_gpu_s=max(6.0, self.shared_gpu_s / pace),
            unreachable_s=max(3.0, self.unreachable_s / pace),
            again_s=max(10.0, self.again_s / pace),
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen of a silent server. `watched_s`: for how long it was looked at.

    `process_quiet_s`: since when neither its CPU time nor its files nor its memory moved; None = no process of this
    machine. `gpu_quiet_s`: the same of its board; None = no readings. `uses_gpu`: whether it works on a GPU at all.
    """

    watched_s: float
    answers: bool
    process_quiet_s: float | None
    gpu_quiet_s: float | None
    uses_gpu: bool


def verdict(seen: Evidence, patience: Patience) -> Liveness | None:
    """What the server is; None while that cannot be said yet."""
    if seen.process_quiet_s is None:
        return Liveness.unknown
    if seen.watched_s < patience.observe_s:
        return None
    if seen.process_quiet_s < patience.observe_s:
        return Liveness.busy
    if not seen.uses_gpu:
        return _if_quiet_for(seen.process_quiet_s, seen, patience)
    if seen.gpu_quiet_s is None:
        if seen.answers:
            return Liveness.unknown
        return Liveness.dead if seen.process_quiet_s >= patience.shared_gpu_s else None
    if seen.gpu_quiet_s < patience.observe_s:
        is_somebody_else = not seen.answers and seen.process_quiet_s >= patience.shared_gpu_s
        return Liveness.dead if is_somebody_else else Liveness.busy
    return _if_quiet_for(min(seen.process_quiet_s, seen.gpu_quiet_s), seen, patience)


def _if_quiet_for(quiet_s: float, seen: Evidence, patience: Patience) -> Liveness | None:
    needed_s = patience.answering_s if seen.answers else patience.silent_s
    return Liveness.dead if quiet_s >= needed_s else None
