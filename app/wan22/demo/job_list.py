"""What `GET /api/jobs` and `GET /api/jobs/{id}` say: queue and history of the look-alike as one list of jobs."""

from collections.abc import Mapping, Sequence
from typing import Any

STATUSES = ("pending", "in_progress", "completed", "failed", "cancelled")
_ENDINGS = ("execution_success", "execution_error", "execution_interrupted")
_SHOWN_KINDS = ("images", "video", "audio", "3d", "text")
_SORT_KEYS = ("created_at", "execution_duration")
_ORDERS = ("asc", "desc")

Job = dict[str, Any]


class JobQueryError(Exception):
    """A question that the server answers with 400 and these words."""


def jobs_document(
    queue: Mapping[str, Any], history: Mapping[str, Mapping[str, Any]], query: Mapping[str, str]
) -> dict[str, Any]:
    """All jobs, as `query` filters, sorts and cuts them. Raises `JobQueryError`.

    `queue` is the document of `/queue`, `history` that of `/history`.
    """
    wanted = _wanted(query.get("status"))
    sort_by = _one_of("sort_by", query.get("sort_by", "created_at"), _SORT_KEYS)
    order = _one_of("sort_order", query.get("sort_order", "desc"), _ORDERS)
    limit = _whole("limit", query["limit"]) if "limit" in query else None
    if limit is not None and limit <= 0:
        raise JobQueryError("limit must be a positive integer")
    offset = max(0, _whole("offset", query.get("offset", "0")))
    jobs = [job for job in _all_jobs(queue, history) if job["status"] in wanted]
    if query.get("workflow_id"):
        jobs = [job for job in jobs if job.get("workflow_id") == query["workflow_id"]]
    jobs.sort(key=_duration_ms if sort_by == "execution_duration" else _created_ms, reverse=order == "desc")
    shown = jobs[offset:] if limit is None else jobs[offset : offset + limit]
    has_more = offset + len(shown) < len(jobs)
    return {
        "jobs": shown,
        "pagination": {"offset": offset, "limit": limit, "total": len(jobs), "has_more": has_more},
    }


def job_document(
    prompt_id: str, queue: Mapping[str, Any], history: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any] | None:
    """One job, with outputs and workflow once it has ended; None for an id that is not known."""
    entry = history.get(prompt_id)
    if entry is None:
        return next((job for job in _queued_jobs(queue) if job["id"] == prompt_id), None)
    _, _, graph, extra, _ = entry["prompt"]
    told = {
        "outputs": entry["outputs"],
        "execution_status": entry["status"],
        "workflow": {"prompt": graph, "extra_data": extra},
    }
    return _ended_job(prompt_id, entry) | told


def _all_jobs(queue: Mapping[str, Any], history: Mapping[str, Mapping[str, Any]]) -> list[Job]:
    return [*_queued_jobs(queue), *(_ended_job(prompt_id, entry) for prompt_id, entry in history.items())]


def _queued_jobs(queue: Mapping[str, Any]) -> list[Job]:
    found = []
    for name, status in (("queue_running", "in_progress"), ("queue_pending", "pending")):
        found += [_job(item, status, outputs_count=0) for item in queue[name]]
    return found


def _ended_job(prompt_id: str, entry: Mapping[str, Any]) -> Job:
    messages: dict[str, Any] = dict(entry["status"]["messages"])
    ended: Mapping[str, Any] = next((messages[kind] for kind in _ENDINGS if kind in messages), {})
    status = "completed"
    if entry["status"]["status_str"] == "error":
        status = "cancelled" if "execution_interrupted" in messages else "failed"
    count, preview = _outputs_told(entry["outputs"])
    return _job(
        entry["prompt"],
        status,
        execution_start_time=messages.get("execution_start", {}).get("timestamp"),
        execution_end_time=ended.get("timestamp"),
        execution_error=messages.get("execution_error"),
        outputs_count=count,
        preview_output=preview,
    ) | {"id": prompt_id}


def _job(item: Sequence[Any], status: str, **told: Any) -> Job:
    """What is None is left out, as the server does."""
    number, prompt_id, _, extra, _ = item
    workflow = (extra.get("extra_pnginfo") or {}).get("workflow") or {}
    job = {
        "id": prompt_id,
        "status": status,
        "priority": number,
        "create_time": extra.get("create_time"),
        **told,
        "workflow_id": workflow.get("id"),
    }
    return {name: value for name, value in job.items() if value is not None}


def _outputs_told(outputs: Mapping[str, Any]) -> tuple[int, dict[str, Any] | None]:
    """How many files there are, and the one to show: a saved one rather than a temporary one."""
    found = [
        {**item, "nodeId": node, "mediaType": item.get("mediaType", kind)}
        for node, shown in outputs.items()
        for kind, items in shown.items()
        if kind != "animated" and isinstance(items, list)
        for item in items
        if isinstance(item, Mapping)
    ]
    shown = [item for item in found if item["mediaType"] in _SHOWN_KINDS]
    saved = [item for item in shown if item.get("type") == "output"]
    return len(found), next(iter(saved or shown), None)


def _wanted(text: str | None) -> Sequence[str]:
    if not text:
        return STATUSES
    asked = [part.strip().lower() for part in text.split(",") if part.strip()]
    unknown = [part for part in asked if part not in STATUSES]
    if unknown:
        raise JobQueryError(f"Invalid status value(s): {', '.join(unknown)}. Valid values: {', '.join(STATUSES)}")
    return asked


def _one_of(name: str, text: str, choices: Sequence[str]) -> str:
    if text.lower() not in choices:
        raise JobQueryError(f"{name} must be '{choices[0]}' or '{choices[1]}'")
    return text.lower()


def _whole(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise JobQueryError(f"{name} must be an integer") from None


def _created_ms(job: Job) -> float:
    return float(job.get("create_time", 0))


def _duration_ms(job: Job) -> float:
    start, end = job.get("execution_start_time", 0), job.get("execution_end_time", 0)
    return float(end - start) if start and end else 0.0
