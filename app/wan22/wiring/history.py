"""Stored runs: summaries with verdicts, usual times, import."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wan22.comfy.client import Message
from wan22.comfy.graph_edit import parameters_from_graph
from wan22.comfy.messages import FactReader
from wan22.comfy.roles import roles_from_graph, steps_of_pass
from wan22.comfy.server_errors import problem_from_execution_error
from wan22.job.eta import usual_from_runs
from wan22.runs.catalog import baseline_runs, own_band, played_runs
from wan22.runs.layout import RunFolder
from wan22.runs.own_band import Usual
from wan22.runs.reader import open_run, read_manifest
from wan22.runs.recording_import import Conversions, FactsFromMessage, import_path
from wan22.runs.summary import summary_of, write_summary
from wan22.runs.verdict import verdicts
from wan22.schema.events import AnyEvent, Role
from wan22.schema.run import RunManifest
from wan22.schema.summary import RunSummary
from wan22.wiring.parts import profile_store


def summarise(folder: RunFolder) -> RunSummary:
    """The summary of a run with its verdicts; the cache is written beside the run."""
    stored = open_run(folder)
    summary = summary_of(stored)
    write_summary(folder, summary)
    return judged(stored.manifest, summary, folder.path.parent)


def judged(manifest: RunManifest, summary: RunSummary, root: Path) -> RunSummary:
    """`summary` with verdicts: against the profiles' targets, or against this machine's own earlier runs."""
    key, uuid = manifest.target_key, manifest.telemetry.gpu_uuid
    band = own_band(root, key, uuid, before_s=manifest.started_s) if key is not None and uuid is not None else None
    found = verdicts(summary, manifest, profile_store().targets(), band)
    return summary.model_copy(update={"verdicts": found})


def usual_times(root: Path, run_id: str) -> Mapping[Role, Usual]:
    """Usual stage times of the job of a run that goes on: earlier healthy runs of the job on the board.

    A simulated run is compared with simulated ones of the same stand-in alone.
    """
    manifest = read_manifest(RunFolder(root / run_id))
    key, uuid = manifest.target_key, manifest.telemetry.gpu_uuid
    if key is None or uuid is None:
        return {}
    if manifest.simulated:
        return usual_from_runs(played_runs(root, manifest))
    return usual_from_runs(baseline_runs(root, key, uuid, before_s=manifest.started_s))


def import_recording(path: Path, destination: Path) -> list[RunFolder]:
    """Recordings or run folders under `path`, as run folders under `destination`."""
    conversions = Conversions(
        fact_reader=_fact_reader,
        roles_from_graph=roles_from_graph,
        steps_of_pass=steps_of_pass,
        parameters_from_graph=parameters_from_graph,
        problem_from_error=problem_from_execution_error,
    )
    return import_path(path, destination, conversions)


def _fact_reader(prompt_id: str) -> FactsFromMessage:
    reader = FactReader(prompt_id)

    def facts(time_s: float, kind: str, data: Mapping[str, Any]) -> tuple[AnyEvent, ...]:
        return reader.facts(Message(time_s=time_s, type=kind, data=data))

    return facts
