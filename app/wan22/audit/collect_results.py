"""The newest runs with their times."""

from wan22.audit.source import AuditSources, Found
from wan22.runs.catalog import list_runs
from wan22.runs.summary import load_summary
from wan22.schema.audit import ResultFacts
from wan22.schema.problem import AppError
from wan22.schema.run import RunManifest
from wan22.system.cancel import CancelToken

RESULTS_SHOWN = 10


def collect_results(sources: AuditSources, cancel: CancelToken) -> Found:
    """`ResultFacts`, the newest first. AppError `file_unreadable`, `cancelled`."""
    entries = [entry for entry in list_runs(sources.runs_root) if entry.manifest is not None][:RESULTS_SHOWN]
    results, reasons = [], {}
    for number, entry in enumerate(entries):
        cancel.raise_if_set()
        manifest = entry.manifest
        assert manifest is not None
        total_s = None
        try:
            total_s = load_summary(entry.folder).total_s
        except AppError as error:
            reasons[f"{number}.total_s"] = error.problem.message
        results.append(
            ResultFacts(
                run_id=manifest.run_id,
                started_s=manifest.started_s,
                outcome=manifest.outcome.value if manifest.outcome is not None else None,
                total_s=total_s,
                job=_job(manifest),
                profile=manifest.profile,
                simulated=manifest.simulated,
            )
        )
    return Found(tuple(results), reasons)


def _job(manifest: RunManifest) -> str | None:
    key = manifest.target_key
    if key is None:
        return None
    interpolation = "" if key.interpolation == "none" else f", {key.interpolation}"
    return f"{key.width} × {key.height}, {key.length} frames, {key.steps} steps{interpolation}"  # noqa: RUF001
