"""What a job that goes on may be compared with, and what its times mean so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wan22.runs.own_band import OwnBand, Usual
from wan22.runs.verdict import verdicts
from wan22.schema.events import Role
from wan22.schema.panel_fact import PanelFact
from wan22.schema.profile import Target
from wan22.schema.run import RunManifest
from wan22.schema.summary import RunSummary, StageTiming
from wan22.schema.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class RunExpected(PanelFact):
    """Usual stage times, target bands and this machine's own band for the job of one run."""

    manifest: RunManifest
    usual: Mapping[Role, Usual] = field(default_factory=dict)
    targets: Sequence[Target] = ()
    own_band: OwnBand | None = None

    def verdicts(self, stages: Sequence[StageTiming]) -> tuple[Verdict, ...]:
        """Verdicts on the times so far; of what is not over yet they carry the band alone."""
        so_far = RunSummary(run_id=self.manifest.run_id, simulated=self.manifest.simulated, stages=tuple(stages))
        return verdicts(so_far, self.manifest, self.targets, self.own_band)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunJudged(PanelFact):
    """A run is over and its folder closed."""

    folder: str
    manifest: RunManifest
    summary: RunSummary
    outputs: tuple[str, ...] = ()
