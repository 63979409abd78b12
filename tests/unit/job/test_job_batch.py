"""Many jobs out of lists: nothing is lost, nothing is made twice, and the order is as said."""

from itertools import count, groupby
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wan22.job.job_batch import MOST_JOBS, Batch, BatchImage, BatchOrder, batch_requests, prompt_lines
from wan22.schema.problem import AppError
from wan22.schema.request import GenerationRequest

BASE = GenerationRequest(
    image=Path("base.png"), prompt="of the base", negative="blur", width=640, height=368, length=49
)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    names = draw(st.lists(st.integers(0, 999), min_size=1, max_size=6, unique=True))
    sizes = draw(st.lists(st.sampled_from([None, (832, 480)]), min_size=len(names), max_size=len(names)))
    return Batch(
        base=BASE,
        images=[BatchImage(Path(f"{name}.png"), size) for name, size in zip(names, sizes, strict=True)],
        prompts=draw(st.lists(st.text(min_size=1, max_size=8), max_size=4, unique=True)),
        seeds=draw(st.lists(st.integers(0, 2**64 - 1), max_size=4, unique=True)),
        random_seeds=draw(st.integers(1, 4)),
        order=draw(st.sampled_from(BatchOrder)),
    )


@given(batches())
def test_every_combination_is_made_once(batch: Batch):
    drawn = count(10**6)
    made = batch_requests(batch, lambda: next(drawn))
    assert len(made) == batch.size
    prompts = batch.prompts or ["of the base"]
    pairs = [(image.path, prompt) for image in batch.images for prompt in prompts]
    each = len(batch.seeds) or batch.random_seeds
    assert sorted((one.image, str(one.prompt)) for one in made) == sorted(pairs * each)
    assert len({(one.image, one.prompt, one.seed) for one in made}) == len(made)


@given(batches())
def test_seeds_are_the_named_ones_for_each_pair_or_all_different(batch: Batch):
    drawn = count()
    made = batch_requests(batch, lambda: next(drawn))
    if batch.seeds:
        for _, jobs in groupby(made, key=lambda one: (one.image, one.prompt)):
            assert [one.seed for one in jobs] == list(batch.seeds)
    else:
        assert [one.seed for one in made] == list(range(len(made)))


@given(batches())
def test_the_order_keeps_one_thing_as_long_as_it_can(batch: Batch):
    made = batch_requests(batch, lambda: 1)
    kept = [one.image if batch.order is BatchOrder.image else one.prompt for one in made]
    blocks = [key for key, _ in groupby(kept)]
    assert len(blocks) == len(set(blocks))
    images = [image.path for image in batch.images]
    assert list(dict.fromkeys(one.image for one in made)) == images


@given(batches())
def test_everything_else_is_that_of_the_base(batch: Batch):
    sizes = {image.path: image.size or (640, 368) for image in batch.images}
    for one in batch_requests(batch, lambda: 1):
        assert (one.negative, one.length, one.workflow) == ("blur", 49, BASE.workflow)
        assert (one.width, one.height) == sizes[one.image]


def test_too_many_are_refused_with_both_numbers():
    images = [BatchImage(Path(f"{number}.png")) for number in range(21)]
    batch = Batch(BASE, images, seeds=tuple(range(100)))
    with pytest.raises(AppError) as refused:
        batch_requests(batch, lambda: 1)
    assert refused.value.problem.code == "too_many_jobs"
    assert "2100" in refused.value.problem.message
    assert str(MOST_JOBS) in refused.value.problem.message
    assert len(batch_requests(Batch(BASE, images[:20], seeds=tuple(range(100))), lambda: 1)) == MOST_JOBS


def test_no_picture_makes_no_job():
    assert batch_requests(Batch(BASE, []), lambda: 1) == ()


def test_prompts_are_lines_with_something_in_them():
    assert prompt_lines("a boat\r\n\r\n  a house \n\t\nä ß 船") == ("a boat", "a house", "ä ß 船")
