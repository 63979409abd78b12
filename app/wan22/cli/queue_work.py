"""The queue worked off without a window: one job after the other, printed as `wan22 run` prints one."""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from wan22 import wiring
from wan22.cli.console import Console
from wan22.cli.interrupt import stop_on_signal
from wan22.cli.run_printer import RunPrinter
from wan22.cli.run_report import print_summary
from wan22.job.desk import Desk
from wan22.job.expectation import RunJudged
from wan22.schema.events import ProblemFound
from wan22.schema.panel_fact import DeskChanged, PanelFact, QueueChanged
from wan22.schema.problem import Problem
from wan22.schema.queue import OVER, JobState, QueuedJob
from wan22.schema.settings import Settings
from wan22.system.bus import Fact
from wan22.system.cancel import CancelToken
from wan22.wiring.desk import ServerChoice, make_desk

LOOK_S = 0.1


@dataclass(slots=True)
class Worked:
    """What became of the queue. `ours`: jobs that were begun here, in their order, as last seen.

    `problem`: the last thing that went wrong before the queue was open.
    """

    queue: QueueChanged | None = None
    ours: dict[int, QueuedJob | None] = field(default_factory=dict)
    problem: Problem | None = None

    def hear(self, fact: Fact) -> None:
        """Take in what happened; called in any thread."""
        match fact:
            case QueueChanged():
                self.queue = fact
                self.ours |= {job.job_id: job for job in fact.jobs if job.job_id in self.ours}
            case DeskChanged(current=ticket) if ticket is not None:
                self.ours.setdefault(ticket.number, None)
            case ProblemFound() if self.queue is None:
                self.problem = fact.problem
            case _:
                return

    @property
    def waiting(self) -> int:
        """Jobs that still wait."""
        return sum(job.state is JobState.waiting for job in self.queue.jobs) if self.queue is not None else 0

    def in_state(self, *states: JobState) -> list[QueuedJob]:
        """Jobs of ours in these states."""
        return [job for job in self.ours.values() if job is not None and job.state in states]


def work_off(
    console: Console, parts: wiring.Parts, settings: Settings, demo: wiring.Demo | None, cancel: CancelToken
) -> Worked:
    """Do what waits until nothing does, or until `cancel`; what was interrupted is made again at the end."""
    choice = ServerChoice(settings, demo)
    desk = make_desk(parts, settings.sample_hz, lambda: choice)
    worked = Worked()
    teller = _Teller(console, worked)
    usual = partial(wiring.usual_times, wiring.runs_folder(settings))
    printer = RunPrinter(console, parts.bus, parts.clock, usual, on_panel=teller.tell)
    unsubscribe = parts.bus.subscribe(worked.hear)
    try:
        with stop_on_signal(cancel, partial(_say_stopping, console)), printer:
            desk.start()
            try:
                _wait(desk, cancel, teller)
            finally:
                desk.close()
    finally:
        unsubscribe()
    return worked


def _wait(desk: Desk, cancel: CancelToken, teller: "_Teller") -> None:
    desk.queue.flush()
    teller.say_left()
    desk.queue.resume()
    desk.queue.flush()
    while not desk.queue.is_idle and not cancel.wait(LOOK_S):
        pass


class _Teller:
    """Says what is begun, and how it ended: in the printer's thread, so that lines come in their order."""

    def __init__(self, console: Console, worked: Worked) -> None:
        self._console = console
        self._worked = worked
        self._said: set[int] = set()
        self._begun: set[int] = set()

    def say_left(self) -> None:
        """What an earlier program did not bring to its end."""
        left = self._worked.queue
        if left is None:
            return
        for job in left.jobs:
            if job.state is JobState.interrupted and job.job_id in left.held_back:
                run = f" What is there of it is kept as run {job.run_id}." if job.run_id is not None else ""
                self._console.text(f"! Job {job.job_id} was interrupted; it is made again at the end.{run}")

    def tell(self, fact: PanelFact) -> None:
        """One fact, with everything before it on the screen."""
        match fact:
            case DeskChanged(current=ticket) if ticket is not None and ticket.number not in self._said:
                self._said.add(ticket.number)
                self._begun.add(ticket.number)
                waiting = len(fact.waiting)
                after = f" · {waiting} {'waits' if waiting == 1 else 'wait'} after it" if waiting else ""
                self._console.text(f"Job {ticket.number} of the queue{after}", style="bold")
            case RunJudged() if not self._console.as_json:
                print_summary(self._console, fact.manifest, fact.summary, Path(fact.folder))
            case QueueChanged():
                for job in fact.jobs:
                    if job.job_id in self._begun and job.state in OVER:
                        self._begun.discard(job.job_id)
                        self._say_end(job)
            case _:
                return

    def _say_end(self, job: QueuedJob) -> None:
        """With `--json` the job as the queue knows it; in words only what went wrong, the rest is said already."""
        if self._console.as_json:
            self._console.json({"kind": "queue_job", "job": job.model_dump(mode="json")})
        elif job.problem is not None:
            self._console.problem(job.problem)


def _say_stopping(console: Console) -> None:
    console.text("Stopping … the others stay in the queue (Ctrl-C again to leave at once)")
