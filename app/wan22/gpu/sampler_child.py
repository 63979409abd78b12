"""The sampler as a child process, seen from our side: started, listened to, started again, stopped.

The driver's library has crashed inside host processes; in a child it can only take the child along.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from wan22.gpu.clock_link import ClockLink, ClockOffset
from wan22.gpu.sampler import SamplerState
from wan22.gpu.sampler_process import PipedProcess, StartTalking
from wan22.gpu.sampler_protocol import (
    FORMAT,
    MonitorClock,
    MonitorHello,
    MonitorProblem,
    MonitorStatus,
    decode,
)
from wan22.schema.gpu import GpuInventory, GpuSampled
from wan22.schema.problem import AppError, Problem, Severity, problem
from wan22.system.cancel import CancelToken
from wan22.system.child_command import child_environment
from wan22.system.clock import Clock
from wan22.system.threads import Worker

_FIRST_RETRY_S = 1.0
_LONGEST_RETRY_S = 30.0
_STABLE_S = 60.0
_LONGEST_SILENCE_S = 45.0  # longer than the sampler's own longest wait for a lost driver
_FRUITLESS_STARTS = 5
_STOP_GRACE_S = 2.0
_STOP_LIMIT_S = 8.0
_LOOK_S = 0.5
_KEPT_LINES = 20
_HOPELESS = frozenset(
    {"driver_missing", "driver_mismatch", "bad_argument", "run_not_found", "run_invalid", "run_too_new"}
)


class SamplerChild:
    """Runs `argv` (a `monitor --json`) and publishes its readings with the times of our own clock.

    A child that dies or falls silent is started again after 1, 2, 4 … 30 s; without a driver there is one problem and
    no second try. `on_problem` and `on_inventory` are called from the sampler's threads, like `publish`.
    """

    def __init__(
        self,
        argv: Sequence[str],
        publish: Callable[[GpuSampled], None],
        clock: Clock,
        on_problem: Callable[[Problem], None],
        on_inventory: Callable[[GpuInventory], None],
        environment: Mapping[str, str] | None = None,
        start: StartTalking = PipedProcess,
        *,
        longest_silence_s: float = _LONGEST_SILENCE_S,
    ) -> None:
        self._argv = tuple(argv)
        self._publish = publish
        self._clock = clock
        self._on_problem = on_problem
        self._on_inventory = on_inventory
        self._environment = child_environment() if environment is None else dict(environment)
        self._start = start
        self._longest_silence_s = longest_silence_s
        self._conversation: _Conversation | None = None
        self._starts = 0
        self._worker = Worker("gpu-sampler", self._work, on_problem)

    def start(self) -> None:
        """Start the child in the background; returns at once."""
        self._worker.start()

    def stop(self) -> None:
        """End the child; afterwards nothing more is published. Harmless when it is not running."""
        self._worker.stop(_STOP_LIMIT_S)

    @property
    def clock_offset(self) -> ClockOffset | None:
        """The child's clock against ours; None before its greeting."""
        return self._conversation.clock_offset if self._conversation is not None else None

    @property
    def restarts(self) -> int:
        """How often it had to be started again."""
        return max(0, self._starts - 1)

    def _work(self, cancel: CancelToken) -> None:
        fruitless = failures = 0
        while not cancel.is_set:
            began_s = self._clock.monotonic()
            conversation = self._run_once(cancel)
            if cancel.wait(0) or conversation.is_final:
                return
            fruitless = 0 if conversation.has_readings else fruitless + 1
            failures = 0 if self._clock.monotonic() - began_s > _STABLE_S else failures + 1
            retry_s = min(_LONGEST_RETRY_S, _FIRST_RETRY_S * 2.0 ** min(max(failures - 1, 0), 10))
            if fruitless >= _FRUITLESS_STARTS:
                self._on_problem(conversation.gave_up(fruitless))
                return
            self._on_problem(conversation.ended_unasked(retry_s))
            self._clock.sleep(retry_s, cancel)

    def _run_once(self, cancel: CancelToken) -> "_Conversation":
        """Start the child and stay with it until it ends, falls silent or `cancel` is set."""
        self._starts += 1
        conversation = _Conversation(self._publish, self._clock, self._on_problem, self._on_inventory)
        self._conversation = conversation
        wake = threading.Event()
        cancel.on_set(wake.set)

        def on_exit(exit_code: int) -> None:
            conversation.exit_code = exit_code
            wake.set()

        try:
            process = self._start(self._argv, self._environment, conversation.hear, on_exit, self._on_problem)
        except AppError as error:
            conversation.is_final = True
            self._on_problem(error.problem)
            return conversation
        conversation.attach(process.write_line)
        while not wake.wait(_LOOK_S):
            if self._clock.monotonic() - conversation.heard_s > self._longest_silence_s:
                conversation.fell_silent = True
                break
        process.stop(0.0 if conversation.fell_silent else _STOP_GRACE_S)
        return conversation


class _Conversation:
    """What one child said, from its start to its end."""

    def __init__(
        self,
        publish: Callable[[GpuSampled], None],
        clock: Clock,
        on_problem: Callable[[Problem], None],
        on_inventory: Callable[[GpuInventory], None],
    ) -> None:
        self.exit_code: int | None = None
        self.fell_silent = False
        self.has_readings = False
        self.is_final = False
        self.heard_s = clock.monotonic()
        self._publish = publish
        self._clock = clock
        self._on_problem = on_problem
        self._on_inventory = on_inventory
        self._link: ClockLink | None = None
        self._held: list[GpuSampled] = []
        self._other_lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._told: str | None = None
        self._write_line: Callable[[str], None] | None = None
        self._attached = threading.Event()

    @property
    def clock_offset(self) -> ClockOffset | None:
        """Its clock against ours."""
        return self._link.offset if self._link is not None else None

    def attach(self, write_line: Callable[[str], None]) -> None:
        """The way to answer, known once the process is started (its first line may come before)."""
        self._write_line = write_line
        self._attached.set()

    def hear(self, text: str) -> None:
        """One line of the child, in its reader's thread."""
        self.heard_s = self._clock.monotonic()
        line = decode(text)
        match line:
            case GpuSampled():
                self._sampled(line)
            case MonitorClock():
                if self._link is not None:
                    self._link.heard(line.echo, line.clock_s)
                    if self._link.is_settled:
                        self._release()
            case MonitorHello():
                self._hello(line)
            case MonitorProblem():
                self._problem(line.problem)
            case MonitorStatus():
                self.is_final = self.is_final or line.state == SamplerState.ended.value
            case _:
                self._other_lines.append(text)

    def ended_unasked(self, retry_s: float) -> Problem:
        """The problem of a child that ended or fell silent and will be started again."""
        what = "does not answer any more" if self.fell_silent else f"ended unexpectedly (exit code {self.exit_code})"
        return problem(
            "driver_lost",
            f"The program that reads the GPU {what}; it is started again in {retry_s:.0f} s.",
            Severity.warning,
            hint="Readings of the time in between are missing; measured times are not touched.",
            detail=self._last_words(),
        )

    def gave_up(self, starts: int) -> Problem:
        """The problem of a child that never got as far as a reading."""
        return problem(
            "telemetry_unavailable",
            f"The program that reads the GPU was started {starts} times and ended each time before its first reading "
            f"(exit code {self.exit_code}).",
            Severity.warning,
            detail=self._last_words(),
        )

    def _hello(self, hello: MonitorHello) -> None:
        if hello.format > FORMAT:
            self.is_final = True
            self._on_problem(
                problem(
                    "telemetry_unavailable",
                    f"The sampler speaks format {hello.format} of its lines, this program only {FORMAT}.",
                    Severity.warning,
                    hint="Use the same version of this program on both sides.",
                )
            )
            return
        self._on_inventory(hello.inventory)
        if self._link is None:
            self._attached.wait(_LOOK_S)
            self._link = ClockLink(self._clock, self._send, hello.clock_s)
            self._link.ask()

    def _sampled(self, sampled: GpuSampled) -> None:
        if self._link is None or self.is_final:
            return
        self.has_readings = self.has_readings or bool(sampled.readings)
        self._told = None
        if self._link.is_settled:
            self._publish(self._mapped(sampled, self._link))
            return
        self._held.append(sampled)
        if len(self._held) > 1:  # the answers should have come long before a second tick
            self._release()

    def _release(self) -> None:
        held, self._held = self._held, []
        for sampled in held:
            if self._link is not None:
                self._publish(self._mapped(sampled, self._link))

    def _problem(self, found: Problem) -> None:
        """Pass a problem on; the same one again and again only once until there are readings."""
        if found.code in _HOPELESS:
            self.is_final = True
        if self._told != found.code:
            self._told = found.code
            self._on_problem(found)

    def _send(self, text: str) -> None:
        if self._write_line is not None:
            self._write_line(text)

    def _last_words(self) -> str:
        return "\n".join(self._other_lines)

    @staticmethod
    def _mapped(sampled: GpuSampled, link: ClockLink) -> GpuSampled:
        readings = tuple(replace(reading, time_s=link.ours(reading.time_s)) for reading in sampled.readings)
        return replace(sampled, time_s=link.ours(sampled.time_s), readings=readings)
