"""One run with everything that the panel beside the list shows: read in a thread."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtGui import QImage

from wan22.runs.layout import RunFolder
from wan22.runs.reader import StoredRun, open_run
from wan22.runs.run_index import result_of
from wan22.runs.state import reduce_all
from wan22.runs.summary import load_summary
from wan22.schema.duration_text import measured
from wan22.schema.events import LaunchProved, PromptOutcome
from wan22.schema.run_row import RunRow
from wan22.schema.server import LaunchClaim
from wan22.schema.summary import RunSummary
from wan22.schema.verdict import Verdict
from wan22.ui.state.history_words import job_text, pass_text
from wan22.ui.state.result_file import is_video
from wan22.ui.state.run_end import ChipText, end_chips, simulated_chip
from wan22.ui.state.stage_row import StageRow
from wan22.ui.state.stage_rows import stage_rows


@dataclass(frozen=True, slots=True)
class HistoryDetails:
    """`video`: the result, if it is a film that is there; `picture`: if it is a still one."""

    stored: StoredRun
    summary: RunSummary
    video: Path | None
    claims: tuple[LaunchClaim, ...]
    picture: QImage | None = None

    def rows(self, said: Sequence[Verdict]) -> list[StageRow]:
        """Its stages."""
        return stage_rows(self.summary.stages, None, {}, said, self.stored.manifest.outcome)

    def chips(self, said: Sequence[Verdict]) -> tuple[ChipText, ...]:
        """What its times mean, and the mark of a simulation."""
        is_done = self.stored.manifest.outcome is PromptOutcome.success
        summary = self.summary.model_copy(update={"verdicts": tuple(said)})
        chips = end_chips(reduce_all(self.stored.events), summary) if is_done else ()
        is_marked = any(chip.word == simulated_chip().word for chip in chips)
        return (simulated_chip(), *chips) if self.stored.manifest.simulated and not is_marked else chips


def read_details(folder: RunFolder) -> HistoryDetails:
    """Read a run. Errors: as `reader.open_run` and `summary.load_summary`."""
    stored = open_run(folder)
    summary = load_summary(folder)
    result = result_of(folder, summary.outputs)
    path = folder.path / result if result is not None else None
    proved = [event.claims for event in stored.events if isinstance(event, LaunchProved)]
    claims = proved[-1] if proved else ()
    if path is None or is_video(path):
        return HistoryDetails(stored, summary, path, claims)
    picture = QImage(str(path))
    return HistoryDetails(stored, summary, None, claims, None if picture.isNull() else picture)


def fact_rows(row: RunRow, details: HistoryDetails | None) -> list[tuple[str, str]]:
    """Names and values of a run; what is not known is not listed, but for the times."""
    found = [("Prompt", row.prompt), ("Job", job_text(row, with_seed=False))]
    found += [("Seed", "" if row.seed is None else str(row.seed)), ("Workflow", row.workflow)]
    if row.interpolation != "none":
        found.append(("Interpolation", row.interpolation.upper()))
    found += [("GPU", row.board), ("Profile", row.profile)]
    if details is not None:
        manifest = details.stored.manifest
        stats = manifest.server.stats if manifest.server is not None else None
        if stats is not None:
            versions = (("ComfyUI", stats.system.comfyui_version), ("PyTorch", stats.system.pytorch_version))
            found.append(("Server", " · ".join(f"{name} {version}" for name, version in versions if version)))
        found.append(("Whole job", measured(details.summary.total_s)))
        found.append(("Passes", pass_text(row)))
        found += [("Worth knowing", note) for note in details.summary.notes]
    found.append(("Run", row.run_id))
    return [(name, value) for name, value in found if value]
