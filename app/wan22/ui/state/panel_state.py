"""What the panel as a whole is about: the chosen server, what the desk does, what the run may be compared with."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from wan22.job.expectation import RunExpected, RunJudged
from wan22.schema.events import RunStarted
from wan22.schema.panel_fact import Activity, DeskChanged, GpuFound, GpuUnavailable, JobTicket, ServerPresence
from wan22.schema.settings import Settings
from wan22.wiring.desk import ServerChoice

if TYPE_CHECKING:
    from wan22.schema.problem import Problem


class PanelState(QObject):
    """Written by the context alone; `changed` is said once a batch, `chosen` when the server or a setting changed."""

    changed = Signal()
    chosen = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.choice = ServerChoice(Settings())
        self.is_first_start = False
        """Nothing was ever chosen: the stand-in is used until it is."""
        self.activity = Activity.idle
        self.current: JobTicket | None = None
        self.waiting: tuple[JobTicket, ...] = ()
        self.server: ServerPresence | None = None
        self.expected: RunExpected | None = None
        self.judged: RunJudged | None = None
        self.gpu_problem: Problem | None = None

    @property
    def settings(self) -> Settings:
        """Settings in force."""
        return self.choice.settings

    @property
    def is_demo(self) -> bool:
        """Whether the stand-in is used instead of a ComfyUI."""
        return self.choice.demo is not None

    def choose(self, choice: ServerChoice, *, is_first_start: bool = False) -> None:
        """Another server, profile or setting is wanted from now on."""
        self.choice = choice
        self.is_first_start = is_first_start
        self.chosen.emit()

    def apply(self, facts: Iterable[object]) -> None:
        """Take what concerns the panel out of a batch."""
        is_touched = False
        for fact in facts:
            is_touched = self._take(fact) or is_touched
        if is_touched:
            self.changed.emit()

    def _take(self, fact: object) -> bool:
        match fact:
            case DeskChanged():
                self.activity, self.current = fact.activity, fact.current
                self.waiting, self.server = fact.waiting, fact.server
            case RunStarted():
                self.expected = self.judged = None
            case RunExpected():
                self.expected = fact
            case RunJudged():
                self.judged = fact
            case GpuFound():
                self.gpu_problem = None
            case GpuUnavailable():
                self.gpu_problem = fact.problem
            case _:
                return False
        return True
