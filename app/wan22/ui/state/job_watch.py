"""What the fold of a run does not keep, since it is for the window alone: the newest preview, and since when."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from wan22.runs.state import RunState
from wan22.schema.events import (
    PreviewReceived,
    ProblemFound,
    PromptQueued,
    RunStarted,
    ServerReady,
    ServerStarting,
    ServerStopped,
)
from wan22.schema.panel_fact import Activity, DeskChanged, PanelFact
from wan22.schema.problem import Severity

if TYPE_CHECKING:
    from wan22.schema.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewDecoded(PanelFact):
    """The picture of the preview that came at `received_s`; None when it could not be read."""

    received_s: float
    picture: QImage | None


class JobWatch(QObject):
    """Written by `apply` alone; `changed` is said once a batch."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.preview: PreviewReceived | None = None
        """The newest one of this job; older ones are let go of at once."""
        self.picture: PreviewDecoded | None = None
        """The newest one that is decoded."""
        self.starting_since_s: float | None = None
        """When the server process was started that is not ready yet."""
        self.doing_since_s: float | None = None
        """When the desk began with what it does now."""
        self.refused: Problem | None = None
        """Why the last thing that was asked for did not even become a run."""
        self.has_run = False
        """Whether the run that is known belongs to the job that is done now."""
        self._activity = Activity.idle
        self._number: int | None = None

    def apply(self, facts: Iterable[object]) -> None:
        """Take what is of interest out of a batch."""
        is_touched = False
        for fact in facts:
            is_touched = self._take(fact) or is_touched
        if is_touched:
            self.changed.emit()

    def _take(self, fact: object) -> bool:
        match fact:
            case PreviewReceived():
                self.preview = fact
            case PreviewDecoded():
                self.picture = fact
            case PromptQueued():
                self.preview = self.picture = None
            case RunStarted():
                self.preview = self.picture = self.refused = None
                self.has_run = True
            case ServerStarting():
                self.starting_since_s = fact.time_s
            case ServerReady() | ServerStopped():
                self.starting_since_s = None
            case ProblemFound():
                return self._take_problem(fact)
            case DeskChanged():
                self._take_desk(fact)
            case _:
                return False
        return True

    def _take_problem(self, fact: ProblemFound) -> bool:
        is_of_connecting = self._number is None and self._activity is Activity.connecting
        is_of_job = self._number is not None and not self.has_run
        is_error = fact.problem.severity is Severity.error
        if is_error and not fact.fatal and (is_of_connecting or is_of_job):
            self.refused = fact.problem
            return True
        return False

    def _take_desk(self, fact: DeskChanged) -> None:
        number = fact.current.number if fact.current is not None else None
        if fact.activity is not self._activity or number != self._number:
            self.doing_since_s = fact.time_s
        if number is not None and number != self._number:
            self.has_run = False
        if fact.activity is Activity.connecting and self._activity is not Activity.connecting:
            self.refused = None
        self._activity, self._number = fact.activity, number


def step_of_preview(state: RunState, preview: PreviewReceived) -> tuple[int, int] | None:
    """Steps done when it was made, and of how many; None when no step is reported.

    ComfyUI sends the picture of a step just before or just after the report of the same step, so the nearest one is
    meant.
    """
    node = preview.node
    if node is None:
        node = next((start.node for start in reversed(state.starts) if start.time_s <= preview.time_s), None)
    reports = state.reports.get(node, ()) if node is not None else ()
    if not reports:
        return None
    nearest = min(reports, key=lambda report: abs(report.time_s - preview.time_s))
    return nearest.value, nearest.maximum
