"""How often a server that ends or hangs by itself is started again before the person has to look."""

from collections import deque
from dataclasses import dataclass

from wan22.schema.duration_text import duration
from wan22.schema.problem import Problem, problem

DELAYS_S = (2.0, 10.0, 30.0)
"""Waits before the first, second, third restart: a driver that was reset needs some seconds to come back."""
WINDOW_S = 1800.0
"""Restarts older than this do not count."""


@dataclass(frozen=True, slots=True)
class Restart:
    """Start it again after `delay_s`; it is try `attempt` of `budget`."""

    delay_s: float
    attempt: int
    budget: int

    @property
    def text(self) -> str:
        """`Restart 2 of 3 in 10 s.`"""
        return f"Restart {self.attempt} of {self.budget} in {duration(self.delay_s)}."


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Do not start it again by itself; `problem` says why."""

    problem: Problem


class RestartBudget:
    """At most so many restarts in half an hour, each after a longer wait. Times are seconds of one monotonic clock.

    `decide` is called when a server of ours ended or hung, `healthy` after a job that came to its end.
    """

    def __init__(self, delays_s: tuple[float, ...] = DELAYS_S, window_s: float = WINDOW_S) -> None:
        self._delays_s = delays_s
        self._window_s = window_s
        self._restarts: deque[float] = deque()

    @property
    def budget(self) -> int:
        """Restarts within the window."""
        return len(self._delays_s)

    def spent(self, now_s: float) -> int:
        """Restarts that count now."""
        while self._restarts and now_s - self._restarts[0] >= self._window_s:
            self._restarts.popleft()
        return len(self._restarts)

    def decide(self, now_s: float) -> Restart | GiveUp:
        """Whether to start it again; a restart that is granted counts from now on."""
        spent = self.spent(now_s)
        if spent >= self.budget:
            return GiveUp(self._refusal(now_s))
        self._restarts.append(now_s)
        return Restart(self._delays_s[spent], spent + 1, self.budget)

    def healthy(self) -> None:
        """The server did a job to its end: earlier restarts are forgotten."""
        self._restarts.clear()

    def _refusal(self, now_s: float) -> Problem:
        minutes = duration(self._window_s)
        since = duration(now_s - self._restarts[0]) if self._restarts else "0 s"
        return problem(
            "server_unstable",
            f"ComfyUI was started again {self.budget} times in the last {since} and ended or hung each time; "
            f"more than {self.budget} restarts in {minutes} are not tried.",
        )
