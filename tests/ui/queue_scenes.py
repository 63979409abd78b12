"""The Queue page in its states, for pictures and tests."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PIL import Image

from tests.ui import run_scenes
from tests.ui.run_stage import DEMO, wait_for, work_of
from tests.ui.stage import Stage
from wan22.runs.job_times import TimeRange
from wan22.schema.panel_fact import QueueChanged
from wan22.schema.problem import problem
from wan22.schema.queue import JobState, QueuedJob
from wan22.schema.request import GenerationRequest
from wan22.ui.pages.queue_page import QueuePage
from wan22.wiring import sample_image
from wan22.wiring.queue_times import Wanted

PROMPTS = (
    "The boat glides past the lighthouse at dusk, the camera pans slowly to the right.",
    "Waves roll against the rocks, spray rises, gulls circle the tower.",
    "The light of the tower turns, its beam sweeps over the water and the fog.",
    "Clouds race over the island, time lapse, the sea is calm.",
)


class KnownTimes:
    """As `wiring.queue_times.QueueTimes` answers on a machine that has made such videos before."""

    def __init__(self, unknown_above: int = 81) -> None:
        self._unknown_above = unknown_above

    def expected(self, jobs: Sequence[Wanted], *_rest: object) -> tuple[TimeRange | None, ...]:
        return tuple(self._time(request) for request, _ in jobs)

    def _time(self, request: GenerationRequest) -> TimeRange | None:
        length = request.length or 81
        if length > self._unknown_above:
            return None
        return TimeRange(length * 2.3, length * 2.7, length * 2.5, 12)


def pictures(folder: Path) -> list[Path]:
    """Three parts of the sample, as files."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    with Image.open(sample_image()) as sample:
        for number, box in enumerate(((0, 0, 1280, 720), (560, 0, 1280, 720), (100, 100, 900, 550)), start=1):
            made.append(folder / f"lighthouse-{number}.png")
            sample.crop(box).save(made[-1])
    return made


def job(stage: Stage, number: int, state: JobState, **update: object) -> QueuedJob:
    """One job; `number` decides what it asks for."""
    now_s = stage.clock.now()
    images = pictures(work_of(stage) / "pictures")
    size = ((1280, 720), (960, 960), (832, 480))[number % 3]
    request = GenerationRequest(
        image=images[number % 3],
        prompt=PROMPTS[number % 4],
        seed=840_217 + number,
        width=size[0],
        height=size[1],
        length=81,
    )
    values: dict[str, object] = {"profile": "rtx5090", "created_s": now_s - 900 + number}
    if state is not JobState.waiting:
        values |= {
            "attempt": 1,
            "started_s": now_s - 400 * number,
            "run_id": f"2026-11-25_14-0{number % 10}_lighthouse",
        }
    if state not in (JobState.waiting, JobState.running):
        values["finished_s"] = now_s - 400 * number + 196.4
    made = QueuedJob(job_id=number, position=float(number), state=state, request=request, created_s=0.0)
    return made.model_copy(update=values | update)


def tell(stage: Stage, jobs: Sequence[QueuedJob], *, is_paused: bool = False, held: Sequence[int] = ()) -> None:
    """The queue as it is now."""
    order = {JobState.running: 0, JobState.waiting: 1}
    told = tuple(sorted(jobs, key=lambda one: (order.get(one.state, 2), one.position)))
    fact = QueueChanged(time_s=stage.clock.now(), jobs=told, is_paused=is_paused, held_back=frozenset(held))
    stage.bus.publish(fact)
    stage.settle()


def open_queue(stage: Stage) -> QueuePage:
    """The page, with times as on a machine that has made such videos before."""
    stage.context.panel.choose(DEMO)
    page = stage.window.open_page("queue")
    assert isinstance(page, QueuePage)
    ready(stage, page)
    return page


def ready(stage: Stage, page: QueuePage) -> None:
    """Known times instead of those of this machine's runs."""
    for forecast in (page._forecast, page._batch_forecast):
        wait_for(lambda one=forecast: not one._asking.is_asking)  # type: ignore[misc]
        forecast._source = KnownTimes()  # type: ignore[assignment]
    stage.settle()


def painted(stage: Stage, page: QueuePage, count: int) -> None:
    """Until the pictures and times are there."""
    stage.window.grab()
    wait_for(lambda: len(page.model._pictures) >= count and not page._forecast._asking.is_asking)
    stage.settle()


def busy(stage: Stage, page: QueuePage) -> None:
    """A job at work, some wait, one has failed, two are done."""
    ready(stage, page)
    run_scenes.running(stage, work_of(stage) / "scene")
    fault = problem(
        "out_of_memory",
        "The GPU ran out of memory in pass 1: it needed 2.6 GB more than the card has.",
        hint="Make it smaller.",
    )
    jobs = [
        job(stage, 4, JobState.running),
        *(job(stage, number, JobState.waiting) for number in (5, 6, 7)),
        job(stage, 8, JobState.waiting, attempt=1),
        job(stage, 3, JobState.failed, problem=fault),
        job(stage, 2, JobState.done),
        job(stage, 1, JobState.cancelled),
    ]
    tell(stage, jobs)
    painted(stage, page, 3)
    page.list.choose([6])
    stage.settle()


def held(stage: Stage, page: QueuePage) -> None:
    """Opened again after a crash."""
    ready(stage, page)
    jobs = [job(stage, number, JobState.waiting) for number in (2, 3)]
    jobs.append(job(stage, 1, JobState.interrupted))
    tell(stage, jobs, held=[1, 2, 3])
    painted(stage, page, 3)


def paused(stage: Stage, page: QueuePage) -> None:
    """Nothing new is begun; two jobs were just removed."""
    ready(stage, page)
    jobs = [job(stage, number, JobState.waiting) for number in range(1, 6)]
    tell(stage, jobs, is_paused=True)
    page.list.choose([1, 2])
    page.remove()
    stage.desk.queue.flush()
    stage.settle()
    tell(stage, jobs[2:], is_paused=True)
    painted(stage, page, 3)


def editing(stage: Stage, page: QueuePage) -> None:
    """A waiting job in the panel."""
    busy(stage, page)
    page.edit()


def many(stage: Stage, page: QueuePage) -> None:
    """Three pictures, two prompts, two seeds."""
    busy(stage, page)
    page.add_many(pictures(work_of(stage) / "pictures"))
    wait_for(lambda: len(page.batch.pictures) == 3)
    page.batch.put("prompt_text", "\n".join(PROMPTS[:2]))
    page.batch.put("random_seeds", 2)
    page._ask_batch_times()
    wait_for(lambda: bool(page.adder.time.text()))


STATES: Mapping[str, Callable[[Stage, QueuePage], None]] = {
    "": busy,
    "held": held,
    "paused": paused,
    "edit": editing,
    "many": many,
    "empty": ready,
}
"""End of the picture's name: what brings the state about."""
