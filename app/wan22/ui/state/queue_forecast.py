"""How long jobs will take, found out in a thread."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QObject, Signal

from wan22.runs.job_times import TimeRange
from wan22.schema.settings import Settings
from wan22.system.cancel import CancelToken
from wan22.ui.state.asking import Asking, Work
from wan22.wiring import Demo, Parts
from wan22.wiring.queue_times import QueueTimes, Wanted


class QueueForecast(QObject):
    """`changed` when other times are known: `times` has one for each key of the last `ask` that was answered.

    One that was asked for meanwhile waits for the answer to the one before, so that a busy queue is answered too.
    """

    changed = Signal()

    def __init__(self, work: Work, parts: Parts, parent: QObject) -> None:
        super().__init__(parent)
        self.times: Mapping[int, TimeRange | None] = {}
        self.is_known = False
        self._source = QueueTimes(parts)
        self._asking = Asking(work, "queue-times", self)
        self._asking.answered.connect(self._answered)
        self._asking.refused.connect(lambda _problem: self._answered({}))
        self._next: tuple[dict[int, Wanted], Settings, Demo | None, tuple[str, ...]] | None = None

    @property
    def runs(self) -> int:
        """How many earlier runs tell the times: those of the job that has most."""
        return max((one.count for one in self.times.values() if one is not None), default=0)

    def ask(self, jobs: Mapping[int, Wanted], settings: Settings, demo: Demo | None, boards: Sequence[str]) -> None:
        """Find out how long these take, made one after the other in this order."""
        self._next = (dict(jobs), settings, demo, tuple(boards))
        if not self._asking.is_asking:
            self._begin()

    def _begin(self) -> None:
        wanted, self._next = self._next, None
        if wanted is None:
            return
        jobs, settings, demo, boards = wanted
        source = self._source

        def question(cancel: CancelToken) -> Mapping[int, TimeRange | None]:
            found = source.expected(list(jobs.values()), settings, demo, boards, cancel)
            return dict(zip(jobs, found, strict=True))

        self._asking.ask(question)

    def _answered(self, times: Mapping[int, TimeRange | None]) -> None:
        self.times, self.is_known = times, True
        self.changed.emit()
        self._begin()
