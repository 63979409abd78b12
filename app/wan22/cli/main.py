"""The command line: registers the commands and turns every ending into an exit code."""

import logging
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

import wan22
from wan22.cli.commands import (
    audit,
    checklist,
    diagnostics,
    export,
    launch,
    models,
    monitor,
    nodes,
    profiles,
    queue,
    runs,
    workflow,
)
from wan22.cli.commands import run as run_command
from wan22.cli.commands import start as start_command
from wan22.cli.commands import window as window_command
from wan22.cli.console import Console
from wan22.cli.exit_codes import ExitCode, exit_code_for
from wan22.demo.scenario import DEFAULT_SCENARIO
from wan22.schema.problem import AppError, problem
from wan22.system.log_setup import install_hooks, start_fault_log, start_log
from wan22.system.paths import user_folders
from wan22.system.standard_streams import use_utf8_when_redirected

BAD_LINE = "The command line is not usable; standard error says why."

app = typer.Typer(
    name="wan22",
    help="Wan 2.2 image-to-video in ComfyUI: launch, generate, measure. Every command has its own --help.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("start")(start_command.start)
app.command("window")(window_command.window)
app.command("run")(run_command.run)
app.command("launch")(launch.launch)
app.command("monitor")(monitor.monitor)
app.command("diagnostics")(diagnostics.diagnostics)
app.add_typer(audit.app, name="audit")
app.add_typer(checklist.app, name="checklist")
app.add_typer(export.app, name="export")
app.add_typer(models.app, name="models")
app.add_typer(nodes.app, name="nodes")
app.add_typer(profiles.app, name="profiles")
app.add_typer(queue.app, name="queue")
app.add_typer(runs.app, name="runs")
app.add_typer(workflow.app, name="workflow")


def _version(value: bool) -> None:
    if value:
        sys.stdout.write(f"wan22 {wan22.__version__}\n")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Wan 2.2 image-to-video in ComfyUI: launch, generate, measure."""


def program(arguments: Sequence[str]) -> int:
    """As `run`, for a process of its own: with a log file, and with hooks that turn a crash into words."""
    use_utf8_when_redirected()
    console = Console(as_json="--json" in arguments)
    install_hooks(console.problem)
    folder = user_folders(os.environ).log
    try:
        start_log(folder)
        start_fault_log(folder)
    except AppError as error:  # a log that cannot be written is no reason not to work
        logging.getLogger(__name__).info("no log file: %s", error)
    return run(arguments)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; an expected failure is printed as a problem."""
    as_json = "--json" in arguments
    words = [f"--demo={DEFAULT_SCENARIO}" if word == "--demo" else word for word in arguments]
    try:
        # Calling `app` itself would put Typer's own excepthook over the one that turns a crash into words.
        typer.main.get_command(app).main(args=words, prog_name="wan22")
    except SystemExit as end:
        if end.code == ExitCode.usage and as_json:  # the parser has said on stderr what is wrong
            Console(as_json=True).json({"kind": "problem", "problem": problem("bad_argument", BAD_LINE)})
        return end.code if isinstance(end.code, int) else (ExitCode.ok if end.code is None else ExitCode.internal)
    except AppError as error:
        Console(as_json=as_json).problem(error.problem)
        return exit_code_for(error.problem)
    except KeyboardInterrupt:
        return ExitCode.cancelled
    return ExitCode.ok
