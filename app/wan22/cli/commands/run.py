"""`wan22 run`: one generation, start to finish."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from wan22 import wiring
from wan22.cli.commands.launch import COMFYUI, DEMO, DEMO_SPEED, FLAG, JSON, PORT, PROFILE, PYTHON, demo_choice
from wan22.cli.console import Console, console_from_flag
from wan22.cli.exit_codes import exit_code_for
from wan22.cli.interrupt import stop_on_signal
from wan22.cli.oom_consent import OnOom, consent_of
from wan22.cli.request_options import (
    HEIGHT,
    LENGTH,
    NEGATIVE,
    PREVIEWS,
    SIZE,
    WIDTH,
    WORKFLOW,
    number_of,
    seed_of,
    size_of,
    text_of,
)
from wan22.cli.run_printer import RunPrinter
from wan22.cli.run_report import print_summary
from wan22.job.ladder_job import LadderJob
from wan22.job.session import JobResult
from wan22.schema.problem import app_error
from wan22.schema.request import GenerationRequest
from wan22.schema.settings import Settings
from wan22.system.cancel import CancelToken

SEED = typer.Option("--seed", help="0 to 2^64-1; left out = drawn and recorded.")
URL = typer.Option("--url", help="Attach to this running ComfyUI instead; it is never stopped.")
ON_OOM = typer.Option("--on-oom", help="Out of GPU memory: gentler tries never, for the same video, any; or ask.")


def run(
    image: Annotated[Path | None, typer.Option("--image", "-i", help="Start image; left out = a sample.")] = None,
    prompt: Annotated[str | None, typer.Option("--prompt", help="What happens in the video.")] = None,
    negative: Annotated[str | None, NEGATIVE] = None,
    seed: Annotated[str | None, SEED] = None,
    size: Annotated[str | None, SIZE] = None,
    width: Annotated[int | None, WIDTH] = None,
    height: Annotated[int | None, HEIGHT] = None,
    length: Annotated[int | None, LENGTH] = None,
    workflow: Annotated[str, WORKFLOW] = "wan22_i2v_two_pass",
    profile: Annotated[str | None, PROFILE] = None,
    comfyui: Annotated[Path | None, COMFYUI] = None,
    python: Annotated[Path | None, PYTHON] = None,
    demo: Annotated[str | None, DEMO] = None,
    demo_speed: Annotated[float | None, DEMO_SPEED] = None,
    url: Annotated[str | None, URL] = None,
    port: Annotated[int | None, PORT] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="DIR", help="Folder for runs.")] = None,
    flag: Annotated[list[str] | None, FLAG] = None,
    gpu: Annotated[str, typer.Option("--gpu", help="Readings: nvml, replay:RUN, simulated:URL or none.")] = "nvml",
    previews: Annotated[bool, PREVIEWS] = False,
    on_oom: Annotated[OnOom, ON_OOM] = OnOom.ask,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Make one video and keep everything about it in a run folder.

    --comfyui (or the setting) starts ComfyUI from the profile and stops it again; --url uses a running one; --demo a
    simulated one. Ctrl-C stops the job and whatever was started."""
    console = console_from_flag(as_json)
    _refuse_start_options(url, flag, port, python)
    size_width, size_height = size_of(size, width, height)
    stand_in = demo_choice(demo, demo_speed)
    _refuse_two_servers(comfyui, url, stand_in)
    settings = wiring.settings(
        {"comfyui": comfyui, "python": python, "url": url, "profile": profile, "port": port, "output": output},
        choice=("comfyui", "url"),
    )
    request = GenerationRequest(
        workflow=text_of("--workflow", workflow) or "",
        image=image or wiring.sample_image(),
        prompt=text_of("--prompt", prompt),
        negative=text_of("--negative", negative),
        seed=seed_of(seed),
        width=number_of("--width", size_width, 16, 16384),
        height=number_of("--height", size_height, 16, 16384),
        length=number_of("--length", length, 1, 16384),
        previews=previews,
    )
    # Before 0.4 ComfyUI sends previews only when it was started with a method; later ones ask each job.
    preview_flags = ("--preview-method", "auto") if previews and settings.url is None and stand_in is None else ()
    job = wiring.ladder_job(
        settings,
        parts := wiring.parts(),
        partial(consent_of, on_oom, console),
        failed=partial(_say_failed, console),
        extra_flags=(*(flag or ()), *preview_flags),
        gpu=gpu,
        demo=stand_in,
    )
    _run(console, settings, parts, job, request)


def _refuse_two_servers(comfyui: Path | None, url: str | None, stand_in: wiring.Demo | None) -> None:
    if comfyui is not None and url is not None:
        raise app_error("bad_argument", "--comfyui and --url exclude each other: start one, or attach to one.")
    if stand_in is not None and (comfyui is not None or url is not None):
        raise app_error("bad_argument", "--demo takes the place of --comfyui and --url: give only one of them.")


def _run(console: Console, settings: Settings, parts: wiring.Parts, job: LadderJob, request: GenerationRequest) -> None:
    """Run the job under the eyes of the console; a failure ends the program with its exit code."""
    cancel = CancelToken()
    printer = RunPrinter(console, parts.bus, parts.clock, partial(wiring.usual_times, wiring.runs_folder(settings)))
    with stop_on_signal(cancel, partial(_say_stopping, console)), printer:
        result = job.run(request, cancel)
    summary = wiring.summarise(result.folder)
    if not console.as_json:
        print_summary(console, result.manifest, summary, result.folder.path)
    if result.problem is not None:
        console.problem(result.problem)
        raise typer.Exit(exit_code_for(result.problem))


def _say_failed(console: Console, result: JobResult) -> None:
    """A try that a gentler one follows; with `--json` its run and its facts say the same."""
    wiring.summarise(result.folder)
    if not console.as_json and result.problem is not None:
        console.text(f"✕ {result.problem.message}")
        console.text(f"  run     {result.folder.path}")


def _say_stopping(console: Console) -> None:
    console.text("Stopping … (Ctrl-C again to leave at once)")


def _refuse_start_options(url: str | None, *given: object) -> None:
    """`--flag`, `--port` and `--python` beside `--url` are a misunderstanding that should not pass in silence."""
    if url is not None and any(given):
        message = "--flag, --port and --python are for a ComfyUI that is started here: with --url they do nothing."
        raise app_error("bad_argument", message, hint="Leave them out.")
