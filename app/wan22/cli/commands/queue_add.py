"""`wan22 queue add`: jobs out of pictures, prompts and seeds."""

from pathlib import Path
from typing import Annotated

import typer

from wan22 import wiring
from wan22.cli.commands.launch import JSON, PROFILE
from wan22.cli.console import as_started, console_from_flag
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
from wan22.comfy.graph_edit import draw_seed
from wan22.comfy.workflow import find_workflow
from wan22.job.job_batch import Batch, BatchImage, BatchOrder, batch_requests
from wan22.job.picture_folder import pictures_of
from wan22.job.start_image import read_start_image
from wan22.schema.problem import app_error
from wan22.schema.request import GenerationRequest
from wan22.wiring.queue import queue_store
from wan22.wiring.workflow import workflow_folders

IMAGES = typer.Option("--image", "-i", help="Start image, or a folder of them; repeatable. Left out = a sample.")
SEEDS = typer.Option("--seed", help="0 to 2^64-1; repeatable. Left out = drawn for each job.")
RANDOM_SEEDS = typer.Option("--seeds", metavar="N", min=1, help="So many drawn seeds for each picture and prompt.")
ORDER = typer.Option("--by", help="Go through all prompts of a picture, or all pictures of a prompt, first.")


def add_jobs(
    image: Annotated[list[Path] | None, IMAGES] = None,
    prompt: Annotated[list[str] | None, typer.Option("--prompt", help="What happens in the video; repeatable.")] = None,
    negative: Annotated[str | None, NEGATIVE] = None,
    seed: Annotated[list[str] | None, SEEDS] = None,
    random_seeds: Annotated[int, RANDOM_SEEDS] = 1,
    size: Annotated[str | None, SIZE] = None,
    width: Annotated[int | None, WIDTH] = None,
    height: Annotated[int | None, HEIGHT] = None,
    length: Annotated[int | None, LENGTH] = None,
    workflow: Annotated[str, WORKFLOW] = "wan22_i2v_two_pass",
    profile: Annotated[str | None, PROFILE] = None,
    order: Annotated[BatchOrder, ORDER] = BatchOrder.image,
    previews: Annotated[bool, PREVIEWS] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Put jobs at the end: every picture with every prompt with every seed.

    A window that is open begins with them by itself; without one, `wan22 queue run` does.
    """
    console = console_from_flag(as_json)
    if seed and random_seeds != 1:
        raise app_error("bad_argument", "--seed and --seeds exclude each other: name the seeds, or let them be drawn.")
    settings = wiring.settings({"profile": profile})
    if settings.profile is not None:
        wiring.profile_store().load(settings.profile)
    one_width, one_height = size_of(size, width, height)
    images = pictures_of(image or [wiring.sample_image()])
    base = GenerationRequest(
        workflow=_workflow(workflow),
        image=images[0],
        negative=text_of("--negative", negative),
        width=number_of("--width", one_width, 16, 16384),
        height=number_of("--height", one_height, 16, 16384),
        length=number_of("--length", length, 1, 16384),
        previews=previews,
    )
    batch = Batch(
        base=base,
        images=[BatchImage(path) for path in images],
        prompts=[text_of("--prompt", text) for text in prompt or ()],
        seeds=[number for text in seed or () if (number := seed_of(text)) is not None],
        random_seeds=random_seeds,
        order=order,
    )
    requests = batch_requests(batch, draw_seed)
    for path in images:
        read_start_image(path)
    store = queue_store(wiring.parts())
    try:
        added = store.add(requests, settings.profile)
    finally:
        store.close()
    if as_json:
        for job in added:
            console.json({"kind": "queue_job", "job": job.model_dump(mode="json")})
        return
    first, last = added[0].job_id, added[-1].job_id
    numbers = f"job {first}" if first == last else f"{len(added)} jobs, {first} to {last}"
    console.text(f"Added {numbers}. A window makes them by itself; else `{as_started('wan22 queue run')}`.")


def _workflow(given: str) -> str:
    """A name as it is; a file by its whole path, since the job is made in another place. It must be there."""
    name = text_of("--workflow", given) or ""
    found = find_workflow(name, workflow_folders())
    is_path = any(mark in name for mark in "/\\") or found == Path(name)
    return str(found.absolute()) if is_path else name
