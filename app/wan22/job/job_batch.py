"""Many jobs out of a few lists: every picture with every prompt with every seed. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from wan22.schema.problem import app_error
from wan22.schema.request import GenerationRequest

MOST_JOBS = 2000
"""Of one batch: more is a slip as a rule, and weeks of work."""


class BatchOrder(Enum):
    """What stays the same from one job to the next, as long as it can."""

    image = "image"
    prompt = "prompt"


@dataclass(frozen=True, slots=True)
class BatchImage:
    """A start image, and the size of its videos in pixels; None = that of the `base`."""

    path: Path
    size: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """`base` says everything that is the same for all jobs.

    `prompts`: None among them means what the workflow says; none at all, the prompt of `base`. `seeds`: for each
    picture and prompt one job with each; without any, `random_seeds` jobs, each with a seed of its own.
    """

    base: GenerationRequest
    images: Sequence[BatchImage]
    prompts: Sequence[str | None] = ()
    seeds: Sequence[int] = ()
    random_seeds: int = 1
    order: BatchOrder = BatchOrder.image

    @property
    def size(self) -> int:
        """How many jobs it makes."""
        return len(self.images) * max(1, len(self.prompts)) * (len(self.seeds) or self.random_seeds)


def batch_requests(batch: Batch, draw_seed: Callable[[], int]) -> tuple[GenerationRequest, ...]:
    """All jobs in the order of the batch; its seeds go round fastest.

    Raises AppError `too_many_jobs` above `MOST_JOBS`.
    """
    if batch.size > MOST_JOBS:
        message = f"This makes {batch.size} jobs; {MOST_JOBS} can be added at once."
        raise app_error("too_many_jobs", message, jobs=batch.size)
    prompts = batch.prompts or (batch.base.prompt,)
    if batch.order is BatchOrder.image:
        pairs = [(image, prompt) for image in batch.images for prompt in prompts]
    else:
        pairs = [(image, prompt) for prompt in prompts for image in batch.images]
    return tuple(
        _request(batch.base, image, prompt, seed)
        for image, prompt in pairs
        for seed in (batch.seeds or [draw_seed() for _ in range(batch.random_seeds)])
    )


def prompt_lines(text: str) -> tuple[str, ...]:
    """The prompts of a text with one a line; empty lines are none."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _request(base: GenerationRequest, image: BatchImage, prompt: str | None, seed: int) -> GenerationRequest:
    update: dict[str, object] = {"image": image.path, "prompt": prompt, "seed": seed}
    if image.size is not None:
        update |= {"width": image.size[0], "height": image.size[1]}
    return base.model_copy(update=update)
