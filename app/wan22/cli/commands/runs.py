"""`wan22 runs`: what is on disk: list, show, verify, import; `run_keep` has the rest."""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from wan22 import wiring
from wan22.cli.commands import run_keep
from wan22.cli.commands.run_list import chosen_filter, outcome_text, print_list, size_text
from wan22.cli.console import Console, console_from_flag
from wan22.cli.exit_codes import ExitCode
from wan22.cli.run_report import GLYPHS
from wan22.runs.catalog import find_run, list_runs
from wan22.runs.layout import RunFolder
from wan22.runs.reader import StoredRun, open_run
from wan22.runs.run_filter import Ending, RunOrder
from wan22.runs.summary import board_name, summary_of
from wan22.runs.verify import verify_run
from wan22.schema.duration_text import measured
from wan22.schema.events import LaunchProved, ProblemFound, PromptOutcome
from wan22.schema.problem import Severity, app_error
from wan22.schema.run import RunManifest
from wan22.schema.server import Proof
from wan22.schema.summary import GpuSummary, RunSummary, StageTiming
from wan22.system.child_command import self_command
from wan22.system.detached_start import start_detached
from wan22.system.display import window_obstacle
from wan22.system.paths import user_folders
from wan22.wiring.run_history import import_any, run_history

app = typer.Typer(no_args_is_help=True, help="Runs on disk: list, show, verify, note, export, import.")

FOLDER = typer.Option("--output", "-o", metavar="DIR", help="Folder for runs, if it is not the usual one.")
JSON = typer.Option("--json", help="Print JSON, one document a line.")
RUN = typer.Argument(metavar="RUN", help='Name of a run, the beginning of it, its folder, or "last".')


@app.command("list")
def list_command(
    output: Annotated[Path | None, FOLDER] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="Only the first so many; 0 = all.")] = 0,
    text: Annotated[
        str, typer.Option("--filter", "-f", metavar="WORDS", help="Words in title, prompt, note, profile or board.")
    ] = "",
    ending: Annotated[list[Ending] | None, typer.Option("--ending", help="How they ended; can be repeated.")] = None,
    starred: Annotated[bool, typer.Option("--starred", help="Only those with a star.")] = False,
    no_simulated: Annotated[bool, typer.Option("--no-simulated", help="Without those of the demo.")] = False,
    board: Annotated[str, typer.Option("--board", metavar="NAME", help="A part of the GPU's name.")] = "",
    since: Annotated[str, typer.Option("--since", metavar="DAY", help="From that day on, as 2026-11-25.")] = "",
    until: Annotated[str, typer.Option("--until", metavar="DAY", help="Up to that day, itself included.")] = "",
    sort: Annotated[RunOrder, typer.Option("--sort", help="Which come first.")] = RunOrder.newest,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """List runs, the newest first; runs that cannot be read are named with the reason."""
    wanted = chosen_filter(
        text, ending or (), starred=starred, no_simulated=no_simulated, board=board, since=since, until=until
    )
    history = run_history(_root(output), user_folders(os.environ))
    print_list(console_from_flag(as_json), history, wanted, sort, limit, as_json=as_json)


@app.command("show")
def show(
    run: Annotated[str, RUN],
    output: Annotated[Path | None, FOLDER] = None,
    window: Annotated[bool, typer.Option("--window", help="Open it in the window, with its curves.")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Show one run: times of its stages, what they mean where a target fits, what the GPU did, what went wrong."""
    console = console_from_flag(as_json)
    root = _root(output)
    stored = open_run(find_run(root, run))
    if window:
        _open_window(console, stored.folder, as_json=as_json)
        return
    summary = wiring.judged(stored.manifest, summary_of(stored), root)
    if as_json:
        console.json({"manifest": stored.manifest, "summary": summary})
        return
    _print_head(console, stored, summary)
    _print_stages(console, summary)
    _print_gpu(console, stored.manifest, summary)
    _print_verdicts(console, summary)
    _print_found(console, stored, summary)


@app.command("verify")
def verify(
    runs: Annotated[list[str] | None, typer.Argument(metavar="[RUN]...", help="Left out = all runs.")] = None,
    output: Annotated[Path | None, FOLDER] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Check that runs hold together: log, stages, outputs, readings, cache. The exit code is 10 if one does not."""
    console = console_from_flag(as_json)
    root = _root(output)
    folders = [find_run(root, run) for run in runs] if runs else [entry.folder for entry in list_runs(root)]
    broken = 0
    for folder in folders:
        problems = verify_run(folder)
        errors = [found for found in problems if found.severity is Severity.error]
        broken += bool(errors)
        if as_json:
            console.json({"run": folder.run_id, "ok": not errors, "problems": problems})
            continue
        console.text(f"{'✕' if errors else '!' if problems else '✓'} {folder.run_id}")
        for found in problems:
            console.text(f"    {'✕' if found.severity is Severity.error else '!'} {found.message} [{found.code}]")
    if not folders:
        console.text(f"There is no run in {root} yet. `wan22 run` makes one.")
    if broken:
        raise typer.Exit(ExitCode.run)


@app.command("import")
def import_command(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...", help="Exported runs, run folders, folders of recordings, or *.messages.jsonl."
        ),
    ],
    output: Annotated[Path | None, FOLDER] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Bring runs from elsewhere here: exported ones, run folders, and recordings, which become run folders."""
    console = console_from_flag(as_json)
    root = _root(output)
    for path in paths:
        for folder in import_any(path, root):
            problems = verify_run(folder)
            if as_json:
                console.json({"run": folder.run_id, "folder": str(folder.path), "problems": problems})
                continue
            console.text(f"✓ {folder.run_id}")
            for found in problems:
                console.text(f"    ! {found.message} [{found.code}]")


@app.command("path")
def path_command(run: Annotated[str, RUN], output: Annotated[Path | None, FOLDER] = None) -> None:
    """Print the folder of a run, for use in scripts."""
    Console().text(str(find_run(_root(output), run).path))


run_keep.add_to(app)


def _open_window(console: Console, folder: RunFolder, *, as_json: bool) -> None:
    """Start the window on a run, as a process of its own. Raises AppError `window_unavailable`."""
    obstacle = window_obstacle(os.environ, sys.platform)
    if obstacle is not None:
        raise app_error("window_unavailable", f"The window cannot be opened: {obstacle}")
    pid = start_detached(self_command("window", "--show", str(folder.path)))
    if as_json:
        console.json({"run": folder.run_id, "window_pid": pid})
    else:
        console.text(f"The window opens on run {folder.run_id}.")


def _root(output: Path | None) -> Path:
    return output.absolute() if output is not None else wiring.runs_folder()


def _print_head(console: Console, stored: StoredRun, summary: RunSummary) -> None:
    manifest, job = stored.manifest, stored.manifest.parameters
    if summary.simulated:
        console.text("SIMULATED: nothing of this was measured on a real GPU.", style="bold")
    console.text(
        f"{manifest.title or manifest.run_id} · {outcome_text(manifest.outcome, incomplete=manifest.incomplete)}",
        style="bold",
    )
    began = datetime.fromtimestamp(manifest.started_s, UTC).astimezone()
    origin = " · imported" if manifest.origin == "imported" else ""
    console.text(f"  run     {stored.folder.path}")
    console.text(f"  began   {began:%Y-%m-%d %H:%M:%S}{origin}")
    if job is not None:
        parts = [size_text(job.width, job.height, job.length)]
        parts += [f"{job.steps} steps"] if job.steps is not None else []
        parts += [f"CFG {job.cfg:g}"] if job.cfg is not None else []
        parts += [f"shifts {'/'.join(f'{shift:g}' for shift in job.shifts)}"] if job.shifts else []
        parts += [f"seed {job.seed}"] if job.seed is not None else []
        parts += [f"interpolation {job.interpolation}"] if job.interpolation != "none" else []
        console.text(f"  job     {' · '.join(parts)}")
    stats = manifest.server.stats if manifest.server is not None else None
    if stats is not None:
        found = (
            f"ComfyUI {stats.system.comfyui_version or 'unknown'} · torch {stats.system.pytorch_version or 'unknown'}"
        )
        console.text(f"  server  {found} · {board_name(manifest) or 'no GPU'}")
    server = f" · server says {measured(summary.server_total_s)}" if summary.server_total_s is not None else ""
    console.text(f"  total   {measured(summary.total_s)}{server}")


def _print_stages(console: Console, summary: RunSummary) -> None:
    if summary.stages:
        columns = ("stage", "time>", "load>", "steps", "step>", "tail>", "")
        console.table("", columns, [_stage_row(stage) for stage in summary.stages])
    else:
        succeeded = summary.outcome is PromptOutcome.success
        console.text("  Its stages are not known." if succeeded else "  The job was never begun.")


def _stage_row(stage: StageTiming) -> tuple[str, ...]:
    steps = f"{stage.steps_done}/{stage.steps_total}" if stage.steps_total else ""
    mean_s = sum(stage.step_s) / len(stage.step_s) if stage.step_s else None
    remark = "cached" if stage.cached else "" if stage.complete else "not whole" if stage.started_s else "not reached"
    return (
        stage.role.value.replace("_", " "),
        measured(stage.seconds),
        "" if stage.load_s is None else f"~{measured(stage.load_s)}",
        steps,
        "" if mean_s is None else measured(mean_s),
        "" if stage.tail_s is None else measured(stage.tail_s),
        remark,
    )


def _print_gpu(console: Console, manifest: RunManifest, summary: RunSummary) -> None:
    if summary.gpu is None:
        reason = manifest.telemetry.reason
        console.text("  GPU     no readings" + (f": {reason}" if reason else ""))
        return
    console.text("  GPU     " + " · ".join(_gpu_parts(summary.gpu)))
    shares = [
        f"{name.replace('_', ' ')} {share:.0%}" for name, share in summary.gpu.limiter_share.items() if share >= 0.005
    ]
    if summary.gpu.limiter_source:
        source = "the driver's counters" if summary.gpu.limiter_source == "counters" else "the readings"
        found = f"{', '.join(shares)} of the sampling time" if shares else "none at work while sampling"
        console.text(f"  limits  {found}, by {source}")


def _gpu_parts(gpu: GpuSummary) -> Iterator[str]:
    """What is known, in words; nothing stands for what is not known."""
    if gpu.power_median_w is not None:
        of = f" of {gpu.power_limit_w:.0f} W" if gpu.power_limit_w is not None else ""
        yield f"{gpu.power_median_w:.0f} W{of}"
    if gpu.utilization_median_pct is not None:
        yield f"{gpu.utilization_median_pct:.0f} % busy"
    if gpu.sm_clock_median_mhz is not None:
        yield f"{gpu.sm_clock_median_mhz:.0f} MHz"
    if gpu.temperature_peak_c is not None:
        yield f"up to {gpu.temperature_peak_c:.0f} °C"
    if gpu.memory_peak_bytes is not None:
        yield f"up to {gpu.memory_peak_bytes / 2**30:.1f} GiB"
    if gpu.energy_wh is not None:
        source = "counter" if gpu.energy_source == "counter" else "from power"
        job = f", {gpu.energy_job_wh:.2f} Wh for the job" if gpu.energy_job_wh is not None else ""
        yield f"{gpu.energy_wh:.2f} Wh for both passes{job} ({source})"
    yield f"{gpu.sampling_count} readings while sampling"


def _print_verdicts(console: Console, summary: RunSummary) -> None:
    """One line a judgement; the same sentence for several times is said once."""
    lines = dict.fromkeys(f"  {GLYPHS[verdict.level]} {verdict.text}" for verdict in summary.verdicts)
    for line in lines:
        console.text(line)


def _print_found(console: Console, stored: StoredRun, summary: RunSummary) -> None:
    for event in stored.events:
        if isinstance(event, ProblemFound):
            console.text(f"  {'✕' if event.fatal else '!'} {event.problem.message} [{event.problem.code}]")
            if event.problem.hint:
                console.text(f"      {event.problem.hint}")
        elif isinstance(event, LaunchProved):
            for claim in event.claims:
                if claim.proof is Proof.refuted:
                    console.text(f"  ✕ {claim.name}: expected {claim.expected}, found {claim.found}. {claim.reason}")
    for note in summary.notes:
        console.text(f"  ! {note}")
    for path in summary.outputs:
        console.text(f"  video   {stored.folder.path / path}")
