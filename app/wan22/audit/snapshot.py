"""One snapshot: every part in a thread of its own, so that none of them can hold up or break the others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import wan22
from wan22.audit.collect_comfyui import collect_comfyui
from wan22.audit.collect_gpu import collect_gpu
from wan22.audit.collect_machine import collect_machine
from wan22.audit.collect_models import collect_models
from wan22.audit.collect_os import collect_os
from wan22.audit.collect_packs import collect_packs
from wan22.audit.collect_profile import collect_profile
from wan22.audit.collect_python import collect_python
from wan22.audit.collect_results import collect_results
from wan22.audit.privacy import Privacy
from wan22.audit.source import AuditSources, Found
from wan22.schema.audit import AuditPart, AuditSnapshot, PartProblem
from wan22.schema.problem import Problem, problem
from wan22.system.cancel import CancelToken
from wan22.system.threads import Worker

Collect = Callable[[AuditSources, CancelToken], Found]
OnPart = Callable[[AuditPart, int, int], None]
"""The part that is done, how many are, and of how many. Called in the thread of `take_snapshot`."""

COLLECTORS: Mapping[AuditPart, tuple[Collect, float]] = {
    AuditPart.gpu: (collect_gpu, 15.0),
    AuditPart.machine: (collect_machine, 15.0),
    AuditPart.system: (collect_os, 10.0),
    AuditPart.python: (collect_python, 110.0),
    AuditPart.comfyui: (collect_comfyui, 25.0),
    AuditPart.packs: (collect_packs, 30.0),
    AuditPart.models: (collect_models, 60.0),
    AuditPart.profile: (collect_profile, 15.0),
    AuditPart.results: (collect_results, 60.0),
}
"""Each part's collector, and the seconds after which it is given up."""

QUICK_LIMIT_S = 3.0
"""No part of a quick snapshot may hold up a run for longer."""
QUICK_PARTS = tuple(part for part in AuditPart if part is not AuditPart.results)
_POLL_S = 0.01


@dataclass(slots=True)
class _Task:
    part: AuditPart
    limit_s: float
    found: list[Found] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    worker: Worker | None = None


def take_snapshot(
    sources: AuditSources,
    cancel: CancelToken,
    *,
    parts: Sequence[AuditPart] | None = None,
    on_part: OnPart | None = None,
    collectors: Mapping[AuditPart, tuple[Collect, float]] = COLLECTORS,
) -> AuditSnapshot:
    """The machine as it is now. A part that cannot be read leaves a Problem in the snapshot.

    `parts` None: all of them, of a quick one `QUICK_PARTS`. Raises only AppError `cancelled`. Takes below half a second
    when `sources.quick` (measured: 0.03 s with 60 packages), else what the imports in ComfyUI's Python take.
    """
    cancel.raise_if_set()
    asked = tuple(parts) if parts is not None else QUICK_PARTS if sources.quick else tuple(AuditPart)
    started_s = sources.clock.now()
    tasks = [_begin(part, *collectors[part], sources, cancel) for part in asked]
    _wait(tasks, sources, cancel, on_part)
    inventory = sources.inventory
    snapshot = AuditSnapshot(
        app_version=wan22.__version__,
        taken_at=datetime.fromtimestamp(started_s, UTC).isoformat(timespec="seconds"),
        taken_s=started_s,
        quick=sources.quick,
        simulated=inventory is not None and inventory.simulated,
        parts=asked,
        reasons={
            f"{task.part.value}.{path}": reason
            for task in tasks
            for found in task.found
            for path, reason in found.reasons.items()
        },
        problems=_problems(tasks),
        **{task.part.value: task.found[0].facts for task in tasks if task.found},
    )
    privacy = Privacy(sources.home, sources.host_name)
    return AuditSnapshot.model_validate(privacy.document(snapshot.model_dump(mode="json")))


def _begin(part: AuditPart, collect: Collect, limit_s: float, sources: AuditSources, cancel: CancelToken) -> _Task:
    task = _Task(part, min(limit_s, QUICK_LIMIT_S) if sources.quick else limit_s)

    def work(own: CancelToken) -> None:
        task.found.append(collect(sources, own))

    task.worker = Worker(f"audit-{part.value}", work, on_problem=task.problems.append)
    cancel.on_set(task.worker.cancel.set)
    task.worker.start()
    return task


def _wait(tasks: Sequence[_Task], sources: AuditSources, cancel: CancelToken, on_part: OnPart | None) -> None:
    """Until all have ended or are given up. A thread that is stuck in a driver is left behind."""
    begun_s = sources.clock.monotonic()
    waiting = list(tasks)
    while waiting:
        if cancel.wait(_POLL_S):
            for task in waiting:
                if task.worker is not None:
                    task.worker.join(2.0)
            cancel.raise_if_set()
        for task in tuple(waiting):
            is_late = sources.clock.monotonic() - begun_s > task.limit_s
            if task.worker is not None and task.worker.is_alive and not is_late:
                continue
            if task.worker is not None and task.worker.is_alive:
                task.worker.cancel.set()
                task.problems.append(_late(task))
            waiting.remove(task)
            if on_part is not None:
                on_part(task.part, len(tasks) - len(waiting), len(tasks))


def _late(task: _Task) -> Problem:
    message = f"The part '{task.part.value}' did not answer within {task.limit_s:g} s and was left out."
    return problem("audit_part_late", message, part=task.part.value)


def _problems(tasks: Sequence[_Task]) -> tuple[PartProblem, ...]:
    """Every problem, but the same one (no ComfyUI, say) only for the first part that met it."""
    found: dict[tuple[str, str], PartProblem] = {}
    for task in tasks:
        parts = [*task.problems, *(one for found in task.found for one in found.problems)]
        for one in parts:
            found.setdefault((one.code, one.message), PartProblem(part=task.part, problem=one))
    return tuple(found.values())
