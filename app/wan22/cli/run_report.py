"""What is said at the end of a run."""

from pathlib import Path

from wan22.cli.console import Console
from wan22.runs.summary import CACHED_PASS
from wan22.schema.duration_text import measured
from wan22.schema.events import PromptOutcome
from wan22.schema.run import RunManifest
from wan22.schema.summary import RunSummary
from wan22.schema.verdict import Level

GLYPHS = {
    Level.excellent: "✓",
    Level.good: "✓",
    Level.slow: "!",
    Level.no_target: "?",
    Level.unknown: "?",
}


def print_summary(console: Console, manifest: RunManifest, summary: RunSummary, folder: Path) -> None:
    """Total, verdicts and where everything lies."""
    if summary.simulated:
        console.text("SIMULATED: nothing of this was measured on a real GPU.", style="bold")
    if manifest.outcome is PromptOutcome.success:
        server = f" · server says {measured(summary.server_total_s)}" if summary.server_total_s is not None else ""
        console.text(f"Done in {measured(summary.total_s)}{server}", style="bold")
        for line in dict.fromkeys(f"  {GLYPHS[verdict.level]} {verdict.text}" for verdict in summary.verdicts):
            console.text(line)
    if CACHED_PASS in summary.notes:
        console.text(f"  ! {CACHED_PASS}")
    for output in summary.outputs:
        console.text(f"  video   {folder / output}")
    console.text(f"  run     {folder}")
