"""The two ways to show readings: JSON lines for a program, a line a GPU for a person."""

import os
import sys
import threading
from collections.abc import Callable

from wan22.cli.console import Console, LiveBlock
from wan22.cli.gpu_line import gpu_line, inventory_line
from wan22.gpu.latest import merged_reading
from wan22.gpu.sampler import Sampler, SamplerState, SamplerStatus
from wan22.gpu.sampler_protocol import (
    FORMAT,
    ClockRequest,
    Line,
    MonitorClock,
    MonitorHello,
    MonitorProblem,
    decode,
    document_of,
    status_line,
)
from wan22.schema.gpu import GpuInfo, GpuReading, GpuSampled
from wan22.schema.problem import AppError
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock

_COST_EVERY_S = 60.0


class _Face:
    """Where readings go. A reader that has gone away ends the sampling quietly."""

    def __init__(self, cancel: CancelToken) -> None:
        self.sampler: Sampler | None = None
        self._cancel = cancel
        self._lock = threading.Lock()
        self._is_gone = False

    def _write(self, write: Callable[[], None]) -> None:
        with self._lock:
            if self._is_gone:
                return
            try:
                write()
            except (OSError, SystemExit):  # a closed pipe: "broken pipe", "invalid argument" on Windows, rich's exit
                self._is_gone = True
                _silence_stdout()
        if self._is_gone:
            self._cancel.set()


class JsonFace(_Face):
    """JSON lines on stdout, from the sampling thread and from the one that answers."""

    def __init__(self, console: Console, clock: Clock, cancel: CancelToken, interval_s: float) -> None:
        super().__init__(cancel)
        self._console = console
        self._clock = clock
        self._interval_s = interval_s
        self._cost_due_s = clock.monotonic() + _COST_EVERY_S

    def status(self, status: SamplerStatus) -> None:
        """A change of state of the sampler."""
        now_s = self._clock.now()
        if status.inventory is not None:
            self._send(
                MonitorHello(
                    format=FORMAT,
                    clock_s=now_s,
                    pid=os.getpid(),
                    inventory=status.inventory,
                    interval_s=self._interval_s,
                    simulated=status.inventory.simulated,
                )
            )
        if status.problem is not None:
            self._send(MonitorProblem(time_s=now_s, problem=status.problem))
        self._send_status(status.state, status.retry_s)

    def sampled(self, sampled: GpuSampled) -> None:
        """One tick; once a minute followed by what it all costs."""
        self._send(sampled)
        if self._clock.monotonic() >= self._cost_due_s:
            self._cost_due_s += _COST_EVERY_S
            self._send_status(SamplerState.running, None)

    def failed(self, error: AppError) -> None:
        """The problem that ends the sampling."""
        self._send(MonitorProblem(time_s=self._clock.now(), problem=error.problem))

    def answer(self, text: str) -> None:
        """A line of whoever reads us."""
        clock_s = self._clock.now()
        line = decode(text)
        if isinstance(line, ClockRequest):
            self._send(MonitorClock(echo=line.echo, clock_s=clock_s))

    def _send_status(self, state: SamplerState, retry_s: float | None) -> None:
        cost = self.sampler.cost() if self.sampler is not None else None
        if self.sampler is None or cost is None or not cost.ticks:
            self._send(status_line(self._clock.now(), state, retry_s))
        else:
            self._send(status_line(self._clock.now(), state, retry_s, cost, self.sampler.metric_costs()))

    def _send(self, line: Line) -> None:
        self._write(lambda: self._console.json(document_of(line)))


class TextFace(_Face):
    """A line a GPU, rewritten in place on a terminal."""

    def __init__(self, console: Console, cancel: CancelToken, live: LiveBlock) -> None:
        super().__init__(cancel)
        self._console = console
        self._live = live
        self._infos: dict[int, GpuInfo] = {}
        self._latest: dict[int, GpuReading] = {}

    def status(self, status: SamplerStatus) -> None:
        """A change of state of the sampler."""
        if status.inventory is not None:
            self._infos = {info.gpu: info for info in status.inventory.gpus}
            heading = inventory_line(status.inventory)
            self._write(lambda: self._console.text(heading, style="bold"))
        if status.problem is not None:
            text = f"{status.problem.message} Next try in {status.retry_s or 0.0:.0f} s."
            self._write(lambda: self._console.text(text))

    def sampled(self, sampled: GpuSampled) -> None:
        """One tick."""
        for reading in sampled.readings:
            self._latest[reading.gpu] = merged_reading(self._latest.get(reading.gpu), reading)
        lines = [gpu_line(self._infos.get(gpu), self._latest[gpu]) for gpu in sorted(self._latest)]
        if self._live.is_live:
            self._write(lambda: self._live.show(lines))
        else:
            self._write(lambda: self._console.text("\n".join(lines)))

    def failed(self, error: AppError) -> None:
        """Said by whoever ends the program."""


def _silence_stdout() -> None:
    """Point stdout nowhere, so that Python's own flush at the end does not fail a second time."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
