"""The clock of another process in terms of ours, from a few questions and answers."""

from collections.abc import Callable
from dataclasses import dataclass

from wan22.gpu.sampler_protocol import ClockRequest, encode
from wan22.system.clock import Clock

_ECHOES = 5


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """Their clock minus ours, in seconds. `uncertainty_s`: half the round trip; None = only a first guess."""

    offset_s: float
    uncertainty_s: float | None = None


class ClockLink:
    """Asks `send(line)` for their clock five times in a row; the middle of the answers counts.

    An answer was written between our question and its arrival, so it is known to half the round trip. Until the
    answers are there, the time in their greeting is a first guess.
    """

    def __init__(self, clock: Clock, send: Callable[[str], None], greeting_clock_s: float) -> None:
        self._clock = clock
        self._send = send
        self._offset = ClockOffset(greeting_clock_s - clock.now())
        self._asked_s: dict[int, float] = {}
        self._echo = 0
        self._answers: list[ClockOffset] = []

    @property
    def offset(self) -> ClockOffset:
        """The best that is known."""
        return self._offset

    @property
    def is_settled(self) -> bool:
        """Whether all answers are there."""
        return len(self._answers) >= _ECHOES

    def ask(self) -> None:
        """Send the next question."""
        self._echo += 1
        self._asked_s[self._echo] = self._clock.now()
        self._send(encode(ClockRequest(echo=self._echo)))

    def heard(self, echo: int, clock_s: float) -> None:
        """Take an answer and ask again until there are enough; answers to nothing are passed over."""
        received_s = self._clock.now()
        asked_s = self._asked_s.pop(echo, None)
        if asked_s is None or self.is_settled:
            return
        middle_s = (asked_s + received_s) / 2.0
        self._answers.append(ClockOffset(clock_s - middle_s, (received_s - asked_s) / 2.0))
        if len(self._answers) < _ECHOES:
            self.ask()
            return
        ordered = sorted(self._answers, key=lambda answer: answer.offset_s)
        self._offset = ordered[len(ordered) // 2]

    def ours(self, their_s: float) -> float:
        """A time of their clock on ours."""
        return their_s - self._offset.offset_s
