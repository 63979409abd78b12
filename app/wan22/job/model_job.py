"""Fetching several model files one after another, told as facts."""

from collections.abc import Callable

from wan22.comfy.fetch_plan import FetchItem, FetchPlan
from wan22.comfy.file_fetch import Fetched, FetchLimits, FetchProgress, FileFetch
from wan22.comfy.hash_cache import HashCache
from wan22.job.fetch_pace import FetchPace
from wan22.schema.model_file import (
    FetchOutcome,
    FetchPhase,
    ModelFetchAdvanced,
    ModelFetchEnded,
    ModelFetchStarted,
    ModelFileEnded,
)
from wan22.schema.panel_fact import PanelFact
from wan22.schema.problem import AppError, problem
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock

_NEWS_EVERY_S = 0.2


class ModelFetch:
    """Carries out a `FetchPlan`. `publish` gets the facts, in the thread of `run`: usually the bus.

    A file that does not come does not keep the next ones from coming, unless the disk is full. Use once.
    """

    def __init__(
        self,
        plan: FetchPlan,
        publish: Callable[[PanelFact], None],
        clock: Clock,
        hashes: HashCache,
        *,
        token: str | None = None,
        limits: FetchLimits | None = None,
    ) -> None:
        self._plan = plan
        self._publish = publish
        self._clock = clock
        self._hashes = hashes
        self._token = token
        self._limits = limits
        self._pace = FetchPace()
        self._all_done_bytes = 0
        self._received_bytes = 0
        self._totals: list[int | None] = [item.file.bytes for item in plan.items]
        self._told_s = float("-inf")
        self._phase: FetchPhase | None = None
        self._file_done_bytes = 0

    def run(self, cancel: CancelToken) -> ModelFetchEnded:
        """Fetch everything; blocks until it is done or `cancel` is set. Never raises for a file that does not come."""
        names = tuple(item.file.file for item in self._plan.items)
        self._publish(ModelFetchStarted(time_s=self._clock.now(), files=names, total_bytes=self._all_total()))
        ended: list[ModelFileEnded] = []
        for index in range(len(names)):
            ended.append(self._fetch(index, cancel))
            self._publish(ended[-1])
            found = ended[-1].problem
            if cancel.is_set or (found is not None and found.code == "disk_full"):
                break
        problems = [one.problem for one in ended if one.problem is not None]
        result = ModelFetchEnded(
            time_s=self._clock.now(),
            fetched=sum(one.outcome is FetchOutcome.fetched for one in ended),
            failed=len(names) - sum(one.outcome is FetchOutcome.fetched for one in ended),
            problem=problems[0] if problems else None,
        )
        self._publish(result)
        return result

    def _fetch(self, index: int, cancel: CancelToken) -> ModelFileEnded:
        item = self._plan.items[index]
        self._phase, self._file_done_bytes = None, 0
        fetch = FileFetch(
            item.file,
            item.url,
            item.target,
            self._clock,
            lambda progress: self._advance(item, index, progress),
            token=self._token,
            limits=self._limits,
        )
        try:
            fetched = fetch.run(cancel)
        except AppError as error:
            cancelled = error.problem.code == "cancelled"
            if cancelled:
                message = f"{item.file.file} was stopped on request; what has arrived is kept."
                error = AppError(problem("cancelled", message, hint="Fetch again, and it goes on from there."))
            outcome = FetchOutcome.cancelled if cancelled else FetchOutcome.failed
            self._all_done_bytes += self._file_done_bytes
            return ModelFileEnded(
                time_s=self._clock.now(),
                file=item.file.file,
                path=item.target,
                outcome=outcome,
                problem=error.problem,
            )
        return self._arrived(item, fetched)

    def _arrived(self, item: FetchItem, fetched: Fetched) -> ModelFileEnded:
        self._hashes.put(fetched.path, fetched.sha256)
        self._all_done_bytes += fetched.byte_count
        return ModelFileEnded(
            time_s=self._clock.now(),
            file=item.file.file,
            path=fetched.path,
            outcome=FetchOutcome.fetched,
            byte_count=fetched.byte_count,
            sha256=fetched.sha256,
            verified=fetched.verified,
            replaced=fetched.replaced,
        )

    def _advance(self, item: FetchItem, index: int, progress: FetchProgress) -> None:
        """Tell progress a few times a second; a change of phase at once."""
        now_s = self._clock.monotonic()
        changed = self._phase is not progress.phase
        if progress.phase is FetchPhase.receiving:
            self._received_bytes += max(progress.done_bytes - self._file_done_bytes, 0)
            self._pace.note(now_s, self._received_bytes)
        self._phase, self._file_done_bytes = progress.phase, progress.done_bytes
        if not changed and now_s - self._told_s < _NEWS_EVERY_S:
            return
        self._told_s = now_s
        self._totals[index] = progress.total_bytes
        all_done, all_total = self._all_done_bytes + progress.done_bytes, self._all_total()
        rate = self._pace.rate_bytes_s() if progress.phase is FetchPhase.receiving else None
        eta_s = (all_total - all_done) / rate if rate and all_total is not None else None
        self._publish(
            ModelFetchAdvanced(
                time_s=self._clock.now(),
                file=item.file.file,
                index=index + 1,
                count=len(self._plan.items),
                phase=progress.phase,
                done_bytes=progress.done_bytes,
                total_bytes=progress.total_bytes,
                all_done_bytes=all_done,
                all_total_bytes=all_total,
                rate_bytes_s=rate,
                eta_s=eta_s,
                note=progress.note,
            )
        )

    def _all_total(self) -> int | None:
        """Bytes of all files together; None as long as one is not known."""
        known = [total for total in self._totals if total is not None]
        return sum(known) if len(known) == len(self._totals) else None
