"""What the times of many runs mean, judged together: each against its target, or against those before it. Pure."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from wan22.runs.catalog import BAND_RUNS
from wan22.runs.own_band import OwnBand, band_from_runs
from wan22.runs.verdict import verdicts
from wan22.schema.profile import Target
from wan22.schema.run import RunManifest, TelemetryIdentity
from wan22.schema.run_row import RunRow
from wan22.schema.summary import RunSummary
from wan22.schema.verdict import Level, TargetKey, Verdict

_Job = tuple[TargetKey, str]


def judged_rows(rows: Sequence[RunRow], targets: Sequence[Target] = ()) -> Mapping[str, tuple[Verdict, ...]]:
    """Verdicts by the run's id, the same as one by one; a run that has nothing to be judged by has none."""
    before = _Baselines(rows)
    found: dict[str, tuple[Verdict, ...]] = {}
    for row in rows:
        if row.started_s is None or row.target_key is None or not row.stages:
            continue
        judged = verdicts(_summary(row), _manifest(row), targets, before.band(row))
        said = tuple(verdict for verdict in judged if verdict.level is not Level.no_target)
        if said:
            found[row.run_id] = said
    return found


def level_of(said: Sequence[Verdict]) -> Level | None:
    """One word for a run: slow if anything of it was slow, else the lesser of what was measured; None = no target."""
    levels = {verdict.level for verdict in said}
    return next((level for level in (Level.slow, Level.good, Level.excellent) if level in levels), None)


class _Baselines:
    """Runs that may say what is usual, by job and board, in order of time."""

    def __init__(self, rows: Sequence[RunRow]) -> None:
        self._times: dict[_Job, list[float]] = {}
        self._summaries: dict[_Job, list[RunSummary]] = {}
        for row in sorted((one for one in rows if one.is_baseline), key=lambda one: one.started_s or 0.0):
            job = _job(row)
            if job is not None and row.started_s is not None:
                self._times.setdefault(job, []).append(row.started_s)
                self._summaries.setdefault(job, []).append(_summary(row))

    def band(self, row: RunRow) -> OwnBand | None:
        """What was usual when the run began, from the newest 30 before it."""
        job = _job(row)
        times = self._times.get(job, []) if job is not None else []
        end = bisect_left(times, row.started_s or 0.0)
        if job is None or end == 0:
            return None
        return band_from_runs(*job, self._summaries[job][max(0, end - BAND_RUNS) : end])


def _job(row: RunRow) -> _Job | None:
    return (row.target_key, row.gpu_uuid) if row.target_key is not None and row.gpu_uuid is not None else None


def _summary(row: RunRow) -> RunSummary:
    return RunSummary(
        run_id=row.run_id, outcome=row.outcome, simulated=row.simulated, total_s=row.total_s, stages=row.stages
    )


def _manifest(row: RunRow) -> RunManifest:
    return RunManifest(
        app_version="",
        run_id=row.run_id,
        created_at="",
        started_s=row.started_s or 0.0,
        outcome=row.outcome,
        simulated=row.simulated,
        target_key=row.target_key,
        telemetry=TelemetryIdentity(gpu_uuid=row.gpu_uuid),
    )
