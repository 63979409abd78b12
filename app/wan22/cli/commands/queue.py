"""`wan22 queue`: the jobs that wait, and working them off without a window."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from wan22 import wiring
from wan22.cli.commands.launch import COMFYUI, DEMO, DEMO_SPEED, JSON, PORT, PROFILE, PYTHON, demo_choice
from wan22.cli.commands.queue_add import add_jobs
from wan22.cli.console import Console, as_started, console_from_flag
from wan22.cli.exit_codes import ExitCode, exit_code_for
from wan22.cli.queue_text import job_lines, left_words, state_word, waiting_words
from wan22.cli.queue_work import Worked, work_off
from wan22.runs.queue_store import QueueStore
from wan22.schema.problem import AppError, app_error
from wan22.schema.queue import OVER, JobState, QueuedJob
from wan22.system.cancel import CancelToken
from wan22.wiring.desk import ServerChoice
from wan22.wiring.queue import queue_store

app = typer.Typer(no_args_is_help=True, help="The queue: list, add, change, and work it off without a window.")

JOBS = typer.Argument(metavar="JOB…", help="Numbers of jobs, as `wan22 queue list` shows them.")


class Place(Enum):
    """Where a waiting job goes."""

    first = "first"
    last = "last"
    up = "up"
    down = "down"


class Which(Enum):
    """Which jobs are cleared."""

    finished = "finished"
    waiting = "waiting"
    all = "all"


_CLEARED = {
    Which.finished: tuple(OVER),
    Which.waiting: (JobState.waiting,),
    Which.all: (*OVER, JobState.waiting),
}


@app.command("list")
def list_command(as_json: Annotated[bool, JSON] = False) -> None:
    """All jobs: what is at work, what waits in its order, then what is over, the newest first."""
    console = console_from_flag(as_json)
    with _opened() as store:
        jobs, lost, is_paused = store.jobs(), store.lost(), store.is_paused
    shown = [_as_it_is(job, lost) for job in jobs]
    if as_json:
        for job in shown:
            console.json({"kind": "queue_job", "paused": is_paused, "job": job.model_dump(mode="json")})
        return
    if not jobs:
        hint = as_started("wan22 queue add --image PICTURE --prompt TEXT")
        console.text(f"The queue is empty. `{hint}` adds a job.")
        return
    for line in job_lines(shown):
        console.text(line)
    console.text(left_words(shown, is_paused=is_paused))


def _as_it_is(job: QueuedJob, lost: frozenset[int]) -> QueuedJob:
    """A job whose program has died is interrupted, even before somebody has written that down."""
    return job.model_copy(update={"state": JobState.interrupted}) if job.job_id in lost else job


app.command("add")(add_jobs)


@app.command("pause")
def pause() -> None:
    """Begin nothing new, in any window or program; the job at work goes on."""
    with _opened() as store:
        store.pause(True)
        running = len(store.jobs(JobState.running)) - len(store.lost())
    after = "; the job at work is still brought to its end" if running else ""
    Console().text(f"Paused: nothing new is begun{after}. `{as_started('wan22 queue resume')}` goes on.")


@app.command("resume")
def resume() -> None:
    """Let a paused queue go on; whoever works on it begins the next job by itself."""
    with _opened() as store:
        was_paused = store.is_paused
        store.pause(False)
        waiting = len(store.jobs(JobState.waiting))
    console = Console()
    console.text("The queue goes on." if was_paused else "The queue was not paused.")
    if waiting:
        console.text(f"{waiting_words(waiting)} for a window, or for `{as_started('wan22 queue run')}`.")


@app.command("remove")
def remove(jobs: Annotated[list[int], JOBS]) -> None:
    """Take jobs out of the queue; the runs that were made of them stay."""

    def work(store: QueueStore, found: list[QueuedJob]) -> str:
        busy = [job for job in found if job.state is JobState.running and job.job_id not in store.lost()]
        if busy:
            message = f"Job {busy[0].job_id} is at work, so it cannot be removed."
            raise app_error("job_not_waiting", message, hint="Stop it where it runs first.", job=busy[0].job_id)
        store.recover()
        store.remove([job.job_id for job in found])
        return f"Removed {_counted(len(found), 'job')}."

    _change(jobs, work)


@app.command("retry")
def retry(jobs: Annotated[list[int], JOBS]) -> None:
    """Let jobs that are over wait once more, at the end, with everything as it was."""

    def work(store: QueueStore, found: list[QueuedJob]) -> str:
        store.recover()
        open_jobs = [job.job_id for job in map(store.job, (one.job_id for one in found)) if job.state not in OVER]
        if open_jobs:
            message = f"Job {open_jobs[0]} is not over, so there is nothing to retry."
            raise app_error("bad_argument", message, hint="Look at `wan22 queue list`.", job=open_jobs[0])
        store.again([job.job_id for job in found])
        return f"{waiting_words(len(found))} again."

    _change(jobs, work)


@app.command("move")
def move(
    job: Annotated[int, typer.Argument(metavar="JOB", help="Number of a waiting job.")],
    place: Annotated[Place, typer.Argument(help="Before all others, behind them, or one place.")],
) -> None:
    """Change the order in which waiting jobs are made."""

    def work(store: QueueStore, found: list[QueuedJob]) -> str:
        waiting = [one.job_id for one in store.jobs(JobState.waiting)]
        if job not in waiting:
            message = f"Job {job} does not wait, so it has no place: it is {state_word(found[0])}."
            raise app_error("job_not_waiting", message, job=job)
        at = waiting.index(job)
        last = len(waiting) - 1
        to = {Place.first: 0, Place.last: last, Place.up: max(0, at - 1), Place.down: min(last, at + 1)}[place]
        waiting.insert(to, waiting.pop(at))
        store.order(waiting)
        return f"Job {job} is number {to + 1} of {len(waiting)} that wait."

    _change([job], work)


@app.command("clear")
def clear(
    which: Annotated[Which, typer.Argument(help="Jobs that are over, those that wait, or both.")] = Which.finished,
) -> None:
    """Take many jobs out at once; the one at work and all runs stay."""
    with _opened() as store:
        store.recover()
        gone = [job.job_id for job in store.jobs(*_CLEARED[which])]
        store.remove(gone)
    Console().text(f"Removed {_counted(len(gone), 'job')}." if gone else "There was nothing to remove.")


@app.command("run")
def run(
    comfyui: Annotated[Path | None, COMFYUI] = None,
    python: Annotated[Path | None, PYTHON] = None,
    url: Annotated[
        str | None, typer.Option("--url", help="Attach to this running ComfyUI instead; it is never stopped.")
    ] = None,
    profile: Annotated[str | None, PROFILE] = None,
    demo: Annotated[str | None, DEMO] = None,
    demo_speed: Annotated[float | None, DEMO_SPEED] = None,
    port: Annotated[int | None, PORT] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="DIR", help="Folder for runs.")] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Make what waits, one job after the other with one server, until nothing waits or Ctrl-C.

    What an earlier program left unfinished is made again at the end. --profile is for jobs that name none.
    The exit code is that of the last job that failed.
    """
    console = console_from_flag(as_json)
    if comfyui is not None and url is not None:
        raise app_error("bad_argument", "--comfyui and --url exclude each other: start one, or attach to one.")
    stand_in = demo_choice(demo, demo_speed)
    if stand_in is not None and (comfyui is not None or url is not None):
        raise app_error("bad_argument", "--demo takes the place of --comfyui and --url: give only one of them.")
    options = {"comfyui": comfyui, "python": python, "url": url, "profile": profile, "port": port, "output": output}
    settings = wiring.settings(options, choice=("comfyui", "url"))
    parts = wiring.parts()
    if not ServerChoice(settings, stand_in).is_made:
        wiring.owned_server(settings, parts)  # says which folders look like one, and how to name it
    cancel = CancelToken()
    worked = work_off(console, parts, settings, stand_in, cancel)
    _end(console, worked, cancel)


def _end(console: Console, worked: Worked, cancel: CancelToken) -> None:
    """The last lines, and the exit code."""
    if worked.queue is None and worked.problem is not None:
        raise AppError(worked.problem)
    done, failed = worked.in_state(JobState.done), worked.in_state(JobState.failed)
    parts = [f"{len(done)} done", f"{len(failed)} failed" if failed else ""]
    parts.append(waiting_words(worked.waiting) if worked.waiting else "")
    if worked.ours:
        console.text(f"Queue: {', '.join(part for part in parts if part)}.", style="bold")
    elif worked.queue is not None and worked.queue.is_paused and worked.waiting:
        hint = as_started("wan22 queue resume")
        console.text(f"Paused: {waiting_words(worked.waiting)}. `{hint}` lets them begin.")
    else:
        console.text("Nothing waits.")
    if cancel.is_set:
        raise typer.Exit(ExitCode.cancelled)
    if failed:
        found = failed[-1].problem
        raise typer.Exit(exit_code_for(found) if found is not None else ExitCode.generation)


@contextmanager
def _opened() -> Iterator[QueueStore]:
    store = queue_store(wiring.parts())
    try:
        if store.notice is not None:
            Console().text(f"! {store.notice}")
        yield store
    finally:
        store.close()


def _change(numbers: list[int], work: Callable[[QueueStore, list[QueuedJob]], str]) -> None:
    """Look the jobs up, so that a number that is none changes nothing, then do it and say so."""
    with _opened() as store:
        found = [store.job(number) for number in dict.fromkeys(numbers)]
        said = functools.partial(work, store, found)()
    Console().text(said)


def _counted(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"
