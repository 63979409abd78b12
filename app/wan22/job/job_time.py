"""How long jobs that wait will take, from what such jobs took before."""

from collections.abc import Iterable, Sequence

from wan22.comfy.graph_edit import graph_with_request, parameters_from_graph
from wan22.comfy.workflow import Workflow
from wan22.runs.job_times import JobKey, QueueTime, TimeRange, expected_time, queue_time
from wan22.schema.request import GenerationRequest
from wan22.schema.run_row import RunRow


def job_key(
    request: GenerationRequest, workflow: Workflow, profile: str, *, gpu: str | None, simulated: bool
) -> JobKey:
    """What the time of a job hangs on, read from the graph as it would be sent.

    Raises AppError `workflow_part_missing` for a workflow that cannot make what the request asks for.
    """
    graph = graph_with_request(workflow.graph, request, seed=0, image_reference=request.image.name)
    made = parameters_from_graph(graph, workflow.name, workflow.sha256)
    return JobKey(
        workflow=made.workflow,
        profile=profile,
        width=made.width,
        height=made.height,
        length=made.length,
        steps=made.steps,
        interpolation=made.interpolation,
        simulated=simulated,
        gpu=gpu,
    )


def expected_times(
    keys: Sequence[JobKey], rows: Iterable[RunRow], *, warm_for: JobKey | None = None
) -> tuple[TimeRange | None, ...]:
    """One range a job, in their order. `warm_for`: the job that the server did last, None when it does not run.

    A job is warm when the one before it used the same workflow, on the same profile: then the models are loaded. Where
    only the other kind of run is known, that one stands in.
    """
    known = tuple(rows)
    told: dict[tuple[JobKey, bool], TimeRange | None] = {}
    found: list[TimeRange | None] = []
    before = warm_for
    for key in keys:
        is_warm = before is not None and (before.workflow, before.profile) == (key.workflow, key.profile)
        if (key, is_warm) not in told:
            same = expected_time(known, key, is_warm=is_warm)
            told[key, is_warm] = same or expected_time(known, key, is_warm=not is_warm)
        found.append(told[key, is_warm])
        before = key
    return tuple(found)


def expected_total(keys: Sequence[JobKey], rows: Iterable[RunRow], *, warm_for: JobKey | None = None) -> QueueTime:
    """The whole queue."""
    return queue_time(expected_times(keys, rows, warm_for=warm_for))
